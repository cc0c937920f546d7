"""Every configuration of real projects leads to the script directory that Alembic finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from dashboard.sources.alembic_configuration import AlembicConfiguration, read_alembic_configuration
from dashboard.sources.errors import ScriptDirectoryError
from dashboard.sources.files import DiskFiles
from dashboard.sources.project_source import ProjectSource


def project(directory: Path, ini: str, *folders: str, **changes: object) -> ProjectSource:
    for folder in ("alembic/versions", *folders):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    (directory / "alembic.ini").write_text(ini)
    return ProjectSource(directory, directory / "alembic.ini", **changes)  # type: ignore[arg-type]


def read(directory: Path, ini: str, *folders: str, **changes: object) -> AlembicConfiguration:
    return read_alembic_configuration(project(directory, ini, *folders, **changes), DiskFiles())


def below(directory: Path, *names: str) -> tuple[Path, ...]:
    return tuple(directory / name for name in names)


@pytest.mark.parametrize(
    "location", ["alembic", "./alembic", "%(here)s/alembic", "alembic/", "%(here)s/../{name}/alembic", "{path}/alembic"]
)
def test_a_script_location_in_every_form(tmp_path: Path, location: str) -> None:
    written = location.format(name=tmp_path.name, path=tmp_path)

    found = read(tmp_path, f"[alembic]\nscript_location = {written}\n")

    assert found.script_location == tmp_path / "alembic"
    assert found.version_locations == below(tmp_path, "alembic/versions")
    assert found.problems == ()
    assert found.files == (tmp_path / "alembic.ini",)


def test_without_a_script_location_the_inis_folder_is_it(tmp_path: Path) -> None:
    found = read(tmp_path, "[alembic]\nfile_template = x\n", "versions")

    assert found.script_location == tmp_path
    assert found.version_locations == below(tmp_path, "versions")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("version_locations = a b", ["a", "b"]),
        ("version_locations = a, b", ["a", "b"]),
        ("version_locations = a:b\npath_separator = os", ["a", "b"]),
        ("version_locations = a:b\nversion_path_separator = os", ["a", "b"]),
        ("version_locations = a;b\nversion_path_separator = ;", ["a", "b"]),
        ("version_locations = a b\nversion_path_separator = space", ["a", "b"]),
        ("version_locations = a:b\npath_separator = :", ["a", "b"]),
        ("version_locations =\n    a\n    b\npath_separator = newline", ["a", "b"]),
        ("version_locations = %(here)s/a:%(here)s/b\npath_separator = os", ["a", "b"]),
        ("version_locations = %(script_location)s/versions:a\npath_separator = os", ["alembic/versions", "a"]),
        ("version_locations = b:a\npath_separator = os\nversion_path_separator = ;", ["b", "a"]),
    ],
)
def test_version_locations_with_every_separator(tmp_path: Path, lines: str, expected: list[str]) -> None:
    ini = f"[alembic]\nscript_location = %(here)s/alembic\n{lines}\n"

    found = read(tmp_path, ini, "a", "b")

    assert found.version_locations == below(tmp_path, *expected)


def test_version_locations_are_alembics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ini = "[alembic]\nscript_location = alembic\nversion_locations = a:%(here)s/b:c/../b\npath_separator = os\n"

    found = read(tmp_path, ini, "a", "b", "c")

    theirs = ScriptDirectory.from_config(Config("alembic.ini"))
    assert len(found.version_locations) == 2
    assert {path.resolve() for path in found.version_locations} == {p.resolve() for p in theirs._version_locations}


def test_recursive_version_locations_are_noticed(tmp_path: Path) -> None:
    assert read(tmp_path, "[alembic]\nscript_location = alembic\nrecursive_version_locations = true\n").recursive


def test_a_package_is_found_without_importing_it(tmp_path: Path) -> None:
    ini = "[alembic]\nscript_location = shop.db:migrations\nprepend_sys_path = lib\n"

    found = read(tmp_path, ini, "lib/shop/db/migrations/versions")

    assert found.script_location == tmp_path / "lib/shop/db/migrations"


def test_a_package_is_found_above_a_project_that_lies_inside_it(tmp_path: Path) -> None:
    inner = tmp_path / "neutron" / "db"
    (tmp_path / "neutron" / "db" / "alembic_migrations" / "versions").mkdir(parents=True)

    found = read(inner, "[alembic]\nscript_location = neutron.db:alembic_migrations\n")

    assert found.script_location == inner / "alembic_migrations"


def test_a_package_below_src_is_found(tmp_path: Path) -> None:
    found = read(tmp_path, "[alembic]\nscript_location = shop:migrations\n", "src/shop/migrations")

    assert found.script_location == tmp_path / "src/shop/migrations"


def test_a_package_that_is_nowhere_is_an_error_with_a_mend(tmp_path: Path) -> None:
    with pytest.raises(ScriptDirectoryError, match="Set script_location"):
        read(tmp_path, "[alembic]\nscript_location = nowhere:migrations\n")


def test_a_named_section_is_read(tmp_path: Path) -> None:
    ini = "[alembic]\nscript_location = alembic\n[second]\nscript_location = other\n"

    found = read(tmp_path, ini, "other/versions", section="second")

    assert found.script_location == tmp_path / "other"


def test_a_missing_section_names_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(ScriptDirectoryError, match=r"no section \[third\]; it has: alembic"):
        read(tmp_path, "[alembic]\nscript_location = alembic\n", section="third")


def test_locations_given_by_the_dashboards_configuration_win(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "[alembic]\nscript_location = wrong\nversion_locations = worse\n",
        "right/versions",
        "more",
        script_location="right",
        version_locations=("right/versions", "more"),
    )

    assert found.script_location == tmp_path / "right"
    assert found.version_locations == below(tmp_path, "right/versions", "more")


def test_a_location_relative_to_the_ini_file_is_read_with_a_problem(tmp_path: Path) -> None:
    (tmp_path / "conf" / "alembic" / "versions").mkdir(parents=True)
    ini = tmp_path / "conf" / "alembic.ini"
    ini.write_text("[alembic]\nscript_location = alembic\n")

    found = read_alembic_configuration(ProjectSource(tmp_path, ini), DiskFiles())

    assert found.script_location == tmp_path / "conf" / "alembic"
    (problem,) = found.problems
    assert f"directory = {tmp_path / 'conf'}" in problem.hint


def test_a_pyproject_is_read(tmp_path: Path) -> None:
    (tmp_path / "db" / "versions").mkdir(parents=True)
    config = tmp_path / "pyproject.toml"
    config.write_text(
        '[tool.alembic]\nscript_location = "%(here)s/db"\nversion_locations = ["%(here)s/db/versions", "more"]\n'
        "recursive_version_locations = true\n"
    )

    found = read_alembic_configuration(ProjectSource(tmp_path, config), DiskFiles())

    assert found.script_location == tmp_path / "db"
    assert found.version_locations == below(tmp_path, "db/versions", "more")
    assert found.recursive


def test_a_pyproject_completes_an_ini_without_a_script_location(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.alembic]\nscript_location = "alembic"\n')

    found = read(tmp_path, "[alembic]\nsqlalchemy.url = x\n")

    assert found.script_location == tmp_path / "alembic"
    assert found.files == below(tmp_path, "alembic.ini", "pyproject.toml")


def test_two_ini_files_may_share_one_directory(tmp_path: Path) -> None:
    first = read(tmp_path, "[alembic]\nscript_location = alembic\n")
    (tmp_path / "second.ini").write_text("[alembic]\nscript_location = alembic\nversion_locations = b\n")

    second = read_alembic_configuration(ProjectSource(tmp_path, tmp_path / "second.ini"), DiskFiles())

    assert first.script_location == second.script_location
    assert first.version_locations != second.version_locations


@pytest.mark.parametrize(
    ("ini", "said"),
    [
        ("script_location = alembic\n", "section"),
        ("[alembic]\nscript_location = %(nobody)s/alembic\n", "nobody"),
        ("[alembic]\nscript_location = a%b\n", "%"),
        ("[alembic]\nscript_location = missing\n", "no directory"),
        ("[alembic]\nscript_location = alembic\nscript_location = alembic\n", "already exists"),
        ("[alembic]\nscript_location = ../../../../etc/passwd\n", "no directory"),
    ],
)
def test_an_unusable_configuration_says_what_to_mend(tmp_path: Path, ini: str, said: str) -> None:
    with pytest.raises(ScriptDirectoryError) as error:
        read(tmp_path, ini)

    assert said in str(error.value)
    assert "Traceback" not in str(error.value)


@pytest.mark.parametrize("content", ["[tool.other]\n", "[tool.alembic\n", "tool = 1\n", "[tool]\nalembic = 3\n"])
def test_an_unusable_pyproject_says_what_to_mend(tmp_path: Path, content: str) -> None:
    config = tmp_path / "pyproject.toml"
    config.write_text(content)

    with pytest.raises(ScriptDirectoryError, match=r"pyproject\.toml"):
        read_alembic_configuration(ProjectSource(tmp_path, config), DiskFiles())


def test_an_unknown_separator_is_a_problem_and_no_end(tmp_path: Path) -> None:
    ini = "[alembic]\nscript_location = alembic\nversion_locations = a, b\npath_separator = comma\n"

    found = read(tmp_path, ini, "a", "b")

    assert found.version_locations == below(tmp_path, "a", "b")
    assert "'comma' is no path separator" in found.problems[0].detail


def test_an_ini_with_a_bom_or_in_latin_1_is_read(tmp_path: Path) -> None:
    source = project(tmp_path, "")
    for content in (
        b"\xef\xbb\xbf[alembic]\nscript_location = alembic\n",
        b"# \xe9\n[alembic]\nscript_location = alembic\n",
    ):
        source.config.write_bytes(content)

        assert read_alembic_configuration(source, DiskFiles()).script_location == tmp_path / "alembic"


def test_a_percent_sign_in_the_projects_own_path_is_no_interpolation(tmp_path: Path) -> None:
    directory = tmp_path / "100%(sure)s"

    found = read(directory, "[alembic]\nscript_location = %(here)s/alembic\n")

    assert found.script_location == directory / "alembic"


@pytest.mark.parametrize(
    "ini",
    [
        "[alembic]\nsqlalchemy.url = postgresql://u:hunter2@h/d\nscript_location = %(x)s\n",
        "sqlalchemy.url = postgresql://u:hunter2@h/d\n",
        "[alembic]\npostgresql //u hunter2 h\n",
        "[alembic]\nurl = hunter2\nurl = hunter2\n",
        "[alembic]\n[alembic]\nurl = hunter2\n",
        "[alembic]\n = hunter2\n",
    ],
)
def test_no_secret_of_the_ini_is_in_an_error(tmp_path: Path, ini: str) -> None:
    with pytest.raises(ScriptDirectoryError) as error:
        read(tmp_path, ini)

    assert "hunter2" not in str(error.value)
    assert str(tmp_path / "alembic.ini") in str(error.value)
