"""The code an environment runs: a `ref` in a worktree of its own, or the work tree without uncommitted revisions."""

from __future__ import annotations

import subprocess

import pytest

from dashboard.usecases.catalogue import find_environment
from dashboard.usecases.plan_change import PlanRefused
from dashboard.usecases.read_code import fetch_repositories, prepare_worktrees, read_code
from dashboard.usecases.read_status import read_statuses
from tests.usecases.site import Site


def git(site: Site, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    return subprocess.run(
        ["git", *identity, *arguments], cwd=site.folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit_all(site: Site, message: str) -> str:
    git(site, "add", "project")
    git(site, "commit", "--quiet", "--message", message)
    return git(site, "rev-parse", "HEAD")


@pytest.fixture
def committed_site(site: Site) -> Site:
    git(site, "init", "--quiet", "--initial-branch=main")
    (site.folder / ".gitignore").write_text("__pycache__/\n")
    git(site, "add", ".gitignore")
    commit_all(site, "three revisions")
    return site


def test_an_environment_with_a_ref_runs_that_commit_and_not_the_work_tree(committed_site: Site) -> None:
    site = committed_site
    git(site, "branch", "release")
    released = git(site, "rev-parse", "release")
    site.project.add_tables(4)
    (site.project.directory / "alembic" / "versions" / "r3_r3.py").write_text("raise SystemExit('edited')")
    site.configure(extra='ref = "release"')

    run = site.upgrade()

    assert run.outcome == "succeeded" and site.rows() == ["r3"]
    assert run.confirmation.plan.commit == released
    assert "r4" not in {s["revision"] for s in run.confirmation.plan.steps}
    assert "edited" in (site.project.directory / "alembic" / "versions" / "r3_r3.py").read_text()
    assert read_statuses()[0].environments[0].status.state == "current"


@pytest.mark.fault(77)
def test_a_worktree_that_somebody_changed_is_not_run(committed_site: Site) -> None:
    site = committed_site
    site.configure(extra='ref = "main"')
    plan = site.plan()
    site.back_up()
    run = site.confirm(plan)
    (laid_out,) = (site.folder / "var" / "worktrees").rglob("env.py")
    laid_out.write_text("raise SystemExit('evil')\n" + laid_out.read_text())

    site.execute(run)

    assert run.outcome == "succeeded" and "evil" not in laid_out.read_text()


def test_a_ref_that_moved_since_the_plan_refuses_the_run(committed_site: Site) -> None:
    site = committed_site
    site.configure(extra='ref = "main"')
    plan = site.plan()
    site.back_up()
    run = site.confirm(plan)
    site.project.add_tables(4)
    commit_all(site, "a fourth")

    site.execute(run)

    assert run.outcome == "refused" and site.rows() == ["r1"]


def test_a_ref_that_does_not_exist_is_said_and_hides_nothing_else(committed_site: Site) -> None:
    site = committed_site
    site.configure(extra='ref = "relaese"')
    site.observe()

    (environment,) = read_statuses()[0].environments

    assert environment.status.state == "inconsistent" and "relaese" in environment.status.detail
    with pytest.raises(PlanRefused, match="relaese"):
        site.plan()


def test_an_uncommitted_revision_is_refused_unless_the_database_can_be_made_anew(committed_site: Site) -> None:
    site = committed_site
    site.project.add_tables(4)
    site.back_up()

    closed = [c.words for c in site.review(site.plan()).conditions if not c.met]
    assert closed == ["Not committed: alembic/versions/r4_r4.py."]
    assert all(c.met for c in site.review(site.plan("r3")).conditions)

    site.configure(extra='allow = ["upgrade", "start_fresh"]')
    assert all(c.met for c in site.review(site.plan()).conditions)

    site.configure()
    commit_all(site, "the fourth")
    assert all(c.met for c in site.review(site.plan()).conditions)


def test_commit_branch_and_uncommitted_files_are_told(committed_site: Site) -> None:
    site = committed_site
    site.project.add_tables(4)

    code = read_code(*find_environment("api", "production"))

    assert code.checkout.branch == "main" and code.checkout.commit == git(site, "rev-parse", "HEAD")
    assert code.uncommitted_revisions == ("alembic/versions/r4_r4.py",) and code.ref == ""


def test_the_observer_fetches_on_schedule_and_follows_a_remote_branch(committed_site: Site) -> None:
    site = committed_site
    remote = site.folder / "remote.git"
    git(site, "clone", "--quiet", "--bare", ".", str(remote))
    git(site, "remote", "add", "origin", str(remote))
    git(site, "fetch", "--quiet", "origin")
    site.configure(extra='ref = "origin/main"', project_extra='fetch_every = "1s"')
    site.observe()
    assert len(read_statuses()[0].environments[0].status.pending) == 2
    site.project.add_tables(4)
    commit_all(site, "a fourth")
    git(site, "push", "--quiet", "origin", "main")
    git(site, "update-ref", "refs/remotes/origin/main", "HEAD~1")

    fetch_repositories([find_environment("api", "production")[0]])

    assert [r.revision for r in read_statuses()[0].environments[0].status.pending] == ["r2", "r3", "r4"]


def test_worktrees_are_laid_out_ahead_of_the_pages(committed_site: Site) -> None:
    site = committed_site
    site.configure(extra='ref = "main"')

    prepare_worktrees()

    assert len(list((site.folder / "var" / "worktrees").glob("*/[0-9a-f]*"))) == 1
