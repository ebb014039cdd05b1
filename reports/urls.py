"""Addresses of the live map and the downtime sheet."""

from django.urls import path

from reports.views import DowntimeSheetView, WorkflowMapUpdateView, WorkflowMapView

urlpatterns = [
    path("downtime/", DowntimeSheetView.as_view(), name="downtime"),
    path("map/", WorkflowMapView.as_view(), name="workflow_map"),
    path("map/figures/", WorkflowMapUpdateView.as_view(), name="workflow_map_update"),
]
