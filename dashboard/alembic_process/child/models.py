"""The project's models beside a database, by Alembic's own comparison, with nothing written to the database."""

from __future__ import annotations

import re
from typing import Any, Iterator

from dashboard.alembic_process.child.connections import allow_reading_alone
from dashboard.alembic_process.child.environment import run_environment
from dashboard.alembic_process.child.events import Events, Refused


def compare_models(request: dict[str, Any], events: Events, config: Any, script: Any) -> None:
    """One event, `models`: the differences, and of which database with which rows.

    `differences`: [{"operation", "schema", "table", "name", "changes", "text"}], what Alembic would do to the database so
    that it becomes as the models say, in Alembic's order; `changes` of an altered column: [{"what", "before", "after"}];
    `text`: the Python that Alembic would write. With `any_revision` of the request the database need not be at its heads.
    """
    read_models(request, events, config, script)


def read_models(request: dict[str, Any], events: Events, config: Any, script: Any) -> Any:
    """Tells the `models` event, and returns Alembic's RevisionContext, from which the file can be made.

    Of the request: `message`, `head`, `version_path`, `rev_id`, as the options of `alembic revision`; all may be missing.
    """
    from alembic.autogenerate import RevisionContext

    revision_context = RevisionContext(
        config,
        script,
        {
            "message": request.get("message"),
            "autogenerate": True,
            "sql": False,
            "head": request.get("head") or "head",
            "splice": False,
            "branch_label": None,
            "version_path": request.get("version_path") or None,
            "rev_id": request.get("rev_id") or None,
            "depends_on": None,
        },
    )
    told: list[dict[str, Any]] = []
    begun: list[bool] = []
    allow_reading_alone(request.get("connection_settings", {}))

    def compare(rows: tuple[str, ...], context: Any) -> list[Any]:
        if begun:
            raise Refused(
                "env.py compares with more than one database (multidb). Give each database a script directory and a "
                "project of its own."
            )
        begun.append(True)
        at_heads = _check(request, script, rows, context)
        # With depends_on a database holds fewer rows than there are heads, and Alembic would call it not up to date.
        revision_context.run_autogenerate(tuple(script.get_heads()), context)
        told.append({"rows": list(rows), "is_at_heads": at_heads, "place": _place(context.connection)})
        return []

    run_environment(
        request,
        config,
        script,
        compare,
        events,
        dont_mutate=True,
        template_args=revision_context.template_args,
        revision_context=revision_context,
    )
    if not told:
        raise Refused(
            "env.py ended without a comparison: it hides an error, or does not call context.run_migrations()."
        )
    events.emit("models", differences=list(_differences(revision_context)), **told[0])
    return revision_context


def _check(request: dict[str, Any], script: Any, rows: tuple[str, ...], context: Any) -> bool:
    """Whether the database is at the heads. Refused where a comparison would mean nothing."""
    if context.as_sql:
        raise Refused("env.py runs offline, so that there is no database to compare with. Let it connect.")
    if context.opts.get("target_metadata") is None:
        raise Refused(
            "env.py gives Alembic no models: its target_metadata is None. Set it to the MetaData of the project's models."
        )
    pending = [step.revision.revision for step in script._upgrade_revs("heads", rows)]
    if pending and not request.get("any_revision"):
        listed = ", ".join(pending[:3]) + (" and %d more" % (len(pending) - 3) if len(pending) > 3 else "")
        raise Refused(
            "Target database is not up to date: %s %s pending, and would be written once more. Upgrade it first, or choose "
            "another environment." % (listed, "is" if len(pending) == 1 else "are")
        )
    return not pending


def _place(connection: Any) -> dict[str, str]:
    """Which database this is, in the parts of an observation's identity; what cannot be told is left out."""
    if connection.dialect.name == "sqlite":
        return {"file": next((row[2] for row in connection.exec_driver_sql("PRAGMA database_list") if row[2]), "")}
    if connection.dialect.name != "postgresql":
        return {}
    ask = connection.exec_driver_sql
    found = {"database": str(ask("SELECT oid FROM pg_database WHERE datname = current_database()").scalar())}
    if ask("SELECT has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')").scalar():
        found["system"] = str(ask("SELECT system_identifier FROM pg_catalog.pg_control_system()").scalar())
    return found


def _differences(revision_context: Any) -> Iterator[dict[str, Any]]:
    from alembic.autogenerate.render import render_op

    rendering = revision_context._last_autogen_context
    for generated in revision_context.generated_revisions:  # env.py may have taken all of them away
        for operations in generated.upgrade_ops_list:
            for operation in _flat(operations):
                try:
                    text = "\n".join(render_op(rendering, operation))
                except Exception as error:  # of the project's own operations and types
                    text = "# %s cannot be written: %s" % (type(operation).__name__, error)
                yield _describe(operation, text)


def _flat(operations: Any) -> Iterator[Any]:
    from alembic.operations.ops import OpContainer

    for operation in operations.ops:
        if isinstance(operation, OpContainer):
            yield from _flat(operation)
        else:
            yield operation


def _describe(operation: Any, text: str) -> dict[str, Any]:
    words = re.sub(r"Op$", "", type(operation).__name__)
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", words).lower()
    table = getattr(operation, "table_name", "") or getattr(operation, "source_table", "") or ""
    return {
        "operation": kind,
        "schema": getattr(operation, "schema", "") or getattr(operation, "source_schema", "") or "",
        "table": str(table),
        "name": str(_name(operation, kind) or ""),
        "changes": list(_changes(operation)) if kind == "alter_column" else [],
        "text": text,
    }


def _name(operation: Any, kind: str) -> Any:
    """Of the column, index or constraint; empty for what is about the table itself, and for what has no name."""
    if kind == "add_column":
        return operation.column.name
    if kind in ("drop_column", "alter_column"):
        return operation.column_name
    return getattr(operation, "index_name", "") or getattr(operation, "constraint_name", "")


def _changes(operation: Any) -> Iterator[dict[str, str]]:
    """False stands for a default or comment that stays, None for one that goes."""
    if operation.modify_type is not None:
        yield _change("type", repr(operation.existing_type), repr(operation.modify_type))
    if operation.modify_nullable is not None:
        yield _change("nullable", str(operation.existing_nullable), str(operation.modify_nullable))
    if operation.modify_server_default is not False:
        yield _change("default", *map(_default, (operation.existing_server_default, operation.modify_server_default)))
    if operation.modify_comment is not False:
        yield _change("comment", str(operation.existing_comment or ""), str(operation.modify_comment or ""))


def _change(what: str, before: str, after: str) -> dict[str, str]:
    return {"what": what, "before": before, "after": after}


def _default(default: Any) -> str:
    if default is None or default is False:
        return ""
    return str(getattr(default, "arg", default))
