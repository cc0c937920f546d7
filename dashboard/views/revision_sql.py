"""The SQL of one revision, up and down: on its page, asked for, and as a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.text import slugify
from django.views.decorators.http import require_POST, require_safe

from dashboard.access import PLAN, SEE, permission
from dashboard.database_target import Dialect
from dashboard.revisions.records import RevisionRecord
from dashboard.sources.configuration import Project
from dashboard.usecases.read_history import RefRefused
from dashboard.usecases.sql_script import is_incomplete, lines_before, write_script
from dashboard.usecases.write_revision_sql import (
    DialectSql,
    RevisionSqlRefused,
    read_revision_sql,
    request_revision_sql,
)
from dashboard.views.findings import MARKS, Mark, SqlLine, count_lines, sql_lines
from dashboard.views.history_query import read_query
from dashboard.views.requests import PageRequest
from dashboard.views.statuses import find_project

TITLES = {Dialect.POSTGRESQL: "PostgreSQL", Dialect.SQLITE: "SQLite"}


@dataclass(frozen=True, slots=True)
class FoundView:
    """One finding; `line` of the whole text, from 1."""

    rule: str
    message: str
    mark: Mark
    line: int


@dataclass(frozen=True, slots=True)
class WayView:
    """The SQL of one way."""

    way: str
    anchor: str
    """Before the number of a line in its address."""
    link: str
    """The query string of its file."""
    found: tuple[FoundView, ...]
    lines: tuple[SqlLine, ...]
    total: int
    is_incomplete: bool
    is_rehearsed: bool
    """What could not be written is what a rehearsal executed."""


@dataclass(frozen=True, slots=True)
class DialectView:
    """What there is for one dialect."""

    title: str
    sql: DialectSql
    ways: tuple[WayView, ...]


def sql_context(request: PageRequest, project: Project, record: RevisionRecord, ref: str | None) -> dict[str, Any]:
    """What _revision_sql.html shows. SQL is written from the work tree alone, so not for the file of a `ref`."""
    found = read_revision_sql(project, record)
    at_ref = {} if ref is None else {"ref": ref}
    awaited = sum(sql.is_awaited for sql in found)
    return {
        "dialects": [
            DialectView(TITLES[sql.dialect], sql, tuple(_view(sql, way, record, at_ref) for way in sql.ways))
            for sql in found
        ],
        "sql_version": f"awaited-{awaited}",
        "sql_poll": f"?{urlencode({**at_ref, 'part': 'sql', 'seen': f'awaited-{awaited}'})}" if awaited else "",
        "may_write": request.user.has_perm(PLAN) and ref is None,
        "is_at_ref": ref is not None,
    }


@require_POST
@permission(PLAN)
def write_revision_sql(request: PageRequest, project: str) -> HttpResponse:
    """`revision`, the `sha256` of the file as it was shown, and the `dialect`. Its page shows how it comes along."""
    status = find_project(request, project)
    revision = request.POST.get("revision", "")
    record = status.history.graph.records.get(revision)
    try:
        request_revision_sql(
            user=request.user,
            project=status.project,
            record=record,
            sha256=request.POST.get("sha256", ""),
            dialect=request.POST.get("dialect", ""),
        )
    except RevisionSqlRefused as refusal:
        messages.error(request, f"No SQL will be written. {refusal}")
    return redirect("revision", project, revision) if record else redirect("history", project)


@require_safe
@permission(SEE)
def revision_sql_file(request: PageRequest, project: str) -> HttpResponse:
    """`revision`, `dialect` and `way` to download, of the file that the work tree has, or that of `ref`; else a 404."""
    query = read_query(request)
    try:
        status = find_project(request, project, ref=query.ref)
    except RefRefused as error:
        raise Http404(str(error)) from None
    revision, dialect, way = (request.GET.get(name, "") for name in ("revision", "dialect", "way"))
    record = status.history.graph.records.get(revision)
    found = read_revision_sql(status.project, record) if record else ()
    reading = next((sql.ways.get(way) for sql in found if sql.dialect == dialect), None)
    if record is None or reading is None:
        raise Http404("There is no such SQL yet. The revision's page says how to have it written.")
    header = (
        f"-- {way} of {project}'s revision {' '.join(record.revision.split())}, for {dialect}",
        f"-- From {record.path}, sha256 {record.sha256}",
        "",
    )
    incomplete = "-incomplete" if is_incomplete(reading.pieces) else ""
    name = f"{project}-{slugify(record.revision) or 'revision'}-{dialect}-{way}{incomplete}"
    answer = HttpResponse(write_script(reading.pieces, header=header), content_type="application/sql; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.sql"'
    return answer


def _view(sql: DialectSql, way: str, record: RevisionRecord, at_ref: dict[str, str]) -> WayView:
    reading = sql.ways[way]
    named = {"revision": record.revision, "dialect": sql.dialect.value, "way": way}
    before = lines_before(reading.pieces)
    found = tuple(
        FoundView(finding.rule, finding.message, MARKS[finding.level], before[finding.position] + finding.line)
        for finding in reading.findings
    )
    return WayView(
        way=way,
        anchor=f"{sql.dialect}-{way}",
        link=f"?{urlencode(named | at_ref)}",
        found=found,
        lines=sql_lines(reading, [(view.line, view.mark) for view in found]),
        total=count_lines(reading),
        is_incomplete=is_incomplete(reading.pieces),
        is_rehearsed=any(piece.rehearsed for piece in reading.pieces),
    )
