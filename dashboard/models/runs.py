"""A decision to run a plan, and what came of it."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from dashboard.models.backups import Backup
from dashboard.models.plans import Plan, StepAction

HEARTBEAT_LOST_AFTER = timedelta(seconds=15)
"""A worker writes its run's heartbeat every second; after this long without one it is held to be dead."""


class Confirmation(models.Model):
    """A person's recorded decision to run one plan with one backup. Used once, spent even by a refusal."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="confirmations")
    backup = models.ForeignKey(Backup, on_delete=models.PROTECT, related_name="confirmations")
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    nonce = models.CharField(max_length=64, unique=True)
    """Of the form that was sent: the same form cannot confirm twice."""
    typed = models.CharField(max_length=100)
    fingerprint = models.CharField(max_length=64)
    backup_sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    spent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        permissions = [("confirm_run", "Can confirm a plan and so start its run")]

    def __str__(self) -> str:
        return f"Confirmation {self.pk} of plan {self.plan_id} by {self.confirmed_by}"


class Run(models.Model):
    """One execution of a plan on one environment. Its outcome is what the database said afterwards."""

    class Phase(models.TextChoices):
        QUEUED = "queued", "queued"
        RUNNING = "running", "running"
        UNSETTLED = "unsettled", "unsettled"
        SETTLED = "settled", "settled"

    class Outcome(models.TextChoices):
        SUCCEEDED = "succeeded", "succeeded"
        UNCHANGED = "unchanged", "unchanged"
        ROLLED_BACK = "rolled_back", "rolled back"
        PARTIAL = "partial", "partial"
        INDETERMINATE = "indeterminate", "indeterminate"
        REFUSED = "refused", "refused"

    class Cause(models.TextChoices):
        ERROR = "error", "error"
        CANCELLED = "cancelled", "cancelled"
        DEADLINE = "deadline", "deadline"
        WORKER_LOST = "worker_lost", "worker lost"
        CONNECTION_LOST = "connection_lost", "connection lost"

    LIVE = (Phase.QUEUED, Phase.RUNNING, Phase.UNSETTLED)

    project = models.CharField(max_length=100)
    environment = models.CharField(max_length=100)
    confirmation = models.OneToOneField(Confirmation, on_delete=models.PROTECT, related_name="run")
    phase = models.CharField(max_length=10, choices=Phase.choices, default=Phase.QUEUED)
    outcome = models.CharField(max_length=20, choices=Outcome.choices, blank=True)
    cause = models.CharField(max_length=20, choices=Cause.choices, null=True, blank=True)  # noqa: DJ001  (JSON says null)
    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=200, blank=True)
    """Host and process id of the worker that claimed it."""
    rows_before = models.JSONField(null=True, blank=True)
    rows_after = models.JSONField(null=True, blank=True)
    schema_before = models.CharField(max_length=64, blank=True)
    schema_after = models.CharField(max_length=64, blank=True)
    reached_base_at = models.DateTimeField(null=True, blank=True)
    """Start fresh: when the version table was read empty, between reverting and applying."""
    schema_at_base = models.CharField(max_length=64, blank=True)
    left_transaction = models.BooleanField(default=False)
    """A revision used an autocommit block: something may have been committed on its own."""
    backend_pid = models.IntegerField(null=True, blank=True)
    transactional_ddl = models.BooleanField(default=False)
    """The child said that a failed revision takes its DDL back with it."""
    steps_committing = models.PositiveIntegerField(null=True, blank=True)
    """So many steps the child began to commit, the last heard of; empty: it is not known."""
    invalid_indexes_before = models.JSONField(default=list)
    """Names of indexes that were invalid before the child started."""
    contention = models.JSONField(default=list)
    """Who blocked whom when it was last looked, while the run waited: see usecases/read_contention.py. Masked."""
    contention_at = models.DateTimeField(null=True, blank=True)
    detail = models.TextField(blank=True)
    """Why: the error, the refusal, or what is not known. Masked."""
    evidence = models.JSONField(default=list)
    """Sentences of "How we know"."""

    class Meta:
        ordering = ["-queued_at"]
        indexes = [models.Index(fields=["project", "environment", "-queued_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "environment"],
                condition=Q(phase__in=["queued", "running", "unsettled"]),
                name="one_live_run_an_environment",
            ),
            models.CheckConstraint(
                condition=Q(phase="settled", outcome__gt="", settled_at__isnull=False)
                | (~Q(phase="settled") & Q(outcome="", settled_at__isnull=True)),
                name="an_outcome_only_once_settled",
            ),
        ]

    def __str__(self) -> str:
        return f"Run {self.pk} on {self.project}/{self.environment}"

    @property
    def is_live(self) -> bool:
        """Still queued, running, or not yet known how it ended."""
        return self.phase in self.LIVE


class Intervention(models.Model):
    """A person's request to end a run before its end, or what is left of it in the database."""

    class Kind(models.TextChoices):
        CANCELLATION = "cancellation", "cancellation"
        TERMINATION = "termination", "termination"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="interventions")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    requested_at = models.DateTimeField(default=timezone.now)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(blank=True)
    """What was done about it, in a sentence. Masked."""

    class Meta:
        ordering = ["requested_at", "pk"]

    def __str__(self) -> str:
        return f"{self.kind} of run {self.run_id} by {self.requested_by}"


class RunStep(models.Model):
    """One revision of a run, as far as the child reported it."""

    Action = StepAction

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        RUNNING = "running", "running"
        APPLIED = "applied", "applied"
        FAILED = "failed", "failed"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveIntegerField()
    revision = models.CharField(max_length=255)
    action = models.CharField(max_length=10, choices=Action.choices, default=Action.UPGRADE)
    message = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["run", "position"], name="one_step_a_position")]

    def __str__(self) -> str:
        return f"{self.position} {self.revision}"


class RunLogLine(models.Model):
    """One line of a run's log: masked, without control characters, at most 4,000 characters."""

    class Kind(models.TextChoices):
        CHECK = "check", "check"
        COMMAND = "command", "command"
        REVISION = "revision", "revision"
        OUTPUT = "output", "output"
        ERROR = "error", "error"
        VERIFY = "verify", "verify"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="log")
    number = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    text = models.TextField(blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="one_line_a_number")]

    def __str__(self) -> str:
        return self.text[:80]
