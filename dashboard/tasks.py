"""What workers do. Each task is a thin call of a use-case; none is ever repeated by itself."""

from __future__ import annotations

from django_tasks import task

from dashboard.usecases.check_drift import check_drift_now
from dashboard.usecases.count_losses import count_losses as count_losses_now
from dashboard.usecases.execute_run import execute_run
from dashboard.usecases.observe import observe_environments
from dashboard.usecases.prepare_proposal import prepare_proposal_now
from dashboard.usecases.preview_plan import preview_plan
from dashboard.usecases.prove_backup import prove_backup_now
from dashboard.usecases.rehearse_plan import rehearse_plan_now
from dashboard.usecases.replaced_databases import delete_replaced_now
from dashboard.usecases.take_backup import take_backup_now
from dashboard.usecases.write_revision_sql import write_revision_sql


@task(priority=10)
def execute(run_id: int) -> None:
    """Executes one confirmed run."""
    execute_run(run_id=run_id)


@task(priority=5)
def back_up(backup_id: int) -> None:
    """Takes one requested backup and proves it."""
    take_backup_now(backup_id=backup_id)


@task(priority=5)
def prove(proof_id: int) -> None:
    """Proves a backup once more."""
    prove_backup_now(proof_id=proof_id)


@task()
def observe(project: str | None = None, environment: str | None = None) -> None:
    """Reads version tables now."""
    observe_environments(project=project, environment=environment)


@task(priority=5)
def count_losses(plan_id: int) -> None:
    """Counts the rows of what a plan would take away."""
    count_losses_now(plan_id=plan_id)


@task(priority=5)
def preview(plan_id: int) -> None:
    """Writes a plan's SQL and looks through it."""
    preview_plan(plan_id=plan_id)


@task(priority=5)
def revision_sql(number: int) -> None:
    """Writes the SQL of one revision, up and down."""
    write_revision_sql(number=number)


@task(priority=5)
def rehearse(rehearsal_id: int) -> None:
    """Executes a plan on a copy restored from its backup."""
    rehearse_plan_now(rehearsal_id=rehearsal_id)


@task(priority=5)
def prepare_proposal(proposal_id: int) -> None:
    """Prepares a new revision file."""
    prepare_proposal_now(proposal_id=proposal_id)


@task()
def check_drift(check_ids: list[int]) -> None:
    """Compares a database's schema with what it should be, in one way after the other."""
    for check_id in check_ids:
        check_drift_now(check_id=check_id)


@task()
def delete_replaced(replacement_id: int) -> None:
    """Deletes the database that a restore replaced."""
    delete_replaced_now(replacement_id=replacement_id)
