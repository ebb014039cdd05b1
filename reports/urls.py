"""Where are the pages that look over all recalls? The live map, and the sheet for a day without the system."""

from django.urls import path

from reports.views import DowntimeSheetView, WorkflowMapUpdateView, WorkflowMapView

urlpatterns = [
    path("downtime/", DowntimeSheetView.as_view(), name="downtime"),
    path("map/", WorkflowMapView.as_view(), name="workflow_map"),
    path("map/figures/", WorkflowMapUpdateView.as_view(), name="workflow_map_update"),
]
