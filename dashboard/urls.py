"""The URL conf. An action is a noun that one POSTs to."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path, reverse_lazy

from dashboard.views.acceptances import accept, plan_sql
from dashboard.views.admin_login import admin_login
from dashboard.views.alterations import alterations
from dashboard.views.audit import audit, audit_file
from dashboard.views.backup import backup, prove_backup
from dashboard.views.backups import attest_backup, backups, take_backup
from dashboard.views.branches import branches
from dashboard.views.compare import compare_heads
from dashboard.views.confirmation import confirm_plan
from dashboard.views.drift import check_drift
from dashboard.views.environment import environment
from dashboard.views.health import healthz
from dashboard.views.help import help_page
from dashboard.views.history import history
from dashboard.views.icon import favicon
from dashboard.views.interventions import cancel_run, terminate_session
from dashboard.views.ledger_file import ledger_file
from dashboard.views.observations import observe
from dashboard.views.overview import overview
from dashboard.views.plan import plan
from dashboard.views.proposals import discard, new_revision, proposal, proposal_file, write
from dashboard.views.rehearsals import override, rehearse
from dashboard.views.replaced import delete_replaced
from dashboard.views.reviews import review
from dashboard.views.revision import revision
from dashboard.views.revision_sql import revision_sql_file, write_revision_sql
from dashboard.views.run import run, run_log
from dashboard.views.runs import runs

_PROJECT = "projects/<slug:project>"
_ENVIRONMENT = f"{_PROJECT}/environments/<slug:environment>"

urlpatterns = [
    path("", overview, name="overview"),
    path(f"{_PROJECT}/history/", history, name="history"),
    path(f"{_PROJECT}/compare/", compare_heads, name="compare"),
    path(f"{_PROJECT}/altered/", alterations, name="alterations"),
    path(f"{_PROJECT}/reviews/", review, name="review"),
    path(f"{_PROJECT}/new-revision/", new_revision, name="new_revision"),
    path(f"{_PROJECT}/revision-sql/", write_revision_sql, name="write_revision_sql"),
    path(f"{_PROJECT}/revision-sql/file/", revision_sql_file, name="revision_sql_file"),
    path(f"{_PROJECT}/branches/", branches, name="branches"),
    path(f"{_PROJECT}/revisions/<path:revision>/", revision, name="revision"),
    path(f"{_ENVIRONMENT}/", environment, name="environment"),
    path(f"{_ENVIRONMENT}/ledger.csv", ledger_file, name="ledger_file"),
    path(f"{_ENVIRONMENT}/plan/", plan, name="plan"),
    path(f"{_ENVIRONMENT}/plan/sql/", plan_sql, name="plan_sql"),
    path(f"{_ENVIRONMENT}/acceptances/", accept, name="accept_findings"),
    path(f"{_ENVIRONMENT}/backups/", take_backup, name="take_backup"),
    path(f"{_ENVIRONMENT}/attestations/", attest_backup, name="attest_backup"),
    path(f"{_ENVIRONMENT}/rehearsals/", rehearse, name="rehearse"),
    path(f"{_ENVIRONMENT}/drift/", check_drift, name="check_drift"),
    path(f"{_ENVIRONMENT}/rehearsals/overrides/", override, name="override_rehearsal"),
    path(f"{_ENVIRONMENT}/confirmations/", confirm_plan, name="confirm_plan"),
    path("observations/", observe, name="observe"),
    path("runs/", runs, name="runs"),
    path("runs/<int:number>/", run, name="run"),
    path("runs/<int:number>/log/", run_log, name="run_log"),
    path("runs/<int:number>/cancellation/", cancel_run, name="cancel_run"),
    path("runs/<int:number>/termination/", terminate_session, name="terminate_session"),
    path("runs/<int:number>/replaced/deletion/", delete_replaced, name="delete_replaced"),
    path("proposals/<int:number>/", proposal, name="proposal"),
    path("proposals/<int:number>/file/", proposal_file, name="proposal_file"),
    path("proposals/<int:number>/writing/", write, name="write_proposal"),
    path("proposals/<int:number>/discarding/", discard, name="discard_proposal"),
    path("backups/", backups, name="backups"),
    path("backups/<int:number>/", backup, name="backup"),
    path("backups/<int:number>/proof/", prove_backup, name="prove_backup"),
    path("audit/", audit, name="audit"),
    path("audit/audit.csv", audit_file, name="audit_file"),
    path("help/", help_page, name="help"),
    path("favicon.ico", favicon, name="favicon"),
    path("login/", auth.LoginView.as_view(template_name="login.html", redirect_authenticated_user=True), name="login"),
    path("logout/", auth.LogoutView.as_view(next_page="login"), name="logout"),
    path(
        "password/",
        auth.PasswordChangeView.as_view(
            template_name="password_change.html", success_url=reverse_lazy("password_change_done")
        ),
        name="password_change",
    ),
    path(
        "password/done/",
        auth.PasswordChangeDoneView.as_view(template_name="password_changed.html"),
        name="password_change_done",
    ),
    path("admin/login/", admin_login),
    path("admin/", admin.site.urls),
    path("api/v1/", include("dashboard.http_api.urls")),
    path("healthz", healthz, name="healthz"),
]
