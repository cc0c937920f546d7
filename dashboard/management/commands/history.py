"""manage.py history: every revision of a project, newest first."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from dashboard.management.reading import ReadingCommand
from dashboard.usecases.catalogue import configuration
from dashboard.usecases.documents import history_document
from dashboard.usecases.read_history import read_history


class Command(ReadingCommand):
    """Reads the script directory as text; executes nothing."""

    help = "Lists a project's revisions, newest first, and what is wrong with them."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("project")
        parser.add_argument("--ref", help="read a branch, tag or commit instead of the work tree, which stays as it is")

    def read(self, **options: Any) -> tuple[dict[str, Any], list[str], bool]:
        project = configuration().project(options["project"])
        history = read_history(project, ref=options["ref"])
        graph = history.graph
        lines = [history.error] if history.error else []
        lines += [f"{p.path or project.name}: {p.detail} {p.hint}" for p in history.problems]
        marked = (("head", frozenset(graph.heads)), ("base", frozenset(graph.bases)))
        for record in graph.history():
            marks = [mark for mark, ids in marked if record.revision in ids]
            marks += [f"label {label}" for label in record.branch_labels]
            told = f" ({', '.join(marks)})" if marks else ""
            lines.append(f"{record.revision:16} {record.message}{told}")
        heads_are_right = len(graph.effective_heads) == 1 or (project.heads and _are_permanent(project.heads, graph))
        is_well = bool(not history.error and not history.problems and heads_are_right)
        return history_document(history, ref=history.ref), lines, is_well


def _are_permanent(names: tuple[str, ...], graph: Any) -> bool:
    """Each head carries one of the names, as its id or as a label of its branch."""
    labelled = {graph.labels.get(name, name): name for name in names}
    return all(any(head == r or r in graph.ancestors([head]) for r in labelled) for head in graph.effective_heads)
