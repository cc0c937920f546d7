"""The dashboard's one Django app."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class DashboardConfig(AppConfig):
    """Registers system checks, keeps the three role groups in step with access.py, and the storage private."""

    name = "dashboard"
    verbose_name = "Alembic Dashboard"

    def ready(self) -> None:
        from dashboard import access, checks, storage  # noqa: F401  (checks register themselves)

        # For every app: the permissions of this one exist only once all receivers for it have run.
        post_migrate.connect(access.create_role_groups)
        connection_created.connect(storage.keep_private)
