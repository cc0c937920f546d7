"""What is remembered of revision files: their SQL, where they were applied, who read them, new ones."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from dashboard.models.runs import Run


class RevisionSql(models.Model):
    """What a worker wrote of one revision's file without a database, up and down. See usecases/write_revision_sql.py."""

    project = models.CharField(max_length=100)
    revision = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    """Of the file. The row stays true while the file does; what else env.py does may change."""
    dialect = models.CharField(max_length=20)
    environment = models.CharField(max_length=100)
    """Whose variables the child was given."""
    asked_at = models.DateTimeField(default=timezone.now)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(null=True, blank=True)
    """Empty: not yet."""
    ways = models.JSONField(default=dict)
    """{"upgrade" | "downgrade": {"pieces", "findings"}}; empty where nothing could be written. Masked."""
    error = models.TextField(blank=True)
    """Why nothing could be written. Masked."""

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "revision", "sha256", "dialect"], name="one_sql_a_file_and_dialect"
            )
        ]

    def __str__(self) -> str:
        return f"SQL of {self.project}'s revision {self.revision} for {self.dialect}"


class AppliedFile(models.Model):
    """The file of a revision as it was when an environment got it: applied revisions are never edited."""

    class How(models.TextChoices):
        RUN = "run", "applied by a run"
        OBSERVED = "observed", "first seen applied"

    project = models.CharField(max_length=100)
    environment = models.CharField(max_length=100)
    revision = models.CharField(max_length=255)
    message = models.TextField(blank=True)
    path = models.TextField()
    sha256 = models.CharField(max_length=64)
    down_revision = models.JSONField(default=list)
    depends_on = models.JSONField(default=list)
    how = models.CharField(max_length=10, choices=How.choices)
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, blank=True, related_name="applied_files")
    first_seen_at = models.DateTimeField(default=timezone.now)
    gone_at = models.DateTimeField(null=True, blank=True)
    """When the environment was first seen without the revision; empty: it has it still."""

    class Meta:
        ordering = ["-first_seen_at", "-pk"]
        indexes = [models.Index(fields=["project", "gone_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "environment", "revision"],
                condition=Q(gone_at__isnull=True),
                name="one_applied_file_a_revision",
            )
        ]

    def __str__(self) -> str:
        return f"{self.revision} on {self.project}/{self.environment}"


class Review(models.Model):
    """A person's word that they have read a revision's file. It holds for these bytes alone."""

    project = models.CharField(max_length=100)
    revision = models.CharField(max_length=255)
    path = models.TextField()
    sha256 = models.CharField(max_length=64)
    reviewed_at = models.DateTimeField(default=timezone.now)
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-reviewed_at"]
        constraints = [
            models.UniqueConstraint(fields=["project", "revision", "sha256"], name="a_file_is_reviewed_once")
        ]
        permissions = [("review_revision", "Can mark a revision's file as reviewed")]

    def __str__(self) -> str:
        return f"{self.revision} of {self.project}, reviewed by {self.reviewed_by}"


class RevisionProposal(models.Model):
    """A new revision file as Alembic would write it, for a person to read first. See usecases/propose_revision.py."""

    class Kind(models.TextChoices):
        AUTOGENERATE = "autogenerate", "autogenerate"
        MERGE = "merge", "merge"

    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        WORKING = "working", "being prepared"
        READY = "ready", "to be reviewed"
        UNCHANGED = "unchanged", "nothing differs"
        FAILED = "failed", "failed"
        WRITTEN = "written", "written"
        DISCARDED = "discarded", "discarded"

    LIVE = (State.QUEUED, State.WORKING)

    project = models.CharField(max_length=100)
    environment = models.CharField(max_length=100, blank=True)
    """Whose database the models were compared with; of a merge whose variables the child was given, or none."""
    kind = models.CharField(max_length=15, choices=Kind.choices)
    message = models.CharField(max_length=200)
    heads = models.JSONField(default=list)
    """The down revisions that were asked for; empty: the only head, or a base."""
    requested_id = models.CharField(max_length=32, blank=True)
    """Empty: Alembic makes one."""
    requested_folder = models.TextField(blank=True)
    """Of the version locations, as shown; empty: the head's."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    heartbeat_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    """When the worker was done with it."""
    files_sha256 = models.CharField(max_length=64, blank=True)
    """Over path and hash of every file of the script directory when the file was made."""
    revision = models.CharField(max_length=255, blank=True)
    path = models.TextField(blank=True)
    """Where it is to be written, as shown: relative to the project's directory where it lies inside."""
    content = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    hooks = models.TextField(blank=True)
    """Names of the project's post_write_hooks, which are not run."""
    differences = models.JSONField(default=list)
    """What models and database differ in, as databases/difference.py tells it."""
    dialect = models.CharField(max_length=20, blank=True)
    sql = models.JSONField(default=dict)
    """{"pieces", "findings"} of its upgrade; empty where nothing was written. Masked."""
    sql_error = models.TextField(blank=True)
    """Why its SQL is not known. Masked."""
    error = models.TextField(blank=True)
    """Why there is no file. Masked."""
    written_at = models.DateTimeField(null=True, blank=True)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-pk"]
        permissions = [("create_revision", "Can propose revision files, and write them where a project is writable")]

    def __str__(self) -> str:
        return f"Proposal {self.pk}: {self.kind} for {self.project} by {self.created_by}"
