"""New revision files as Alembic would write them, before they are written."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dashboard", "0009_way_back"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RevisionProposal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("project", models.CharField(max_length=100)),
                ("environment", models.CharField(blank=True, max_length=100)),
                (
                    "kind",
                    models.CharField(choices=[("autogenerate", "autogenerate"), ("merge", "merge")], max_length=15),
                ),
                ("message", models.CharField(max_length=200)),
                ("heads", models.JSONField(default=list)),
                ("requested_id", models.CharField(blank=True, max_length=32)),
                ("requested_folder", models.TextField(blank=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "queued"),
                            ("working", "being prepared"),
                            ("ready", "to be reviewed"),
                            ("unchanged", "nothing differs"),
                            ("failed", "failed"),
                            ("written", "written"),
                            ("discarded", "discarded"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("heartbeat_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("files_sha256", models.CharField(blank=True, max_length=64)),
                ("revision", models.CharField(blank=True, max_length=255)),
                ("path", models.TextField(blank=True)),
                ("content", models.TextField(blank=True)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("hooks", models.TextField(blank=True)),
                ("differences", models.JSONField(default=list)),
                ("dialect", models.CharField(blank=True, max_length=20)),
                ("sql", models.JSONField(default=dict)),
                ("sql_error", models.TextField(blank=True)),
                ("error", models.TextField(blank=True)),
                ("written_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "written_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "permissions": [
                    ("create_revision", "Can propose revision files, and write them where a project is writable")
                ],
            },
        ),
    ]
