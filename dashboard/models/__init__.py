"""What the dashboard remembers. Environments themselves live in dashboard.toml alone."""

from dashboard.models.activities import Activity
from dashboard.models.backups import Backup, Proof
from dashboard.models.observations import DriftCheck, Observation
from dashboard.models.plans import Acceptance, Finding, Plan, PlanPreview
from dashboard.models.rehearsals import Rehearsal, RehearsalOverride, RehearsedRevision
from dashboard.models.replacements import Replacement
from dashboard.models.revision_files import AppliedFile, Review, RevisionProposal, RevisionSql
from dashboard.models.runs import HEARTBEAT_LOST_AFTER, Confirmation, Intervention, Run, RunLogLine, RunStep

__all__ = [
    "HEARTBEAT_LOST_AFTER",
    "Acceptance",
    "Activity",
    "AppliedFile",
    "Backup",
    "Confirmation",
    "DriftCheck",
    "Finding",
    "Intervention",
    "Observation",
    "Plan",
    "PlanPreview",
    "Proof",
    "Rehearsal",
    "RehearsalOverride",
    "RehearsedRevision",
    "Replacement",
    "Review",
    "RevisionProposal",
    "RevisionSql",
    "Run",
    "RunLogLine",
    "RunStep",
]
