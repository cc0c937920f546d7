"""Observations: read concurrently, stored with their history, thinned with age."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from dashboard.models import Observation
from dashboard.sources.configuration import UnknownName
from dashboard.usecases.observe import observe_environments, request_observations, thin_observations
from dashboard.usecases.read_status import read_statuses
from tests.usecases.site import Site

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)


def test_each_reading_is_kept_and_a_change_is_marked(site: Site) -> None:
    observe_environments()
    observe_environments()
    site.alembic("upgrade", "r2")
    observe_environments()

    kept = list(Observation.objects.order_by("pk").values_list("rows", "changed"))
    assert kept == [(["r1"], True), (["r1"], False), (["r2"], True)]
    assert read_statuses()[0].environments[0].status.current == ("r2",)


@pytest.mark.fault(51)
def test_reading_creates_nothing(sqlite_site: Site) -> None:
    site = sqlite_site
    site.configure(extra='[projects.api.environments.other]\nurl = "sqlite:///not-there.db"')
    before = sorted(path.name for path in site.folder.iterdir())

    observe_environments()

    assert sorted(path.name for path in site.folder.iterdir()) == before
    found = {e.environment.name: e.status for e in read_statuses()[0].environments}
    assert found["other"].state == "unreachable" and found["other"].reason == "no_database"


@pytest.mark.fault(71)
def test_a_secret_that_cannot_be_resolved_concerns_that_environment_alone(
    sqlite_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = sqlite_site
    site.configure(extra='[projects.api.environments.other]\nurl = { env = "NOWHERE_SET" }')

    observe_environments()

    found = {e.environment.name: e.status for e in read_statuses()[0].environments}
    assert found["production"].state == "pending"
    assert (found["other"].state, found["other"].reason) == ("unreachable", "not_configured")
    assert "NOWHERE_SET" in found["other"].detail


def test_what_was_never_read_is_unobserved_and_old_readings_are_stale(sqlite_site: Site) -> None:
    (before,) = read_statuses()[0].environments
    assert before.status.state == "unobserved"

    observe_environments()
    Observation.objects.update(observed_at=timezone.now() - timedelta(minutes=11))

    (after,) = read_statuses()[0].environments
    assert after.stale and after.status.state == "pending"


def test_a_request_is_a_task_and_touches_no_database(sqlite_site: Site) -> None:
    from django_tasks_db.models import DBTaskResult

    request_observations(project="api")

    assert DBTaskResult.objects.count() == 1 and not Observation.objects.exists()
    with pytest.raises(UnknownName):
        request_observations(project="apy")


def test_old_observations_are_thinned_and_every_change_stays(transactional_db: None) -> None:
    def add(age: timedelta, *, changed: bool = False) -> Observation:
        return Observation.objects.create(
            project="api", environment="production", observed_at=NOW - age, rows=["r1"], changed=changed
        )

    young = [add(timedelta(minutes=m)) for m in range(0, 60, 10)]
    two_days = [add(timedelta(days=2, minutes=m)) for m in range(5, 125, 10)]
    a_month = [add(timedelta(days=30, hours=h)) for h in range(6)]
    change = add(timedelta(days=30, hours=1, minutes=5), changed=True)

    dropped = thin_observations(now=NOW)

    left = set(Observation.objects.values_list("pk", flat=True))
    assert {o.pk for o in young} <= left and change.pk in left
    assert sum(o.pk in left for o in two_days) == 3, "two hours and five minutes lie in three whole hours"
    assert sum(o.pk in left for o in a_month) == 1
    assert dropped == 12 - 3 + 6 - 1
    assert thin_observations(now=NOW) == 0
