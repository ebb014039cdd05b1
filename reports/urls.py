"""Addresses of the live map, the downtime sheet and the manager's lists."""

from django.urls import path
from django.views.generic import RedirectView

from reports.access.access_views import AccessReportView
from reports.audit.feedback.views import (
    RateCaseView,
    ReaderCasesView,
    ReaderTrendFileView,
    ReaderTrendView,
    ReviewCaseView,
)
from reports.audit.signed_views import (
    NamePhysicianView,
    SignAuditView,
    SignedAuditFileView,
    SignedAuditsView,
    SignedAuditView,
)
from reports.audit.simulation.views import SimulationFileView, SimulationView
from reports.audit.views import (
    AuditFileView,
    AuditView,
    EquityFileView,
    EquityView,
    MonthView,
    WaitsFileView,
    WaitsView,
)
from reports.calendars.views import CalendarFeedsView, CalendarFeedView, EndFeedView
from reports.manager.export_log import ExportLogView
from reports.manager.export_views import ExportFilesView
from reports.manager.list_export_views import ListExportView
from reports.manager.views import RecallListExportView, RecallListView, StaffWorkExportView, StaffWorkView
from reports.no_show.views import MissedVisitsView
from reports.trials.views import (
    DraftTrialView,
    EndTrialView,
    StartTrialView,
    TrialFileView,
    TrialsView,
    TrialView,
)
from reports.views import DowntimeSheetView, WorkflowMapUpdateView, WorkflowMapView

urlpatterns = [
    path("access/", AccessReportView.as_view(), name="access_log"),
    path("lists/", RedirectView.as_view(pattern_name="recall_list", permanent=False), {"name": "late"}, "late_list"),
    path("lists/files-taken/", ExportLogView.as_view(), name="export_log"),
    path("lists/work/", StaffWorkView.as_view(), name="staff_work"),
    path("lists/work/export/", StaffWorkExportView.as_view(), name="staff_work_export"),
    path("lists/files/", ExportFilesView.as_view(), name="export_files"),
    path("lists/take/<slug:name>/", ListExportView.as_view(), name="list_export"),
    path("lists/missed-visits/", MissedVisitsView.as_view(), name="missed_visits"),
    path("lists/calendars/", CalendarFeedsView.as_view(), name="calendar_feeds"),
    path("lists/calendars/<int:pk>/end/", EndFeedView.as_view(), name="calendar_feed_end"),
    path("calendars/<str:secret>.ics", CalendarFeedView.as_view(), name="calendar_feed"),
    path("lists/<slug:name>/", RecallListView.as_view(), name="recall_list"),
    path("lists/<slug:name>/export/", RecallListExportView.as_view(), name="recall_list_export"),
    path("audit/", AuditView.as_view(), name="audit"),
    path("audit/figures/<slug:kind>/", AuditFileView.as_view(), name="audit_file"),
    path("audit/signed/", SignedAuditsView.as_view(), name="signed_audits"),
    path("audit/signed/<int:pk>/", SignedAuditView.as_view(), name="signed_audit"),
    path("audit/signed/<int:pk>/<slug:kind>/", SignedAuditFileView.as_view(), name="signed_audit_file"),
    path("audit/sign/<slug:code>/", SignAuditView.as_view(), name="sign_audit"),
    path("audit/physician/<slug:code>/", NamePhysicianView.as_view(), name="name_audit_physician"),
    path("audit/waits/", WaitsView.as_view(), name="audit_waits"),
    path("audit/waits/figures/<slug:kind>/", WaitsFileView.as_view(), name="audit_waits_file"),
    path("audit/cases/", ReaderCasesView.as_view(), name="reader_cases"),
    path("audit/cases/<int:pk>/rate/", RateCaseView.as_view(), name="rate_case"),
    path("audit/cases/review/<int:exam>/<slug:kind>/", ReviewCaseView.as_view(), name="review_case"),
    path("audit/trend/", ReaderTrendView.as_view(), name="reader_trend"),
    path("audit/trend/figures/<slug:kind>/", ReaderTrendFileView.as_view(), name="reader_trend_file"),
    path("audit/month/<int:year>/<int:month>/", MonthView.as_view(), name="audit_month"),
    path("audit/simulation/", SimulationView.as_view(), name="simulation"),
    path("audit/simulation/figures/<slug:kind>/", SimulationFileView.as_view(), name="simulation_file"),
    path("audit/trials/", TrialsView.as_view(), name="trials"),
    path("audit/trials/new/<slug:code>/", DraftTrialView.as_view(), name="trial_draft"),
    path("audit/trials/<int:pk>/", TrialView.as_view(), name="trial"),
    path("audit/trials/<int:pk>/start/", StartTrialView.as_view(), name="trial_start"),
    path("audit/trials/<int:pk>/end/", EndTrialView.as_view(), name="trial_end"),
    path("audit/trials/<int:pk>/figures/<slug:kind>/", TrialFileView.as_view(), name="trial_file"),
    path("audit/equity/", EquityView.as_view(), name="audit_equity"),
    path("audit/equity/figures/<slug:kind>/", EquityFileView.as_view(), name="audit_equity_file"),
    path("downtime/", DowntimeSheetView.as_view(), name="downtime"),
    path("map/", WorkflowMapView.as_view(), name="workflow_map"),
    path("map/figures/", WorkflowMapUpdateView.as_view(), name="workflow_map_update"),
]
