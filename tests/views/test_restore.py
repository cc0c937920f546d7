"""The way back on the pages: offered where it is allowed, told before it is confirmed, and what is kept afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.models import Backup, Plan, Replacement, Run
from dashboard.usecases.count_losses import count_losses
from dashboard.usecases.execute_run import execute_run
from dashboard.usecases.replaced_databases import delete_replaced_now
from tests.views.conftest import SignIn, ViewedSite, text_of

ALLOW = 'allow = ["upgrade", "downgrade", "restore"]'
PLAN = reverse("plan", args=["api", "production"])


@pytest.fixture
def backup(site: ViewedSite) -> Backup:
    """Of production at r1; meanwhile somebody has brought it to r2."""
    site.configure(ALLOW)
    found = site.back_up()
    site.set_rows("production", "r2")
    site.observe()
    return found


def plan_restore(client: Client, backup: Backup) -> Plan:
    client.post(PLAN, {"direction": "restore", "target": str(backup.pk)})
    plan = Plan.objects.get(direction="restore")
    count_losses(plan_id=plan.pk)
    return plan


def restore(client: Client, backup: Backup) -> Run:
    plan_restore(client, backup)
    token = client.get(PLAN).context["review"].token
    client.post(reverse("confirm_plan", args=["api", "production"]), {"token": token, "environment": "production"})
    run = Run.objects.get()
    execute_run(run_id=run.pk)
    return run


def test_it_is_offered_on_the_pages_of_environment_and_backup_only_where_it_is_allowed(
    site: ViewedSite, operator: Client, backup: Backup
) -> None:
    environment, page = reverse("environment", args=["api", "production"]), reverse("backup", args=[backup.pk])

    assert "Plan the restore" in text_of(operator.get(environment))
    assert "Plan the restore of backup" in text_of(operator.get(page))
    site.configure()
    assert "Plan the restore" not in text_of(operator.get(environment))
    assert "Plan the restore of backup" not in text_of(operator.get(page))


def test_the_plan_tells_what_would_be_lost_and_offers_the_downgrade_beside_it(operator: Client, backup: Backup) -> None:
    operator.post(PLAN, {"direction": "restore", "target": str(backup.pk)})
    before = text_of(operator.get(PLAN))
    plan = Plan.objects.get()
    count_losses(plan_id=plan.pk)

    shown = text_of(operator.get(PLAN))

    assert "A worker is comparing every table" in before and 'id="typed"' not in before
    assert f"Restore production from backup {backup.pk}" in shown and 'id="typed"' in shown
    assert (
        '<code>alembic_version</code></td><td role="cell" data-label="Now">1 row</td>'
        '<td role="cell" data-label="In the backup">1 row</td>'
    ) in shown
    assert "What does not come along" in shown and "inode" in shown
    assert "the restored file takes its name" in shown and "session is ended" not in shown
    assert "Plan the downgrade to r1" in shown
    assert "Take a new backup now" not in shown and "is what is restored" in shown
    part = operator.get(PLAN, {"part": "restore"}, headers={"HX-Request": "true"})
    assert part.status_code == 286


def test_a_live_restore_tells_bytes_and_how_long_it_will_take(operator: Client, backup: Backup) -> None:
    plan_restore(operator, backup)
    token = operator.get(PLAN).context["review"].token
    operator.post(reverse("confirm_plan", args=["api", "production"]), {"token": token, "environment": "production"})
    began = timezone.now() - timedelta(seconds=10)
    Run.objects.update(phase="running", started_at=began, heartbeat_at=timezone.now() + timedelta(days=1))
    run = Run.objects.get()
    backup.activities.create(kind="restoring", owner="proof:1", seconds=28.0)
    restoring = backup.activities.create(
        kind="restoring", owner=f"run:{run.pk}", started_at=began, bytes_done=10 * 1024**2, bytes_expected=20 * 1024**2
    )

    page = operator.get(reverse("run", args=[run.pk]))
    shown, poll = text_of(page), f"{reverse('run', args=[run.pk])}?part=live&seen={page.context['version']}"
    unchanged = operator.get(poll, headers={"HX-Request": "true"})
    restoring.delete()
    backup.activities.create(kind="comparing", owner=f"run:{run.pk}", tables_done=1)
    later = operator.get(poll, headers={"HX-Request": "true"})

    assert "Being restored: 10.0 MB of about 20.0 MB" in shown and "10 to 18 s to go" in shown
    assert "<title>restoring 50 %" in shown
    assert unchanged.status_code == 204
    assert "The copy is being compared: table 1 of 1" in text_of(later)
    assert "<title>comparing 99 %" in text_of(later)


def test_the_run_tells_what_is_kept_and_only_an_operator_deletes_it(
    operator: Client, lead: Client, sign_in: SignIn, backup: Backup
) -> None:
    run = restore(operator, backup)
    page, deletion = reverse("run", args=[run.pk]), reverse("delete_replaced", args=[run.pk])
    name = f"production.db.replaced_{run.pk}"

    shown = text_of(operator.get(page))
    assert f"production is restored from backup {backup.pk}" in shown
    assert name in shown and "Delete the replaced database" in shown
    assert "Delete the replaced database" not in text_of(lead.get(page))
    assert lead.post(deletion, {"name": name}).status_code == 403
    assert sign_in("nobody").post(deletion, {"name": name}).status_code == 403
    assert operator.get(deletion).status_code == 405
    assert operator.post(reverse("delete_replaced", args=[999]), {"name": name}).status_code == 404
    assert "Nothing was deleted" in text_of(operator.post(deletion, {"name": "production"}, follow=True))

    operator.post(deletion, {"name": name})
    delete_replaced_now(replacement_id=Replacement.objects.get().pk)

    assert f"<code>{name}</code> was deleted" in text_of(operator.get(page))
    assert f"had the database deleted that run {run.pk} replaced" in text_of(lead.get(reverse("audit")))


def test_a_failed_run_offers_its_backup(site: ViewedSite, operator: Client) -> None:
    site.configure(ALLOW)
    run = site.confirm()
    execute_run(run_id=run.pk)
    run.refresh_from_db()
    backup = run.confirmation.backup

    shown = text_of(operator.get(reverse("run", args=[run.pk])))

    assert run.outcome == "succeeded", run.detail
    assert f"Plan the restore of backup {backup.pk}</button>" in shown
    site.configure()
    assert f"Plan the restore of backup {backup.pk}</button>" not in text_of(
        operator.get(reverse("run", args=[run.pk]))
    )


def test_the_ledger_tells_a_restore_once_and_as_the_dashboards_own_act(operator: Client, backup: Backup) -> None:
    run = restore(operator, backup)
    run.refresh_from_db()
    assert run.outcome == "succeeded"

    page = text_of(operator.get(reverse("environment", args=["api", "production"])))
    file = b"".join(operator.get(reverse("ledger_file", args=["api", "production"]))).decode()

    for told in (page, file):
        assert f"restored from backup {backup.pk}" in told and "replaced by another" not in told
