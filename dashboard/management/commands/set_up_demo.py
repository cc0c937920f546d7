"""`manage.py set_up_demo [--reset]`: what `make run` does before it serves."""

from __future__ import annotations

import os
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.usecases.set_up_demo import ACCOUNTS, DemoDatabase, DemoRefused, set_up_demo


class Command(BaseCommand):
    """Brings the storage up to date, gathers static files, makes accounts and databases. Safe to repeat."""

    help = "Set up the demo: storage, static files, accounts and three databases of the reference project."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reset", action="store_true", help="put the databases back to where they began")

    def handle(self, *_: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        try:
            databases = set_up_demo(reset=options["reset"])
        except DemoRefused as refusal:
            raise CommandError(str(refusal)) from None
        for database in databases:
            self.stdout.write(_line(database))
        self.stdout.write(f"Accounts: {', '.join(ACCOUNTS)}; the password of each is its name.")
        self.stdout.write(f"Alembic Dashboard (demo): http://127.0.0.1:{os.environ.get('PORT', '8000')}")


def _line(database: DemoDatabase) -> str:
    return f"{database.environment}: {database.path} ({'made' if database.made else 'left as it is'})"
