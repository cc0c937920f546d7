"""manage.py compare: what each of two sides has alone, and what they become once they are merged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError, CommandParser

from dashboard.management.reading import USAGE, ReadingCommand
from dashboard.revisions.comparison import Comparison
from dashboard.usecases.catalogue import configuration
from dashboard.usecases.compare import ComparedSides, SideRefused, compare
from dashboard.usecases.compare_sides import ComparedSide
from dashboard.usecases.comparison_document import comparison_document
from dashboard.usecases.merge_commands import merge_commands
from dashboard.usecases.observe import observe_environments


class Command(ReadingCommand):
    """Reads files, git and the latest observations; changes nothing. `--check` fails if a merge is needed, or conflicts."""

    help = "Compares the heads of environments, git refs and the work tree, and predicts the merged history."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("project")
        for side, words in (("left", "what is there: main, say"), ("right", "what would be merged into it")):
            parser.add_argument(side, help=f"{words}; env:NAME, ref:GITREF or heads (the work tree)")
        parser.add_argument("--refresh", action="store_true", help="read the databases of the environments named first")

    def read(self, **options: Any) -> tuple[dict[str, Any], list[str], bool]:
        project = configuration().project(options["project"])
        sides = (options["left"], options["right"])
        if options["refresh"]:
            for name in dict.fromkeys(side.removeprefix("env:") for side in sides if side.startswith("env:")):
                observe_environments(project=project.name, environment=name)
        try:
            compared = compare(project=project, left=sides[0], right=sides[1])
        except SideRefused as error:
            raise CommandError(str(error), returncode=USAGE) from None
        return comparison_document(compared), list(_lines(compared)), compared.comparison.is_clean


def _lines(compared: ComparedSides) -> Iterator[str]:
    found = compared.comparison
    for side in (compared.left, compared.right):
        yield _side_line(side)
    yield f"The right side is {found.relation.value}. {found.common_count} revisions in common."
    yield from (f"Latest common ancestor: {record.revision} {record.message}" for record in found.common)
    for side, records in ((compared.left, found.only_left), (compared.right, found.only_right)):
        yield from (f"Only in {side.text}: {record.revision} {record.message}  {record.path}" for record in records)
    for one, other in found.differing:
        yield f"Differs: {one.revision} {one.message}  {' and '.join(dict.fromkeys((one.path, other.path)))}"
    yield from _merge_lines(compared, found)
    for conflict in found.conflicts:
        place = conflict.right_path or conflict.left_path
        named = " ".join(filter(None, (conflict.revision, place)))
        yield f"Conflict ({conflict.kind.value.replace('_', ' ')}) {named}: {conflict.detail} {conflict.hint}"
    for shared in compared.tables.shared:
        yield f"Table {shared.table} is touched on both sides, {shared.judgement.value.replace('_', ' ')}: {shared.why}"
    for revision, note in compared.tables.unclear:
        yield f"Not understood in {revision}, line {note.line}: {note.text}"


def _side_line(side: ComparedSide) -> str:
    at = f" at commit {side.commit[:12]}" if side.commit else ""
    seen = f", seen {side.observed_at:%Y-%m-%d %H:%M:%S %Z}" if side.observed_at else ""
    return " ".join(filter(None, (f"{side.text}{at}{seen}: {', '.join(side.history.heads) or 'nothing'}.", side.note)))


def _merge_lines(compared: ComparedSides, found: Comparison) -> Iterator[str]:
    heads = ", ".join(record.revision for record in found.heads_after_merge) or "none"
    yield f"Heads with both sides merged: {heads}."
    if not found.merge_needed:
        return
    yield "Merge needed."
    yield from (f"  {command}" for command in merge_commands(compared.project, found.to_merge))
    for group in (group for group in found.to_merge if len(group) == 1):
        yield f"  {group[0]} lies on none of the permanent lines: let it follow a revision of one of them."
    for edit in found.reparentings:
        yield f'  Instead: in {edit.record.path} write down_revision = "{edit.down_revision}".'
