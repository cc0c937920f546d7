from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.sources.configuration import ConfigurationError, load_configuration
from dashboard.sources.configuration_file import checked_tables
from tests.sources.configuration_folder import PROJECT, error_of, load, load_environment, only_problem, problems_of

URL = 'url = "sqlite:///app.db"'


def only_text(error: ConfigurationError) -> str:
    assert len(error.problems) == 1, error
    return f"{error.problems[0].key}|{error.problems[0].message} {error.problems[0].hint}"


@pytest.mark.fault(72)
def test_a_missing_file_is_told_with_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(tmp_path / "dashboard.toml", environ={})

    text = str(caught.value)
    assert f"{tmp_path}/dashboard.toml: 1 problem" in text
    assert "There is no such file" in text
    assert "DASHBOARD_CONFIG" in text
    assert "[projects.api.environments.production]" in text


@pytest.mark.fault(72)
@pytest.mark.parametrize("text", ["", "# nothing yet\n", "[projects]\n"])
def test_an_empty_file_is_told_with_what_to_write(tmp_path: Path, text: str) -> None:
    told = only_text(error_of(tmp_path, text))

    assert "It names no project" in told
    assert "[projects.api.environments.production]" in told


@pytest.mark.fault(72)
@pytest.mark.parametrize("rest", ["", "environments = {}\n"])
def test_a_project_without_environments_is_told_with_what_to_write(tmp_path: Path, rest: str) -> None:
    told = only_text(error_of(tmp_path, PROJECT + rest))

    assert told.startswith("projects.api.environments|The project has no environment")
    assert "[projects.api.environments.development]" in told


@pytest.mark.fault(72)
def test_the_example_that_is_shown_is_accepted(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(tmp_path / "dashboard.toml", environ={})
    example = caught.value.problems[0].hint.partition("\n")[2]

    configuration = load(tmp_path, example)

    assert list(configuration.project("api").environments) == ["production"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[projects.api\n", "no valid TOML: .*line 1"),
        (b'[projects.api]\n\ntitle = "API\n', "no valid TOML: .*line 3"),
        (b'a = 1\na = "hunter22"\n', "no valid TOML: .*line 2"),
        (b"title = '\xff'", "not UTF-8 text .byte 9"),
        (b"a = " + b"[" * 100_000, "too deeply"),
    ],
)
@pytest.mark.fault(71)
def test_malformed_toml_is_told_with_its_place(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "dashboard.toml"
    path.write_bytes(content)

    with pytest.raises(ConfigurationError, match=told) as caught:
        load_configuration(path, environ={})

    assert "hunter22" not in str(caught.value)


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        load_configuration(tmp_path, environ={})


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "dashboard.toml"
    path.touch(mode=0o000)
    reader, writer = os.pipe()

    child = os.fork()
    if child == 0:  # in a process of its own, since root may read everything
        try:
            if os.geteuid() == 0:
                os.setuid(65534)
            load_configuration(path, environ={})
        except ConfigurationError as error:
            os.write(writer, str(error).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)

    with os.fdopen(reader) as pipe:
        assert "cannot be read: Permission denied" in pipe.read()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('sale_after = "10m"', '.sale_after|There is no such key. Did you mean "stale_after"?'),
        ("max_age = 1", ".max_age|There is no such key here. It belongs into "),
        ("frobnicate = 1", ".frobnicate|There is no such key. Known here are url, "),
        ("backup = { kep = 3 }", '.backup.kep|There is no such key. Did you mean "keep"?'),
        ('rehearsal = { max_lok = "5s" }', '.rehearsal.max_lok|There is no such key. Did you mean "max_lock"?'),
    ],
)
@pytest.mark.fault(71)
def test_an_unknown_key_is_an_error_that_helps(tmp_path: Path, line: str, told: str) -> None:
    text = only_text(error_of(tmp_path, f"{PROJECT}[projects.api.environments.production]\n{URL}\n{line}\n"))

    assert text.startswith(f"projects.api.environments.production{told}")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('writable = "yes"', ".writable|This is neither true nor false."),
        ('titel = "x"', '.titel|There is no such key. Did you mean "title"?'),
        ("url = 1", ".url|There is no such key here. It belongs into [projects.api.environments.NAME]."),
        ('git = "yes"', ".git|This is neither true nor false."),
        ("title = 3", ".title|This is no string."),
        ('heads = "one"', ".heads|This is no list."),
        ("heads = [1]", ".heads|This is no string."),
        ('directory = ""', ".directory|It is empty."),
        ('title = "a\\u0000b"', ".title|It holds a NUL character."),
        ('title = { env = "MISSING" }', ".title|Its value cannot be found."),
        ('title = { env = "A", default = "b" }', ".title|This is no string."),
        ('title = { file = "missing" }', ".title|Its value cannot be found."),
        ('title = { file = "a\\u0000b" }', ".title|Its value cannot be found."),
        ('title = { env = "DASHBOARD_SECRET_KEY" }', ".title|DASHBOARD_SECRET_KEY is the dashboard's own secret"),
        ('heads = ["a", { env = "MISSING" }]', ".heads|Its value cannot be found."),
    ],
)
@pytest.mark.fault(71)
def test_a_wrong_key_or_type_in_a_project_is_told(tmp_path: Path, line: str, told: str) -> None:
    # A key of its own line replaces the one of PROJECT.
    project = "[projects.api]\n" if line.startswith("directory") else PROJECT
    text = only_text(error_of(tmp_path, f"{project}{line}\n[projects.api.environments.production]\n{URL}\n"))

    assert text.startswith(f"projects.api{told}")


@pytest.mark.parametrize("value", ["10", "true", '""', '"10"', '"10 minutes"', '"-5s"', '"1.5h"', '"m"', '"0s"'])
@pytest.mark.fault(71)
def test_a_duration_needs_a_number_and_a_unit(tmp_path: Path, value: str) -> None:
    key, told = only_problem(tmp_path, f"{URL}\nstale_after = {value}")

    assert key == "stale_after"
    assert "the age from which an observation is shown as stale" in told
    assert '"10m"' in told


@pytest.mark.parametrize("key", ["lock", "run"])
def test_a_duration_that_the_clock_cannot_bear_is_told(tmp_path: Path, key: str) -> None:
    assert only_problem(tmp_path, f'{URL}\ntimeouts = {{ {key} = "999999d" }}')[0] == f"timeouts.{key}"


@pytest.mark.parametrize("key", ["lock", "statement"])
def test_a_timeout_that_the_server_cannot_count_is_told(tmp_path: Path, key: str) -> None:
    assert "at most" in only_problem(tmp_path, f'{URL}\ntimeouts = {{ {key} = "25d" }}')[1]


@pytest.mark.parametrize(
    ("lines", "key", "told"),
    [
        ('backup = { verify = "restore" }', "backup.verify", "There is no server on which a backup could be restored."),
        (
            'backup = { method = "attest", verify = "restore" }\nscratch = { url = "postgresql://h/d" }',
            "backup.verify",
            "Only a backup that the dashboard itself takes can be restored by it.",
        ),
        ("rehearsal = {}", "rehearsal", "There is no server on which a plan could be rehearsed."),
        (
            'rehearsal = {}\nbackup = { method = "command", command = ["x"] }\nscratch = { url = "postgresql://h/d" }',
            "rehearsal",
            "Only on a backup that the dashboard itself takes can a plan be rehearsed.",
        ),
        ("scratch = {}", "scratch", "It names no server."),
        ('scratch = { url = "sqlite:///x.db" }', "scratch.url", "This is no PostgreSQL server."),
        ('scratch = { url = "postgresql://a,b/d" }', "scratch.url", "The host is a list of hosts."),
        ('scratch = { url = "postgresql://h/d", space = "5" }', "scratch.space", "This is no size."),
        ('scratch = { url = "postgresql://h/d", space = 5 }', "scratch.space", '"500MB", "50GB"'),
    ],
)
def test_a_scratch_server_that_cannot_be_used_is_told(tmp_path: Path, lines: str, key: str, told: str) -> None:
    found = only_problem(tmp_path, f'url = "postgresql://h/d"\n{lines}')

    assert found[0] == key and told in found[1]


@pytest.mark.parametrize("key", ["lock", "run"])
def test_a_limit_that_must_exist_is_not_zero(tmp_path: Path, key: str) -> None:
    assert only_problem(tmp_path, f'{URL}\ntimeouts = {{ {key} = "0s" }}')[0] == f"timeouts.{key}"


@pytest.mark.parametrize(
    ("lines", "key", "told"),
    [
        ('allow = ["upgrade", "drop"]', "allow", '"upgrade", "downgrade", "stamp", "start_fresh" or "restore"'),
        ('allow = "upgrade"', "allow", "This is no list."),
        ('backup = { method = "command" }', "backup.command", 'Write command = ["program", "argument"].'),
        ('backup = { method = "none" }', "backup.method", '"dump", "command" or "attest"'),
        ('backup = { command = ["pgbackrest"] }', "backup.command", "It is not used, since the method is another."),
        (
            'backup = { method = "command", command = "x" }',
            "backup.command",
            "This is no list. command: the command that takes a backup",
        ),
        ('scratch = { url = "postgresql://h/d" }', "scratch", "A backup of SQLite is restored into a temporary file."),
        ("backup = { keep = 0 }", "backup.keep", "Write 1 or more."),
        ('backup = { keep = "3" }', "backup.keep", "This is no whole number."),
        ("backup = { keep = true }", "backup.keep", "This is no whole number."),
        ("backup = false", "backup", "This is no table."),
        ("variables = { PORT = 80 }", "variables.PORT", "This is no string."),
        ('requires = ["staging"]', "requires", 'The project has no environment "staging".'),
        ('requires = ["producton"]', "requires", 'Did you mean "production"?'),
        ('requires = ["production"]', "requires", "in a circle: production -> production"),
    ],
)
@pytest.mark.fault(71)
def test_a_wrong_value_in_an_environment_is_told(tmp_path: Path, lines: str, key: str, told: str) -> None:
    found, text = only_problem(tmp_path, f"{URL}\n{lines}")

    assert found == key
    assert told in text


@pytest.mark.parametrize("name", ["API", "a b", "a.b", "ä", "a/b", ""])
@pytest.mark.fault(71)
def test_a_name_must_fit_into_an_address(tmp_path: Path, name: str) -> None:
    (tmp_path / "alembic.ini").touch()

    project = only_text(error_of(tmp_path, f'[projects."{name}".environments.production]\n{URL}\n'))
    environment = only_text(error_of(tmp_path, f'{PROJECT}[projects.api.environments."{name}"]\n{URL}\n'))

    for text in (project, environment):
        assert "This name is not usable in an address." in text


@pytest.mark.fault(71)
def test_a_circle_of_requirements_is_told_once(tmp_path: Path) -> None:
    """development <- staging <- production <- staging; canary requires staging, but lies on no circle."""
    environments = {"development": "", "staging": "production", "production": "staging", "canary": "staging"}
    text = PROJECT + "".join(
        f'[projects.api.environments.{name}]\nurl = "sqlite:///{name}.db"\nrequires = [{repr(other) if other else ""}]\n'
        for name, other in environments.items()
    )

    told = only_text(error_of(tmp_path, text))

    assert "staging -> production -> staging" in told


@pytest.mark.fault(71)
def test_a_missing_project_folder_is_told(tmp_path: Path) -> None:
    text = f'[projects.api]\ndirectory = "app"\n[projects.api.environments.production]\n{URL}\n'

    told = only_text(error_of(tmp_path, text))

    assert told.startswith(f'projects.api.directory|There is no folder "{tmp_path}/app".')


@pytest.mark.fault(71)
def test_a_missing_configuration_of_alembic_is_told(tmp_path: Path) -> None:
    (tmp_path / "api").mkdir()
    (tmp_path / "api/pyproject.toml").touch()

    told = only_text(error_of(tmp_path, f'{PROJECT}config = "x.ini"\n[projects.api.environments.production]\n{URL}\n'))

    assert told.startswith(f'projects.api.config|There is no file "{tmp_path}/api/x.ini".')
    assert 'config = "pyproject.toml"' in told


SAME_DATABASES = [
    ('url = "sqlite:///a.db"', 'url = "sqlite:///var/../a.db"'),
    ('url = "postgresql://me:x@db/api"', 'url = "postgresql+asyncpg://other:y@DB:5432/api"'),
    ('url = "postgresql://me@localhost/api"', 'url = "postgres://me@127.0.0.1/api?sslmode=disable"'),
    ('url = "postgresql://me@db/api"', 'url = { env = "URL" }'),
    ('url = "postgresql://me@db/api"', 'variables_prefix = "P_"'),
]


@pytest.mark.parametrize(("one", "other"), SAME_DATABASES)
@pytest.mark.fault(71)
def test_two_environments_of_one_database_are_told(tmp_path: Path, one: str, other: str) -> None:
    environ = {
        "URL": "postgresql://me:hunter22@db/api",
        "P_DATABASE_HOST": "db",
        "P_DATABASE_NAME": "api",
        "P_DATABASE_USER": "me",
    }
    text = f"{PROJECT}[projects.api.environments.one]\n{one}\n[projects.api.environments.other]\n{other}\n"

    told = only_text(error_of(tmp_path, text, environ))

    assert told.startswith("projects.api.environments.other|This is the same database as")
    assert "projects.api.environments.one" in told


@pytest.mark.fault(71)
def test_two_links_to_one_sqlite_file_are_one_database(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to("app.db")
    text = f'{PROJECT}[projects.api.environments.one]\n{URL}\n[projects.api.environments.b]\nurl = "sqlite:///link.db"'

    assert "This is the same database" in only_text(error_of(tmp_path, text))


@pytest.mark.parametrize(
    "other",
    [
        'url = "postgresql://me@db/other"',
        'url = "postgresql://me@db:5433/api"',
        'url = "postgresql://me@db2/api"',
        'url = "postgresql://me@db/api"\noptions = { options = "-csearch_path=other" }',
        'url = { env = "NOT_SET" }',
    ],
)
def test_two_databases_are_no_error(tmp_path: Path, other: str) -> None:
    text = f"""{PROJECT}[projects.api.environments.one]
url = "postgresql://me@db/api"
[projects.api.environments.other]
{other}
"""
    assert len(load(tmp_path, text).project("api").environments) == 2


def test_two_projects_may_share_a_database_with_different_version_tables(tmp_path: Path) -> None:
    text = f"""{PROJECT}[projects.api.environments.one]
url = "postgresql://me@db/api"
[projects.billing]
directory = "api"
VERSION_TABLE
[projects.billing.environments.one]
url = "postgresql://me@db/api"
"""
    for line in ('version_table = "billing_version"', 'version_table_schema = "billing"'):
        load(tmp_path, text.replace("VERSION_TABLE", line))

    told = only_text(error_of(tmp_path, text.replace("VERSION_TABLE", "")))

    assert "different version tables" in told


@pytest.mark.parametrize(
    "name",
    [
        *("LD_PRELOAD", "DYLD_INSERT_LIBRARIES", "PYTHONPATH", "PYTHONSTARTUP", "PGHOST", "PGSERVICEFILE", "GIT_DIR"),
        *("BASH_ENV", "ENV", "IFS", "PATH", "HOME", "SHELL", "DASHBOARD_SECRET_KEY", "ALEMBIC_CONFIG"),
    ],
)
@pytest.mark.fault(63)
def test_a_variable_that_could_change_the_code_or_the_database_is_rejected_unless_allowed(
    tmp_path: Path, name: str
) -> None:
    lines = f'{URL}\nvariables = {{ {name} = "x" }}'

    key, told = only_problem(tmp_path, lines)

    assert key == f"variables.{name}"
    assert f'add "{name}" to the project\'s allow_variables' in told
    allowed = f'{PROJECT}allow_variables = ["{name}"]\n[projects.api.environments.production]\n{lines}\n'
    environment = load(tmp_path, allowed).environment("api", "production")
    assert environment.resolve({}).child_variables[name] == "x"


@pytest.mark.parametrize("name", ["APP_ENV", "PIGMENT", "PATHS", "LANG", "TZ", "MY_PYTHON", "AWS_REGION"])
def test_other_variables_are_accepted(tmp_path: Path, name: str) -> None:
    environment = load_environment(tmp_path, f'{URL}\nvariables = {{ {name} = "x" }}')

    assert environment.resolve({}).child_variables[name] == "x"


@pytest.mark.parametrize(
    ("variable", "told"),
    [
        ('"A B" = "x"', "no name of a variable"),
        ('"A=B" = "x"', "no name of a variable"),
        ('X = "a\\u0000b"', "NUL"),
        ('X = "{pasword}"', 'Did you mean "{password}"?'),
        ('X = "{frobnicate}"', "Known are {url} {driver} {host} {port} {name} {user} {password}."),
        ('DATABASE_HOST = "other"', "given twice, by url and by DATABASE_HOST"),
        ('DATABASE_URL = "sqlite:///x.db"', "another database than the one that is shown"),
        ('DATABASE_URL = { env = "URL" }', "another database than the one that is shown"),
        ('DATABASE_PASSWORD = { env = "X" }', "given twice, by url and by DATABASE_PASSWORD"),
        ('X = { env = "DASHBOARD_SECRET_KEY" }', "the dashboard's own secret"),
        ('X = { env = "DASHBOARD_DATABASE_URL" }', "the dashboard's own secret"),
    ],
)
@pytest.mark.fault(63)
def test_a_wrong_variable_is_told(tmp_path: Path, variable: str, told: str) -> None:
    assert told in only_problem(tmp_path, f"{URL}\nvariables = {{ {variable} }}")[1]


@pytest.mark.fault(71)
@pytest.mark.parametrize(
    ("lines", "key", "told"),
    [
        ("", "", "The environment names no database."),
        ('variables = { DATABASE_HOST = "db" }', "variables", "DATABASE_NAME, DATABASE_USER are missing"),
        (f'{URL}\nvariables_prefix = "P_"', "variables_prefix", "given twice, by url and by variables_prefix"),
        ('variables_prefix = "P-"', "variables_prefix", "No name of a variable begins so."),
        (
            'variables_prefix = "P_"\nvariables = { DATABASE_HOST = "{host}" }',
            "variables.DATABASE_HOST",
            "filled from this very variable",
        ),
    ],
)
def test_a_database_is_given_once_and_wholly(tmp_path: Path, lines: str, key: str, told: str) -> None:
    found, text = only_problem(tmp_path, lines)

    assert found == key
    assert told in text


scalars = (
    st.text(max_size=8)
    | st.integers()
    | st.booleans()
    | st.floats()
    | st.dates()
    | st.sampled_from(["sqlite:///a.db", "1h", "upgrade", "production", "{url}", "\0", "../..", "x" * 300])
)
KEYS = [
    *("projects", "api", "environments", "production", "directory", "config", "title", "heads", "git", "python"),
    *("url", "variables", "options", "requires", "allow", "backup", "timeouts", "keep", "lock", "stale_after"),
    *("env", "file", "DATABASE_HOST", "DATABASE_URL", "variables_prefix", "driver", "ref", "[key]", ""),
]
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=25,
)


@given(trees, st.sampled_from([(), ("projects",), ("projects", "api"), ("projects", "api", "environments", "x")]))
@settings(max_examples=300, deadline=None)
@pytest.mark.fault(71)
def test_whatever_the_file_holds_it_is_tables_and_problems(tree: object, location: tuple[str, ...]) -> None:
    for step in reversed(location):
        tree = {step: tree}
    if not isinstance(tree, dict):
        tree = {"projects": tree}

    tables, problems = checked_tables(tree, {}, Path("/nonexistent"))

    assert problems
    assert all(isinstance(name, str) for name in tables.projects)
    assert all(problem.message and problem.hint for problem in problems)


@pytest.mark.fault(71)
def test_one_wrong_key_is_not_told_as_two(tmp_path: Path) -> None:
    assert [problem.key.rpartition(".")[2] for problem in problems_of(tmp_path, "url = 3")] == ["url"]
