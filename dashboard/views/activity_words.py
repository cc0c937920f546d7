"""How far long work is, in words: amounts, and the range of what is still to go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.template.defaultfilters import filesizeformat

from dashboard.models import Activity, Backup, Proof, Rehearsal, Run
from dashboard.usecases.expect_durations import DurationRange, expect_end
from dashboard.usecases.follow_work import name_owner
from dashboard.views.moments import say_whole


@dataclass(frozen=True, slots=True)
class ProgressView:
    """What a worker is at: `being written`, of which `12 MB of about 40 MB, table 8 of 40`.

    `since`: the page counts on from there. `rest`: what is to go, empty where nobody knows.
    """

    what: str
    amount: str = ""
    since: datetime | None = None
    rest: str = ""
    value: int = 0
    limit: int = 0
    """Of a bar; 0: there is none."""
    kind: str = ""
    """`restoring`: the same in one word, for a title."""

    @property
    def words(self) -> str:
        """Both in one."""
        return f"{self.what}: {self.amount}" if self.amount else self.what

    @property
    def share(self) -> str:
        """`40 %` for the browser's tab; never a hundred, which would say that it is done."""
        return f"{min(99, 100 * self.value // self.limit)} %" if self.limit and self.value else ""


def current_activity(backup: Backup, work: Proof | Rehearsal | Run | None = None) -> Activity | None:
    """What is done to a backup at the moment for `work`, which goes on; None: while the backup is taken."""
    newest = backup.activities.filter(owner=name_owner(work) if work else "").first()
    return newest if newest is not None and newest.seconds is None else None


def view_activity(activity: Activity, now: datetime) -> ProgressView:
    """With bytes, tables and what is to go, as far as they are known."""
    backup = activity.backup
    amounts = []
    if activity.bytes_done:
        of = f" of about {filesizeformat(activity.bytes_expected)}" if activity.bytes_expected else ""
        amounts.append(f"{filesizeformat(activity.bytes_done)}{of}")
    if backup.tables and activity.tables_done:
        amounts.append(f"table {min(activity.tables_done, backup.tables)} of {backup.tables}")
    by_bytes = activity.kind in {Activity.Kind.COPYING, Activity.Kind.RESTORING}
    value, limit = activity.tables_done, backup.tables or 0
    if by_bytes:
        value, limit = activity.bytes_done, activity.bytes_expected
    return ProgressView(
        what=activity.get_kind_display(),
        amount=", ".join(amounts),
        since=activity.started_at,
        rest=say_rest(expect_end(activity, now)),
        value=min(value, limit),
        limit=limit,
        kind=activity.kind,
    )


def say_rest(rest: DurationRange | None) -> str:
    """`about 5 s to go`, `5 to 9 s to go`, `up to 9 s to go`; empty where it is not known."""
    if rest is None:
        return ""
    if rest.most < 1:
        return "longer than before" if rest.most == 0 and rest.number else "about 1 s to go"
    low, high = say_whole(rest.least), say_whole(rest.most)
    if low == high:
        return f"about {high} to go"
    if rest.least < 1:
        return f"up to {high} to go"
    same_unit = low.endswith(" s") and high.endswith(" s") and low.count(" ") == high.count(" ") == 1
    return f"{low.removesuffix(' s') if same_unit else low} to {high} to go"
