"""The arrows of docs/architecture.md: a room imports rooms below it, and the lower rooms know no Django."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DASHBOARD = ROOT / "dashboard"
SIBLINGS = ("alembic_process", "databases", "findings", "sources")
BOTTOM = ("secrets", "database_target", "plain_text")
PURE = ("revisions", "gate")
TOP = "everything that meets a person or a process"

MAY_IMPORT: dict[str, tuple[str, ...]] = {
    TOP: (TOP, "usecases", "models", *PURE, *BOTTOM),
    "usecases": ("usecases", "models", "access", *SIBLINGS, *PURE, *BOTTOM),
    "models": ("models", *PURE, *BOTTOM),
    **{room: (room, *PURE, *BOTTOM) for room in SIBLINGS},
    "gate": ("gate", "revisions", *BOTTOM),
    "revisions": ("revisions", *BOTTOM),
    "secrets": ("secrets",),
    "database_target": ("database_target",),
    "plain_text": ("plain_text",),
}
NO_DJANGO = (*SIBLINGS, *PURE, *BOTTOM)
NO_IO = {"os", "io", "shutil", "socket", "sqlite3", "subprocess", "tempfile", "time", "random", "psycopg2", "secrets"}
"""What a room that does no I/O and owns no clock has no use for."""
CHILD_MODULES = [
    DASHBOARD / "alembic_process" / "child_program.py",
    *sorted((DASHBOARD / "alembic_process" / "child").glob("*.py")),
]


def modules() -> list[Path]:
    return sorted(path for path in DASHBOARD.rglob("*.py") if "migrations" not in path.parts)


def room_of(dotted: str) -> str:
    """`dashboard.views.plan` -> the top, `dashboard.sources.git` -> sources; access has a line of its own."""
    name = dotted.split(".")[1] if "." in dotted else ""
    return name if name in MAY_IMPORT or name == "access" else TOP


def dotted_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything imported anywhere in the file, also inside functions."""
    package = path.parent.relative_to(ROOT).parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            above = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            base = ".".join(filter(None, (above, node.module)))
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def queues_work(path: Path, line: int, imported: str) -> bool:
    """The one call that goes up: a use-case names its task inside of a function, to enqueue it."""
    is_inside = path.read_text(encoding="utf-8").splitlines()[line - 1].startswith(" ")
    return room_of(dotted_name(path)) == "usecases" and imported.startswith("dashboard.tasks.") and is_inside


def names_data(path: Path, imported: str) -> bool:
    """Whoever calls use-cases may name what they return and raise: classes of the configuration, no function."""
    is_class = imported.rpartition(".")[2][:1].isupper()
    return room_of(dotted_name(path)) == TOP and imported.startswith("dashboard.sources.configuration.") and is_class


def is_exception(path: Path, line: int, imported: str) -> bool:
    return queues_work(path, line, imported) or names_data(path, imported)


def test_a_room_imports_only_rooms_below_it() -> None:
    wrong = []
    for path in modules():
        room = room_of(dotted_name(path))
        allowed = (*MAY_IMPORT[TOP], "access") if room in (TOP, "access") else MAY_IMPORT[room]
        for line, imported in imports_of(path):
            is_ours = imported.split(".")[0] == "dashboard"
            if is_ours and room_of(imported) not in allowed and not is_exception(path, line, imported):
                wrong.append(f"{path.relative_to(ROOT)}:{line} ({room}) imports {imported}")

    assert wrong == []


def test_no_module_imports_the_reference_project_or_any_other_project_code() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {imported}"
        for path in modules()
        for line, imported in imports_of(path)
        if imported.split(".")[0] in {"api", "app", "tests"}
    ]

    assert wrong == []


def test_the_rooms_below_models_import_no_django() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {imported}"
        for path in modules()
        if room_of(dotted_name(path)) in NO_DJANGO
        for line, imported in imports_of(path)
        if imported.split(".")[0].startswith("django")
    ]

    assert wrong == []


def test_revisions_and_gate_do_no_io_and_own_no_clock() -> None:
    wrong = []
    for path in modules():
        if room_of(dotted_name(path)) not in PURE:
            continue
        wrong += [
            f"{path.name}:{line} imports {name}" for line, name in imports_of(path) if name.split(".")[0] in NO_IO
        ]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in {"open", "now", "today"}:
                wrong.append(f"{path.name}:{node.lineno} calls {ast.unparse(node.func)}")

    assert wrong == []


def test_only_the_child_program_imports_what_runs_a_project() -> None:
    """alembic.command, EnvironmentContext and ScriptDirectory execute env.py and revision files.

    MigrationContext alone, given a connection and no script directory, compares schemas.
    """
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {imported}"
        for path in modules()
        if path not in CHILD_MODULES
        for line, imported in imports_of(path)
        if imported.startswith(
            ("alembic.command", "alembic.runtime.environment", "alembic.script.base", "alembic.script.Script")
        )
        or imported in {"alembic.context", "alembic.op"}
    ]

    assert wrong == []


@pytest.mark.parametrize("path", CHILD_MODULES, ids=lambda path: path.stem)
def test_the_child_program_needs_the_standard_library_and_alembic_alone(path: Path) -> None:
    roots = {
        imported.split(".")[0]
        for _line, imported in imports_of(path)
        if not imported.startswith("dashboard.alembic_process.child.")
    }

    assert roots <= sys.stdlib_module_names | {"alembic", "sqlalchemy"}


@pytest.mark.parametrize("path", CHILD_MODULES, ids=lambda path: path.stem)
def test_the_child_program_keeps_to_the_syntax_of_python_3_9(path: Path) -> None:
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))


@pytest.mark.parametrize("room", ["revisions", "gate", "sources"])
def test_a_room_passes_its_tests_where_django_cannot_be_imported(room: str) -> None:
    command = [sys.executable, "-m", "pytest", f"tests/{room}", "-q", "-p", "tests.without_django", "-p", "no:django"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=170)

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
