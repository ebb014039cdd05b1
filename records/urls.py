"""URL routes of patients' records."""

from django.urls import path

from records import merge_views, views

urlpatterns = [
    path("patients/duplicates/", merge_views.DuplicateListView.as_view(), name="duplicates"),
    path("patients/<int:pk>/", views.PatientView.as_view(), name="patient"),
    path("patients/<int:pk>/edit/", views.EditView.as_view(), name="patient_edit"),
    path("patients/<int:pk>/links/end/", views.EndLinksView.as_view(), name="patient_end_links"),
    path("patients/<int:pk>/copy/", views.CopyView.as_view(), name="patient_copy"),
    path("patients/<int:pk>/merge/", merge_views.FindRecordView.as_view(), name="patient_merge_find"),
    path("patients/<int:pk>/merge/<int:stays>/", merge_views.MergeView.as_view(), name="patient_merge"),
    path("patients/<int:pk>/separate/", merge_views.UnmergeView.as_view(), name="patient_separate"),
]
