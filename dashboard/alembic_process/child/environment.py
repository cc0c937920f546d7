"""Alembic's configuration and env.py, and that they lead to the database that was confirmed."""

from __future__ import annotations

import os
from typing import Any

from dashboard.alembic_process.child.challenge import is_challenged
from dashboard.alembic_process.child.events import Events, Refused
from dashboard.alembic_process.child.progress import Progress, tell_autocommit


def alembic_config(request: dict[str, Any]) -> Any:
    from alembic.config import Config

    is_toml = request["config"].endswith(".toml")
    named = {"toml_file": request["config"]} if is_toml else {"file_": request["config"]}
    config = Config(ini_section=request["section"], **named)
    if request.get("script_location"):
        config.set_main_option("script_location", request["script_location"].replace("%", "%%"))
    if request.get("version_locations"):
        config.set_main_option("version_locations", os.pathsep.join(request["version_locations"]).replace("%", "%%"))
        config.set_main_option("version_path_separator", "os")
        config.set_main_option("path_separator", "os")
    try:
        config.set_main_option("sqlalchemy.url", request["url"].replace("%", "%%"))
    except ValueError:
        raise RuntimeError("Alembic's configuration did not accept the environment's URL")  # its own text holds it
    return config


def run_environment(
    request: dict[str, Any],
    config: Any,
    script: Any,
    work: Any,
    events: Events,
    progress: Progress | None = None,
    **options: Any,
) -> None:
    from alembic.runtime.environment import EnvironmentContext

    environment = EnvironmentContext(config, script, fn=work, **options)
    plain = environment.configure

    if progress is not None:
        told = progress

        def configure(*args: Any, **kwargs: Any) -> None:
            plain(*args, **kwargs)
            _check_context(environment.get_context(), request, events)
            tell_autocommit(environment.get_context(), told)

        # On the object, not in a subclass: Alembic's `context` module passes calls on by the class itself.
        setattr(environment, "configure", configure)
    with environment:
        script.run_env()


def _check_context(context: Any, request: dict[str, Any], events: Events) -> None:
    """Before the version table is touched: the right table, in the right database."""
    if context.as_sql:
        raise Refused(
            "env.py runs offline, so that nothing would be applied. Let it connect unless Alembic says offline."
        )
    was_in_transaction = _in_transaction(context.connection)
    schema = context.version_table_schema or ""
    if (context.version_table, schema) != (request["version_table"], request["version_table_schema"]):
        raise Refused(
            "env.py uses the version table %s, dashboard.toml says %s. Set version_table and version_table_schema there."
            % (
                _dotted(schema, context.version_table),
                _dotted(request["version_table_schema"], request["version_table"]),
            )
        )
    challenge = request["challenge"]
    if context.dialect.name != challenge["kind"]:
        raise Refused("env.py connected to %s, the plan is for %s." % (context.dialect.name, challenge["kind"]))
    if not is_challenged(context.connection, challenge):
        raise Refused(
            "env.py connected to another database than the one that was confirmed and backed up. Nothing was changed. "
            "Let env.py use sqlalchemy.url, DATABASE_URL or the DATABASE_ variables that it is given."
        )
    events.emit(
        "context",
        transactional_ddl=bool(context.impl.transactional_ddl),
        transaction_per_migration=bool(context._transaction_per_migration),
    )
    if not was_in_transaction and _in_transaction(context.connection):
        context.connection.rollback()


def _dotted(schema: str, table: str) -> str:
    return "%s.%s" % (schema, table) if schema else table


def _in_transaction(connection: Any) -> bool:
    return bool(connection.in_transaction())
