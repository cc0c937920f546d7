"""Where secrets come from, and how they are kept out of every text: the one place for both."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

MASK = "•••"
SHORTEST_MASKED = 4
"""Secrets shorter than this are not looked for in texts: masking every "ab" would ruin the text and, by the
gaps, tell the secret. They are still masked where they stand as a password in a URL or as `password=...`."""
LARGEST_SECRET_FILE = 65_536
"""Bytes. A larger file is no secret but a mistaken path."""

# `://user:password@`. The password reaches to the last @ of the word, for a raw @ or / inside it happens.
# Lengths are bounded so that a long word without an @ costs no quadratic time.
_URL_PASSWORD = re.compile(r"(?<=://)([^\s:/@]{0,256}):\S{1,1024}@")
# `password=secret`, as in libpq's connection strings and in the repr of keyword arguments.
_KEYWORD_PASSWORD = re.compile(
    r"(?i)(password=)(?:'(?:[^'\\\n]|\\.){1,1024}'|\"(?:[^\"\\\n]|\\.){1,1024}\"|[^\s'\",;)&]{1,1024})"
)


class SecretUnresolved(Exception):
    """A variable or file that should hold a value does not. Names the variable or path, never a value."""


@dataclass(frozen=True, slots=True)
class EnvironmentVariable:
    """`{ env = "NAME" }`: the value of a variable of the dashboard's own environment."""

    name: str


@dataclass(frozen=True, slots=True)
class SecretFile:
    """`{ file = "path" }`: the text of a file, less one line end at its end."""

    path: str
    """Relative to the folder of dashboard.toml, or absolute."""


Source = str | EnvironmentVariable | SecretFile
"""A configured string: itself, or where it is to be found."""


def resolve_source(value: Source, environ: Mapping[str, str], base: Path) -> str:
    """The string that `value` stands for; `base` is the folder that a file's path is relative to.

    Raises SecretUnresolved.
    """
    if isinstance(value, EnvironmentVariable):
        return _variable(value.name, environ)
    if isinstance(value, SecretFile):
        return _file_text(base / value.path)
    return value


def _variable(name: str, environ: Mapping[str, str]) -> str:
    if name not in environ:
        raise SecretUnresolved(f"The environment variable {name} is not set. Set it for the dashboard's processes.")
    return environ[name]


def _file_text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_SECRET_FILE + 1)
    except ValueError:
        raise SecretUnresolved("The path of the file holds a NUL character.") from None
    except OSError as error:
        # The system's own words name the path and the cause, nothing of the content.
        raise SecretUnresolved(f"The file {path} cannot be read: {error.strerror or 'unknown cause'}.") from None
    if len(content) > LARGEST_SECRET_FILE:
        raise SecretUnresolved(f"The file {path} is larger than {LARGEST_SECRET_FILE} bytes: it holds no secret.")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        # Not chained: the error's repr holds the bytes.
        text = None
    if text is None:
        raise SecretUnresolved(f"The file {path} is not UTF-8 text.")
    return text.removesuffix("\n").removesuffix("\r")


class Masker:
    """Replaces secrets in texts by `•••`, in every form in which Alembic, drivers or Python print them.

    Knows the secret itself, its URL-quoted forms (also with `%` doubled, as in an ini file), its repr and
    JSON forms, its form in a libpq connection string, and each line of a secret of several lines, since logs
    are masked line by line. Beside the given secrets, whatever stands as a password in a URL or as
    `password=...` is masked. See SHORTEST_MASKED for what is too short to be looked for.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for form in _forms(secret) if len(form) >= SHORTEST_MASKED}
        # Longest first: where one form begins another, nothing of the longer one may stay.
        alternatives = sorted(forms, key=lambda form: (-len(form), form))
        self._known = re.compile("|".join(map(re.escape, alternatives))) if alternatives else None

    def __repr__(self) -> str:
        return "Masker()"

    def mask(self, text: str) -> str:
        """`text` without secrets; masking twice changes nothing more."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        if "://" in text:
            text = _URL_PASSWORD.sub(rf"\1:{MASK}@", text)
        return _KEYWORD_PASSWORD.sub(rf"\1{MASK}", text)


def _forms(secret: str) -> Iterator[str]:
    for part in {secret, secret.strip(), *secret.splitlines(), *map(str.strip, secret.splitlines())}:
        # Nor does a part that is too short come back in a longer form: "%" is no secret, so "%25" is none.
        if len(part) >= SHORTEST_MASKED:
            yield part
            yield from _quoted_forms(part)


def _quoted_forms(secret: str) -> Iterator[str]:
    for safe in ("", "/", " +", " "):  # quote(), Django's and SQLAlchemy's ways of quoting a password
        yield from _percent_forms(quote(secret, safe=safe, errors="surrogatepass"))
    yield from _percent_forms(quote_plus(secret, errors="surrogatepass"))
    yield secret.replace("%", "%%")
    yield repr(secret)[1:-1]
    yield ascii(secret)[1:-1]
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield secret.replace("\\", r"\\").replace("'", r"\'")  # libpq's connection string
    yield secret.replace("'", "''")  # an SQL literal


def _percent_forms(quoted: str) -> Iterator[str]:
    lower = re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), quoted)
    for form in (quoted, lower):
        yield form
        yield form.replace("%", "%%")
