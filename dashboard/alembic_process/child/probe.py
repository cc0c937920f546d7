"""What env.py says of its version table."""

from __future__ import annotations

from typing import Any

from dashboard.alembic_process.child.environment import run_environment
from dashboard.alembic_process.child.events import Events


def probe(request: dict[str, Any], events: Events, config: Any, script: Any) -> None:
    """What env.py says of its version table, found without creating anything."""

    def look(_rows: Any, context: Any) -> list[Any]:
        events.emit(
            "probe",
            dialect=context.dialect.name,
            version_table=context.version_table,
            version_table_schema=context.version_table_schema or "",
            transactional_ddl=bool(context.impl.transactional_ddl),
            transaction_per_migration=bool(context._transaction_per_migration),
        )
        return []

    run_environment(request, config, script, look, events, dont_mutate=True)
