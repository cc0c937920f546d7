"""An operator lets a plan pass whose rehearsals exceeded a budget, with a reason that is kept."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from dashboard import access
from dashboard.gate.rehearsal_policy import say_exceeded
from dashboard.models import Plan, RehearsalOverride
from dashboard.usecases.catalogue import find_environment, masker_for
from dashboard.usecases.read_rehearsals import rehearsal_facts, rehearsal_policy, rehearsals_of
from dashboard.usecases.review_plan import newest_backup

LONGEST_REASON = 1_000


class OverrideRefused(Exception):
    """Nothing was let pass; the message says why and what to do."""


def override_rehearsal(
    *, user: AbstractBaseUser | AnonymousUser, project: str, environment: str, plan: int, reason: str
) -> RehearsalOverride:
    """For this plan (whatever has its fingerprint) on the newest backup. Raises OverrideRefused, PermissionDenied.

    Only a budget can be let pass: a rehearsal that did not come to its end cannot.
    """
    operator = access.require(user, access.CONFIRM)
    _project, e = find_environment(project, environment)
    said = masker_for(e).mask(reason.strip())[:LONGEST_REASON]
    if not said:
        raise OverrideRefused("Say why the budget may be exceeded: the reason is kept with your name.")
    found = Plan.objects.filter(pk=plan, project=project, environment=environment).first()
    policy = rehearsal_policy(e)
    if found is None or policy is None:
        raise OverrideRefused("The plan is gone, or its environment asks for no rehearsal. Open the plan again.")
    backup = newest_backup(project, environment)
    facts = rehearsal_facts(found, backup)
    exceeded = say_exceeded(facts, policy)
    if not facts.has_passed or not exceeded:
        raise OverrideRefused("No budget is exceeded by a rehearsal on the newest backup. Open the plan again.")
    return RehearsalOverride.objects.create(
        rehearsal=rehearsals_of(found, backup)[0], given_by=operator, exceeded=" ".join(exceeded), reason=said
    )
