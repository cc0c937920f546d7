"""What the dashboard remembers. Environments themselves live in dashboard.toml alone."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

HEARTBEAT_LOST_AFTER = timedelta(seconds=15)
"""A worker writes its run's heartbeat every second; after this long without one it is held to be dead."""


class Observation(models.Model):
    """What was read from one environment's version table at one moment, or why it could not be read."""

    project = models.CharField(max_length=100)
    environment = models.CharField(max_length=100)
    observed_at = models.DateTimeField(default=timezone.now)
    rows = models.JSONField(default=list)
    reason = models.CharField(max_length=30, blank=True)
    """A Reason of revisions/status.py; empty where rows were read."""
    detail = models.TextField(blank=True)
    server = models.CharField(max_length=100, blank=True)
    identity = models.CharField(max_length=200, blank=True)
    changed = models.BooleanField(default=False)
    """It differs from the environment's observation before it (or is the first); such are never thinned."""
    previous_at = models.DateTimeField(null=True, blank=True)
    """When the environment was last read with success before: what changed, changed since then."""

    class Meta:
        indexes = [models.Index(fields=["project", "environment", "-observed_at"])]
        ordering = ["-observed_at"]
        get_latest_by = "observed_at"
        permissions = [("see_dashboard", "Can see every environment, plan, backup and run")]

    def __str__(self) -> str:
        return f"{self.project}/{self.environment} at {self.observed_at:%Y-%m-%d %H:%M:%S}"


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


class Backup(models.Model):
    """A copy of an environment's database, taken by the dashboard or by a command, or attested by a person."""

    class Method(models.TextChoices):
        DUMP = "dump", "taken by the dashboard"
        COMMAND = "command", "taken by a command"
        ATTEST = "attest", "attested"

    class State(models.TextChoices):
        PREPARING = "preparing", "preparing"
        PROVEN = "proven", "proven"
        FAILED = "failed", "failed"
        EXPIRED = "expired", "expired"
        DELETED = "deleted", "deleted"

    project = models.CharField(max_length=100)
    environment = models.CharField(max_length=100)
    method = models.CharField(max_length=10, choices=Method.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PREPARING)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    taken_at = models.DateTimeField(null=True, blank=True)
    """Moment of the snapshot; a backup's age counts from here."""
    rows = models.JSONField(default=list)
    """Version-table rows when it was asked for."""
    identity = models.CharField(max_length=200, blank=True)
    path = models.TextField(blank=True)
    size = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    tool = models.CharField(max_length=100, blank=True)
    bytes_written = models.BigIntegerField(default=0)
    """Progress while preparing."""
    doing = models.CharField(max_length=20, blank=True)
    """What is done at the moment, while preparing or while it is proven again; see usecases/prove_backup.py."""
    expected_bytes = models.BigIntegerField(null=True, blank=True)
    """About how large it will be."""
    data_bytes = models.BigIntegerField(null=True, blank=True)
    """What the tables took on the server's disk."""
    tables = models.PositiveIntegerField(null=True, blank=True)
    tables_done = models.PositiveIntegerField(default=0)
    """Of the current activity."""
    contents = models.JSONField(null=True, blank=True)
    """What a restored copy must hold, read in the backup's own snapshot: see databases/contents.py. Null: not known."""
    contents_error = models.TextField(blank=True)
    """Why it is not known."""
    heartbeat_at = models.DateTimeField(default=timezone.now)
    read_through_at = models.DateTimeField(null=True, blank=True)
    """When the whole file was last read without an error; empty: never."""
    read_seconds = models.FloatField(null=True, blank=True)
    restored_at = models.DateTimeField(null=True, blank=True)
    """When it was last restored into a scratch database and found equal to its snapshot; empty: never."""
    restore_error = models.TextField(blank=True)
    """Why it could not be restored when that was last tried, though not through its own fault."""
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    where = models.CharField(max_length=500, blank=True)
    """Attested: where it is kept, in a person's words. By a command: the reference that it gave. Masked."""
    exit_code = models.IntegerField(null=True, blank=True)
    """Of the command."""
    output = models.TextField(blank=True)
    """The end of what the command said. Masked."""
    how = models.TextField(blank=True)
    """Attested: how that person knows that it restores."""

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["project", "environment", "-created_at"])]
        permissions = [("take_backup", "Can take and attest backups")]

    def __str__(self) -> str:
        return f"Backup {self.pk} of {self.project}/{self.environment}"


class Proof(models.Model):
    """One climb of a backup's ladder: size, sha256, read through, restored and compared."""

    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        WORKING = "working", "working"
        PASSED = "passed", "passed"
        FAILED = "failed", "failed"
        UNAVAILABLE = "unavailable", "could not be tried to its end"

    LIVE = (State.QUEUED, State.WORKING)

    backup = models.ForeignKey(Backup, on_delete=models.CASCADE, related_name="proofs")
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    up_to = models.CharField(max_length=10)
    """`read` or `restore`."""
    requested_at = models.DateTimeField(default=timezone.now)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    heartbeat_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    rungs = models.JSONField(default=list)
    """[{"name", "state", "words", "seconds"}] as far as it came; see usecases/prove_backup.py. Masked."""
    scratch = models.CharField(max_length=100, blank=True)
    """The name of the scratch database that it was restored into."""

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["backup"], condition=Q(state__in=["queued", "working"]), name="one_live_proof_a_backup"
            )
        ]

    def __str__(self) -> str:
        return f"Proof {self.pk} of backup {self.backup_id}"


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

    class Action(models.TextChoices):
        UPGRADE = "upgrade", "apply"
        DOWNGRADE = "downgrade", "revert"
        STAMP = "stamp", "stamp"

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


class Finding(models.Model):
    """Something in the SQL of one step of a plan that a person should know before it is run."""

    preview = models.ForeignKey(PlanPreview, on_delete=models.CASCADE, related_name="findings")
    position = models.PositiveIntegerField()
    """Of the step in the plan, from 1."""
    revision = models.CharField(max_length=255)
    action = models.CharField(max_length=10, choices=RunStep.Action.choices)
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
    action = models.CharField(max_length=10, choices=RunStep.Action.choices)
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


class Rehearsal(models.Model):
    """One execution of a plan on a scratch database restored from a backup."""

    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        WORKING = "working", "working"
        PASSED = "passed", "came to its end"
        FAILED = "failed", "failed"
        UNAVAILABLE = "unavailable", "could not be tried"

    LIVE = (State.QUEUED, State.WORKING)

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="rehearsals")
    backup = models.ForeignKey(Backup, on_delete=models.CASCADE, related_name="rehearsals")
    fingerprint = models.CharField(max_length=64)
    """Of the plan: whatever plan has the same is the one that was rehearsed."""
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    requested_at = models.DateTimeField(default=timezone.now)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    """Empty: it began by itself, because the environment asks for it."""
    heartbeat_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    doing = models.CharField(max_length=20, blank=True)
    """`restoring` or `executing` while it works."""
    restore_seconds = models.FloatField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    """From the first revision's beginning to the end of the last transaction."""
    tells_locks = models.BooleanField(default=False)
    """The database tells locks, rewritten bytes and WAL."""
    error = models.TextField(blank=True)
    """Why it failed or could not be tried. Masked."""
    scratch = models.CharField(max_length=100, blank=True)
    """The name of the scratch database."""

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["fingerprint", "backup"])]
        constraints = [
            models.UniqueConstraint(
                fields=["fingerprint", "backup"],
                condition=Q(state__in=["queued", "working"]),
                name="one_live_rehearsal_a_plan_and_backup",
            )
        ]

    def __str__(self) -> str:
        return f"Rehearsal {self.pk} of plan {self.plan_id} on backup {self.backup_id}"


class RehearsedRevision(models.Model):
    """What one step of a plan did in one rehearsal."""

    rehearsal = models.ForeignKey(Rehearsal, on_delete=models.CASCADE, related_name="revisions")
    position = models.PositiveIntegerField()
    """Of the step in the plan, from 1."""
    revision = models.CharField(max_length=255)
    action = models.CharField(max_length=10, choices=RunStep.Action.choices)
    seconds = models.FloatField(null=True, blank=True)
    """Empty: it did not come to its end."""
    locks = models.JSONField(default=list)
    """[{"relation", "mode", "seconds", "is_index", "to_end"}], the strongest first, of relations that were there before."""
    locks_dropped = models.PositiveIntegerField(default=0)
    """So many weaker ones are not kept."""
    rewritten = models.JSONField(default=list)
    """[{"relation", "bytes"}], the largest first."""
    wal_bytes = models.BigIntegerField(null=True, blank=True)
    rows = models.BigIntegerField(null=True, blank=True)
    """Inserted, updated and deleted; empty: not known."""
    statements = models.JSONField(default=list)
    """[{"sql", "times", "seconds"}] as they were sent, without parameters. Masked."""
    statements_dropped = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["rehearsal", "position"], name="one_rehearsed_revision_a_position")
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.revision} in rehearsal {self.rehearsal_id}"


class RehearsalOverride(models.Model):
    """A person's recorded word that what a plan's rehearsals exceeded may be exceeded: for that plan and that backup."""

    rehearsal = models.ForeignKey(Rehearsal, on_delete=models.CASCADE, related_name="overrides")
    given_at = models.DateTimeField(default=timezone.now)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    exceeded = models.TextField()
    """What was exceeded, as it was read."""
    reason = models.TextField()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"Override of rehearsal {self.rehearsal_id} by {self.given_by}"


class DriftCheck(models.Model):
    """One comparison of a database's schema with what it should be. It wrote nothing to the database."""

    class Kind(models.TextChoices):
        REVISIONS = "revisions", "database and revisions"
        MODELS = "models", "database and models"

    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        WORKING = "working", "working"
        DONE = "done", "done"
        FAILED = "failed", "could not be compared"
        DISCARDED = "discarded", "discarded"

    LIVE = (State.QUEUED, State.WORKING)

    project = models.CharField(max_length=100)
    environment = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    requested_at = models.DateTimeField(default=timezone.now)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    """Empty: it began by itself, because the environment asks for it."""
    heartbeat_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    rows = models.JSONField(default=list)
    """The version table while it was compared."""
    identity = models.CharField(max_length=200, blank=True)
    """Of the database, as an observation tells it."""
    on_replica = models.BooleanField(default=False)
    differences = models.JSONField(default=list)
    """What databases/difference.py makes of each, at most MOST of usecases/check_drift.py. Masked."""
    number = models.PositiveIntegerField(null=True, blank=True)
    """Of all differences; empty: not known."""
    error = models.TextField(blank=True)
    """Why nothing could be compared, or why the result does not count. Masked."""

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["project", "environment", "kind", "-requested_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "environment", "kind"],
                condition=Q(state__in=["queued", "working"]),
                name="one_live_drift_check_a_kind",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.project}/{self.environment} at {self.requested_at:%Y-%m-%d %H:%M:%S}"


class Replacement(models.Model):
    """What a restore put in a database's place, and what became of the database that was there."""

    run = models.OneToOneField(Run, on_delete=models.PROTECT, related_name="replacement")
    restored_identity = models.CharField(max_length=200)
    """Of the database made from the backup; the same before and after it took its place."""
    restored_schema = models.CharField(max_length=64, blank=True)
    """Its schema digest before it took its place."""
    compared = models.TextField()
    """What comparing it with the backup's snapshot found, in a sentence."""
    replaced_name = models.TextField()
    """Database or file, under which the one that was there is kept."""
    left = models.JSONField(default=list)
    """Sentences on what did not come along."""
    swapped_at = models.DateTimeField(null=True, blank=True)
    """Empty: it did not take its place, as far as is known."""
    deletion_requested_at = models.DateTimeField(null=True, blank=True)
    deletion_requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    deleted_at = models.DateTimeField(null=True, blank=True)
    deletion_error = models.TextField(blank=True)
    """Why the replaced database could not be deleted when that was last tried. Masked."""

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.replaced_name}, replaced by run {self.run_id}"


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
