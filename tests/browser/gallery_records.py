"""What the gallery's storage holds. Runs inside the product, by `manage.py shell`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from dashboard.models import (
    Backup,
    Confirmation,
    DriftCheck,
    Observation,
    Plan,
    PlanPreview,
    Rehearsal,
    RehearsedRevision,
    Run,
    RunLogLine,
    RunStep,
)
from dashboard.revisions.plan import Direction
from dashboard.usecases.check_drift import check_drift_now
from dashboard.usecases.count_losses import count_losses
from dashboard.usecases.plan_change import plan_change
from dashboard.usecases.preview_plan import preview_plan
from dashboard.usecases.request_drift import request_drift_checks
from dashboard.usecases.take_backup import attest_backup, request_backup, take_backup_now
from tests.browser.gallery import BEHIND, HEAD, LIVE, OTHER_PLANS, PLANNED, REVISIONS

PROJECT = "shop"
LOCK = {"relation": "orders", "mode": "AccessExclusiveLock", "seconds": 8.2, "is_index": False, "to_end": True}
Session = tuple[str, int, str, str, str, float, str]
DROP = "ALTER TABLE customers DROP COLUMN phone"
IN_THE_WAY: tuple[Session, ...] = (
    ("blocks", 48213, "analytics", "report-worker", "AccessShareLock", 192, "SELECT c.id, c.region FROM customers c JOIN orders o"),
    ("waits", 50177, "migrator", "alembic-dashboard run 9", "AccessExclusiveLock", 2.1, DROP),
    ("queues", 50190, "app", "api web", "AccessShareLock", 1.9, "SELECT customers.id, customers.email FROM customers WHERE id = 17"),
)  # fmt: skip
LEFT: tuple[Session, ...] = (("left", 4711, "migrator", "alembic-dashboard run 10", "AccessExclusiveLock", 61, DROP),)
LOG = (
    ("check", "lock of production taken, fingerprint unchanged, backup unchanged"),
    ("command", f"upgrade {BEHIND} -> {HEAD}, child pid 50177, lock timeout 5 s"),
    ("revision", "9c7708be25f1 Index the orders by where they go: started"),
    ("output", "INFO  [alembic.runtime.migration] Running upgrade 2c90d7a1f5e3 -> 9c7708be25f1, a line that is long enough "
     "to be wrapped on a phone and on most other screens as well, since nobody breaks lines for a log"),
    ("revision", "9c7708be25f1: executed in 2.6 s"),
)  # fmt: skip
SETTLED: dict[str, tuple[Run.Outcome, Run.Cause | None, int, str, tuple[str, ...]]] = {
    "succeeded": (Run.Outcome.SUCCEEDED, None, 3, "",
                  (f"The version table holds {HEAD}, which is the target.", "The schema changed during the run.")),
    "unchanged": (Run.Outcome.UNCHANGED, None, 3, "", ("The version table is as before.",)),
    "rolled-back": (Run.Outcome.ROLLED_BACK, Run.Cause.ERROR, 1,
                    f"revision {REVISIONS[4][0]} failed: could not create unique index \"orders_number\". "
                    "DETAIL: Key (number)=(A-17) is duplicated.",
                    ("The version table is as before.", "The schema digest is the same as before the run.")),
    "partial": (Run.Outcome.PARTIAL, Run.Cause.CONNECTION_LOST, 2, "server closed the connection unexpectedly.",
                ("The version table holds 3e5f97d1084c.",)),
    "indeterminate": (Run.Outcome.INDETERMINATE, Run.Cause.WORKER_LOST, 1, "The worker on host-a ended without a word.",
                      ("The version table is as before.", "The schema changed during the run.")),
    "refused": (Run.Outcome.REFUSED, Run.Cause.ERROR, 0, "env.py has changed since the plan was made. Plan again.", ()),
    "cancelled": (Run.Outcome.REFUSED, Run.Cause.CANCELLED, 0, "Cancelled by operator before it began.", ()),
}  # fmt: skip


def hang() -> None:
    """Plans, backups, runs and rehearsals of every kind; what is queued is taken out of the queue again."""
    operator = User.objects.get(username="operator")
    _hang_other_plans(operator)
    first: PlanPreview | None = None
    for name in PLANNED:
        if name in OTHER_PLANS:
            continue
        plan = plan_change(user=operator, project=PROJECT, environment=name)
        if first is None:
            preview_plan(plan_id=plan.pk)
            first = plan.preview
        elif name != "blocked":
            _copy_preview(first, plan)
        if name not in {"blocked", "backing-up"}:
            backup = back_up(operator, name)
            if name in SETTLED or name in LIVE:
                _hang_run(operator, plan, backup, name)
    _hang_rehearsals(operator)
    _hang_backups(operator)
    _hang_drift(operator)
    _hang_past()
    DBTaskResult.objects.all().delete()


def back_up(operator: User, environment: str) -> Backup:
    """Really taken and read through."""
    backup = request_backup(user=operator, project=PROJECT, environment=environment)
    take_backup_now(backup_id=backup.pk)
    backup.refresh_from_db()
    return backup


def _copy_preview(first: PlanPreview, plan: Plan) -> None:
    """The same steps give the same SQL; a child for each would take its time."""
    preview = PlanPreview.objects.create(plan=plan, dialect=first.dialect, pieces=first.pieces, error=first.error)
    for finding in first.findings.all():
        finding.pk, finding.preview = None, preview
        finding.save(force_insert=True)


def _hang_run(operator: User, plan: Plan, backup: Backup, name: str) -> None:
    now = timezone.now()
    started = now - timedelta(seconds=95)
    confirmation = _confirm(operator, plan, backup)
    values: dict[str, Any] = {"phase": name}
    done = 1
    if name in SETTLED:
        outcome, cause, done, detail, evidence = SETTLED[name]
        values = {"phase": "settled", "outcome": outcome, "cause": cause, "detail": detail, "evidence": list(evidence),
                  "settled_at": now, "rows_after": [HEAD if done == 3 else BEHIND]}  # fmt: skip
    if name == "unsettled":
        values |= {
            "detail": "The database does not answer.",
            "evidence": ["1 session of the run still works (pid 4711)."],
        } | _contention(LEFT)
    if name == "running":
        values |= {"heartbeat_at": now + timedelta(days=1), "backend_pid": 50177} | _contention(IN_THE_WAY)
    if name not in {"queued", "cancelled"}:
        values |= {"started_at": started, "worker": "host-a:1234", "rows_before": [BEHIND]}
    run = Run.objects.create(
        project=PROJECT, environment=name, confirmation=confirmation, queued_at=started - timedelta(seconds=2), **values
    )
    steps = [RunStep(run=run, position=n, revision=r[0], message=r[1]) for n, r in enumerate(REVISIONS[3:], start=1)]
    for step in steps[: done if name != "queued" else 0]:
        step.state, step.started_at, step.finished_at = RunStep.State.APPLIED, started, started + timedelta(seconds=2.6)
    if name in {"rolled-back", "partial", "indeterminate", "running", "unsettled"}:
        steps[done].state = RunStep.State.RUNNING if name == "running" else RunStep.State.FAILED
        steps[done].started_at = started + timedelta(seconds=3)
    RunStep.objects.bulk_create(steps)
    lines = LOG if run.started_at else ()
    RunLogLine.objects.bulk_create(
        RunLogLine(run=run, number=n, kind=k, text=t) for n, (k, t) in enumerate(lines, start=1)
    )


def _confirm(operator: User, plan: Plan, backup: Backup) -> Confirmation:
    """Spent already."""
    now = timezone.now()
    return Confirmation.objects.create(
        plan=plan, backup=backup, confirmed_by=operator, nonce=plan.environment, typed=plan.environment,
        fingerprint=plan.fingerprint, backup_sha256=backup.sha256, expires_at=now + timedelta(minutes=15), spent_at=now,
    )  # fmt: skip


def _contention(sessions: tuple[Session, ...]) -> dict[str, Any]:
    now = timezone.now() + timedelta(days=1)  # what is older than five seconds is not shown
    rows = [
        {"part": part, "pid": pid, "user": user, "application": application, "lock": lock, "relation": "customers",
         "since": (now - timedelta(seconds=seconds)).isoformat(), "query": query}
        for part, pid, user, application, lock, seconds, query in sessions
    ]  # fmt: skip
    return {"contention": rows, "contention_at": now}


def _hang_rehearsals(operator: User) -> None:
    for name, state in (("budget", "passed"), ("broken-rehearsal", "failed"), ("rehearsing", "working")):
        plan = Plan.objects.get(environment=name)
        backup = Backup.objects.filter(environment=name).latest("pk")
        Rehearsal.objects.filter(plan=plan).delete()
        now = timezone.now()
        rehearsal = Rehearsal.objects.create(
            plan=plan, backup=backup, fingerprint=plan.fingerprint, state=state, requested_by=operator, started_at=now,
            tells_locks=True, heartbeat_at=now + timedelta(days=1),
        )  # fmt: skip
        if state == "passed":
            rehearsal.finished_at, rehearsal.restore_seconds, rehearsal.seconds = now, 4.2, 12.4
            for n, (revision, *_rest) in enumerate(REVISIONS[3:], start=1):
                locks = [LOCK] if n < 3 else [LOCK | {"relation": "customers", "seconds": 0.03}]
                RehearsedRevision.objects.create(
                    rehearsal=rehearsal, position=n, revision=revision, action="upgrade", seconds=8.4 / n, locks=locks,
                    rewritten=[{"relation": "orders", "bytes": 411 * 1024**2}] if n == 1 else [], wal_bytes=512 * 1024**2 // n,
                    rows=0, statements=[{"sql": "ALTER TABLE orders ALTER COLUMN id TYPE BIGINT", "times": 1}],
                )  # fmt: skip
        elif state == "failed":
            rehearsal.finished_at, rehearsal.error = (
                now,
                "revision 3e5f97d1084c failed on the copy: duplicate key value.",
            )
        else:
            rehearsal.doing = "restoring"
            rehearsal.backup.activities.create(
                kind="restoring", owner=f"rehearsal:{rehearsal.pk}", started_at=now - timedelta(seconds=14),
                bytes_done=310 * 1024**2, bytes_expected=1400 * 1024**2,
            )  # fmt: skip
        rehearsal.save()


def _hang_backups(operator: User) -> None:
    now = timezone.now()
    common = {"project": PROJECT, "created_by": operator, "heartbeat_at": now + timedelta(days=1)}
    backing_up = Backup.objects.create(
        **common, environment="backing-up", method="dump", tool="pg_dump (PostgreSQL) 15.18", tables=40,
        expected_bytes=40 * 1024**2, created_at=now - timedelta(seconds=14),
    )  # fmt: skip
    backing_up.activities.create(
        kind="copying", started_at=now - timedelta(seconds=12), tables_done=17, bytes_done=12 * 1024**2,
        bytes_expected=40 * 1024**2,
    )  # fmt: skip
    Backup.objects.create(
        **common, environment="pending", method="dump", state="failed", finished_at=now,
        error="pg_dump: error: permission denied for table invoices. Grant the role SELECT on it.",
    )  # fmt: skip
    Backup.objects.create(
        **common, environment="attested", method="command", state="proven", finished_at=now, exit_code=0, taken_at=now,
        rows=[BEHIND], output="snapshot snap-0a1b2c3d created\n",
    )  # fmt: skip
    plan_change(user=operator, project=PROJECT, environment="attested")
    attest_backup(
        user=operator, project=PROJECT, environment="attested", where="s3://backups/shop/2026-11-24", taken_at=now,
        how="Snapshot of the volume, restored last week in a drill.",
    )  # fmt: skip


def _hang_other_plans(operator: User) -> None:
    for name in OTHER_PLANS:
        backup = back_up(operator, name)
        direction = {"fresh": Direction.START_FRESH, "restoring": Direction.RESTORE}.get(name) or Direction(name)
        targets = {"downgrade": [REVISIONS[0][0]], "stamp": [HEAD], "fresh": []}.get(name, [str(backup.pk)])
        plan = plan_change(user=operator, project=PROJECT, environment=name, direction=direction, targets=targets)
        if direction.runs_revisions:
            preview_plan(plan_id=plan.pk)
        count_losses(plan_id=plan.pk)
        if name == "restoring":
            _hang_restore(operator, plan, backup)


def _hang_restore(operator: User, plan: Plan, backup: Backup) -> None:
    """A run half-way, on a database of which an earlier restore took half a minute."""
    now = timezone.now()
    run = Run.objects.create(
        project=PROJECT, environment=plan.environment, confirmation=_confirm(operator, plan, backup), phase="running",
        queued_at=now - timedelta(seconds=16), started_at=now - timedelta(seconds=15), worker="host-a:1234",
        heartbeat_at=now + timedelta(days=1), rows_before=[BEHIND],
    )  # fmt: skip
    backup.activities.create(kind="restoring", owner="proof:1", seconds=31.0, bytes_done=1240 * 1024**2)
    backup.activities.create(
        kind="restoring", owner=f"run:{run.pk}", started_at=now - timedelta(seconds=14), bytes_done=610 * 1024**2,
        bytes_expected=1240 * 1024**2,
    )  # fmt: skip
    run.log.create(number=1, kind="command", text=f"restore backup {backup.pk} beside the database")


def _hang_drift(operator: User) -> None:
    """The schema of `current` lacks what its last revisions make; `attested` is being compared."""
    for name in ("current", "attested"):
        request_drift_checks(user=operator, project=PROJECT, environment=name)
    for check in DriftCheck.objects.filter(environment="current"):
        check_drift_now(check_id=check.pk)


def _hang_past() -> None:
    """A change from outside, told in the ledger, and readings that the small pictures are drawn from."""
    now = timezone.now()
    for days, row in ((20, REVISIONS[0][0]), (9, REVISIONS[1][0])):
        at = now - timedelta(days=days)
        Observation.objects.create(
            project=PROJECT,
            environment="pending",
            observed_at=at,
            rows=[row],
            changed=True,
            previous_at=at - timedelta(minutes=1),
        )
    newest = Observation.objects.filter(project=PROJECT, environment="pending", rows=[BEHIND]).latest("pk")
    newest.pk, newest.changed, newest.previous_at = None, True, now - timedelta(minutes=1)
    newest.save(force_insert=True)
