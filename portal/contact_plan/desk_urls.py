"""The address of the staff page of a patient's contact plan."""

from django.urls import path

from portal.contact_plan.desk_views import ContactPlanView

urlpatterns = [path("patients/<int:pk>/contact-plan/", ContactPlanView.as_view(), name="contact_plan")]
