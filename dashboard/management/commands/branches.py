"""manage.py branches: every branch, and what merging it would mean for the history."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError, CommandParser

from dashboard.management.reading import USAGE, ReadingCommand
from dashboard.revisions.branches import Verdict
from dashboard.usecases.branches_document import branches_document
from dashboard.usecases.catalogue import configuration
from dashboard.usecases.compare import SideRefused
from dashboard.usecases.read_branches import Branch, read_branches


class Command(ReadingCommand):
    """Reads git; fetches and changes nothing. `--check` fails if any branch needs a merge, or conflicts."""

    help = "Lists every branch with its heads and what merging it would mean for the history."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("project")
        parser.add_argument(
            "--onto", default="", metavar="GITREF", help="what they would be merged into; default: main"
        )

    def read(self, **options: Any) -> tuple[dict[str, Any], list[str], bool]:
        project = configuration().project(options["project"])
        try:
            reading = read_branches(project=project, onto=options["onto"])
        except SideRefused as error:
            raise CommandError(str(error), returncode=USAGE) from None
        bad = {Verdict.CONFLICT, Verdict.MERGE_NEEDED}
        is_well = not any(b.judgement and (b.judgement.verdict in bad or b.rivals) for b in reading.branches)
        lines = [f"Into {reading.onto} at commit {reading.commit[:12]}: {', '.join(reading.heads) or 'no revision'}."]
        lines += [line for branch in reading.branches for line in _lines(branch)]
        return branches_document(project, reading), lines, is_well


def _lines(branch: Branch) -> Iterator[str]:
    found = branch.judgement
    if found is None:
        yield f"{branch.ref.name:40} no script directory  {branch.error}"
        return
    heads = ", ".join(found.heads_after_merge)
    yield f"{branch.ref.name:40} {found.verdict.value.replace('_', ' '):16} brings {len(found.added)}, heads: {heads}"
    for conflict in found.conflicts:
        yield f"    {' '.join(filter(None, (conflict.revision, conflict.right_path)))}: {conflict.detail}"
    if branch.collision:
        yield f"    {branch.collision}."
    for own, other in branch.rivals:
        yield f"    {own} merges what {other} merges by another revision."
