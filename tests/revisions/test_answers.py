"""What a graph keeps is bounded."""

from __future__ import annotations

from dashboard.revisions.answers import Answers


def test_what_is_kept_is_found() -> None:
    answers: Answers[str] = Answers(room=10)
    answers.keep(("a",), "first", 3)
    answers.keep(("b",), "second", 3)

    assert (answers.get(("a",)), answers.get(("b",)), answers.get(("c",))) == ("first", "second", None)


def test_without_room_all_goes_but_the_newest() -> None:
    answers: Answers[str] = Answers(room=10)
    answers.keep(("a",), "first", 6)
    answers.keep(("b",), "second", 6)

    assert (answers.get(("a",)), answers.get(("b",))) == (None, "second")
