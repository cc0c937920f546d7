"""One revision."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from dashboard.models import RevisionProposal, RevisionSql
from dashboard.templatetags.marks import breakable
from dashboard.usecases.catalogue import configuration
from dashboard.usecases.execute_run import execute_run
from dashboard.usecases.read_history import read_history
from dashboard.usecases.write_revision_sql import write_revision_sql
from dashboard.views.highlighting import LARGEST_HIGHLIGHTED, highlight_lines
from tests.sources.repositories import commit_all, start_repository
from tests.views.conftest import ViewedSite, text_of


def test_it_shows_source_neighbours_and_where_it_is_applied(lead: Client) -> None:
    page = text_of(lead.get("/projects/api/revisions/r2/"))

    assert "create_table" in page and "/projects/api/revisions/r1/" in page and "/projects/api/revisions/r3/" in page
    staging, production = page.index("environments/staging/"), page.rindex("environments/production/")
    assert "applied" in page[staging:production] or "applied" in page
    assert page.rindex("pending") > page.rindex("applied")


def test_an_id_may_be_any_text(lead: Client, site: ViewedSite) -> None:
    path = site.project.add("odd", "pass", message="odd id")
    path.write_text(path.read_text().replace("revision = 'odd'", "revision = 'v3.0 a/b'"))

    answer = lead.get(reverse("revision", args=["api", "v3.0 a/b"]))

    assert answer.status_code == 200 and "odd id" in text_of(answer)


def test_a_file_is_shown_only_as_it_was_read(lead: Client, site: ViewedSite) -> None:
    file = next((site.project.directory / "alembic/versions").glob("r2_*"))
    outside = site.folder / "secret.py"
    outside.write_text(file.read_text() + "\nTOKEN = 'of-another-file'\n")
    file.unlink()
    file.symlink_to(outside)

    answer = lead.get("/projects/api/revisions/r2/")

    assert "of-another-file" not in answer.content.decode()


def test_a_revision_of_a_branch_is_read_from_that_branch(lead: Client, site: ViewedSite) -> None:
    directory = site.project.directory
    start_repository(directory)
    commit_all(directory, author="Grace", date="2024-05-06T07:08:09+00:00")
    second = next((directory / "alembic/versions").glob("r2_*"))
    second.write_text(second.read_text().replace("make r2", "rewritten"))

    page = text_of(lead.get("/projects/api/revisions/r2/?ref=main"))

    assert "make r2" in page and "create_table" in page and "rewritten" not in page
    assert "Grace" in page and "/projects/api/revisions/r1/?ref=main" in page
    assert "rewritten" in text_of(lead.get("/projects/api/revisions/r2/"))


def test_a_path_breaks_after_its_slashes_and_underscores_and_stays_escaped(lead: Client) -> None:
    assert "alembic/<wbr>versions/<wbr>r2_<wbr>" in text_of(lead.get("/projects/api/revisions/r2/"))
    assert breakable("a_b/<i>.py") == "a_<wbr>b/<wbr>&lt;i&gt;.py"


def test_lines_stand_alone_even_inside_a_long_string() -> None:
    lines = highlight_lines('x = """a\nb <b>\n"""\n')

    assert len(lines) == 3
    assert all(line.count("<span") == line.count("</span>") for line in lines)
    assert "&lt;b&gt;" in lines[1]


def test_a_very_long_source_is_escaped_without_colours() -> None:
    lines = highlight_lines("<b>\n" * (LARGEST_HIGHLIGHTED // 4 + 1))

    assert lines[0] == "&lt;b&gt;"


def test_its_sql_is_written_for_who_may_plan_and_shown_to_all(
    developer: Client, lead: Client, site: ViewedSite
) -> None:
    page = "/projects/api/revisions/r2/"
    sha256 = next(r.sha256 for r in read_history(configuration().project("api")).graph.history() if r.revision == "r2")
    before = text_of(lead.get(page))
    given = {"revision": "r2", "sha256": sha256, "dialect": "sqlite"}

    asked = developer.post("/projects/api/revision-sql/", given, follow=True)
    awaited = text_of(lead.get(f"{page}?part=sql", headers={"HX-Request": "true"}))
    unchanged = lead.get(f"{page}?part=sql&seen=awaited-1", headers={"HX-Request": "true"})
    write_revision_sql(number=RevisionSql.objects.get().pk)

    assert "A developer or an operator can." in before and "Write the SQL" not in before
    assert 'hx-get="/projects/api/revisions/r2/?part=sql&amp;seen=awaited-1"' in text_of(asked)
    assert "A worker is writing" in text_of(asked) and unchanged.status_code == 204
    assert awaited.startswith('<section class="panel" id="sql" hx-get')
    after = text_of(lead.get(page))
    assert "Upgrade <span" in after and 'id="sqlite-downgrade-4"' in after and "takes data" in after
    assert "hx-get" not in after[after.index('id="sql"') :].partition(">")[0] and "for developer" in after
    file = lead.get("/projects/api/revision-sql/file/?revision=r2&dialect=sqlite&way=upgrade")
    assert file["Content-Disposition"] == 'attachment; filename="api-r2-sqlite-upgrade.sql"'
    assert f"sha256 {sha256}" in file.content.decode() and "CREATE TABLE t2" in file.content.decode()
    assert lead.get("/projects/api/revision-sql/file/?revision=r3&dialect=sqlite&way=upgrade").status_code == 404
    refused = developer.post("/projects/api/revision-sql/", given | {"sha256": "0"}, follow=True)
    assert "has changed since it was shown" in text_of(refused)


def test_it_says_when_and_by_what_an_environment_got_it(lead: Client, site: ViewedSite) -> None:
    run = site.confirm()
    execute_run(run_id=run.pk)
    site.observe()

    page = text_of(lead.get("/projects/api/revisions/r2/"))

    assert f'by <a href="/runs/{run.pk}/">run {run.pk}</a> <time' in page and "first seen <time" in page


def test_many_environments_are_folded_by_what_they_say(lead: Client, site: ViewedSite) -> None:
    more = (f'[projects.api.environments.copy{n}]\nurl = "sqlite:///copy{n}.db"\n' for n in range(8))
    site.configure("\n".join(more))
    for n in range(8):
        site.set_rows(f"copy{n}", "r3")
    site.observe()

    page = text_of(lead.get("/projects/api/revisions/r3/"))

    assert "on 9</span>" in page and "on 1</span>" in page


def test_an_inconsistent_environment_has_what_its_rows_build_on(lead: Client, site: ViewedSite) -> None:
    site.set_rows("production", "r1", "r2")
    site.observe()

    standings = {
        revision: lead.get(f"/projects/api/revisions/{revision}/").context["standings"][0].standings[-1]
        for revision in ("r1", "r2", "r3")
    }

    assert {standing.name for standing in standings.values()} == {"production"}
    assert [standing.badge.word for standing in standings.values()] == ["applied", "applied", "not known"]


def test_who_had_the_file_written_is_told_so_beside_the_review(developer: Client, site: ViewedSite) -> None:
    asking = {"project": "api", "kind": "merge", "message": "m", "created_by": User.objects.get(username="developer")}
    proposal = RevisionProposal.objects.create(**asking, revision="r2", state="written")
    assert "Whoever wrote the file may mark it, too" in text_of(developer.get("/projects/api/revisions/r2/"))

    proposal.written_by = proposal.created_by
    proposal.save()

    assert "You had this file written here." in text_of(developer.get("/projects/api/revisions/r2/"))
