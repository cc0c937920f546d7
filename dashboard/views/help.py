"""What every word of the dashboard means."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.access import SEE, permission
from dashboard.models import Run
from dashboard.views import help_words as words
from dashboard.views.badges import STATE_TONES, STATE_WORDS, Badge, badge_of_run
from dashboard.views.comparison_words import badge_of_verdict
from dashboard.views.findings import MARKS
from dashboard.views.proposal_words import badge_of_proposal
from dashboard.views.requests import PageRequest


@require_safe
@permission(SEE)
def help_page(request: PageRequest) -> HttpResponse:
    """Each state, reason, gate, outcome and role in a paragraph; `#state-pending` and the like lead to one."""
    context = {
        "states": tuple((s.value, Badge(STATE_TONES[s], STATE_WORDS[s]), text) for s, text in words.STATES.items()),
        "beside": tuple((name, Badge(_BESIDE[name], name), text) for name, text in words.BESIDE),
        "reasons": tuple((reason.value.replace("_", " "), text) for reason, text in words.REASONS.items()),
        "gates": tuple(words.GATES.items()),
        "outcomes": (
            *((o, badge_of_run(Run(phase=Run.Phase.SETTLED, outcome=o)), text) for o, text in words.OUTCOMES.items()),
            ("cancelled", badge_of_run(_CANCELLED), words.CANCELLED),
            ("queued", badge_of_run(Run(phase=Run.Phase.QUEUED)), words.QUEUED),
            ("unsettled", badge_of_run(Run(phase=Run.Phase.UNSETTLED)), words.UNSETTLED),
        ),
        "causes": tuple((Run.Cause(cause).label, text) for cause, text in words.CAUSES.items()),
        "directions": tuple((name.replace("_", " "), text) for name, text in words.DIRECTIONS.items()),
        "findings": tuple((MARKS[level], text) for level, text in words.FINDINGS.items()),
        "backups": tuple((Badge(_PROVEN.get(name, "waiting"), name), text) for name, text in words.BACKUPS),
        "verdicts": tuple((badge_of_verdict(verdict), text) for verdict, text in words.VERDICTS.items()),
        "proposals": tuple((badge_of_proposal(state), text) for state, text in words.PROPOSALS.items()),
        "attention": words.ATTENTION,
        "roles": tuple(words.ROLES.items()),
        "keys": words.KEYS,
    }
    return render(request, "help.html", context)


_CANCELLED = Run(phase=Run.Phase.SETTLED, outcome=Run.Outcome.REFUSED, cause=Run.Cause.CANCELLED)
_BESIDE = {"stale": "waiting", "drift": "drift", "running": "running"}
_PROVEN = {"restored and compared": "current", "read, not restored": "read"}
