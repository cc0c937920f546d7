"""The gate: which facts open it, and what it says while it is closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.gate.backup_policy import BackupFacts, BackupPolicy
from dashboard.gate.conditions import GateFacts, is_open, judge
from dashboard.gate.finding_policy import FindingFacts
from dashboard.gate.promotion import Predecessor
from dashboard.gate.rehearsal_policy import NO_REHEARSAL
from dashboard.revisions.plan import Direction, PlanContent, make_plan
from dashboard.revisions.records import RevisionRecord
from dashboard.revisions.routes import Action, Route
from dashboard.revisions.status import State

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PLAN = make_plan(
    project="api",
    environment="production",
    direction=Direction.UPGRADE,
    identity="db-1",
    current=("r1",),
    route=Route(
        steps=(
            (
                RevisionRecord("r2", ("r1",), message="add x", path="versions/r2.py", sha256="f" * 64),
                Action.UPGRADE,
            ),
        ),
        target=("r2",),
        result=("r2",),
    ),
    files={"alembic/env.py": "e" * 64},
    settings={"section": "alembic"},
    commit="",
)
BACKUP = BackupFacts(
    number=7,
    project="api",
    environment="production",
    method="dump",
    state="proven",
    identity="db-1",
    rows=("r1",),
    taken_at=NOW - timedelta(minutes=10),
    was_read_through=True,
    error="",
)
FACTS = GateFacts(
    plan=PLAN,
    allow=frozenset({"upgrade"}),
    superseded="",
    state=State.PENDING,
    state_detail="",
    history_problems=(),
    uncommitted=(),
    uncertain=False,
    is_counted=True,
    findings=FindingFacts(looked=True, error="", number=0, required=0, open=0),
    predecessors=(Predecessor("staging", True, ()),),
    backup=BACKUP,
    policy=BackupPolicy("dump", timedelta(hours=1)),
    rehearsal=NO_REHEARSAL,
    rehearsal_policy=None,
    other_run=None,
    now=NOW,
)


def closed(facts: GateFacts) -> list[str]:
    return [condition.words for condition in judge(facts) if not condition.met]


def test_it_opens_when_everything_holds() -> None:
    assert is_open(judge(FACTS))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"backup": None}, "There is no backup of production yet."),
        ({"backup": replace(BACKUP, environment="staging")}, "Backup 7 is of api / staging"),
        ({"backup": replace(BACKUP, taken_at=NOW - timedelta(hours=3))}, "Backup 7 is 3 h old"),
        ({"backup": replace(BACKUP, state="failed", error="disk full")}, "Backup 7 is failed: disk full"),
        ({"backup": replace(BACKUP, was_read_through=False)}, "Backup 7 was never read through."),
        ({"backup": replace(BACKUP, method="attest")}, "Backup 7 is attested"),
        (
            {"backup": replace(BACKUP, method="command")},
            "Backup 7 was taken by a command; production asks for a backup",
        ),
        (
            {"policy": BackupPolicy("dump", timedelta(hours=1), "restore")},
            "Backup 7 was read through, but not restored.",
        ),
        (
            {
                "policy": BackupPolicy("command", timedelta(hours=1)),
                "backup": replace(BACKUP, method="attest", was_read_through=False),
            },
            "Backup 7 is attested; production asks for a backup that its command or the dashboard took.",
        ),
        ({"backup": replace(BACKUP, identity="db-2")}, "Backup 7 is of another database"),
        ({"backup": replace(BACKUP, rows=("r0",))}, "Backup 7 was taken at r0"),
        (
            {"backup": replace(BACKUP, taken_at=NOW + timedelta(hours=1))},
            "Backup 7 says that it was taken in the future",
        ),
        (
            {"backup": replace(BACKUP, file_changed="its sha256 differs.")},
            "Backup 7 is no longer what was proven",
        ),
        ({"predecessors": (Predecessor("staging", True, ("r2",)),)}, "staging does not have r2 yet."),
        ({"predecessors": (Predecessor("staging", False, ()),)}, "It is not known what staging has."),
        ({"superseded": "The database is at r2 now."}, "The database is at r2 now."),
        ({"state": State.UNREACHABLE, "state_detail": "timeout"}, "The database is unreachable: timeout"),
        ({"other_run": 5}, "Run 5 on this environment has not settled."),
        ({"allow": frozenset()}, "production does not allow upgrade."),
        ({"newer_plan": "Plan 4 of developer, made today"}, "Plan 4 of developer, made today, is newer."),
        ({"uncommitted": ("versions/r2.py",)}, "Not committed: versions/r2.py."),
        ({"uncertain": True}, "A revision sets depends_on by code"),
        (
            {"history_problems": ("r2.py names a parent that is missing.",)},
            "r2.py names a parent that is missing.",
        ),
    ],
)
def test_each_missing_condition_closes_it_and_says_why(change: dict[str, object], words: str) -> None:
    conditions = judge(replace(FACTS, **change))  # type: ignore[arg-type]

    assert not is_open(conditions)
    assert len(closed(replace(FACTS, **change))) == 1  # type: ignore[arg-type]
    assert closed(replace(FACTS, **change))[0].startswith(words)  # type: ignore[arg-type]
    assert all(condition.mend for condition in conditions if not condition.met)


def test_a_restored_backup_opens_it_where_the_policy_asks_for_one_and_is_called_so() -> None:
    policy = BackupPolicy("dump", timedelta(hours=1), "restore")

    facts = replace(FACTS, policy=policy, backup=replace(BACKUP, was_restored=True))

    assert is_open(judge(facts))
    assert any("It was restored and compared." in condition.words for condition in judge(facts))


def test_why_a_backup_could_not_be_restored_is_said() -> None:
    policy = BackupPolicy("dump", timedelta(hours=1), "restore")

    facts = replace(FACTS, policy=policy, backup=replace(BACKUP, restore_error="The scratch server is down."))

    assert closed(facts) == ["Backup 7 was read through, but not restored. The scratch server is down."]


@pytest.mark.parametrize("method", ["command", "dump"])
def test_a_backup_by_a_command_is_good_where_the_policy_says_so(method: str) -> None:
    policy = BackupPolicy("command", timedelta(hours=1))
    backup = replace(BACKUP, method=method, was_read_through=method == "dump")

    facts = replace(FACTS, policy=policy, backup=backup)

    assert is_open(judge(facts))
    assert any("not proven here" in condition.words for condition in judge(facts)) == (method == "command")


def test_an_attested_backup_is_good_where_the_policy_says_so_and_is_called_not_proven() -> None:
    facts = replace(
        FACTS, policy=BackupPolicy("attest", timedelta(hours=1)),
        backup=replace(BACKUP, method="attest", was_read_through=False),
    )  # fmt: skip

    conditions = judge(facts)

    assert is_open(conditions)
    assert any("not proven here" in condition.words for condition in conditions)


def plan_of(direction: Direction, *actions: Action, result: tuple[str, ...] = ("r2",)) -> PlanContent:
    records = [RevisionRecord(f"s{number}", path=f"versions/s{number}.py") for number in range(len(actions))]
    route = Route(tuple(zip(records, actions, strict=True)), result, result)
    return make_plan(
        project="api", environment="production", direction=direction, identity="db-1", current=("r1",), route=route,
        files={}, settings={}, commit="",
    )  # fmt: skip


DOWN = plan_of(Direction.DOWNGRADE, Action.DOWNGRADE)
STAMP = plan_of(Direction.STAMP, Action.STAMP)
FRESH = plan_of(Direction.START_FRESH, Action.DOWNGRADE, Action.UPGRADE)


@pytest.mark.parametrize("plan", [DOWN, STAMP, FRESH], ids=lambda plan: plan.direction)
def test_each_direction_is_open_only_where_allow_names_it(plan: PlanContent) -> None:
    facts = replace(FACTS, plan=plan)

    assert closed(facts) == [f"production does not allow {plan.direction.replace('_', ' ')}."]
    assert is_open(judge(replace(facts, allow=frozenset({plan.direction}))))


@pytest.mark.parametrize("state", [State.FOREIGN_REVISION, State.INCONSISTENT])
def test_rows_that_fit_no_history_leave_the_gate_open_for_a_stamp_alone(state: State) -> None:
    everything = frozenset(Direction)

    assert is_open(judge(replace(FACTS, plan=STAMP, state=state, allow=everything)))
    for plan in (PLAN, DOWN, FRESH):
        assert closed(replace(FACTS, plan=plan, state=state, allow=everything)) == [f"The database is {state}"]


def test_what_reverting_loses_must_be_counted_before_it_is_confirmed() -> None:
    uncounted = replace(FACTS, allow=frozenset(Direction), is_counted=False)

    assert closed(replace(uncounted, plan=DOWN)) == ["What would be lost is still being counted."]
    assert closed(replace(uncounted, plan=FRESH)) == ["What would be lost is still being counted."]
    assert is_open(judge(replace(uncounted, plan=PLAN))) and is_open(judge(replace(uncounted, plan=STAMP)))


def test_an_uncertain_order_does_not_matter_to_a_stamp() -> None:
    assert is_open(judge(replace(FACTS, plan=STAMP, allow=frozenset(Direction), uncertain=True)))


def test_a_stamp_of_base_has_no_step_and_still_something_to_do() -> None:
    emptied = plan_of(Direction.STAMP, result=())

    assert is_open(judge(replace(FACTS, plan=emptied, allow=frozenset(Direction))))
    assert not is_open(judge(replace(FACTS, plan=plan_of(Direction.STAMP, result=("r1",)), allow=frozenset(Direction))))
