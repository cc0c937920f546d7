from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from dashboard.sources.configuration import ConfigurationError, UnknownName, load_configuration
from tests.sources.configuration_folder import PROJECT, load, load_environment

WHOLE = """
[projects.api]
title = "API"
directory = "api"
config = "alembic.ini"
section = "other"
python = ".venv/bin/python"
script_location = "alembic"
version_locations = ["alembic/versions", "more"]
version_table = "versions"
version_table_schema = "meta"
heads = ["expand", "contract"]
git = false
allow_variables = ["PGAPPNAME"]

[projects.api.environments.development]
url = "sqlite:///var/demo/development.db"
allow = ["upgrade", "downgrade", "stamp", "start_fresh", "restore"]

[projects.api.environments.staging]
variables_prefix = "STAGING_"

[projects.api.environments.production]
url = { env = "PRODUCTION_URL" }
driver = "postgresql+asyncpg"
options = { sslmode = "verify-full" }
variables = { APP_DSN = "{url}", DATABASE_HOST = "{host}", PGAPPNAME = "app" }
allow = ["upgrade"]
requires = ["staging", "development"]
stale_after = "1h30m"
backup = { method = "attest", directory = "/srv/backups", tools = "tools", max_age = "2d", verify = "read", keep = 3 }
scratch = { url = { env = "SCRATCH_URL" }, space = "50GB" }
rehearsal = { max_lock = "5s", max_rewrite = "100MB" }
timeouts = { lock = "500ms", statement = "0s", run = "2h" }
"""


def test_every_key_is_read(tmp_path: Path) -> None:
    project = load(tmp_path, WHOLE).project("api")

    assert (project.name, project.title, project.section) == ("api", "API", "other")
    assert project.directory == tmp_path / "api"
    assert project.config == tmp_path / "api/alembic.ini"
    assert project.python == str(tmp_path / ".venv/bin/python")
    assert (project.script_location, project.version_locations) == ("alembic", ("alembic/versions", "more"))
    assert (project.version_table, project.version_table_schema) == ("versions", "meta")
    assert (project.heads, project.git) == (("expand", "contract"), False)
    assert project.allow_variables == {"PGAPPNAME"}
    assert list(project.environments) == ["development", "staging", "production"]


def test_every_key_of_an_environment_is_read(tmp_path: Path) -> None:
    environment = load(tmp_path, WHOLE).environment("api", "production")

    assert (environment.project, environment.name) == ("api", "production")
    assert environment.allow == {"upgrade"}
    assert environment.requires == ("staging", "development")
    assert environment.stale_after == timedelta(hours=1, minutes=30)
    backup = environment.backup
    assert (backup.method, backup.directory) == ("attest", Path("/srv/backups"))
    assert (backup.tools, backup.max_age) == (str(tmp_path / "tools"), timedelta(days=2))
    assert (backup.verify, backup.keep) == ("read", 3)
    timeouts = environment.timeouts
    assert (timeouts.lock, timeouts.statement) == (timedelta(milliseconds=500), timedelta())
    assert timeouts.run == timedelta(hours=2)
    assert environment.rehearsal is not None
    assert environment.rehearsal.max_lock == timedelta(seconds=5)
    assert environment.rehearsal.max_rewrite == 100 * 1024**2


def test_what_is_left_out_has_the_safe_default(tmp_path: Path) -> None:
    configuration = load(tmp_path, f'{PROJECT}[projects.api.environments.only]\nurl = "sqlite:///app.db"\n')

    project = configuration.project("api")
    environment = project.environment("only")
    assert (project.title, project.section, project.git) == ("api", "alembic", True)
    assert (project.python, project.config) == (sys.executable, tmp_path / "api/alembic.ini")
    assert (project.version_table, project.version_table_schema) == ("alembic_version", "")
    assert environment.allow == {"upgrade"}
    assert environment.requires == ()
    assert environment.stale_after == timedelta(minutes=10)
    backup = environment.backup
    assert (backup.method, backup.verify, backup.keep) == ("dump", "read", 10)
    assert (backup.max_age, backup.tools) == (timedelta(hours=1), "")
    assert backup.directory == tmp_path / "var/backups"
    timeouts = environment.timeouts
    assert (timeouts.lock, timeouts.statement) == (timedelta(seconds=5), timedelta())
    assert timeouts.run == timedelta(hours=1)
    assert environment.rehearsal is None


def test_backups_go_to_the_data_folder_unless_a_folder_is_named(tmp_path: Path) -> None:
    load(tmp_path, f'{PROJECT}[projects.api.environments.only]\nurl = "sqlite:///app.db"\n')

    configuration = load_configuration(tmp_path / "dashboard.toml", environ={}, data=Path("/srv/data"))

    assert configuration.environment("api", "only").backup.directory == Path("/srv/data/backups")


def test_the_source_of_a_project_is_what_reading_needs(tmp_path: Path) -> None:
    source = load(tmp_path, WHOLE).project("api").source()

    assert (source.directory, source.config) == (tmp_path / "api", tmp_path / "api/alembic.ini")
    assert (source.section, source.script_location) == ("other", "alembic")
    assert (source.version_locations, source.git) == (("alembic/versions", "more"), False)


def test_paths_are_relative_to_the_file_not_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(tmp_path, WHOLE)
    monkeypatch.chdir(tmp_path.parent)

    configuration = load_configuration(Path(tmp_path.name) / "dashboard.toml", environ={})

    assert configuration.path == tmp_path / "dashboard.toml"
    assert configuration.project("api").directory == tmp_path / "api"


def test_the_interpreter_of_a_virtual_environment_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)

    assert load(tmp_path, WHOLE).project("api").python == str(tmp_path / ".venv/bin/python")


def test_any_string_may_come_from_a_variable_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "table").write_text("versions\n")
    text = f"""{PROJECT}title = {{ env = "TITLE" }}
version_table = {{ file = "table" }}
heads = [{{ env = "HEAD" }}, "other"]
[projects.api.environments.only]
url = "sqlite:///app.db"
stale_after = {{ env = "AGE" }}
"""

    project = load(tmp_path, text, {"TITLE": "The API", "HEAD": "one", "AGE": "2h"}).project("api")

    assert (project.title, project.version_table, project.heads) == ("The API", "versions", ("one", "other"))
    assert project.environment("only").stale_after == timedelta(hours=2)


def test_env_and_file_are_names_like_any_other(tmp_path: Path) -> None:
    environment = load_environment(
        tmp_path, 'url = "sqlite:///app.db"\nvariables = { env = "one" }\noptions = { file = "two" }'
    )
    configuration = load(tmp_path, f'{PROJECT}[projects.api.environments.env]\nurl = "sqlite:///app.db"\n')

    assert environment.resolve({}).child_variables["env"] == "one"
    assert environment.resolve({}).target.options == (("file", "two"),)
    assert configuration.environment("api", "env").name == "env"


def test_our_own_environment_is_where_variables_are_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f'{PROJECT}title = {{ env = "TITLE" }}\n[projects.api.environments.a]\nurl = "sqlite:///app.db"\n'
    load(tmp_path, text, {"TITLE": "x"})
    monkeypatch.setenv("TITLE", "Ours")

    assert load_configuration(tmp_path / "dashboard.toml").project("api").title == "Ours"


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    load(tmp_path, WHOLE)
    path = tmp_path / "dashboard.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())

    assert load_configuration(path, environ={}).project("api").title == "API"


def test_an_unknown_name_suggests_the_nearest(tmp_path: Path) -> None:
    configuration = load(tmp_path, WHOLE)

    with pytest.raises(UnknownName, match=r'There is no project "appi"\. Did you mean "api"\?'):
        configuration.project("appi")
    with pytest.raises(UnknownName, match=r'has no environment "prod"\. Did you mean "production"\?'):
        configuration.environment("api", "prod")
    with pytest.raises(UnknownName, match=r"There are: development, staging, production\."):
        configuration.environment("api", "xyz")


def test_a_configuration_can_be_a_key(tmp_path: Path) -> None:
    configuration = load(tmp_path, WHOLE)

    keys = {configuration, configuration.project("api"), configuration.environment("api", "production")}

    assert len(keys) == 3


@pytest.mark.fault(57)
def test_no_repr_shows_a_secret(tmp_path: Path) -> None:
    text = f"""{PROJECT}[projects.api.environments.production]
url = "postgresql://me:hunter22@db/api"
variables = {{ TOKEN = "t0ken99" }}
options = {{ sslpassword = "0ption77" }}
"""
    configuration = load(tmp_path, text)

    resolved = configuration.environment("api", "production").resolve({})

    for shown in (repr(configuration), repr(resolved), str(configuration.projects)):
        assert "hunter22" not in shown
        assert "t0ken99" not in shown
        assert "0ption77" not in shown.replace(repr(resolved.target.options), "")


@pytest.mark.fault(71)
def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "dashboard.toml").write_text("""
colour = "red"
[projects.api]
directory = "nowhere"
git = "yes"
[projects.api.environments.staging]
url = "postgresql://u:hunter22@a,b/c"
stale_after = 10
requires = ["prod"]
[projects.api.environments.production]
url = "sqlite:///a.db"
requires = ["production"]
backup = { max_age = "1 hour", keep = 0, methd = "dump" }
[projects.other.environments.production]
url = "sqlite:///b/../a.db"
""")

    with pytest.raises(ConfigurationError) as caught:
        load_configuration(tmp_path / "dashboard.toml", environ={})

    production = "projects.api.environments.production"
    assert {problem.key for problem in caught.value.problems} == {
        "colour",
        "projects.api.directory",
        "projects.api.git",
        "projects.api.environments.staging.url",
        "projects.api.environments.staging.stale_after",
        "projects.api.environments.staging.requires",
        f"{production}.requires",
        f"{production}.backup.max_age",
        f"{production}.backup.keep",
        f"{production}.backup.methd",
        "projects.other.config",
        "projects.other.environments.production",
    }
    text = str(caught.value)
    assert text.startswith(f"{tmp_path}/dashboard.toml: 12 problems\n")
    for problem in caught.value.problems:
        assert problem.message in text
        assert problem.hint in text


@pytest.mark.fault(71)
@pytest.mark.fault(57)
def test_an_uncaught_error_prints_no_secret_even_in_its_traceback(tmp_path: Path, repository_root: Path) -> None:
    (tmp_path / "dashboard.toml").write_text("""
[projects.api.environments.production]
url = { password = "hunter22" }
backup = "postgresql://me:hunter22@db/api"
stale_after = "hunter22"
variables = { PGPASSWORD = "hunter22", X = ["hunter22"] }
[projects.api.environments.staging]
url = "postgresql://me:hunter22@home@db,other/api"
""")
    program = (
        "from pathlib import Path\n"
        "from dashboard.sources.configuration import load_configuration\n"
        "load_configuration(Path('dashboard.toml'))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(repository_root)},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert "ConfigurationError" in done.stderr
    assert "projects.api.environments.staging.url" in done.stderr
    assert "hunter22" not in done.stderr
    assert "During handling" not in done.stderr


def test_the_configuration_is_read_without_django(tmp_path: Path, repository_root: Path) -> None:
    load(tmp_path, WHOLE)
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from dashboard.sources.configuration import load_configuration\n"
        "load_configuration(Path('dashboard.toml')).environment('api', 'development').resolve({})\n"
        "print([name for name in sys.modules if name.split('.')[0] == 'django'])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(repository_root)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "[]\n"
