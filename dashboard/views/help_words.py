"""What each word of the dashboard means, and what to do about it: a paragraph each."""

from __future__ import annotations

from dashboard.gate.condition import Gate
from dashboard.gate.finding_policy import Level
from dashboard.models import RevisionProposal, Run
from dashboard.revisions.branches import Verdict
from dashboard.revisions.plan import Direction
from dashboard.revisions.status import Reason, State

STATES: dict[State, str] = {
    State.CURRENT: "Nothing is left to apply: the path from the rows of the version table to the effective heads is "
    "empty. With depends_on a fully upgraded database may hold fewer rows than there are heads.",
    State.PENDING: "That many revisions would be applied by an upgrade. The environment's page lists them in the order of "
    "execution; a developer or an operator plans the upgrade there.",
    State.UNVERSIONED: "There is no version table, or it is empty. Into an empty database an upgrade applies everything. "
    "Where other tables exist, no upgrade is offered, since it would begin from nothing: stamp the database with the "
    "revision that its schema has.",
    State.FOREIGN_REVISION: "The version table holds a revision that this script directory lacks: the database was "
    "upgraded from another branch or by another project. No upgrade is offered. The page says on which git ref the "
    "revision exists; merge that branch, or look whether the right database is configured.",
    State.INCONSISTENT: "The rows contradict each other (a revision beside its own ancestor), or the history around "
    "them cannot be built. No upgrade is offered; the page says which row or file to mend.",
    State.UNREACHABLE: "The database could not be read, so nothing is known of it now. The reason stands beside the word.",
    State.UNOBSERVED: "The dashboard has not read this database yet. The first reading takes at most a few seconds; if it "
    "does not come, the observer is not running.",
}
BESIDE = (
    ("stale", "The last reading is older than the environment's stale_after. What is shown was true then. Look whether "
     "the observer is running, or have the database read now."),
    ("drift", "The schema is not what it should be: what the revisions of the version table make on an empty database, or "
     "what the models say. So many differences; the environment's page lists them, with the operations that undo each and "
     "those that a revision would have. A result from before a run, or of other rows, is out of date and counts no more."),
    ("running", "A run is queued, or works on this environment. The state is from before it; no other run can start until "
     "it has settled."),
)  # fmt: skip
REASONS: dict[Reason, str] = {
    Reason.NOT_CONFIGURED: "A variable or a file that dashboard.toml names for this environment is missing. Set it where "
    "web, worker and observer run.",
    Reason.REFUSED: "Nothing listens at that address, or a firewall refuses. Compare host and port.",
    Reason.TIMEOUT: "The server did not answer in time. It may be down, overloaded, or behind a firewall that drops.",
    Reason.AUTHENTICATION: "The server refused the user or the password.",
    Reason.NO_DATABASE: "The server answers, but has no such database; or the SQLite file does not exist. Nothing creates it.",
    Reason.PERMISSION: "The role may not read the version table. Grant it SELECT.",
    Reason.LOCKED: "Another session holds a lock on the version table. Reading does not wait for it.",
    Reason.NOT_A_VERSION_TABLE: "A table of that name exists, but has no column version_num. Compare version_table and "
    "version_table_schema of the project.",
    Reason.NO_TABLE: "The database can be read and holds neither a version table nor other tables.",
    Reason.EMPTY_TABLE: "The version table exists and holds no row.",
    Reason.SCHEMA_NOT_EMPTY: "There is no revision, but there are other tables. Only a stamp is offered.",
}
GATES: dict[str, str] = {
    Gate.CHANGES: "The revisions of the plan can be read, their order is certain, the environment allows this direction, "
    "and what is found in their SQL is accepted by a person where it fails or takes data. With requires_review each file "
    "must also be marked as reviewed on its revision's page; an edit voids the mark. Each file is pinned by its sha256: one "
    "that changes afterwards makes the plan out of date.",
    Gate.BACKUP: "A backup of this very database at these rows, young enough for the environment's policy. One taken by "
    "the dashboard is read through to its end, and where the policy says so restored into a scratch database and "
    "compared; the page says how far it came. An attested one rests on a person's word.",
    "rehearsal": "Where a scratch server is configured, the plan is executed on a copy restored from the backup. Locks, rewritten "
    "tables and bytes are what production will see; time is given as a range, and waiting for locks is not predicted.",
    Gate.CONFIRM: "An operator types the environment's name. The confirmation counts once, for this plan with this "
    "backup, for 15 minutes. Everything is checked again when the run starts.",
}
OUTCOMES: dict[str, str] = {
    Run.Outcome.SUCCEEDED: "The version table holds the target. This is read from the database afterwards, never "
    "taken from an exit code.",
    Run.Outcome.UNCHANGED: "The command ended, but the version table is as before. Often env.py swallowed an error or "
    "never committed. The log says more.",
    Run.Outcome.ROLLED_BACK: "The run failed, and version table and schema are proven to be as before. Mend the revision "
    "and plan again.",
    Run.Outcome.PARTIAL: "Some revisions are applied and committed, the others are still pending. Mend the cause, then "
    "make a new plan: it begins where this run stopped.",
    Run.Outcome.INDETERMINATE: "The run failed, and it cannot be proven what it left. A revision may be half applied. "
    "Compare the database with the revision by hand; the page names the backup.",
    Run.Outcome.REFUSED: "The run did not start: something differed from what was confirmed. Nothing was changed. The "
    "page says what differed; plan again.",
}
UNSETTLED = (
    "It is not known yet how the run ended: a statement of it may still work in the database, or the database does not "
    "answer. Nothing else may start there meanwhile. The observer looks again by itself."
)
QUEUED = "It is confirmed and waits for a worker. If it stays so, no worker is running. It can still be cancelled."
CANCELLED = (
    "A person stopped it before it began. Nothing was changed, and the confirmation is used up; confirm the plan again. One that is "
    "stopped while it runs ends with one of the outcomes above, and the cause says cancelled."
)
CAUSES: dict[str, str] = {
    Run.Cause.ERROR: "a revision, env.py or the database reported an error",
    Run.Cause.CANCELLED: "a person cancelled it",
    Run.Cause.DEADLINE: "it took longer than the environment's run timeout",
    Run.Cause.WORKER_LOST: "the worker died, or its machine did",
    Run.Cause.CONNECTION_LOST: "the connection to the database broke",
}
DIRECTIONS: dict[Direction, str] = {
    Direction.UPGRADE: "Applies what is pending, up to the effective head or to a target in Alembic's notation. The others "
    "below are offered where the environment's allow lists them.",
    Direction.DOWNGRADE: "Reverts revisions by their downgrade(). Tables and columns whose data would go are listed with "
    "their rows before it can be confirmed.",
    Direction.STAMP: "Writes another revision into the version table and runs nothing. For a database whose schema is right "
    "and whose version table is not.",
    Direction.START_FRESH: "Reverts everything to base and applies everything again, in one run. For development.",
    Direction.RESTORE: "Puts a backup into the database's place. It is restored beside the database and compared first; then "
    "the two change names. The replaced database is kept whole beside it until an operator deletes it on the "
    "run's page by typing its name.",
}
FINDINGS: dict[Level, str] = {
    Level.ERROR: "The statement will fail, or does so wherever the table has rows. An operator must accept it with a reason.",
    Level.DESTRUCTIVE: "Data goes. An operator must accept it with a reason; the acceptance ends when the revision's file or "
    "its SQL changes.",
    Level.NOT_UNDERSTOOD: "What the statement does could not be told from its text: look at it yourself.",
    Level.LOCKING: "Others wait for a lock, a scan or a rewritten table. How long depends on the table's size; a rehearsal "
    "measures it.",
    Level.BREAKING: "Code that is still running may need what goes or changes. Deploy first what does without it.",
    Level.NOTE: "Worth knowing, and no reason to wait.",
}
BACKUPS = (
    ("restored and compared", "It was restored into a scratch database, and schema, counts and row hashes equalled those of its "
     "own snapshot. This is the only proof that it can be used."),
    ("read, not restored", "Its sha256 is as it was taken and pg_restore, or SQLite, read it to its end. Whether it can be restored "
     "was not tried."),
    ("attested, not proven here", "A person says that it exists and how it can be restored. The dashboard has not seen it."),
    ("taken by a command, not proven here", "The configured command ended with success. Only its output tells what it did."),
)  # fmt: skip
VERDICTS: dict[Verdict, str] = {
    Verdict.CONFLICT: "Merging makes a history that cannot be built: two files for one revision, a parent that is missing, or a "
    "revision that was changed on both sides. The row says which, and how to mend it.",
    Verdict.MERGE_NEEDED: "Merging leaves more heads than the project wants. The command writes a merge point; changing one "
    "down_revision before merging makes it unnecessary.",
    Verdict.CLEAN: "It brings revisions, and merging asks nothing of anybody.",
    Verdict.NOTHING_OWN: "It brings no revision.",
}
ATTENTION = (
    ("edited after use", "The file of an applied revision is no longer what the database got: edited, deleted, or put below another "
     "parent. The page shows the difference and the environments. Restore the file and put the change into a new revision."),
    ("pending for too long", "Some are pending, and the environment got no revision for longer than its upgrade_within."),
    ("heads", "The history has more heads than the project wants, so that an upgrade needs a target. Compare heads names the merge "
     "command."),
    ("problems", "Files of the script directory that cannot be read, or revisions that contradict each other. What is not touched by "
     "them can still be planned."),
    ("failed run", "The last run failed, and the environment has not been current since."),
)  # fmt: skip
PROPOSALS: dict[RevisionProposal.State, str] = {
    RevisionProposal.State.WORKING: "A worker lets Alembic compare the models with the chosen database, or merge the heads. The child "
    "may only read the database, and writes no file.",
    RevisionProposal.State.READY: "The file as Alembic would write it, with the SQL of its upgrade and what is found in it. Read it; then "
    "it is written into the work tree, never over another file, or downloaded. It is out of date once the script directory changes.",
    RevisionProposal.State.UNCHANGED: "Alembic finds no difference between models and database. It compares no check constraints, no "
    "enum values and no views.",
    RevisionProposal.State.FAILED: "No file could be made. Most often the database is not at the head, env.py hands over no models, or it "
    "writes to the database before it compares. The page says which.",
    RevisionProposal.State.WRITTEN: "The file is in the work tree. Commit it together with the change of the models, and have it reviewed.",
}
KEYS = (
    ("/", "puts the cursor into the page's search, or into the sidebar's filter"),
    ("?", "opens this page"),
    ("Escape", "closes the menu of a narrow screen"),
    ("Tab", "goes through a page in the order of the work: what is wrong, what is pending, the next action"),
)
ROLES: dict[str, str] = {
    "lead": "sees every environment, plan, backup and run, has databases read, and compares heads.",
    "developer": "also makes plans, reviews revisions and creates them where a project is writable.",
    "operator": "also takes and attests backups, confirms plans and so starts their runs, and cancels runs.",
}
