"""The variables that a child process is given: which names are safe, and what the placeholders stand for."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from dashboard.database_target import DatabaseTarget

DATABASE_VARIABLES = ("DATABASE_HOST", "DATABASE_PORT", "DATABASE_NAME", "DATABASE_USER", "DATABASE_PASSWORD")
"""By which a database can be given instead of by a URL."""

REQUIRED_DATABASE_VARIABLES = ("DATABASE_HOST", "DATABASE_NAME", "DATABASE_USER")
"""Without one of these libpq would choose silently: a socket, the system user. Port and password may be absent."""

PLACEHOLDERS = ("url", "driver", "host", "port", "name", "user", "password")

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_UNSAFE_PREFIXES = (
    # Loaders and interpreters: such a variable puts code into the child.
    *("LD_", "DYLD_", "PYTHON", "PERL", "RUBY", "NODE_", "JAVA_", "BASH_", "GLIBC_", "MALLOC_", "GCONV_"),
    # Clients: such a variable leads a connection, or git, elsewhere.
    *("PG", "GIT_", "KRB5", "OPENSSL_"),
    # Settings of the dashboard itself, and of Alembic's command line.
    *("DASHBOARD_", "DJANGO_", "ALEMBIC_"),
)
_UNSAFE_NAMES = frozenset(
    [
        "BASHOPTS",
        "CDPATH",
        "ENV",
        "EDITOR",
        "HOME",
        "HOSTALIASES",
        "IFS",
        "LOCALDOMAIN",
        "LOCPATH",
        "LOGNAME",
        "NLSPATH",
        "PATH",
        "PROMPT_COMMAND",
        "PS4",
        "PWD",
        "RES_OPTIONS",
        "SHELL",
        "SHELLOPTS",
        "SSLKEYLOGFILE",
        "TMPDIR",
        "USER",
        "VIRTUAL_ENV",
        "VISUAL",
    ]
)
_SECRET_NAME = re.compile(r"(?i)passw|passphrase|secret|token|credential|private|dsn|(^|_)(key|pwd|pass)($|_)")
# {{name}} is a literal {name}; {name} is a placeholder.
_PLACEHOLDER = re.compile(r"\{\{(?P<literal>[a-z_]+)\}\}|\{(?P<name>[a-z_]+)\}")


def is_variable_name(name: str) -> bool:
    """Whether a shell, too, would take `name` for a variable's name."""
    return _NAME.fullmatch(name) is not None


def is_unsafe(name: str, allowed: Collection[str]) -> bool:
    """Whether the child may not be given a variable of that name, unless `allowed` names it."""
    return name not in allowed and (name in _UNSAFE_NAMES or name.startswith(_UNSAFE_PREFIXES))


def sounds_secret(name: str) -> bool:
    """Whether a variable or option of that name likely holds a secret, wherever its value came from."""
    return _SECRET_NAME.search(name) is not None


def placeholders_in(template: str) -> tuple[str, ...]:
    """The names in braces, known ones and others, in their order."""
    return tuple(match["name"] for match in _PLACEHOLDER.finditer(template) if match["name"])


def fill(template: str, values: Mapping[str, str]) -> str:
    """`template` with every known placeholder replaced once; what was put in is not looked at again."""

    def replacement(match: re.Match[str]) -> str:
        if match["literal"]:
            return "{" + match["literal"] + "}"
        return values.get(match["name"], match[0])

    return _PLACEHOLDER.sub(replacement, template)


def placeholder_values(target: DatabaseTarget) -> dict[str, str]:
    """What each of PLACEHOLDERS stands for; parts that the dialect does not have are empty."""
    url = target.child_url()
    return {
        "url": url,
        "driver": url.partition("://")[0],
        "host": target.host,
        "port": str(target.port) if target.port else "",
        "name": target.name,
        "user": target.user,
        "password": target.password,
    }
