"""The one door to a project's code, with real children on SQLite: what they are told, what they may do, how they end."""

from __future__ import annotations

import hashlib
import os
import py_compile
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dashboard.alembic_process.parent import ChildRequest, ChildResult, Ending, run_child
from dashboard.database_target import DatabaseTarget, Dialect
from dashboard.databases import database_for
from tests.alembic_project import AlembicProject, make_project


class Child:
    """Runs a project's child on a SQLite file and keeps what it said."""

    def __init__(self, project: AlembicProject, database: Path) -> None:
        self.project = project
        self.database = database
        self.events: list[dict[str, Any]] = []
        self.lines: list[str] = []

    def upgrade(self, target: str, *, deadline: float = 30, rows: tuple[str, ...] = (), **changes: Any) -> ChildResult:
        steps = self.project.revisions[: self.project.revisions.index(target) + 1]
        sqlite3.connect(self.database).close()
        if not self.database.exists():
            self.database.touch()
        handle = database_for(DatabaseTarget(Dialect.SQLITE, str(self.database)))
        with handle.hold_run_lock(wait=1) as lock:
            content = {
                "action": "upgrade", "config": str(self.project.config), "section": "alembic",
                "version_table": "alembic_version", "version_table_schema": "",
                "url": f"sqlite:///{self.database}", "rows": list(rows), "target": [target],
                "steps": [s for s in steps if s not in rows], "challenge": dict(lock.challenge),
                "connection_settings": {}, **changes,
            }  # fmt: skip
            return self.run(content, deadline=deadline, pass_fds=lock.pass_fds)

    def change(self, action: str, *, rows: list[str], target: list[str], steps: list[str], **more: Any) -> ChildResult:
        """Downgrade or stamp, under the run lock."""
        with database_for(DatabaseTarget(Dialect.SQLITE, str(self.database))).hold_run_lock(wait=1) as lock:
            content = {
                "action": action, "config": str(self.project.config), "section": "alembic",
                "version_table": "alembic_version", "version_table_schema": "",
                "url": f"sqlite:///{self.database}", "rows": rows, "target": target, "steps": steps,
                "challenge": dict(lock.challenge), "connection_settings": {}, **more,
            }  # fmt: skip
            return self.run(content, pass_fds=lock.pass_fds)

    def rows(self) -> list[str]:
        connection = sqlite3.connect(self.database)
        try:
            return sorted(row[0] for row in connection.execute("SELECT version_num FROM alembic_version"))
        finally:
            connection.close()

    def run(self, content: dict[str, Any], *, deadline: float = 30, pass_fds: tuple[int, ...] = ()) -> ChildResult:
        request = ChildRequest(
            python=sys.executable,
            directory=self.project.directory,
            content=content,
            variables={"DATABASE_URL": f"sqlite:///{self.database}"},
            pass_fds=pass_fds,
            deadline=deadline,
        )
        return run_child(request, on_event=self.events.append, on_line=self.lines.append)

    def said(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == name]

    def tables(self) -> set[str]:
        connection = sqlite3.connect(self.database)
        try:
            return {row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        finally:
            connection.close()


@pytest.fixture
def child(tmp_path: Path) -> Child:
    project = make_project(tmp_path / "project")
    project.add_tables(1, 2, 3)
    return Child(project, tmp_path / "data.db")


def test_it_applies_exactly_the_confirmed_revisions_and_tells_each(child: Child) -> None:
    result = child.upgrade("r2")

    assert result == ChildResult(Ending.EXITED, 0)
    told = [(e["event"], e["revision"]) for e in child.events if "revision" in e]
    assert told == [
        ("revision_started", "r1"),
        ("revision_applied", "r1"),
        ("revision_started", "r2"),
        ("revision_applied", "r2"),
    ]
    assert child.events[-1] == {"event": "finished"}
    assert child.tables() >= {"t1", "t2"} and "t3" not in child.tables()


def test_it_reverts_exactly_the_confirmed_revisions_and_tells_their_places_in_the_plan(child: Child) -> None:
    child.upgrade("r3")
    child.events.clear()

    result = child.change("downgrade", rows=["r3"], target=["r1"], steps=["r3", "r2"], first_position=4)

    assert result == ChildResult(Ending.EXITED, 0)
    assert [(e["event"], e["revision"], e["position"]) for e in child.events if "revision" in e] == [
        ("revision_started", "r3", 4),
        ("revision_applied", "r3", 4),
        ("revision_started", "r2", 5),
        ("revision_applied", "r2", 5),
    ]
    assert child.rows() == ["r1"] and not child.tables() & {"t2", "t3"}


def test_it_refuses_to_revert_what_was_not_confirmed(child: Child) -> None:
    child.upgrade("r3")

    child.change("downgrade", rows=["r3"], target=["base"], steps=["r3", "r2"])

    assert "Alembic would run r3, r2, r1" in child.said("refused")[0]["message"]
    assert child.rows() == ["r3"] and child.tables() >= {"t1", "t2", "t3"}


@pytest.mark.parametrize(
    ("held", "result", "written"),
    [
        (["r3"], ["r1"], ["r1"]),
        (["gone"], ["r3"], ["r3"]),
        (["gone", "lost"], ["r3"], ["r3"]),
        (["gone"], [], []),
        ([], ["r2"], ["r2"]),
        (["r3", "gone"], ["r3"], []),
        (["gone", "lost"], ["r3", "x1"], ["r3", "x1"]),
    ],
)
def test_a_stamp_leaves_exactly_the_confirmed_rows_and_runs_nothing(
    child: Child, held: list[str], result: list[str], written: list[str]
) -> None:
    child.project.add("x1", "raise RuntimeError", down=None)
    with sqlite3.connect(child.database) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        connection.executemany("INSERT INTO alembic_version VALUES (?)", [(row,) for row in held])
    connection.close()

    done = child.change("stamp", rows=held, target=written, steps=written, result=result)

    assert done == ChildResult(Ending.EXITED, 0), child.said("error")
    assert child.rows() == result and child.tables() == {"alembic_version"}
    assert [e["revision"] for e in child.said("revision_applied")] == written


def test_it_refuses_a_way_that_alembic_would_go_otherwise(child: Child) -> None:
    child.upgrade("r3", steps=["r1", "r3"])

    assert "Alembic would run r1, r2, r3" in child.said("refused")[0]["message"]
    assert not child.tables() & {"t1", "t2", "t3"}


def test_the_confirmed_text_is_executed_not_what_was_compiled_of_an_older_one(child: Child) -> None:
    """An edit that keeps size and second of the file: Python takes the compiled file for current."""
    path = child.project.directory / "alembic" / "versions" / "r1_r1.py"
    status = path.stat()
    py_compile.compile(str(path), doraise=True)
    path.write_text(path.read_text().replace('"t1"', '"u1"'))
    os.utime(path, (status.st_atime, status.st_mtime))
    name = "alembic/versions/r1_r1.py"

    result = child.upgrade("r1", files={name: hashlib.sha256(path.read_bytes()).hexdigest()})

    assert result == ChildResult(Ending.EXITED, 0)
    assert "u1" in child.tables() and "t1" not in child.tables()


@pytest.mark.parametrize("first", ["a", "b"])
def test_dependencies_are_applied_in_the_confirmed_order_which_alembic_leaves_to_chance(
    child: Child, first: str
) -> None:
    child.project.add("a", "pass", down=None)
    child.project.add("b", "pass", down=None)
    path = child.project.add("both", "pass", down="r1")
    path.write_text(path.read_text().replace("depends_on = None", "depends_on = ('a', 'b')"))
    second = "b" if first == "a" else "a"

    result = child.upgrade("both", steps=["r1", first, second, "both"])

    assert result == ChildResult(Ending.EXITED, 0), child.said("refused")
    assert [e["revision"] for e in child.said("revision_applied")] == ["r1", first, second, "both"]


def test_a_project_has_its_own_modules_whatever_ours_are_called(child: Child) -> None:
    package = child.project.directory / "dashboard"
    package.mkdir()
    (package / "__init__.py").write_text("WHOSE = 'the project'\n")
    (child.project.directory / "child.py").write_text("WHOSE = 'the project'\n")
    child.project.write_env(extra="import sys, child, dashboard\nprint(child.WHOSE, dashboard.WHOSE, sys.path)")

    result = child.upgrade("r1")

    assert result == ChildResult(Ending.EXITED, 0)
    assert child.lines[0].startswith("the project the project [")
    ours = str(Path(__file__).resolve().parents[2])
    assert f"'{ours}'" not in child.lines[0] and f"'{ours}/dashboard" not in child.lines[0]


@pytest.mark.fault(65)
@pytest.mark.fault(77)
@pytest.mark.parametrize("name", ["alembic/env.py", "alembic.ini", "alembic/versions/r2_r2.py"])
def test_it_refuses_an_edited_file_before_it_executes_anything(child: Child, name: str) -> None:
    path = child.project.directory / name
    confirmed = {name: hashlib.sha256(path.read_bytes()).hexdigest()}
    path.write_text(path.read_text() + "\n# an edit\n")

    result = child.upgrade("r2", files=confirmed)

    assert result.returncode == 3
    assert child.said("refused")[0]["message"] == f"{name} changed after the plan was confirmed. Make a new plan."
    assert child.said("hello") == []
    assert child.tables() == set()


@pytest.mark.fault(15)
def test_it_refuses_another_database_and_changes_neither(child: Child, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    child.project.write_env(extra=f'context.config.set_main_option("sqlalchemy.url", "sqlite:///{other}")')

    child.upgrade("r1")

    assert "another database" in child.said("refused")[0]["message"]
    assert child.tables() == set()
    assert sqlite3.connect(other).execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)


def test_it_refuses_another_version_table(child: Child) -> None:
    child.project.write_env(options='version_table="other_version"')

    child.upgrade("r1")

    assert "env.py uses the version table other_version" in child.said("refused")[0]["message"]
    assert child.tables() == set()


@pytest.mark.fault(70)
def test_it_is_given_nothing_of_the_dashboards_own_environment(child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHBOARD_SECRET_KEY", "key-of-the-dashboard")
    monkeypatch.setenv("DASHBOARD_DATABASE_URL", "postgresql://dash:pw-of-the-dashboard@db/dash")
    monkeypatch.setenv("LD_PRELOAD_NOT_REALLY", "x")
    child.project.write_env(extra="print('NAMES', sorted(os.environ))\nprint('VALUES', dict(os.environ))")

    child.upgrade("r1")

    printed = "\n".join(child.lines)
    assert "DATABASE_URL" in printed
    assert "of-the-dashboard" not in printed
    assert "DASHBOARD" not in printed and "LD_PRELOAD_NOT_REALLY" not in printed


def test_it_tells_where_an_error_happened_and_leaves_the_rest(child: Child) -> None:
    child.project.add("r4", 'op.execute("SELECT * FROM nothing_there")')

    result = child.upgrade("r4")

    assert result.returncode == 1
    assert child.said("revision_started")[-1]["revision"] == "r4"
    assert "nothing_there" in child.said("error")[0]["message"]
    assert "finished" not in [e["event"] for e in child.events]


@pytest.mark.fault(56)
def test_a_flood_of_strange_output_is_capped_and_cleaned(child: Child) -> None:
    child.project.write_env(
        extra="""
        import sys
        sys.stdout.buffer.write(b"\\x1b[31mred\\x1b[0m nul\\x00 \\xff\\xfe invalid\\n")
        line = b"x" * 99_999 + b"\\n"
        for _ in range(1000):
            sys.stdout.buffer.write(line)
        sys.stdout.flush()
        """
    )

    child.upgrade("r1")

    assert child.lines[0] == "red nul \ufffd\ufffd invalid"
    assert sum(map(len, child.lines)) < 3_000_000
    assert max(map(len, child.lines)) < 5_000
    assert "more characters of output were not kept" in child.lines[-1]
    assert "t1" in child.tables()


@pytest.mark.fault(11)
def test_a_grandchild_that_keeps_the_pipe_open_does_not_keep_the_run(child: Child, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    child.project.write_env(
        extra=f"""
        import subprocess, sys
        process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], close_fds=False)
        open({str(pid_file)!r}, "w").write(str(process.pid))
        """
    )
    started = time.monotonic()

    result = child.upgrade("r1")

    assert time.monotonic() - started < 15
    assert result.ending is Ending.EXITED and "t1" in child.tables()
    assert not _is_alive(int(pid_file.read_text()))


@pytest.mark.fault(10)
def test_one_that_ignores_sigterm_is_killed_with_its_group_at_the_deadline(child: Child) -> None:
    child.project.write_env(
        extra="import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('ready', os.getpid())\ntime.sleep(60)"
    )
    started = time.monotonic()

    result = child.upgrade("r1", deadline=2)

    assert result.ending is Ending.DEADLINE
    assert time.monotonic() - started < 10
    assert not _is_alive(int(child.lines[0].split()[1]))


def test_it_tells_when_a_commit_is_about_to_be_sent_and_what_leaves_the_transaction(child: Child) -> None:
    child.project.add("r4", 'op.execute("COMMIT")')

    child.upgrade("r4")

    told = [e["event"] for e in child.events if e["event"] not in {"hello", "context", "finished"}]
    each = ["revision_started", "committing", "revision_applied"]
    assert told[:9] == each * 3 and "left_transaction" in told[9:]


@pytest.mark.parametrize("template", ["multidb", "loop"])
def test_a_project_of_several_databases_is_refused_with_the_reason(child: Child, template: str) -> None:
    if template == "multidb":
        path = child.project.add("r4", "pass")
        path.write_text(path.read_text().replace("def upgrade():", "def upgrade(engine_name):"))
    else:
        text = child.project.env_py.read_text()
        child.project.env_py.write_text(
            text.replace("context.run_migrations()", "context.run_migrations(); context.run_migrations()")
        )

    child.upgrade(child.project.revisions[-1])

    assert "A run changes one database" in child.said("refused")[0]["message"]
    if template == "multidb":
        assert "Revision r4 is written for several databases" in child.said("refused")[0]["message"]
        assert child.said("revision_started") == [] and not child.tables() & {"t1", "t2", "t3"}


def test_a_missing_interpreter_is_told_and_starts_nothing(child: Child, tmp_path: Path) -> None:
    request = ChildRequest(python=str(tmp_path / "none"), directory=tmp_path, content={}, variables={})

    result = run_child(request, on_event=child.events.append, on_line=child.lines.append)

    assert result.ending is Ending.NOT_STARTED
    assert "could not be started" in result.message and "dashboard.toml" in result.message


def test_the_probe_tells_the_version_table_and_creates_nothing(child: Child) -> None:
    child.project.write_env(options='version_table="own_version"')
    child.database.touch()

    child.run(
        {
            "action": "probe",
            "config": str(child.project.config),
            "section": "alembic",
            "url": f"sqlite:///{child.database}",
        }
    )

    assert child.said("probe")[0]["version_table"] == "own_version"
    assert child.said("probe")[0]["dialect"] == "sqlite"
    assert child.tables() == set()


def test_the_sql_preview_covers_exactly_the_range_and_touches_no_database(child: Child) -> None:
    child.run(
        {"action": "sql", "way": "upgrade", "config": str(child.project.config), "section": "alembic",
         "rows": ["r1"], "target": ["r3"], "steps": ["r2", "r3"], "url": f"sqlite:///{child.database}"}
    )  # fmt: skip

    sql = child.said("sql")[0]["text"]
    assert "CREATE TABLE t2" in sql and "CREATE TABLE t3" in sql and "CREATE TABLE t1" not in sql
    assert not child.database.exists()


def test_the_sql_of_a_downgrade_is_its_way_back(child: Child) -> None:
    child.run(
        {"action": "sql", "way": "downgrade", "config": str(child.project.config), "section": "alembic",
         "rows": ["r3"], "target": ["r1"], "steps": ["r3", "r2"], "url": f"sqlite:///{child.database}"}
    )  # fmt: skip

    sql = child.said("sql")[0]["text"]
    assert "DROP TABLE t3" in sql and "DROP TABLE t2" in sql and "DROP TABLE t1" not in sql


def _is_alive(pid: int) -> bool:
    for _ in range(50):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return False
        time.sleep(0.1)
    return True
