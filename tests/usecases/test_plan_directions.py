"""Downgrade, stamp and start fresh: planned, confirmed and run on both databases, and refused where they must be."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.models import Confirmation, Plan, Run
from dashboard.revisions.plan import Direction
from dashboard.usecases.compose_plan import PlanRefused
from dashboard.usecases.count_losses import count_losses
from dashboard.usecases.plan_change import plan_change
from dashboard.usecases.read_status import read_statuses
from dashboard.usecases.settle_lost_runs import settle_lost_runs
from tests.sources.repositories import commit_all, git, start_repository
from tests.usecases.site import Site

EVERYTHING = 'allow = ["upgrade", "downgrade", "stamp", "start_fresh"]'
DOWN, STAMP, FRESH = Direction.DOWNGRADE, Direction.STAMP, Direction.START_FRESH


@pytest.fixture
def free_site(site: Site) -> Site:
    """At r3 of r1, r2, r3; everything is allowed; t2 holds three rows, two of them with an x."""
    return prepare(site)


@pytest.fixture
def free_sqlite_site(sqlite_site: Site) -> Site:
    """The same, where the dialect makes no difference."""
    return prepare(sqlite_site)


def prepare(site: Site) -> Site:
    site.configure(EVERYTHING)
    site.alembic("upgrade", "r3")
    site.query("INSERT INTO t2 (id, x) VALUES (1, 'a'), (2, 'b'), (3, NULL)")
    return site


def tables(site: Site) -> set[str]:
    catalog = "pg_tables WHERE schemaname = 'public'" if site.dialect == "postgresql" else "sqlite_schema"
    name = "tablename" if site.dialect == "postgresql" else "name"
    return {row[0] for row in site.query(f"SELECT {name} FROM {catalog}")} & {"t1", "t2", "t3"}


def state_of(site: Site) -> str:
    site.observe()
    return read_statuses()[0].environments[0].status.state.value


@pytest.mark.parametrize(
    ("target", "steps", "rows"),
    [("-1", ["r3"], ["r2"]), ("r1", ["r3", "r2"], ["r1"]), ("base", ["r3", "r2", "r1"], [])],
)
def test_a_downgrade_reverts_by_one_to_a_revision_and_to_base(
    free_site: Site, target: str, steps: list[str], rows: list[str]
) -> None:
    site = free_site

    run = site.go(DOWN, target)

    assert (run.phase, run.outcome, run.cause) == ("settled", "succeeded", None), run.detail
    assert list(run.steps.values_list("revision", "action", "state")) == [(s, "downgrade", "applied") for s in steps]
    assert site.rows() == rows and run.confirmation.plan.result == rows
    assert tables(site) == {"t1", "t2", "t3"} - {f"t{s[1]}" for s in steps}


@pytest.mark.parametrize("direction", [DOWN, STAMP, FRESH])
def test_only_what_allow_names_is_planned_and_run(sqlite_site: Site, direction: Direction) -> None:
    site = sqlite_site
    site.observe()

    with pytest.raises(PlanRefused, match=f"production does not allow {direction.replace('_', ' ')}"):
        site.plan("r1", direction=direction)

    site.configure(f'allow = ["upgrade", "{direction}"]')
    site.alembic("upgrade", "r2")
    plan = site.plan("r1" if direction is not FRESH else "r2", direction=direction)
    site.back_up()
    site.accept(plan)
    run = site.confirm(plan)
    site.configure('allow = ["upgrade"]')
    site.execute(run)
    assert run.outcome == "refused" and "does not allow" in run.detail and site.rows() == ["r2"]


def test_the_data_that_would_go_is_named_and_counted_before_anyone_can_confirm(free_site: Site) -> None:
    site = free_site
    site.project.add("r4", 'op.add_column("t2", sa.Column("y", sa.Integer))', 'op.drop_column("t2", "y")')
    site.alembic("upgrade", "r4")
    site.query("UPDATE t2 SET y = 1 WHERE id < 3")
    site.observe()
    plan = plan_change(user=site.operator, project="api", environment="production", direction=DOWN, targets=["r1"])
    site.back_up()

    waiting = [c.words for c in site.review(plan).conditions if not c.met]
    count_losses(plan_id=plan.pk)
    plan.refresh_from_db()

    assert "What would be lost is still being counted." in waiting
    assert [(loss["table"], loss["column"]) for loss in plan.losses] == [("t2", "y"), ("t3", ""), ("t2", "")]
    assert [(c["table"], c["column"], c["rows"]) for c in plan.row_counts] == [
        ("t2", "y", 2),
        ("t3", "", 0),
        ("t2", "", 3),
    ]
    site.accept(plan)
    assert site.review(plan).token


def test_a_database_that_does_not_answer_leaves_the_losses_named_and_says_why_they_are_not_counted(
    sqlite_site: Site,
) -> None:
    site = sqlite_site
    site.configure(EVERYTHING)
    site.observe()
    plan = plan_change(user=site.operator, project="api", environment="production", direction=DOWN, targets=["base"])
    (site.folder / "production.db").rename(site.folder / "away.db")

    count_losses(plan_id=plan.pk)

    plan.refresh_from_db()
    assert plan.losses[0]["table"] == "t1" and plan.row_counts == [] and "does not exist" in plan.count_error


@pytest.mark.parametrize(
    ("downgrade", "refusal"),
    [
        ("raise NotImplementedError", r"r4_r4\.py, line 22: the downgrade\(\) of revision r4 only raises an error"),
        (None, r"r4_r4\.py: revision r4 has no downgrade\(\)"),
    ],
)
def test_a_revision_that_cannot_be_reverted_is_refused_when_planning(
    sqlite_site: Site, downgrade: str | None, refusal: str
) -> None:
    site = sqlite_site
    site.configure(EVERYTHING)
    path = site.project.add("r4", 'op.create_table("t4", sa.Column("id", sa.Integer))', downgrade or "pass")
    if downgrade is None:
        path.write_text(path.read_text().split("def downgrade")[0])
    site.alembic("upgrade", "r4")

    with pytest.raises(PlanRefused, match=refusal):
        site.plan("-1", direction=DOWN)


def test_a_downgrade_that_reverts_nothing_is_told(sqlite_site: Site) -> None:
    site = sqlite_site
    site.configure(EVERYTHING)
    site.project.add("r4", 'op.create_table("t4", sa.Column("id", sa.Integer))', "pass")
    site.project.add("r5", "pass", 'op.execute("DELETE FROM t1")')
    site.alembic("upgrade", "r5")

    plan = site.plan("r3", direction=DOWN)

    assert [(c["revision"], c["text"]) for c in plan.cautions] == [
        ("r5", "not understood: DELETE FROM t1"),
        ("r4", "downgrade() does nothing: what upgrade() made stays, only the row goes back"),
    ]


def test_a_merge_point_is_reverted_by_naming_a_parent(free_site: Site) -> None:
    r"""r2 - r3 - m
    `- x --'
    """
    site = free_site
    site.project.add("x", "pass", down="r2")
    path = site.project.add("m", "pass", down="r3")
    path.write_text(path.read_text().replace("down_revision = 'r3'", "down_revision = ('r3', 'x')"))
    site.alembic("upgrade", "m")

    with pytest.raises(PlanRefused, match=r"m is a merge point of r3 and x\. Name one of them"):
        site.plan("-1", direction=DOWN)
    run = site.go(DOWN, "r3")

    assert run.outcome == "succeeded" and site.rows() == ["r3", "x"] and state_of(site) == "pending"
    with pytest.raises(PlanRefused, match="the database holds 2 rows"):
        site.plan("-1", direction=DOWN)
    assert site.go(DOWN, "x@-1").outcome == "succeeded"
    assert site.rows() == ["r3"]


def test_one_branch_of_several_is_upgraded_and_the_other_stays(free_site: Site) -> None:
    r"""r1 - r2 - r3
    `- side1 - side2
    """
    site = free_site
    path = site.project.add("side1", "pass", down="r1")
    path.write_text(path.read_text().replace("branch_labels = None", "branch_labels = ('side',)"))
    site.project.add("side2", "pass")
    with pytest.raises(PlanRefused, match="2 heads: r3, side2"):
        site.plan()

    first = site.go(Direction.UPGRADE, "side@+1")
    both = site.go(Direction.UPGRADE, "heads")

    assert first.outcome == both.outcome == "succeeded"
    assert first.rows_after is not None and sorted(first.rows_after) == ["r3", "side1"]
    assert site.rows() == ["r3", "side2"] and state_of(site) == "current"


def test_permanent_heads_are_upgraded_together(free_site: Site) -> None:
    site = free_site
    site.configure(EVERYTHING, project_extra='heads = ["expand", "r2"]')
    path = site.project.add("e1", "pass", down=None)
    path.write_text(path.read_text().replace("branch_labels = None", "branch_labels = ('expand',)"))

    run = site.upgrade()

    assert run.outcome == "succeeded" and site.rows() == ["e1", "r3"] and state_of(site) == "current"


def test_a_stamp_changes_the_version_table_alone(free_site: Site) -> None:
    site = free_site

    run = site.go(STAMP, "r1")

    assert run.outcome == "succeeded" and site.rows() == ["r1"]
    assert tables(site) == {"t1", "t2", "t3"} and run.schema_before == run.schema_after
    assert list(run.steps.values_list("revision", "action", "state")) == [("r1", "stamp", "applied")]
    assert site.go(STAMP, "base").outcome == "succeeded" and site.rows() == []


@pytest.mark.fault(20)
def test_a_foreign_revision_is_offered_a_stamp_and_nothing_else(free_site: Site) -> None:
    site = free_site
    site.query("UPDATE alembic_version SET version_num = 'gone'")

    for direction, target in ((Direction.UPGRADE, "r3"), (DOWN, "r1"), (FRESH, "r3")):
        with pytest.raises(PlanRefused, match=r"foreign revision.*gone"):
            site.plan(target, direction=direction)
    run = site.go(STAMP, "r3")

    assert run.outcome == "succeeded" and site.rows() == ["r3"] and state_of(site) == "current"


@pytest.mark.fault(20)
def test_a_refused_plan_says_on_which_git_ref_a_foreign_revision_exists(sqlite_site: Site) -> None:
    site = sqlite_site
    repository = site.project.directory
    start_repository(repository)
    commit_all(repository)
    git(repository, "checkout", "-q", "-b", "feature-x")
    site.project.add("x4", "pass", message="on a branch")
    commit_all(repository)
    git(repository, "checkout", "-q", "main")
    site.query("UPDATE alembic_version SET version_num = 'x4'")

    assert "x4 exists on feature-x (on a branch)." in refusal_of(site)


@pytest.mark.fault(75)
def test_tables_without_a_version_table_are_offered_a_stamp_and_nothing_else(free_site: Site) -> None:
    site = free_site
    site.query("DROP TABLE alembic_version")

    for direction, target in ((Direction.UPGRADE, "r3"), (DOWN, "base"), (FRESH, "r3")):
        with pytest.raises(PlanRefused, match="Stamp it"):
            site.plan(target, direction=direction)
    run = site.go(STAMP, "r2")

    assert run.outcome == "succeeded" and site.rows() == ["r2"] and state_of(site) == "pending"


def test_starting_fresh_reverts_all_and_applies_all_in_one_run(free_site: Site) -> None:
    site = free_site

    run = site.go(FRESH)

    assert (run.outcome, run.cause) == ("succeeded", None), run.detail
    assert list(run.steps.values_list("position", "revision", "action", "state")) == [
        (1, "r3", "downgrade", "applied"), (2, "r2", "downgrade", "applied"), (3, "r1", "downgrade", "applied"),
        (4, "r1", "upgrade", "applied"), (5, "r2", "upgrade", "applied"), (6, "r3", "upgrade", "applied"),
    ]  # fmt: skip
    assert site.rows() == ["r3"] and site.query("SELECT * FROM t2") == []
    assert run.reached_base_at is not None


def test_starting_fresh_of_an_empty_database_only_applies(site: Site) -> None:
    site.configure(EVERYTHING)
    site.alembic("downgrade", "base")

    run = site.go(FRESH)

    assert run.outcome == "succeeded" and [s.action for s in run.steps.all()] == ["upgrade"] * 3


def test_a_fresh_start_that_fails_on_the_way_up_is_partial_and_says_so(free_site: Site) -> None:
    site = free_site
    site.project.add("r4", 'op.execute("SELECT * FROM missing")')

    run = site.go(FRESH)

    assert run.cause == "error" and "missing" in run.detail
    if site.dialect == "postgresql":
        assert run.outcome == "partial" and site.rows() == []
        assert any("Everything had been reverted" in sentence for sentence in run.evidence)
    else:
        assert run.outcome == "indeterminate" and site.rows() == ["r3"], "r4 may be there in part"


@pytest.mark.fault(14)
def test_a_fresh_start_whose_env_py_never_commits_does_not_pass_for_success(postgres_site: Site) -> None:
    """The rows are those of the target before and after: they alone prove nothing."""
    site = postgres_site
    site.configure(EVERYTHING)
    site.alembic("upgrade", "r3")
    text = site.project.env_py.read_text()
    connect = "with engine.connect() as connection:"
    site.project.env_py.write_text(text.replace(connect, f"{connect}\n        connection.begin()", 1))

    run = site.go(FRESH)

    assert run.outcome == "unchanged" and run.cause == "error" and site.rows() == ["r3"]


def test_a_worker_lost_between_the_halves_of_a_fresh_start_leaves_a_run_that_is_partial(free_site: Site) -> None:
    site = free_site
    plan = site.plan(direction=FRESH)
    site.back_up()
    site.accept(plan)
    run = site.confirm(plan)
    Run.objects.filter(pk=run.pk).update(phase="running", heartbeat_at="2026-01-01T00:00Z", rows_before=["r3"])
    site.alembic("downgrade", "base")

    assert settle_lost_runs() == 1

    run.refresh_from_db()
    assert run.outcome == "partial" and any("Everything was reverted" in sentence for sentence in run.evidence)


WAYS = [(DOWN, "r1"), (STAMP, "r1"), (FRESH, "r3")]


@pytest.mark.fault(65)
@pytest.mark.parametrize(("direction", "target"), WAYS)
def test_in_every_direction_a_file_edited_after_the_confirmation_refuses_the_run(
    free_sqlite_site: Site, direction: Direction, target: str
) -> None:
    site = free_sqlite_site
    plan = site.plan(target, direction=direction)
    site.back_up()
    site.accept(plan)
    run = site.confirm(plan)
    path = site.project.directory / "alembic/versions/r3_r3.py"
    path.write_text(path.read_text() + "\n# edited\n")

    site.execute(run)

    assert run.outcome == "refused" and "r3_r3.py changed" in run.detail and site.rows() == ["r3"]
    assert Confirmation.objects.get().spent_at is not None


@pytest.mark.fault(66)
@pytest.mark.parametrize(("direction", "target"), WAYS)
def test_in_every_direction_a_revision_added_after_the_confirmation_refuses_the_run(
    free_sqlite_site: Site, direction: Direction, target: str
) -> None:
    site = free_sqlite_site
    plan = site.plan(target, direction=direction)
    site.back_up()
    site.accept(plan)
    run = site.confirm(plan)
    site.project.add_tables(4)

    site.execute(run)

    assert run.outcome == "refused" and "r4_r4.py is new" in run.detail and site.rows() == ["r3"]


@pytest.mark.fault(67)
@pytest.mark.parametrize(("direction", "target"), WAYS)
def test_in_every_direction_a_version_table_changed_after_the_confirmation_refuses_the_run(
    free_sqlite_site: Site, direction: Direction, target: str
) -> None:
    site = free_sqlite_site
    plan = site.plan(target, direction=direction)
    site.back_up()
    site.accept(plan)
    run = site.confirm(plan)
    site.alembic("downgrade", "r2")

    site.execute(run)

    assert run.outcome == "refused" and "r2 now" in run.detail and site.rows() == ["r2"]


@pytest.mark.fault(16)
def test_a_syntax_error_in_a_pending_revision_is_found_when_planning(sqlite_site: Site) -> None:
    site = sqlite_site
    path = site.project.add("r4", "pass")
    path.write_text(path.read_text().replace("def downgrade():", "def downgrade(:"))

    with pytest.raises(PlanRefused, match=r"alembic/versions/r4_r4\.py, line 21: Python cannot parse it"):
        site.plan()

    assert [s["revision"] for s in site.plan("r3").steps] == ["r2", "r3"]
    assert Plan.objects.count() == 1


def test_a_file_that_is_known_to_be_unparsable_stops_every_plan(sqlite_site: Site) -> None:
    """Alembic reads every file or none."""
    site = sqlite_site
    (site.project.directory / "alembic/versions/broken.py").write_text("<<<<<<< HEAD\nrevision = 'x'\n")

    with pytest.raises(PlanRefused, match=r"broken\.py, line 1: Python cannot parse it"):
        site.plan("r3")


def test_a_link_out_of_the_script_directory_stops_every_plan_since_alembic_follows_it(sqlite_site: Site) -> None:
    site = sqlite_site
    outside = site.folder / "outside.py"
    outside.write_text("revision = 'x1'\ndown_revision = 'r3'\n")
    (site.project.directory / "alembic/versions/x1.py").symlink_to(outside)

    assert "x1.py is a symbolic link that leads out" in refusal_of(site)


def test_a_missing_parent_far_from_the_plan_stops_it_too(sqlite_site: Site) -> None:
    site = sqlite_site
    site.project.add("z9", "pass", down="nowhere")

    with pytest.raises(PlanRefused, match="nowhere"):
        site.plan("r3")


@pytest.mark.fault(17)
def test_a_missing_parent_is_told_with_its_file_and_stops_the_plan(sqlite_site: Site) -> None:
    site = sqlite_site
    site.project.add("r4", "pass", down="nowhere")

    with pytest.raises(PlanRefused, match=r"nowhere"):
        site.plan()

    assert "r4_r4.py" in refusal_of(site)
    assert state_of(site) in {"pending", "inconsistent"}, "pages still tell what can be told"


@pytest.mark.fault(18)
def test_a_duplicate_revision_id_names_both_files_and_stops_the_plan(sqlite_site: Site) -> None:
    site = sqlite_site
    copy = site.project.directory / "alembic/versions/again.py"
    copy.write_text((site.project.directory / "alembic/versions/r3_r3.py").read_text())

    refusal = refusal_of(site)

    assert "again.py" in refusal and "r3_r3.py" in refusal


def refusal_of(site: Site) -> str:
    with pytest.raises(PlanRefused) as refused:
        site.plan()
    return str(refused.value)


def test_a_project_with_another_python_is_asked_what_it_can_parse(sqlite_site: Site, tmp_path: Path) -> None:
    """The stand-in for a newer Python takes every file."""
    site = sqlite_site
    newer = tmp_path / "newer-python"
    newer.write_text("#!/bin/sh\nexit 0\n")
    newer.chmod(0o755)
    path = site.project.add("r4", "pass")
    path.write_text(path.read_text() + "\nmatch = (yield from\n")
    toml = site.folder / "dashboard.toml"
    toml.write_text(
        "\n".join(f'python = "{newer}"' if "python =" in line else line for line in toml.read_text().splitlines())
    )

    assert [s["revision"] for s in site.plan().steps] == ["r2", "r3", "r4"]
