"""What a rehearsal tells of locks and rewritten files is what a session beside the real run sees."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from dashboard.models import Plan, Rehearsal, Run
from dashboard.usecases.rehearse_plan import rehearse_plan_now
from tests.usecases.site import Site

Locks = dict[str, set[tuple[str, str]]]
ROWS = 60_000
TABLES = f"""
CREATE TABLE customers (id integer PRIMARY KEY, name text, legacy text);
CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer, note text, total integer);
CREATE INDEX ix_old ON orders (total);
INSERT INTO customers SELECT n, 'c', 'x' FROM generate_series(1, 500) n;
INSERT INTO orders SELECT n, n % 500 + 1, md5(n::text), n FROM generate_series(1, {ROWS}) n;
"""
OPERATIONS = {
    "add_column": "ALTER TABLE orders ADD COLUMN a integer",
    "add_column_with_default": "ALTER TABLE orders ADD COLUMN b integer NOT NULL DEFAULT 5",
    "add_column_with_changing_default": "ALTER TABLE orders ADD COLUMN c double precision DEFAULT random()",
    "change_type": "ALTER TABLE orders ALTER COLUMN id TYPE bigint",
    "create_index": "CREATE INDEX ix_customer ON orders (customer_id)",
    "create_index_concurrently": "CREATE INDEX CONCURRENTLY ix_note ON orders (note)",
    "add_constraint_not_valid": "ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0) NOT VALID",
    "validate_constraint": "ALTER TABLE orders VALIDATE CONSTRAINT positive",
    "set_not_null": "ALTER TABLE orders ALTER COLUMN customer_id SET NOT NULL",
    "drop_column": "ALTER TABLE customers DROP COLUMN legacy",
    "rename_column": "ALTER TABLE customers RENAME COLUMN name TO title",
    "add_foreign_key": "ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers (id)",
    "update_rows": "UPDATE orders SET total = total + 1 WHERE total <= 1000",
    "drop_index": "DROP INDEX ix_old",
}
STRONGEST = {
    "add_column": ("AccessExclusiveLock", "orders"),
    "change_type": ("AccessExclusiveLock", "orders"),
    "create_index": ("ShareLock", "orders"),
    "create_index_concurrently": ("ShareUpdateExclusiveLock", "orders"),
    "validate_constraint": ("ShareUpdateExclusiveLock", "orders"),
    "rename_column": ("AccessExclusiveLock", "customers"),
    "add_foreign_key": ("ShareRowExclusiveLock", "customers"),
    "update_rows": ("RowExclusiveLock", "orders"),
}
_SEEN = """
SELECT DISTINCT a.application_name, l.relation::bigint, l.mode
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE a.application_name LIKE 'op %' AND l.locktype = 'relation' AND l.granted AND l.relation >= 16384
"""
_RELATIONS = "SELECT oid::bigint, relname, relfilenode::bigint FROM pg_class WHERE relname ~ '^(orders|customers|ix_)'"


def make_operations(site: Site, *, pause: float = 0.15) -> None:
    """A revision for each, which says its name and pauses while it holds its locks."""
    site.query(TABLES)
    site.project.write_env(
        extra='if not context.config.get_main_option("sqlalchemy.url"):\n'
        '    context.config.set_main_option("sqlalchemy.url", os.environ["SITE_URL"].replace("%", "%%"))',
        options="transaction_per_migration=True",
    )
    for name, sql in OPERATIONS.items():
        statement = f'op.execute("{sql}")'
        if "CONCURRENTLY" in sql:
            statement = f"with op.get_context().autocommit_block():\n    {statement}"
        site.project.add(
            name,
            f'op.execute("SET application_name = \'op {name}\'")\n{statement}\nop.execute("SELECT pg_sleep({pause})")',
        )


def rehearse(plan: Plan) -> Rehearsal:
    """The one that began by itself, done as the worker would."""
    rehearsal = Rehearsal.objects.get(plan=plan, state=Rehearsal.State.QUEUED)
    rehearse_plan_now(rehearsal_id=rehearsal.pk)
    rehearsal.refresh_from_db()
    assert (rehearsal.state, rehearsal.error) == (Rehearsal.State.PASSED, "")
    return rehearsal


@contextmanager
def looking_on(site: Site, seen: Locks) -> Iterator[None]:
    """Looks every few milliseconds who holds which lock on what was there before, until the end of the block."""
    names = {oid: name for oid, name, _file in site.query(_RELATIONS)}
    ending = threading.Event()

    def look() -> None:
        connection = site.database()
        while not ending.wait(0.005):
            cursor = connection.cursor()
            cursor.execute(_SEEN)
            for application, oid, mode in cursor.fetchall():
                if oid in names:
                    seen.setdefault(application.removeprefix("op "), set()).add((names[oid], mode))
        connection.close()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join(timeout=10)


def files(site: Site) -> dict[str, int]:
    """Relation -> the file that it is in."""
    return {name: file for _oid, name, file in site.query(_RELATIONS)}


def test_locks_and_rewrites_are_those_of_the_real_run(postgres_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site = postgres_site
    monkeypatch.setenv("SCRATCH_URL", site.url.rpartition("/")[0] + "/postgres")
    site.configure('scratch = { url = { env = "SCRATCH_URL" } }\nrehearsal = {}')
    make_operations(site)
    plan = site.plan("drop_index")
    site.back_up()
    rehearsal = rehearse(plan)
    rehearsed = {r.revision: r for r in rehearsal.revisions.all()}
    site.accept(plan)
    before, seen = files(site), Locks()

    with looking_on(site, seen):
        run = site.execute(site.confirm(plan))

    assert run.outcome == Run.Outcome.SUCCEEDED
    told: dict[str, Any] = {name: {(k["relation"], k["mode"]) for k in r.locks} for name, r in rehearsed.items()}
    assert {name: told[name] for name in OPERATIONS} == {name: seen.get(name, set()) for name in OPERATIONS}
    for name, (mode, relation) in STRONGEST.items():
        assert (rehearsed[name].locks[0]["mode"], rehearsed[name].locks[0]["relation"]) == (mode, relation)
    after = files(site)
    rewritten = {entry["relation"] for r in rehearsed.values() for entry in r.rewritten}
    assert "ix_old" in rewritten  # before the last revision drops it
    assert {e["relation"] for e in rehearsed["change_type"].rewritten} == {"orders", "orders_pkey", "ix_old"}
    assert rewritten & after.keys() == {name for name in before.keys() & after.keys() if before[name] != after[name]}
    assert {r.revision for r in rehearsed.values() if r.rewritten} == {
        "add_column_with_changing_default",
        "change_type",
    }
    sizes = {e["relation"]: e["bytes"] for e in rehearsed["change_type"].rewritten}
    assert sizes["orders"] == pytest.approx(site.query("SELECT pg_relation_size('orders')")[0][0], rel=0.05)
    assert rehearsed["update_rows"].rows == 1000
    assert rehearsed["change_type"].rows == 0
    assert (rehearsed["change_type"].wal_bytes or 0) > 1_000_000
    assert all(0.14 < lock["seconds"] < 5 for lock in rehearsed["set_not_null"].locks if "Exclusive" in lock["mode"])
    assert [s["sql"] for s in rehearsed["rename_column"].statements][1] == OPERATIONS["rename_column"]
