"""What each word of the dashboard means, and what to do about it: a paragraph each."""

from __future__ import annotations

from dashboard.gate.condition import Gate
from dashboard.models import Run
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
    "and what is found in their SQL is accepted by a person where it takes data or locks. Each file is pinned by its "
    "sha256: one that changes afterwards makes the plan out of date.",
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
CAUSES: dict[str, str] = {
    Run.Cause.ERROR: "a revision, env.py or the database reported an error",
    Run.Cause.CANCELLED: "a person cancelled it",
    Run.Cause.DEADLINE: "it took longer than the environment's run timeout",
    Run.Cause.WORKER_LOST: "the worker died, or its machine did",
    Run.Cause.CONNECTION_LOST: "the connection to the database broke",
}
KEYS = (
    ("/", "puts the cursor into the page's search, or into the sidebar's filter"),
    ("?", "opens this page"),
    ("Tab", "goes through a page in the order of the work: what is wrong, what is pending, the next action"),
)
ROLES: dict[str, str] = {
    "lead": "sees every environment, plan, backup and run, has databases read, and compares heads.",
    "developer": "also makes plans.",
    "operator": "also takes and attests backups, confirms plans and so starts their runs, and cancels runs.",
}
