"""Renaming an environment keeps its past; the ledger tells between which readings something changed."""

from __future__ import annotations

from dashboard.models import AppliedFile, Backup, Observation, Plan, Run
from dashboard.usecases.catalogue import configuration
from dashboard.usecases.keep_ledger import adopt_former_names
from tests.usecases.site import Site


def rename(site: Site, extra: str = 'formerly = "production"') -> None:
    """production is called live from now on."""
    path = site.folder / "dashboard.toml"
    path.write_text(path.read_text().replace("environments.production]", f"environments.live]\n{extra}"))


def environments(model: type) -> set[str]:
    """That have something of a kind."""
    return set(model.objects.values_list("environment", flat=True))  # type: ignore[attr-defined]


def test_everything_goes_on_under_the_new_name(sqlite_site: Site) -> None:
    sqlite_site.upgrade()
    rename(sqlite_site)

    sqlite_site.observe()

    for model in (Observation, Plan, Backup, Run, AppliedFile):
        assert environments(model) == {"live"}, model
    assert not Observation.objects.order_by("pk").last().changed  # type: ignore[union-attr]
    assert AppliedFile.objects.filter(how="run").count() == 2


def test_it_waits_for_a_run_that_is_not_settled(sqlite_site: Site) -> None:
    plan = sqlite_site.plan()
    sqlite_site.back_up()
    sqlite_site.confirm(plan)
    rename(sqlite_site)

    sqlite_site.observe()

    assert environments(Run) == {"production"}


def test_a_new_name_that_was_observed_first_still_gets_the_past(sqlite_site: Site) -> None:
    sqlite_site.upgrade()
    rename(sqlite_site, "")
    sqlite_site.observe()
    path = sqlite_site.folder / "dashboard.toml"
    path.write_text(path.read_text().replace("environments.live]", 'environments.live]\nformerly = "production"'))

    sqlite_site.observe()

    assert environments(Run) == environments(AppliedFile) == {"live"}
    assert AppliedFile.objects.filter(how="run").count() == 2


def test_without_the_key_the_past_stays_where_it_is(sqlite_site: Site) -> None:
    sqlite_site.upgrade()
    rename(sqlite_site, "")

    sqlite_site.observe()

    assert environments(Run) == {"production"}


def test_doing_it_again_changes_nothing(sqlite_site: Site) -> None:
    sqlite_site.observe()
    rename(sqlite_site)

    assert adopt_former_names(configuration()) == ("api/production -> live",)
    assert adopt_former_names(configuration()) == ()


def test_an_observation_knows_when_the_one_before_it_succeeded(sqlite_site: Site) -> None:
    sqlite_site.observe()
    first = Observation.objects.get()
    hidden = sqlite_site.folder / "hidden.db"
    (sqlite_site.folder / "production.db").rename(hidden)
    sqlite_site.observe()
    hidden.rename(sqlite_site.folder / "production.db")
    sqlite_site.alembic("upgrade", "r2")
    sqlite_site.observe()

    after = Observation.objects.order_by("pk").last()

    assert after is not None and after.rows == ["r2"]
    assert after.previous_at == first.observed_at
