"""Revision files that a person has read. A mark holds for the very bytes that were shown, so an edit voids it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from dashboard import access
from dashboard.models import Review, RevisionProposal
from dashboard.revisions.plan import Action, PlanStep
from dashboard.revisions.records import RevisionRecord
from dashboard.sources.configuration import Project


class ReviewRefused(Exception):
    """The file is not the one that was shown; the message says what to do."""


@dataclass(frozen=True, slots=True)
class ReviewStanding:
    """What is known of one file. `is_void`: only an earlier version was reviewed."""

    review: Review | None
    is_void: bool


def review_revision(
    *, user: AbstractBaseUser | AnonymousUser, project: Project, record: RevisionRecord | None, sha256: str
) -> Review:
    """Marks a file as reviewed; a second mark by anybody changes nothing. Raises PermissionDenied, ReviewRefused.

    `record`: as the history has it now; `sha256`: of the file that the person was shown.
    """
    reviewer = access.require(user, access.REVIEW)
    if record is None:
        raise ReviewRefused("The history has no such revision any more.")
    if record.sha256 != sha256:
        raise ReviewRefused(f"{record.path} has changed since it was shown. Read it again.")
    review, _ = Review.objects.get_or_create(
        project=project.name,
        revision=record.revision,
        sha256=sha256,
        defaults={"path": record.path, "reviewed_by": reviewer},
    )
    return review


def read_review(*, project: Project, record: RevisionRecord) -> ReviewStanding:
    """Of the file as it is now."""
    reviews = Review.objects.filter(project=project.name, revision=record.revision).select_related("reviewed_by")
    found = {review.sha256: review for review in reviews}
    review = found.get(record.sha256)
    return ReviewStanding(review, review is None and bool(found))


def is_written_by(user: AbstractBaseUser | AnonymousUser, *, project: str, revision: str) -> bool:
    """The dashboard wrote the file for this person. Who wrote any other one is not known by an account's name."""
    written = RevisionProposal.objects.filter(project=project, revision=revision, written_by__isnull=False)
    return bool(user.pk) and written.filter(written_by=user.pk).exists()


def list_unreviewed(project: str, steps: Sequence[PlanStep]) -> tuple[str, ...]:
    """Revisions that a plan applies or reverts and whose files nobody has reviewed as they are pinned."""
    executed = [step for step in steps if step.action is not Action.STAMP]
    hashes = {step.sha256 for step in executed}
    reviewed = set(Review.objects.filter(project=project, sha256__in=hashes).values_list("revision", "sha256"))
    return tuple(dict.fromkeys(step.revision for step in executed if (step.revision, step.sha256) not in reviewed))
