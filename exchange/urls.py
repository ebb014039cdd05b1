"""Addresses of entry by hand, uploads, parked rows and HL7 messages; none of them names a patient."""

from django.urls import path

from exchange.views.cancers import CancerEntryView, CancerListView, ParkedCancerView
from exchange.views.entry import EntryView, NumberOwnerView
from exchange.views.exams import ExamView
from exchange.views.hl7_messages import Hl7MessageListView, Hl7MessageView
from exchange.views.hl7_trial import Hl7TrialView
from exchange.views.parked_rows import ParkedRowListView, ParkedRowView
from exchange.views.uploads import UploadColumnsView, UploadListView, UploadProgressView, UploadView

urlpatterns = [
    path("entry/", EntryView.as_view(), name="entry"),
    path("entry/number/", NumberOwnerView.as_view(), name="entry_number_owner"),
    path("exams/<int:pk>/", ExamView.as_view(), name="exam"),
    path("uploads/", UploadListView.as_view(), name="uploads"),
    path("uploads/<int:pk>/", UploadView.as_view(), name="upload"),
    path("uploads/<int:pk>/columns/", UploadColumnsView.as_view(), name="upload_columns"),
    path("uploads/<int:pk>/progress/", UploadProgressView.as_view(), name="upload_progress"),
    path("hl7/", Hl7MessageListView.as_view(), name="hl7_messages"),
    path("hl7/try/", Hl7TrialView.as_view(), name="hl7_trial"),
    path("hl7/<int:pk>/", Hl7MessageView.as_view(), name="hl7_message"),
    path("cancers/", CancerListView.as_view(), name="cancers"),
    path("cancers/new/<slug:code>/", CancerEntryView.as_view(), name="cancer_entry"),
    path("cancers/parked/<int:pk>/", ParkedCancerView.as_view(), name="parked_cancer"),
    path("parked-rows/", ParkedRowListView.as_view(), name="parked_rows"),
    path("parked-rows/<int:pk>/", ParkedRowView.as_view(), name="parked_row"),
]
