"""A plan is executed on a copy restored from the backup; what it shows opens or closes the gate, and nothing is left."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from dashboard.gate.condition import Condition, Gate
from dashboard.models import HEARTBEAT_LOST_AFTER, Plan, Rehearsal
from dashboard.usecases.keep_backups import sweep_scratch_databases
from dashboard.usecases.override_rehearsal import OverrideRefused, override_rehearsal
from dashboard.usecases.read_rehearsals import summarize_rehearsals
from dashboard.usecases.rehearse_plan import end_lost_rehearsals, rehearse_plan_now
from dashboard.usecases.request_rehearsal import RehearsalRefused, request_rehearsal
from tests.usecases.running import wait_for
from tests.usecases.site import Site, make_person

State = Rehearsal.State
Configure = Callable[[str], None]


@pytest.fixture
def ask(site: Site, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Asks for a rehearsal with budgets; the scratch server of PostgreSQL is the test's own."""

    def configure(budgets: str = "") -> None:
        scratch = ""
        if site.dialect == "postgresql":
            monkeypatch.setenv("SCRATCH_URL", site.url.rpartition("/")[0] + "/postgres")
            scratch = 'scratch = { url = { env = "SCRATCH_URL" } }\n'
        site.configure(f"{scratch}rehearsal = {{ {budgets} }}")

    configure()
    return configure


def rehearse(site: Site, plan: Plan) -> Rehearsal:
    """The one that is queued, done as the worker would."""
    rehearsal = Rehearsal.objects.get(plan=plan, state=State.QUEUED)
    rehearse_plan_now(rehearsal_id=rehearsal.pk)
    rehearsal.refresh_from_db()
    return rehearsal


def planned(site: Site) -> Plan:
    """With a proven backup."""
    plan = site.plan()
    site.back_up()
    return plan


def conditions(site: Site, plan: Plan) -> list[Condition]:
    """Of the gate."""
    return [c for c in site.review(plan).conditions if c.gate is Gate.REHEARSAL]


def copies(site: Site) -> list[str]:
    """Scratch databases, or folders, that are there now."""
    if site.dialect == "sqlite":
        return [path.name for path in (site.folder / "var" / "backups").glob("dashboard_scratch_*")]
    return [row[0] for row in site.query("SELECT datname FROM pg_database WHERE datname LIKE 'dashboard_scratch_%'")]


def test_it_begins_by_itself_once_the_backup_is_proven_and_opens_the_gate(site: Site, ask: Configure) -> None:
    plan = planned(site)
    assert [c.met for c in conditions(site, plan)] == [False]
    assert not site.review(plan).token

    rehearsal = rehearse(site, plan)

    assert (rehearsal.state, rehearsal.error) == (State.PASSED, "")
    assert [r.revision for r in rehearsal.revisions.all()] == ["r2", "r3"]
    assert "CREATE TABLE t2" in rehearsal.revisions.all()[0].statements[0]["sql"]
    assert [c.met for c in conditions(site, plan)] == [True, True]
    assert site.review(plan).token
    assert site.rows() == ["r1"]
    assert rehearsal.scratch and copies(site) == []


def test_it_begins_when_a_plan_is_made_for_a_backup_that_is_there(sqlite_site: Site) -> None:
    sqlite_site.configure("rehearsal = {}")
    sqlite_site.back_up()

    plan = sqlite_site.plan()

    assert Rehearsal.objects.get().plan == plan


def test_it_is_repeated_so_that_time_is_told_as_a_range(sqlite_site: Site) -> None:
    sqlite_site.configure("rehearsal = {}")
    plan = planned(sqlite_site)
    for _ in range(3):
        rehearse(sqlite_site, plan)

    assert Rehearsal.objects.count() == 3
    summary = summarize_rehearsals(plan, sqlite_site.review(plan).backup)
    assert summary is not None and summary.number == 3
    assert 0 < summary.least_seconds < summary.most_seconds
    assert all(0 < step.least_seconds < step.most_seconds for step in summary.steps)


def test_rows_and_sql_are_told_without_the_data(site: Site, ask: Configure) -> None:
    site.project.add(
        "r4",
        'table = sa.table("t1", sa.column("id"), sa.column("x"))\n'
        'op.bulk_insert(table, [{"id": n, "x": "private"} for n in range(100)])\n'
        "op.execute(\"UPDATE t1 SET x = 's' WHERE id < 10\")",
    )
    plan = planned(site)

    step = rehearse(site, plan).revisions.get(revision="r4")

    assert step.rows == 110
    assert len(step.statements) == 2 and "private" not in str(step.statements)


@pytest.mark.fault(46)
def test_a_plan_that_fails_on_the_copy_keeps_the_gate_closed_and_leaves_nothing(site: Site, ask: Configure) -> None:
    site.project.add("r4", 'op.execute("INSERT INTO t1 (id) VALUES (1), (1)")')
    plan = planned(site)

    rehearsal = rehearse(site, plan)

    assert rehearsal.state == State.FAILED
    assert rehearsal.error.startswith("Revision r4: IntegrityError:")
    [closed] = conditions(site, plan)
    assert not closed.met and "did not come to its end: Revision r4: IntegrityError" in closed.words
    assert [(r.revision, r.seconds is None) for r in rehearsal.revisions.all()] == [
        ("r2", False), ("r3", False), ("r4", True),
    ]  # fmt: skip
    assert copies(site) == [] and site.rows() == ["r1"]
    with pytest.raises(OverrideRefused):
        override_rehearsal(
            user=site.operator, project="api", environment="production", plan=plan.pk, reason="never mind"
        )


def test_it_reaches_nothing_but_the_copy(site: Site, ask: Configure) -> None:
    site.project.add(
        "r4",
        f'engine = sa.create_engine({site.url!r})\nwith engine.begin() as c:\n    c.execute(sa.text("DROP TABLE t1"))',
    )
    plan = planned(site)

    rehearsal = rehearse(site, plan)

    assert rehearsal.state == State.FAILED
    assert "connects to another database than the restored copy" in rehearsal.error
    assert site.query("SELECT count(*) FROM t1") == [(0,)]


def test_a_budget_that_is_exceeded_closes_the_gate_until_an_operator_lets_it_pass(
    postgres_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = postgres_site
    monkeypatch.setenv("SCRATCH_URL", site.url.rpartition("/")[0] + "/postgres")
    site.configure(
        'scratch = { url = { env = "SCRATCH_URL" } }\nrehearsal = { max_lock = "200ms", max_rewrite = "10kB" }'
    )
    site.query("INSERT INTO t1 SELECT n, md5(n::text) FROM generate_series(1, 2000) n")
    site.project.add("r4", 'op.execute("ALTER TABLE t1 ALTER COLUMN id TYPE bigint")')
    site.project.add("r5", 'op.execute("SELECT pg_sleep(0.5)")')
    plan = planned(site)
    rehearsal = rehearse(site, plan)

    closed = conditions(site, plan)[1]
    assert not closed.met
    assert closed.words.startswith("r4 took AccessExclusiveLock on t1 and held it for ")
    assert "to the end of its transaction; 0.2 s are allowed" in closed.words
    assert "are rewritten; 10 kB are allowed" in closed.words
    lock = rehearsal.revisions.get(revision="r4").locks[0]
    assert lock["to_end"] and lock["seconds"] >= 0.5
    with pytest.raises(PermissionDenied):
        override_rehearsal(
            user=make_person("developer"), project="api", environment="production", plan=plan.pk, reason="small"
        )
    with pytest.raises(OverrideRefused, match="Say why"):
        override_rehearsal(user=site.operator, project="api", environment="production", plan=plan.pk, reason=" ")

    override = override_rehearsal(
        user=site.operator, project="api", environment="production", plan=plan.pk, reason="nobody is there at night"
    )

    assert override.exceeded == closed.words
    passed = conditions(site, plan)[1]
    assert passed.met and passed.words.endswith("Let pass by operator: “nobody is there at night”")


def test_a_scratch_server_that_is_not_there_is_told_and_closes_the_gate(
    postgres_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRATCH_URL", "postgresql://u:hidden1@127.0.0.1:1/postgres")
    postgres_site.configure('scratch = { url = { env = "SCRATCH_URL" } }\nrehearsal = {}')
    plan = planned(postgres_site)

    rehearsal = rehearse(postgres_site, plan)

    assert rehearsal.state == State.UNAVAILABLE
    assert "cannot be reached" in rehearsal.error and "hidden1" not in rehearsal.error
    assert not conditions(postgres_site, plan)[0].met


def test_an_operator_can_repeat_it_and_a_lead_cannot(sqlite_site: Site) -> None:
    with pytest.raises(RehearsalRefused, match="no plan"):
        request_rehearsal(user=sqlite_site.operator, project="api", environment="production")
    plan = sqlite_site.plan()
    with pytest.raises(RehearsalRefused, match="no proven backup"):
        request_rehearsal(user=sqlite_site.operator, project="api", environment="production")
    sqlite_site.back_up()
    assert conditions(sqlite_site, plan) == [] and not Rehearsal.objects.exists()

    request_rehearsal(user=sqlite_site.operator, project="api", environment="production")

    assert rehearse(sqlite_site, plan).state == State.PASSED
    with pytest.raises(RehearsalRefused, match="already"):
        request_rehearsal(user=sqlite_site.operator, project="api", environment="production")
    with pytest.raises(PermissionDenied):
        request_rehearsal(user=make_person("lead"), project="api", environment="production")


@pytest.mark.fault(46)
def test_a_worker_that_dies_in_a_rehearsal_leaves_a_copy_that_is_swept(
    site: Site, ask: Configure, start_worker: Callable[[], subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASHBOARD_SECRET_KEY", settings.SECRET_KEY)  # one installation, as a worker and an observer are
    site.project.add("r4", "import time\nif not op.get_context().as_sql:\n    time.sleep(30)")
    plan = planned(site)
    worker = start_worker()
    wait_for(lambda: Rehearsal.objects.filter(plan=plan, doing="executing").exists())

    worker.kill()
    worker.wait()

    assert len(copies(site)) == 1
    assert sweep_scratch_databases() == ()
    Rehearsal.objects.update(heartbeat_at=timezone.now() - HEARTBEAT_LOST_AFTER - timedelta(seconds=1))
    assert end_lost_rehearsals() == 1
    assert len(sweep_scratch_databases()) == 1
    assert copies(site) == [] and site.rows() == ["r1"]
    [closed] = conditions(site, plan)
    assert not closed.met and "The worker that rehearsed the plan died" in closed.words
