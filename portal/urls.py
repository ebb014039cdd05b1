"""Addresses of the patient's page; only the first holds a link, and it is left after signing in."""

from django.urls import path
from django.views.decorators.http import require_http_methods

from portal.contact_plan import views as contact_plan
from portal.contact_plan.visit import on_own_page
from portal.views import education, patient_page, times, verification

_ask = require_http_methods(["GET", "HEAD", "POST"])

app_name = "portal"
urlpatterns = [
    path("", patient_page.patient_page, name="page"),
    path("confirm/", patient_page.confirm_appointment, name="confirm_appointment"),
    path("keep/", patient_page.keep_time, name="keep_time"),
    path("times/", times.choose_time, name="choose_time"),
    path("earlier/", times.answer_earlier, name="answer_earlier"),
    path("earlier/wait/", times.wait_for_earlier, name="wait_for_earlier"),
    path("cancel/", times.cancel_visit, name="cancel_visit"),
    path("ask/<slug:what>/", patient_page.request_contact, name="patient_request"),
    path("choices/", patient_page.edit_preferences, name="preferences"),
    path("plan/number/code/", on_own_page(_ask(contact_plan.type_code)), name="plan_code"),
    path("plan/<slug:step>/", on_own_page(_ask(contact_plan.ask)), name="plan"),
    path("texts/", education.education_series, name="education"),
    path("not-me/", patient_page.stop_emails, name="stop_emails"),
    path("visit.ics", patient_page.download_calendar_file, name="calendar_file"),
    path("leave/", patient_page.close_page, name="close_page"),
    path("<str:token>/", verification.verify_birth_date, name="link"),
    path("<str:token>/not-me/", verification.stop_emails_by_link, name="link_stop_emails"),
]
