"""URL routes of retention."""

from django.urls import path

from retention import views

urlpatterns = [
    path("", views.RetentionView.as_view(), name="retention"),
    path("decide/", views.DecideView.as_view(), name="retention_decide"),
    path("holds/", views.HoldsView.as_view(), name="legal_holds"),
    path("patients/<int:pk>/hold/", views.PatientHoldView.as_view(), name="patient_hold"),
    path("holds/<int:pk>/lift/", views.LiftHoldView.as_view(), name="lift_hold"),
]
