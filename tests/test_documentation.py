"""What the documentation says is there is there, and what is there is documented."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest
from django.core.management import get_commands

from dashboard.sources.configuration import load_configuration
from dashboard.sources.configuration_schema import (
    BackupTable,
    EnvironmentTable,
    ProjectTable,
    RehearsalTable,
    ScratchTable,
    Table,
    TimeoutsTable,
)
from tests.faults import load_faults

ROOT = Path(__file__).resolve().parent.parent
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
SECTIONS: dict[str, type[Table]] = {
    "`[projects.NAME]`": ProjectTable,
    "`[projects.NAME.environments.NAME]`": EnvironmentTable,
    "`backup = { ... }` of an environment": BackupTable,
    "`scratch = { ... }` of an environment": ScratchTable,
    "`rehearsal = { ... }` of an environment": RehearsalTable,
    "`timeouts = { ... }` of an environment": TimeoutsTable,
}
OF_THE_SERVER = {"BIND", "PORT"}


def first_cells(heading: str) -> set[str]:
    """The names in the first column of the table below a heading of docs/configuration.md."""
    section = re.split(r"^#+ ", CONFIGURATION.partition(f" {heading}\n")[2], flags=re.M)[0]
    return set(re.findall(r"^\| `(\w+)` \|", section, flags=re.M))


def variables_read_by_the_code() -> set[str]:
    names = set()
    for path in (ROOT / "dashboard").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
                names |= {text for text in texts if re.fullmatch(r"DASHBOARD_[A-Z_]*[A-Z]", text)}
    return names


@pytest.mark.parametrize("heading", SECTIONS)
def test_every_key_of_dashboard_toml_is_documented_and_no_other(heading: str) -> None:
    assert first_cells(heading) == SECTIONS[heading].model_fields.keys()


def test_every_variable_is_documented_and_no_other() -> None:
    assert first_cells("Variables") == variables_read_by_the_code() | OF_THE_SERVER


def test_the_shipped_dashboard_toml_is_right_and_shows_three_environments() -> None:
    found = load_configuration(ROOT / "dashboard.toml", environ={})

    assert list(found.project("api").environments) == ["development", "staging", "production"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_files_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:dashboard|tests|docs|api|templates|static)/[\w./]*)`", text))
    named |= {link for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text) if "docs/pictures" not in link}

    missing = {name for name in named if not ((ROOT / name).exists() or (page.parent / name).exists())}

    assert missing == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M))

    assert set(re.findall(r"manage\.py ([a-z_]+)", text)) <= get_commands().keys()
    assert set(re.findall(r"`make ([a-z]+)", text)) <= targets


def test_the_faults_are_numbered_without_a_gap() -> None:
    assert list(load_faults()) == list(range(1, len(load_faults()) + 1))


def test_every_marked_fault_is_in_the_list() -> None:
    marks = r"@pytest\.mark\.fault\(([\d, ]+)\)"
    marked = {
        int(number)
        for path in (ROOT / "tests").rglob("test_*.py")
        for numbers in re.findall(marks, path.read_text(encoding="utf-8"))
        for number in numbers.split(",")
    }

    assert marked <= load_faults().keys()


def test_pyproject_and_the_changelog_tell_the_same_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    newest = re.search(r"^## \[?([\d.]+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.M)

    assert newest is not None and newest[1] == version
