"""What a lead must look at first: faults, worst first, each one sentence and one link. Pending alone is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone

from dashboard.models import Run
from dashboard.revisions.alterations import Alteration
from dashboard.revisions.status import State
from dashboard.usecases.keep_applied_files import read_last_applied
from dashboard.usecases.read_alterations import read_alterations
from dashboard.usecases.read_drift import count_drift
from dashboard.usecases.read_status import EnvironmentStatus, ProjectStatus
from dashboard.views.alterations import NAMED, say_environments
from dashboard.views.badges import BAD_OUTCOMES, STATE_TONES, STATE_WORDS, Badge, badge_of_run

GROUPED_FROM = 4
"""So many faults of one kind become one line."""
_FILTERS = {"failed run": "failed_run", "waiting": State.PENDING.value}
_MANY = {"failed run": "failed runs", State.FOREIGN_REVISION: "foreign revisions", "waiting": "pending for long"}
_STATES = (State.INCONSISTENT, State.FOREIGN_REVISION, State.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class Item:
    """`subject` in bold, then `text`; `action` names what the link `href` shows."""

    kind: str
    badge: Badge
    subject: str
    text: str
    action: str
    href: str


def list_attention(projects: Iterable[ProjectStatus]) -> tuple[Item, ...]:
    """Histories that cannot be read, then environments by kind of fault, in the order of dashboard.toml."""
    projects = tuple(projects)
    pairs = [(p, e) for p in projects for e in p.environments]
    items = [item for p in projects for item in _project_items(p)]
    for state in _STATES:
        items += _grouped([_state_item(p, e) for p, e in pairs if e.status.state is state])
    of_runs = [item for p, e in pairs for item in _run_items(p, e)]
    for kind in ("unsettled", "failed run"):
        items += _grouped([item for item in of_runs if item.kind == kind])
    items += _grouped(list(_waiting_items(pairs)))
    items += _grouped([_drift_item(p, e, number) for p, e in pairs if (number := count_drift(e.drift))])
    items += _grouped([_stale_item(p, e) for p, e in pairs if e.stale and e.status.state not in _STATES])
    return tuple(items)


def _project_items(status: ProjectStatus) -> Iterator[Item]:
    href = reverse("history", args=[status.project.name])
    if status.history.error:
        badge = Badge("failed", "cannot be read")
        yield Item("history", badge, status.project.title, status.history.error, "Show the history", href)
        return
    problems = status.history.problems
    if problems:
        number = len(problems)
        badge = Badge("failed", f"{number} problem{'s' if number > 1 else ''}")
        more = f" And {number - 1} more." if number > 1 else ""
        text = f"script directory: {problems[0].detail}{more}"
        yield Item("history", badge, status.project.title, text, "Show the problems", href)
    yield from _alteration_items(status)
    heads = len(status.history.graph.effective_heads)
    if heads > max(1, len(status.project.heads)):
        text = f"{heads} heads, so a merge is needed. An upgrade asks for a target until then."
        yield Item("heads", Badge("drift", f"{heads} heads"), status.project.title, text, "Show the heads", href)


def _alteration_items(status: ProjectStatus) -> Iterator[Item]:
    """Applied revisions whose file is no longer what the databases got."""
    found = read_alterations(status)
    if found:
        first, number = found[0], len(found)
        more = f" And {number - 1} more." if number > 1 else ""
        text = f"{_say_alteration(first)}{more}"
        href = reverse("alterations", args=[status.project.name])
        badge = Badge("drift", f"{number} altered" if number > 1 else f"{first.kind} after use")
        yield Item("altered", badge, status.project.title, text, "Show what changed", href)


def _say_alteration(found: Alteration) -> str:
    """Of many environments their number and the first ones, which come last."""
    names, number = say_environments(found.environments), len(found.environments)
    if number > NAMED:
        return f"{number} environments got revision {found.applied.revision} before it was {found.kind}: {names}."
    return f"revision {found.applied.revision} was {found.kind} after {names} got it."


def _state_item(project: ProjectStatus, status: EnvironmentStatus) -> Item:
    href = _environment_href(project, status)
    state = status.status.state
    actions = {State.INCONSISTENT: "Show the rows", State.FOREIGN_REVISION: "Show the revision"}
    return Item(
        state.value,
        Badge(STATE_TONES[state], STATE_WORDS[state]),
        _name(project, status),
        status.status.detail or "It cannot be judged.",
        actions.get(state, "Show the reading"),
        href,
    )


def _run_items(project: ProjectStatus, status: EnvironmentStatus) -> Iterator[Item]:
    run = status.active_run
    if run is not None and run.phase == Run.Phase.UNSETTLED:
        text = f"run {run.pk} has not settled: what it left in the database is not known yet."
        yield Item("unsettled", badge_of_run(run), _name(project, status), text, *_run_link(run))
    last = status.last_run
    if run is None and last is not None and last.outcome in BAD_OUTCOMES and status.status.state is not State.CURRENT:
        text = f"the last run failed: {last.detail or last.get_outcome_display()}"
        yield Item("failed run", badge_of_run(last), _name(project, status), text, *_run_link(last))


def _waiting_items(pairs: Iterable[tuple[ProjectStatus, EnvironmentStatus]]) -> Iterator[Item]:
    """Environments that got no revision for longer than their `upgrade_within`, though some are pending."""
    waiting = [(p, e) for p, e in pairs if e.status.state is State.PENDING and e.environment.upgrade_within]
    last = read_last_applied(sorted({p.project.name for p, _ in waiting}))
    now = timezone.now()
    for project, status in waiting:
        at = last.get((project.project.name, status.environment.name))
        limit = status.environment.upgrade_within
        if at is not None and limit is not None and now - at > limit:
            days, number = (now - at).days, len(status.status.pending)
            since = f"{days} day{'' if days == 1 else 's'}" if days else "hours"
            text = f"nobody upgraded it for {since}; {number} revision{'' if number == 1 else 's'} pending."
            badge = Badge("pending", f"pending {number}")
            href = _environment_href(project, status)
            yield Item("waiting", badge, _name(project, status), text, "Show what is pending", href)


def _drift_item(project: ProjectStatus, status: EnvironmentStatus, number: int) -> Item:
    at_head = "at the head, but its" if status.status.state is State.CURRENT else "its"
    text = f"{at_head} schema is not what it should be: {number} difference{'' if number == 1 else 's'}."
    href = f"{_environment_href(project, status)}#drift"
    return Item("drift", Badge("drift", f"drift {number}"), _name(project, status), text, "Show the differences", href)


def _stale_item(project: ProjectStatus, status: EnvironmentStatus) -> Item:
    text = "not read for longer than its stale_after. Is the observer running?"
    href = _environment_href(project, status)
    return Item("stale", Badge("waiting", "stale"), _name(project, status), text, "Show the reading", href)


def _grouped(items: list[Item]) -> list[Item]:
    """Four and more of one kind as one line that leads to the filtered list."""
    if len(items) < GROUPED_FROM:
        return items
    first = items[0]
    text = f"and {len(items) - 1} more. The first: {first.text}"
    href = f"{reverse('overview')}?state={_FILTERS.get(first.kind, first.kind)}"
    word = f"{len(items)} {_MANY.get(first.kind, first.kind)}"
    return [Item(first.kind, Badge(first.badge.tone, word), first.subject, text, f"Show all {len(items)}", href)]


def _name(project: ProjectStatus, status: EnvironmentStatus) -> str:
    return f"{project.project.title} / {status.environment.name}"


def _environment_href(project: ProjectStatus, status: EnvironmentStatus) -> str:
    return reverse("environment", args=[project.project.name, status.environment.name])


def _run_link(run: Run) -> tuple[str, str]:
    return f"Show run {run.pk}", reverse("run", args=[run.pk])
