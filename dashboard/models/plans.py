"""What is to be run, and what was found about it before."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class StepAction(models.TextChoices):
    """What is done with one revision."""

    UPGRADE = "upgrade", "apply"
    DOWNGRADE = "downgrade", "revert"
    STAMP = "stamp", "stamp"


class Plan(models.Model):
    """The exact revisions that a run will apply or revert. A new state needs a new plan.

    Never changed once made, except that a worker adds what it found: the counts of what would be lost, and what a restore
    would meet.
    """

    project = models.CharField(max_length=100)
    environment = models.CharField(max_length=100)
    direction = models.CharField(max_length=20)
    identity = models.CharField(max_length=200)
    requested = models.JSONField(default=list)
    """What was asked for, in Alembic's notation; empty: the effective heads."""
    current = models.JSONField()
    target = models.JSONField()
    result = models.JSONField(default=list)
    """The rows that the version table will hold afterwards."""
    steps = models.JSONField()
    """[{"revision", "message", "path", "sha256", "action"}] in the order of execution."""
    files = models.JSONField()
    """{path: sha256} of everything that a run executes."""
    pinned_settings = models.JSONField()
    """{name: value} of what else decides what a run does."""
    commit = models.CharField(max_length=64, blank=True)
    fingerprint = models.CharField(max_length=64)
    losses = models.JSONField(default=list)
    """[{"revision", "line", "schema", "table", "column"}] whose data would go; an empty column: the whole table."""
    cautions = models.JSONField(default=list)
    """[{"revision", "path", "line", "text"}] of reverted revisions: what is not understood, or reverts nothing. Of a
    restore [{"kind", "text"}] that a worker found: see usecases/survey_restore.py.
    """
    row_counts = models.JSONField(default=list)
    """[{"schema", "table", "column", "rows", "is_estimate", "detail"}] of the losses, read once by a worker. Of a restore
    [{"name", "rows", "backup_rows", "differs"}].
    """
    counted_at = models.DateTimeField(null=True, blank=True)
    """When `row_counts` were read, or could not be; empty: not yet."""
    count_error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["project", "environment", "-created_at"])]
        permissions = [
            ("compare_heads", "Can compare heads"),
            ("create_plan", "Can make a plan"),
        ]

    def __str__(self) -> str:
        return f"Plan {self.pk}: {self.direction} {self.project}/{self.environment} by {len(self.steps)}"


class PlanPreview(models.Model):
    """What a worker wrote of a plan's SQL without a database, once for each plan. See usecases/preview_plan.py."""

    plan = models.OneToOneField(Plan, on_delete=models.CASCADE, related_name="preview")
    made_at = models.DateTimeField(default=timezone.now)
    dialect = models.CharField(max_length=20)
    pieces = models.JSONField(default=list)
    """[{"position", "revision", "text", "unwritable", "rehearsed"}] in the order of execution. Masked."""
    error = models.TextField(blank=True)
    """Why the SQL could not be written or looked through; then nothing is known of it. Masked."""

    class Meta:
        ordering = ["-made_at"]

    def __str__(self) -> str:
        return f"SQL of plan {self.plan_id}"


class Finding(models.Model):
    """Something in the SQL of one step of a plan that a person should know before it is run."""

    preview = models.ForeignKey(PlanPreview, on_delete=models.CASCADE, related_name="findings")
    position = models.PositiveIntegerField()
    """Of the step in the plan, from 1."""
    revision = models.CharField(max_length=255)
    action = models.CharField(max_length=10, choices=StepAction.choices)
    file_sha256 = models.CharField(max_length=64)
    rule = models.CharField(max_length=100)
    level = models.CharField(max_length=20)
    """A Level of gate/finding_policy.py."""
    line = models.PositiveIntegerField()
    """Within the step's own SQL, from 1."""
    statement_sha256 = models.CharField(max_length=64)
    message = models.TextField()

    class Meta:
        ordering = ["position", "line", "pk"]

    def __str__(self) -> str:
        return f"{self.level} {self.rule} in {self.revision}, line {self.line}"


class Acceptance(models.Model):
    """A person's recorded word for one finding: it holds while the revision's file and the statement stay as they are."""

    project = models.CharField(max_length=100)
    environment = models.CharField(max_length=100)
    revision = models.CharField(max_length=255)
    action = models.CharField(max_length=10, choices=StepAction.choices)
    file_sha256 = models.CharField(max_length=64)
    rule = models.CharField(max_length=100)
    line = models.PositiveIntegerField()
    statement_sha256 = models.CharField(max_length=64)
    message = models.TextField()
    """Of the finding, as it was read."""
    reason = models.TextField()
    accepted_at = models.DateTimeField(default=timezone.now)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-accepted_at"]
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "project",
                    "environment",
                    "revision",
                    "action",
                    "file_sha256",
                    "rule",
                    "line",
                    "statement_sha256",
                ],
                name="a_finding_is_accepted_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule} in {self.revision} on {self.project}/{self.environment}, accepted by {self.accepted_by}"
