"""Addresses of the patient's page; only the first holds a link, and it is left after signing in."""

from django.urls import path

from portal.views import patient_page, times, verification

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
    path("not-me/", patient_page.stop_emails, name="stop_emails"),
    path("visit.ics", patient_page.download_calendar_file, name="calendar_file"),
    path("leave/", patient_page.close_page, name="close_page"),
    path("<str:token>/", verification.verify_birth_date, name="link"),
    path("<str:token>/not-me/", verification.stop_emails_by_link, name="link_stop_emails"),
]
