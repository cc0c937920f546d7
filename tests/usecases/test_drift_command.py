"""manage.py drift: compares now, tells lines or the document, and fails a check for CI."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from dashboard.models import DriftCheck
from tests.usecases.site import Site


def drift(*options: str) -> str:
    """What it prints."""
    out = StringIO()
    call_command("drift", "api", "production", "--kind", "revisions", *options, stdout=out)
    return out.getvalue()


def test_it_tells_nothing_and_then_what_was_done_by_hand(sqlite_site: Site) -> None:
    assert drift("--check") == "Database and revisions: no differences at r1.\n"
    sqlite_site.query("ALTER TABLE t1 ADD COLUMN note TEXT")

    with pytest.raises(SystemExit) as failed:
        drift("--check")
    document = json.loads(drift("--json"))

    assert failed.value.code == 1
    (told,) = document["comparisons"]
    assert (document["format"], told["kind"], told["differences"], told["current"]) == (1, "revisions", 1, ["r1"])
    assert (
        "column t1.note is in the database, and no revision up to its own makes it" in told["operations"][0]["message"]
    )


def test_what_cannot_be_compared_is_told_and_fails_the_check(sqlite_site: Site) -> None:
    sqlite_site.query("DROP TABLE alembic_version")

    assert "could not be compared. production is" not in drift()
    with pytest.raises(SystemExit):
        drift("--check")


def test_an_unknown_environment_and_a_comparison_under_way_are_usage_errors(sqlite_site: Site) -> None:
    with pytest.raises(CommandError, match="Did you mean"):
        call_command("drift", "api", "productoin")
    DriftCheck.objects.create(project="api", environment="production", kind="revisions")

    with pytest.raises(CommandError, match="being compared already") as refused:
        drift()
    assert refused.value.returncode == 2
