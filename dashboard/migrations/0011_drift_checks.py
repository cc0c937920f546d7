"""Comparisons of schemas with what they should be."""

from __future__ import annotations

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dashboard", "0010_revision_proposals"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DriftCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("project", models.CharField(max_length=100)),
                ("environment", models.CharField(max_length=100)),
                (
                    "kind",
                    models.CharField(
                        choices=[("revisions", "database and revisions"), ("models", "database and models")],
                        max_length=10,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "queued"),
                            ("working", "working"),
                            ("done", "done"),
                            ("failed", "could not be compared"),
                            ("discarded", "discarded"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("requested_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("heartbeat_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("rows", models.JSONField(default=list)),
                ("identity", models.CharField(blank=True, max_length=200)),
                ("on_replica", models.BooleanField(default=False)),
                ("differences", models.JSONField(default=list)),
                ("number", models.PositiveIntegerField(blank=True, null=True)),
                ("error", models.TextField(blank=True)),
                (
                    "requested_by",
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
                "indexes": [
                    models.Index(
                        fields=["project", "environment", "kind", "-requested_at"],
                        name="dashboard_d_project_7f387e_idx",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["queued", "working"])),
                        fields=("project", "environment", "kind"),
                        name="one_live_drift_check_a_kind",
                    )
                ],
            },
        ),
    ]
