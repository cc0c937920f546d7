"""Plan, back up, edit, move, confirm, replay, cancel, kill and settle in any order, over real databases.

Whatever people and machines do: no run starts without a valid confirmation, none twice, and every settled outcome agrees
with the database.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from dashboard.models import Backup, Confirmation, Intervention, Observation, Plan, Run, RunStep
from dashboard.usecases.cancel_run import CancelRefused, cancel_run
from dashboard.usecases.confirm_plan import ConfirmationRefused, confirm_plan
from dashboard.usecases.plan_change import PlanRefused
from dashboard.usecases.settle_lost_runs import settle_lost_runs
from tests.usecases.site import Site

KILLED = """
import os, pathlib, signal
op.execute("CREATE TABLE t2 (id INTEGER)")
if pathlib.Path({flag!r}).exists():
    os.kill(os.getpid(), signal.SIGKILL)
"""


class AnyOrder(RuleBasedStateMachine):
    """One environment at r1 with r2 and r3 pending; r2 kills its own process while a flag file exists."""

    site: Site
    outcomes: list[str]
    """Of every run of every example, so that the test can tell that it tried something."""
    reset_database: Callable[[], None]

    def __init__(self) -> None:
        super().__init__()
        self.reset_database()
        for model in (Intervention, RunStep, Run, Confirmation, Backup, Plan, Observation):
            model.objects.all().delete()
        self.flag.unlink(missing_ok=True)
        self.edited.write_text(self.text)
        self.plan: Plan | None = None
        self.tokens: list[tuple[str, Plan]] = []
        self.valid: set[str] = set()
        self.executed: dict[int, tuple[str, ...]] = {}

    @property
    def flag(self) -> Path:
        return self.site.folder / "kill"

    @property
    def edited(self) -> Path:
        return self.site.project.directory / "alembic" / "versions" / "r3_r3.py"

    text = ""

    @rule(to=st.sampled_from(["r2", "r3"]))
    def make_a_plan(self, to: str) -> None:
        try:
            self.plan = self.site.plan(to)
        except PlanRefused:
            assert self.site.rows() != ["r1"] or not self.site.project.revisions

    @initialize(to=st.sampled_from(["r2", "r3"]), first=st.sampled_from(["wait", "run", "be killed", "be edited"]))
    def begin_ready(self, to: str, first: str) -> None:
        self.get_ready(to)
        if first != "wait":
            self.confirm_and_execute(is_killed=first == "be killed", is_edited=first == "be edited")

    @rule(to=st.sampled_from(["r2", "r3"]))
    def get_ready(self, to: str) -> None:
        self.make_a_plan(to)
        self.back_up()
        if self.plan is not None:
            self.look_at_the_plan()

    @precondition(lambda self: bool(self.tokens))
    @rule()
    def confirm_and_run_to_the_end(self) -> None:
        self.confirm_and_execute(is_killed=False)

    @precondition(lambda self: bool(self.tokens))
    @rule()
    def confirm_and_be_killed(self) -> None:
        self.confirm_and_execute(is_killed=True)

    def confirm_and_execute(self, *, is_killed: bool, is_edited: bool = False) -> None:
        token, _plan = self.tokens[-1]
        if token not in self.valid:
            try:
                confirm_plan(user=self.site.operator, token=token, typed="production")
            except ConfirmationRefused:
                return
            self.valid.add(token)
        if is_edited:
            self.edit_a_file()
        self.execute(is_killed)

    @rule()
    def back_up(self) -> None:
        assert self.site.back_up().state == "proven"

    @precondition(lambda self: Run.objects.filter(phase="queued").exists())
    @rule()
    def edit_between_confirmation_and_run(self) -> None:
        self.edit_a_file()
        self.execute(is_killed=False)

    @rule()
    def edit_a_file(self) -> None:
        self.edited.write_text(self.edited.read_text() + "# edited\n")

    @rule(to=st.sampled_from(["r1", "r2"]))
    def move_the_version_table_by_hand(self, to: str) -> None:
        self.site.query(f"UPDATE alembic_version SET version_num = '{to}'")

    @precondition(lambda self: self.plan is not None)
    @rule()
    def look_at_the_plan(self) -> None:
        assert self.plan is not None
        review = self.site.review(self.plan)
        if review.token:
            assert all(condition.met for condition in review.conditions)
            self.tokens.append((review.token, self.plan))

    @precondition(lambda self: bool(self.tokens))
    @rule(data=st.data())
    def confirm_or_replay(self, data: st.DataObject) -> None:
        token, plan = data.draw(st.sampled_from(self.tokens))
        had = Confirmation.objects.count()
        try:
            run = confirm_plan(user=self.site.operator, token=token, typed="production")
        except ConfirmationRefused:
            assert Confirmation.objects.count() == had
            return
        assert token not in self.valid, "a token confirmed twice"
        assert run.confirmation.plan == plan
        self.valid.add(token)

    @rule()
    def let_the_confirmation_expire(self) -> None:
        Confirmation.objects.filter(spent_at=None).update(expires_at=timezone.now() - timedelta(seconds=1))

    @rule(is_killed=st.booleans())
    def execute(self, is_killed: bool) -> None:
        run = Run.objects.filter(phase="queued").first()
        if run is None:
            return
        is_valid = run.confirmation.expires_at > timezone.now() and run.confirmation.spent_at is None
        before = self.site.rows()
        if is_killed:
            self.flag.touch()
        self.site.execute(run)
        self.flag.unlink(missing_ok=True)
        began = run.steps.exclude(state="waiting").exists()
        assert is_valid or not began, "a run without a valid confirmation touched the database"
        if run.outcome == "refused":
            assert self.site.rows() == before and not began
        self.check_outcome(run)
        self.outcomes.append(run.outcome)

    @rule()
    def execute_again(self) -> None:
        for run in Run.objects.exclude(phase="queued"):
            told = run.log.count()
            self.site.execute(run)
            assert run.log.count() == told

    @rule()
    def cancel(self) -> None:
        run = Run.objects.order_by("-pk").first()
        if run is None:
            return
        try:
            cancel_run(user=self.site.operator, run_id=run.pk)
        except CancelRefused:
            assert run.phase in {"settled", "unsettled"}

    @rule()
    def settle(self) -> None:
        Run.objects.filter(phase__in=["running", "unsettled"]).update(
            heartbeat_at=timezone.now() - timedelta(minutes=1)
        )
        settle_lost_runs()

    @invariant()
    def one_confirmation_a_run_and_one_live_run(self) -> None:
        assert Run.objects.filter(phase__in=Run.LIVE).count() <= 1
        assert Run.objects.count() == Confirmation.objects.count() == len(self.valid)
        assert not Run.objects.exclude(phase__in=["queued", "settled"]).filter(confirmation__spent_at=None).exists()

    def check_outcome(self, run: Run) -> None:
        """What was said right after the run is what the database shows."""
        rows, plan = self.site.rows(), run.confirmation.plan
        assert run.phase == "settled"
        if run.outcome == "succeeded":
            assert rows == plan.target
        if run.outcome in {"unchanged", "rolled_back"}:
            assert rows == plan.current
        if run.outcome == "rolled_back":
            assert self.site.dialect == "postgresql" and not self._has_table("t2")
        if run.outcome in {"partial", "indeterminate"}:
            assert rows != plan.target

    def _has_table(self, name: str) -> bool:
        try:
            self.site.query(f"SELECT count(*) FROM {name}")
        except Exception:
            return False
        return True


def test_nothing_starts_unconfirmed_or_twice_and_outcomes_agree_with_the_database(site: Site) -> None:
    flag = str(site.folder / "kill")
    path = site.project.directory / "alembic" / "versions" / "r2_r2.py"
    body = KILLED.format(flag=flag).replace("\n", "\n    ")
    path.write_text(
        path.read_text().replace(path.read_text().split("def upgrade():\n")[1].split("\n\n\n")[0], body.strip("\n"))
    )
    source = site.folder / "production.db"
    pristine = site.folder / "pristine.db"

    def reset() -> None:
        if site.dialect == "sqlite":
            shutil.copy(pristine, source)
            return
        site.query("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        site.query("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        site.query("CREATE TABLE t1 (id serial PRIMARY KEY, x text); INSERT INTO alembic_version VALUES ('r1')")

    if site.dialect == "sqlite":
        shutil.copy(source, pristine)
    outcomes: list[str] = []
    machine = type("Machine", (AnyOrder,), {
        "site": site, "outcomes": outcomes, "reset_database": staticmethod(reset),
        "text": (site.project.directory / "alembic" / "versions" / "r3_r3.py").read_text(),
    })  # fmt: skip

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=10,
            stateful_step_count=10,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )

    torn = "rolled_back" if site.dialect == "postgresql" else "indeterminate"
    assert {"succeeded", "refused", torn} <= set(outcomes), outcomes
