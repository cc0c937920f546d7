"""The stock admin: what the dashboard remembers, to look at. Accounts and groups as Django has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from dashboard.models import (
    Acceptance,
    AppliedFile,
    Backup,
    Confirmation,
    DriftCheck,
    Finding,
    Intervention,
    Observation,
    Plan,
    PlanPreview,
    Proof,
    Rehearsal,
    RehearsalOverride,
    RehearsedRevision,
    Replacement,
    Review,
    RevisionProposal,
    RevisionSql,
    Run,
    RunLogLine,
    RunStep,
)

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]
    _Inline = admin.TabularInline[Any, Any]
else:
    _Admin, _Inline = admin.ModelAdmin, admin.TabularInline

admin.site.site_header = "Alembic Dashboard"
admin.site.site_title = "Alembic Dashboard"
admin.site.index_title = "What the dashboard remembers"


class ReadOnly:
    """Nothing of it is made, changed or deleted here, by whomever: the gate could be gone around otherwise."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RunStepInline(ReadOnly, _Inline):
    """The revisions of a run."""

    model = RunStep
    extra = 0


@admin.register(Run)
class RunAdmin(ReadOnly, _Admin):
    """Runs with their revisions; the log has its own list, since it may be long."""

    list_display = ("__str__", "phase", "outcome", "cause", "queued_at", "settled_at")
    list_filter = ("phase", "outcome", "project", "environment")
    date_hierarchy = "queued_at"
    inlines = (RunStepInline,)


@admin.register(Intervention)
class InterventionAdmin(ReadOnly, _Admin):
    """Who ended what."""

    list_display = ("__str__", "kind", "requested_at", "answered_at", "answer")
    list_filter = ("kind",)
    list_select_related = ("requested_by",)


@admin.register(RunLogLine)
class RunLogLineAdmin(ReadOnly, _Admin):
    """Lines of all logs."""

    list_display = ("run", "number", "at", "kind", "text")
    list_filter = ("kind",)
    search_fields = ("text",)
    list_select_related = ("run",)


@admin.register(Backup)
class BackupAdmin(ReadOnly, _Admin):
    """Backups with their proof."""

    list_display = ("__str__", "method", "state", "taken_at", "size", "created_by")
    list_filter = ("state", "method", "project", "environment")
    list_select_related = ("created_by",)


@admin.register(Proof)
class ProofAdmin(ReadOnly, _Admin):
    """What was done to prove the backups."""

    list_display = ("__str__", "state", "up_to", "requested_at", "requested_by")
    list_filter = ("state", "up_to")
    list_select_related = ("requested_by",)


class RehearsedRevisionInline(ReadOnly, _Inline):
    """What each step of the plan did."""

    model = RehearsedRevision
    extra = 0


@admin.register(DriftCheck)
class DriftCheckAdmin(ReadOnly, _Admin):
    """Comparisons of schemas."""

    list_display = ("__str__", "state", "number", "finished_at", "requested_by")
    list_filter = ("project", "environment", "kind", "state")
    list_select_related = ("requested_by",)


@admin.register(Rehearsal)
class RehearsalAdmin(ReadOnly, _Admin):
    """Plans executed on copies, with what each revision did there."""

    list_display = ("__str__", "state", "requested_at", "requested_by", "seconds")
    list_filter = ("state", "plan__project", "plan__environment")
    list_select_related = ("requested_by",)
    inlines = (RehearsedRevisionInline,)


@admin.register(RehearsalOverride)
class RehearsalOverrideAdmin(ReadOnly, _Admin):
    """Who let a budget be exceeded, and why."""

    list_display = ("__str__", "given_at", "exceeded", "reason")
    list_select_related = ("given_by",)


@admin.register(Plan)
class PlanAdmin(ReadOnly, _Admin):
    """Plans as they were made."""

    list_display = ("__str__", "created_at", "created_by", "fingerprint")
    list_filter = ("project", "environment")
    list_select_related = ("created_by",)


@admin.register(Confirmation)
class ConfirmationAdmin(ReadOnly, _Admin):
    """Who confirmed what."""

    list_display = ("__str__", "created_at", "spent_at", "typed", "confirmed_by")
    list_select_related = ("plan", "confirmed_by")


@admin.register(Observation)
class ObservationAdmin(ReadOnly, _Admin):
    """What was read of each environment."""

    list_display = ("__str__", "rows", "reason", "server", "changed")
    list_filter = ("project", "environment", "reason", "changed")
    date_hierarchy = "observed_at"


@admin.register(PlanPreview)
class PlanPreviewAdmin(ReadOnly, _Admin):
    """The SQL of plans."""

    list_display = ("__str__", "made_at", "dialect", "error")
    list_filter = ("dialect",)


@admin.register(Finding)
class FindingAdmin(ReadOnly, _Admin):
    """What was found in it."""

    list_display = ("__str__", "level", "rule", "message")
    list_filter = ("level", "rule")


@admin.register(RevisionSql)
class RevisionSqlAdmin(ReadOnly, _Admin):
    """The SQL of single revisions."""

    list_display = ("__str__", "asked_at", "asked_by", "made_at", "error")
    list_filter = ("project", "dialect")
    list_select_related = ("asked_by",)


@admin.register(Acceptance)
class AcceptanceAdmin(ReadOnly, _Admin):
    """Who accepted what, and why."""

    list_display = ("__str__", "accepted_at", "accepted_by", "reason")
    list_filter = ("project", "environment", "rule")
    date_hierarchy = "accepted_at"
    list_select_related = ("accepted_by",)


@admin.register(AppliedFile)
class AppliedFileAdmin(ReadOnly, _Admin):
    """The files that environments got."""

    list_display = ("__str__", "how", "first_seen_at", "gone_at", "path", "sha256")
    list_filter = ("project", "environment", "how")
    search_fields = ("revision", "path")


@admin.register(Review)
class ReviewAdmin(ReadOnly, _Admin):
    """Who read which file."""

    list_display = ("__str__", "reviewed_at", "reviewed_by", "path", "sha256")
    list_filter = ("project",)
    list_select_related = ("reviewed_by",)


@admin.register(RevisionProposal)
class RevisionProposalAdmin(ReadOnly, _Admin):
    """New revision files, written or not."""

    list_display = ("__str__", "created_at", "created_by", "state", "path", "written_at", "written_by")
    list_filter = ("project", "kind", "state")
    list_select_related = ("created_by", "written_by")


@admin.register(Replacement)
class ReplacementAdmin(ReadOnly, _Admin):
    """Databases that restores replaced, and who had them deleted."""

    list_display = ("__str__", "swapped_at", "deletion_requested_at", "deleted_at")
    list_select_related = ("deletion_requested_by",)
