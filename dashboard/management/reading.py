"""What the commands status, history, plan and doctor share: arguments, JSON, and errors without a traceback."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.utils import OperationalError, ProgrammingError

from dashboard.plain_text import clean_line
from dashboard.sources.configuration import ConfigurationError, NotConfigured, UnknownName
from dashboard.usecases.child_work import ChildFailed
from dashboard.usecases.compose_plan import PlanRefused
from dashboard.usecases.read_history import RefRefused

USAGE = 2
CHECK_FAILED = 1


class ReadingCommand(BaseCommand):
    """Exits 0; 1 when `--check` fails; 2 with a message on standard error when it could not do its work."""

    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the document that the JSON API returns")
        parser.add_argument("--check", action="store_true", help="exit 1 unless all is well, for CI")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            document, lines, is_well = self.read(**options)
        except ConfigurationError as error:
            raise CommandError(str(error), returncode=USAGE) from None
        except (UnknownName, PlanRefused, NotConfigured, ChildFailed, RefRefused) as error:
            raise CommandError(str(error.args[0] if error.args else error), returncode=USAGE) from None
        except (OperationalError, ProgrammingError) as error:
            message = f"The dashboard's own storage cannot be used ({error}). Run: manage.py migrate"
            raise CommandError(message, returncode=USAGE) from None
        if options["json"]:
            self.stdout.write(json.dumps(document, indent=2, ensure_ascii=False))
        else:
            for line in lines:
                self.stdout.write(clean_line(line))
        if options["check"] and not is_well:
            raise SystemExit(CHECK_FAILED)

    def read(self, **options: Any) -> tuple[dict[str, Any], list[str], bool]:
        """The document, the lines for a person, and whether `--check` is content."""
        raise NotImplementedError
