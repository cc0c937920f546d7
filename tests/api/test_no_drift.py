"""The reference project's own databases show no drift: at every revision, up, down and up again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dashboard.database_target import DatabaseTarget, Dialect
from dashboard.databases.schema_comparison import Scope, compare_schema, read_expected
from tests.api.conftest import ApiProject
from tests.api.test_steps import ACCESS, BILLING, BRANCH_POINT, MERGE, revisions

STEPPER = """
import json, sys
from alembic.config import main

sys.path.insert(0, ".")
for line in sys.stdin:
    main(argv=json.loads(line))
    print("done", flush=True)
"""
SCOPE = Scope("alembic_version", "")


@contextmanager
def stepper(project: ApiProject) -> Iterator[Callable[..., None]]:
    """Alembic's command line in one process, one command after the other."""
    process = subprocess.Popen(
        [sys.executable, "-c", STEPPER], cwd=project.directory, text=True,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **project.variables},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdin and process.stdout
    commands, answers = process.stdin, process.stdout

    def step(*command: str) -> None:
        commands.write(json.dumps(command) + "\n")
        commands.flush()
        while (line := answers.readline()) != "done\n":
            assert line, f"{command} failed"

    try:
        yield step
    finally:
        commands.close()
        process.wait(timeout=20)
        answers.close()


def target_of(project: ApiProject) -> DatabaseTarget:
    """The database that the project's variables lead to, else its own SQLite file."""
    given = project.variables
    if not given:
        (path,) = Path(project.directory).glob("*.db")
        return DatabaseTarget(Dialect.SQLITE, str(path))
    return DatabaseTarget(
        Dialect.POSTGRESQL, given["DATABASE_NAME"], host=given["DATABASE_HOST"], port=int(given["DATABASE_PORT"]),
        user=given["DATABASE_USER"], password=given["DATABASE_PASSWORD"],
    )  # fmt: skip


def test_nothing_is_found_at_any_revision_of_a_clean_database(project: ApiProject) -> None:
    """What each revision makes on the way up is there on the way down, and up again."""
    known = revisions(project)
    before = known[: known.index(BRANCH_POINT) + 1]
    after = known[known.index(MERGE) + 1 :]
    up = [*before, *ACCESS, *BILLING, MERGE, *after]
    # `-1` from a merge point is "Ambiguous walk" to Alembic: naming one parent reverts the merge alone.
    down = [*["-1"] * len(after), BILLING[1], f"{BILLING[1]}@-1", f"{BILLING[0]}@-1", f"{ACCESS[1]}@-1"]
    down += ["-1"] * len(before)

    with stepper(project) as step:
        expected = []
        for revision in up:
            step("upgrade", revision)
            expected.append(read_expected(target_of(project), SCOPE, timeout=10))
        found = {}
        for place, notation in zip(range(len(up) - 2, -1, -1), down, strict=True):
            step("downgrade", notation)
            found["down to", up[place]] = compare_schema(target_of(project), expected[place], SCOPE, timeout=10)
        for place, revision in enumerate(up):
            step("upgrade", revision)
            found["up to", revision] = compare_schema(target_of(project), expected[place], SCOPE, timeout=10)

    assert len(found) == 2 * len(up) - 1
    assert {way: differences for way, differences in found.items() if differences} == {}
    assert compare_schema(target_of(project), expected[0], SCOPE, timeout=10), "another revision's schema differs"
