"""Pages of new revision files: asked for, shown, written, downloaded."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import alembic
import pytest
from django.test import Client
from django.utils import timezone

from dashboard.models import RevisionProposal
from dashboard.usecases.prepare_proposal import prepare_proposal_now
from tests.views.conftest import SignIn, ViewedSite, text_of

NEW = "/projects/api/new-revision/"
MERGE = {"kind": "merge", "head": ["left", "right"], "message": 'merge "both" <b>'}
State = RevisionProposal.State


@pytest.fixture
def two_heads(site: ViewedSite) -> ViewedSite:
    """left and right follow r3; the project is writable."""
    site.project.add("left", "pass", down="r3", message="go left")
    site.project.add("right", "pass", down="r3")
    template = Path(alembic.__file__).parent / "templates" / "generic" / "script.py.mako"
    (site.project.directory / "alembic" / "script.py.mako").write_text(template.read_text())
    make_writable(site)
    return site


def make_writable(site: ViewedSite) -> None:
    path = site.folder / "dashboard.toml"
    path.write_text(path.read_text().replace("[projects.api]\n", "[projects.api]\nwritable = true\n", 1))


def ask(client: Client, **other: str) -> RevisionProposal:
    """For the merge, and prepared as the worker would."""
    answer = client.post(NEW, MERGE | other)
    assert answer.status_code == 302
    (proposal,) = RevisionProposal.objects.all()
    assert answer.headers["Location"] == f"/proposals/{proposal.pk}/"
    prepare_proposal_now(proposal_id=proposal.pk)
    proposal.refresh_from_db()
    return proposal


def test_history_and_branches_lead_to_the_merge_with_its_heads(developer: Client, two_heads: ViewedSite) -> None:
    history = text_of(developer.get("/projects/api/history/"))

    address = f"{NEW}?kind=merge&amp;head=left&amp;head=right"
    assert address in history or f"{NEW}?kind=merge&amp;head=right&amp;head=left" in history
    page = text_of(developer.get(NEW, {"kind": "merge", "head": ["left", "right"]}))
    assert page.count("checked") == 2 and "merge left and right" in page and "go left" in page


def test_while_a_worker_is_at_it_the_page_asks_again(developer: Client, two_heads: ViewedSite) -> None:
    address = developer.post(NEW, MERGE).headers["Location"]

    assert "?part=body&amp;seen=queued" in text_of(developer.get(address))
    assert "Reload to see the file" in text_of(developer.get(address))
    htmx = {"HX-Request": "true"}
    assert developer.get(address, {"part": "body", "seen": "queued"}, headers=htmx).status_code == 204
    prepare_proposal_now(proposal_id=RevisionProposal.objects.get().pk)
    ended = developer.get(address, {"part": "body", "seen": "queued"}, headers=htmx)
    assert ended.status_code == 286
    assert "Write this file" in text_of(ended) and "hx-get" not in text_of(ended)


def test_a_developer_reads_the_file_and_writes_it(developer: Client, two_heads: ViewedSite) -> None:
    proposal = ask(developer)
    page = text_of(developer.get(f"/proposals/{proposal.pk}/"))

    answer = developer.post(f"/proposals/{proposal.pk}/writing/", {"sha256": proposal.sha256}, follow=True)

    assert "&lt;b&gt;" in page and "<b>" not in page and "Write this file" in page
    written = text_of(answer)
    assert "is in the work tree" in written and f"/projects/api/revisions/{proposal.revision}/" in written
    assert (two_heads.project.directory / proposal.path).read_text() == proposal.content
    assert f"wrote revision {proposal.revision}" in text_of(developer.get("/audit/"))


def test_a_second_tab_is_told_that_it_is_written_already(developer: Client, two_heads: ViewedSite) -> None:
    proposal = ask(developer, message="once")
    form = {"sha256": proposal.sha256}
    developer.post(f"/proposals/{proposal.pk}/writing/", form)

    second = text_of(developer.post(f"/proposals/{proposal.pk}/writing/", form, follow=True))

    assert (
        f"The file {proposal.path} was written already, by developer." in second
        and "Nothing was written." not in second
    )


def test_what_may_not_be_written_can_be_downloaded(developer: Client, two_heads: ViewedSite) -> None:
    two_heads.configure()
    proposal = ask(developer, message="größer und schöner")

    page = text_of(developer.get(f"/proposals/{proposal.pk}/"))
    file = developer.get(f"/proposals/{proposal.pk}/file/")
    refused = text_of(developer.post(f"/proposals/{proposal.pk}/writing/", {"sha256": proposal.sha256}, follow=True))

    assert "Write this file" not in page and "alembic merge -m" in page
    assert file.content.decode() == proposal.content
    assert file.headers["Content-Disposition"].endswith("_gr%C3%B6%C3%9Fer_und_sch%C3%B6ner.py")
    assert "Nothing was written." in refused
    assert not (two_heads.project.directory / proposal.path).exists()


def test_a_lead_may_look_and_nothing_else(lead: Client, developer: Client, two_heads: ViewedSite) -> None:
    proposal = ask(developer)

    assert lead.get(NEW).status_code == lead.post(NEW, MERGE).status_code == 403
    for action in ("writing", "discarding"):
        assert lead.post(f"/proposals/{proposal.pk}/{action}/", {"sha256": proposal.sha256}).status_code == 403
    page = text_of(lead.get(f"/proposals/{proposal.pk}/"))
    assert "A developer or an operator can write it" in page and "<button" not in page.split("proposal-body")[1]
    assert "New revision" not in text_of(lead.get("/projects/api/history/"))
    proposal.refresh_from_db()
    assert proposal.state == State.READY


def test_a_stranger_gets_no_address(sign_in: SignIn, developer: Client, two_heads: ViewedSite) -> None:
    proposal = ask(developer)

    for address in (NEW, f"/proposals/{proposal.pk}/", f"/proposals/{proposal.pk}/file/"):
        assert sign_in("nobody").get(address).status_code == 403


def test_what_was_asked_for_wrongly_stays_in_the_form(developer: Client, site: ViewedSite) -> None:
    answer = developer.post(NEW, {"kind": "autogenerate", "environment": "staging", "message": 'a """ b'})

    assert answer.status_code == 400
    assert "three quotes" in text_of(answer)
    assert 'value="a &quot;&quot;&quot; b"' in text_of(answer) and "checked" in text_of(answer)
    assert not RevisionProposal.objects.exists()


def test_a_history_that_alembic_cannot_load_offers_no_new_revision(developer: Client, site: ViewedSite) -> None:
    (site.project.directory / "alembic" / "versions" / "bad.py").write_text("nothing = 1\n")

    page = text_of(developer.get(NEW))

    assert "No revision can be added" in page and "bad.py" in page and "Compare, and show" not in page


def test_one_that_was_discarded_offers_nothing_more(developer: Client, two_heads: ViewedSite) -> None:
    proposal = ask(developer)

    developer.post(f"/proposals/{proposal.pk}/discarding/")

    page = text_of(developer.get(f"/proposals/{proposal.pk}/"))
    assert "It was discarded." in page and "Write this file" not in page


def test_the_first_database_at_the_head_is_chosen_and_the_others_say_why_they_cannot_be(
    developer: Client, site: ViewedSite
) -> None:
    page = text_of(developer.get(NEW, {"environment": "production"}))

    assert 'value="staging" required checked' in page and 'value="production"' not in page
    assert page.count("What is pending there would be written once more. Upgrade it first.") == 1


def test_without_a_database_at_the_head_nothing_can_be_compared(developer: Client, site: ViewedSite) -> None:
    site.set_rows("staging", "elsewhere")
    site.observe()

    page = text_of(developer.get(NEW))

    assert "It holds a revision that the work tree lacks." in page and "None of them is at the head" in page
    assert "Compare, and show the revision" not in page


def test_it_lists_what_was_asked_for_before_the_newest_first(developer: Client, two_heads: ViewedSite) -> None:
    assert "Nobody has asked for a revision file of The API yet." in text_of(developer.get(NEW))
    for number in range(22):
        developer.post(NEW, MERGE | {"message": f"merge number {number}"})

    page = text_of(developer.get(NEW))
    everything = text_of(developer.get(NEW, {"earlier": "all"}))

    assert page.index("merge number 21<") < page.index("merge number 20<") and "merge number 1<" not in page
    assert "waits for a worker" in page and "by developer" in page and "Show all 22" in page
    assert everything.count("/proposals/") == 22 and "Show all" not in everything


def test_one_that_waits_for_long_says_that_no_worker_may_be_running(developer: Client, two_heads: ViewedSite) -> None:
    address = developer.post(NEW, MERGE).headers["Location"]
    assert "none is running" not in text_of(developer.get(address))

    RevisionProposal.objects.update(created_at=timezone.now() - timedelta(minutes=2))

    assert "all may be busy, or none is running" in text_of(developer.get(address))
