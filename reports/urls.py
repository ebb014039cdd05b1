"""Where are the pages that look over all recalls? The live map, and the sheet for a day without the system."""

from django.urls import path

from reports.views import DowntimeSheet, WorkflowMap, WorkflowMapFigures

urlpatterns = [
    path("downtime/", DowntimeSheet.as_view(), name="downtime"),
    path("map/", WorkflowMap.as_view(), name="workflow_map"),
    path("map/figures/", WorkflowMapFigures.as_view(), name="workflow_map_figures"),
]
