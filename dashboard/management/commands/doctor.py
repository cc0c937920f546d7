"""manage.py doctor: what works, what does not, and what to mend."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dashboard.management.reading import CHECK_FAILED, USAGE
from dashboard.plain_text import clean_line
from dashboard.sources.configuration import ConfigurationError
from dashboard.usecases.examine_installation import examine_installation


class Command(BaseCommand):
    """Exits 0 when all is well, 1 when something is to be mended, 2 when dashboard.toml cannot be used."""

    help = "Checks configuration, interpreters, script directories, databases and backup tools, and says what to mend."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        to_mend = 0
        try:
            for diagnosis in examine_installation():
                mark = "ok  " if diagnosis.is_well else "MEND"
                self.stdout.write(clean_line(f"{mark} {diagnosis.subject}: {diagnosis.words}"))
                if not diagnosis.is_well:
                    to_mend += 1
                    self.stdout.write(clean_line(f"     {diagnosis.mend}"))
        except ConfigurationError as error:
            raise CommandError(str(error), returncode=USAGE) from None
        if to_mend:
            raise SystemExit(CHECK_FAILED)
