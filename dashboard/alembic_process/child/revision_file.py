"""The text of a revision file that Alembic would write, which is not written here."""

from __future__ import annotations

import os
import tempfile
from typing import Any, Callable

from dashboard.alembic_process.child.connections import allow_reading_alone
from dashboard.alembic_process.child.environment import run_environment
from dashboard.alembic_process.child.events import Events, Refused
from dashboard.alembic_process.child.models import read_models


def autogenerate(request: dict[str, Any], events: Events, config: Any, script: Any) -> None:
    """`alembic revision --autogenerate`, up to the moment of writing. Tells `models`, then `file` unless nothing differs."""
    revision_context = read_models(request, events, config, script)
    generated = revision_context.generated_revisions
    if len(generated) > 1:
        raise Refused(
            "env.py's process_revision_directives makes %d files at once, which is not offered here. Run the command in a "
            "shell." % len(generated)
        )
    if not generated or all(operations.is_empty() for operations in generated[0].upgrade_ops_list):
        return
    _tell_file(events, script, lambda: list(revision_context.generate_scripts()))


def merge(request: dict[str, Any], events: Events, config: Any, script: Any) -> None:
    """`alembic merge`, up to the moment of writing: one `file` event. `heads` of the request: whole revision ids.

    env.py is run only where the configuration says revision_environment, and may then read alone.
    """
    from alembic.util import rev_id

    template_args: dict[str, Any] = {"config": config}
    if _runs_environment(config):
        allow_reading_alone(request.get("connection_settings", {}))
        run_environment(
            request, config, script, lambda *_: [], events, dont_mutate=True, as_sql=False, template_args=template_args
        )
    _tell_file(
        events,
        script,
        lambda: script.generate_revision(
            request.get("rev_id") or rev_id(),
            request["message"],
            refresh=True,
            head=tuple(request["heads"]),
            version_path=request.get("version_path") or None,
            **template_args,
        ),
    )


class _Rendered(Exception):
    """Thrown where Alembic would write: what and whereto."""

    def __init__(self, path: str, content: bytes, values: dict[str, Any]) -> None:
        super().__init__(path)
        self.path = path
        self.content = content
        self.values = values


def _tell_file(events: Events, script: Any, generate: Callable[[], Any]) -> None:
    """`path`, absolute; `content`; `revision`, its id; `hooks`, the names of post_write_hooks, which are not run."""

    def render(source: Any, destination: Any, **values: Any) -> None:
        from alembic.util import template_to_file

        with tempfile.TemporaryDirectory() as folder:
            place = os.path.join(folder, "revision.py")
            template_to_file(source, place, script.output_encoding, **values)
            with open(place, "rb") as file:
                content = file.read()
        raise _Rendered(os.path.abspath(destination), content, values)

    # On the object: Alembic's own decides on heads, folder, name and values, and then hands them over.
    script._generate_template = render
    script._ensure_directory = lambda _path: None
    try:
        generate()
    except _Rendered as found:
        try:
            content = found.content.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused(
                "The project's output_encoding is %s, which is not offered here. Run the command in a shell."
                % script.output_encoding
            )
        events.emit(
            "file",
            path=found.path,
            content=content,
            revision=found.values["up_revision"],
            hooks=_hook_names(script),
        )
        return
    raise Refused("Alembic wrote no file.")


def _hook_names(script: Any) -> str:
    """As the configuration lists them, `black, ruff` say; empty where there are none."""
    if hasattr(script, "hooks"):
        return ", ".join(str(hook["_hook_name"]) for hook in script.hooks)
    return str(script.hook_config.get("hooks", ""))  # before Alembic 1.16


def _runs_environment(config: Any) -> bool:
    from alembic.util import asbool

    option = getattr(config, "get_alembic_option", config.get_main_option)  # the former since Alembic 1.16
    return bool(asbool(option("revision_environment")))
