"""Alembic's commands, word for word, in the reference project's folder."""

from __future__ import annotations

import pytest

from tests.api.conftest import ApiProject
from tests.postgresql import Server

HEAD = "87d1e0a4c36f"
BEFORE_INVOICE_NUMBERS = "b5e17d3f9a02"


def test_the_usual_commands_work(project: ApiProject) -> None:
    project.alembic("upgrade", "head")
    assert f"{HEAD} (head)" in project.alembic("current")
    assert "No new upgrade operations detected" in project.alembic("check")
    assert project.alembic("history").startswith(f"da639b5c1f48 -> {HEAD} (head)")

    project.alembic("downgrade", "-1")
    assert project.alembic("current").split() == ["da639b5c1f48"]
    project.alembic("downgrade", "a7f3065c2d9b")
    assert project.alembic("current").split() == ["a7f3065c2d9b"]
    project.alembic("downgrade", "base")
    assert project.alembic("current") == ""


def test_autogenerate_finds_nothing_at_the_head_and_a_new_column_afterwards(project: ApiProject) -> None:
    project.alembic("upgrade", "head")
    known = project.revision_files()

    project.alembic("revision", "--autogenerate", "-m", "Nothing to do")

    (empty,) = project.revision_files() - known
    assert empty.read_text().count("    pass\n") == 2
    assert "op." not in empty.read_text()
    empty.unlink()

    model = project.directory / "app" / "models" / "users.py"
    model.write_text(model.read_text() + "    phone: Mapped[str | None] = mapped_column(String(40))\n")
    project.alembic("revision", "--autogenerate", "-m", "Add a phone number")

    (added,) = project.revision_files() - known
    assert "add_column" in added.read_text()
    project.alembic("upgrade", "head")
    assert "No new upgrade operations detected" in project.alembic("check")
    project.alembic("downgrade", "-1")


def test_two_heads_are_merged(sqlite_project: ApiProject) -> None:
    sqlite_project.alembic("revision", "-m", "One")
    sqlite_project.alembic("revision", "-m", "Two", "--head", HEAD, "--splice")

    sqlite_project.alembic("merge", "heads", "-m", "Merge one and two")

    assert len(sqlite_project.alembic("heads").splitlines()) == 1
    sqlite_project.alembic("upgrade", "head")


def fail_on_bad_data(project: ApiProject) -> str:
    """What `alembic upgrade head` says when invoice numbers are not unique."""
    bad = project.python("-m", "app.demo_data", "--bad")
    assert bad.returncode == 0, bad.stderr
    failed = project.python("-m", "alembic", "upgrade", "head")
    assert failed.returncode != 0
    return failed.stdout + failed.stderr


def test_bad_data_fails_with_the_rows_named_and_leaves_postgresql_where_it_was(
    postgres_project: ApiProject,
) -> None:
    (before,) = postgres_project.steps(["upgrade", "e3b8d4097c6a"])

    message = fail_on_bad_data(postgres_project)

    assert "invoice numbers are not unique: organisation 1 has INV-2026-" in message
    assert "2 times (invoices " in message
    assert "Renumber or delete the wrong ones, then upgrade again" in message
    assert "Traceback" not in message
    assert postgres_project.steps(["current"]) == [before]


def test_bad_data_fails_with_the_rows_named_and_leaves_sqlite_at_the_revision_before(
    sqlite_project: ApiProject,
) -> None:
    """SQLite has no transaction around DDL: what was applied before the failure stays."""
    sqlite_project.alembic("upgrade", "e3b8d4097c6a")

    message = fail_on_bad_data(sqlite_project)

    assert "invoice numbers are not unique: organisation 1 has INV-2026-" in message
    assert "Traceback" not in message
    assert sqlite_project.alembic("current").split() == [BEFORE_INVOICE_NUMBERS]


@pytest.mark.parametrize("revision", ["3f1c8a52d9e4", "f19c3a85e0d4"])
def test_sample_rows_fit_any_revision(project: ApiProject, revision: str) -> None:
    project.alembic("upgrade", revision)

    added = project.python("-m", "app.demo_data", "--orders", "20")
    again = project.python("-m", "app.demo_data", "--orders", "20")

    assert (added.returncode, again.returncode) == (0, 0), added.stderr + again.stderr
    assert added.stdout.startswith("added 12 users")
    assert again.stdout == "there are rows already: nothing added\n"


def test_an_index_left_invalid_by_a_cancelled_build_does_not_stop_the_next_try(
    postgres_project: ApiProject, postgres_server: Server
) -> None:
    postgres_project.alembic("upgrade", "4c80f2e6b9d7")
    connection = postgres_server.connect(postgres_project.variables["DATABASE_NAME"])
    index = "ix_orders_project_id_placed_at"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE INDEX {index} ON orders (project_id, placed_at)")
        cursor.execute(f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{index}'::regclass")

    postgres_project.alembic("upgrade", "head")

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT indisvalid FROM pg_index WHERE indexrelid = '{index}'::regclass")
        assert cursor.fetchone() == (True,)
    connection.close()
