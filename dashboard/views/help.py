"""What every word of the dashboard means."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.access import ROLES, SEE, permission
from dashboard.models import Run
from dashboard.revisions.status import State
from dashboard.views.badges import STATE_TONES, STATE_WORDS, Badge, badge_of_run
from dashboard.views.requests import PageRequest

STATES: dict[State, str] = {
    State.CURRENT: "Nothing is left to apply: the path from the rows of the version table to the effective heads is "
    "empty. With depends_on a fully upgraded database may hold fewer rows than there are heads.",
    State.PENDING: "That many revisions would be applied by an upgrade. The list stands in the order of execution.",
    State.UNVERSIONED: "There is no version table, or it is empty. Where other tables exist, no upgrade is offered: it "
    "would begin from nothing. Stamp such a database by hand first.",
    State.FOREIGN_REVISION: "The version table holds a revision that this script directory lacks: the database was "
    "upgraded from another branch or by another project. No upgrade is offered.",
    State.INCONSISTENT: "The rows contradict each other (a revision beside its own ancestor), or the history around "
    "them cannot be built. No upgrade is offered; the page says which row or file to mend.",
    State.UNREACHABLE: "The database could not be read. The reason stands beside it: not configured, refused, timeout, "
    "authentication, no database, permission, locked, or not a version table.",
    State.UNOBSERVED: "The dashboard has not read this database yet.",
}
OUTCOMES: dict[str, str] = {
    Run.Outcome.SUCCEEDED: "The version table holds the target. This is read from the database afterwards, never "
    "taken from an exit code.",
    Run.Outcome.UNCHANGED: "The command ended, but the version table is as before. Often env.py swallowed an error or "
    "never committed.",
    Run.Outcome.ROLLED_BACK: "The run failed, and version table and schema are proven to be as before.",
    Run.Outcome.PARTIAL: "Some revisions are applied and committed, the others are still pending. Mend the cause, then "
    "make a new plan.",
    Run.Outcome.INDETERMINATE: "The run failed, and it cannot be proven what it left. A revision may be half applied. "
    "The page names the backup.",
    Run.Outcome.REFUSED: "The run did not start: something differed from what was confirmed. Nothing was changed.",
}
GATES = (
    ("Changes", "The revisions of the plan can be read, their order is certain, and the environment allows an upgrade. "
     "Each file is pinned by its sha256."),
    ("Backup", "A backup of this very database at these rows, young enough for the environment's policy. One taken by "
     "the dashboard was read through to its end; that it restores is not proven. An attested one rests on a person's "
     "word."),
    ("Confirm", "An operator types the environment's name. The confirmation counts once, for this plan with this "
     "backup, for 15 minutes. Everything is checked again when the run starts."),
)  # fmt: skip
ROLE_WORDS = {
    "lead": "sees every environment, plan, backup and run.",
    "developer": "sees the same, and plans upgrades.",
    "operator": "also takes and attests backups, and confirms plans.",
}


@require_safe
@permission(SEE)
def help_page(request: PageRequest) -> HttpResponse:
    """Each state, outcome, gate and role in a paragraph."""
    context = {
        "states": tuple((Badge(STATE_TONES[state], STATE_WORDS[state]), words) for state, words in STATES.items()),
        "outcomes": tuple(
            (badge_of_run(Run(phase=Run.Phase.SETTLED, outcome=outcome)), words) for outcome, words in OUTCOMES.items()
        ),
        "unsettled": badge_of_run(Run(phase=Run.Phase.UNSETTLED)),
        "gates": GATES,
        "roles": tuple((role, ROLE_WORDS[role]) for role in ROLES),
    }
    return render(request, "help.html", context)
