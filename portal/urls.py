"""Which addresses belong to the patient's page? Only the first holds a link, and it is left after signing in."""

from django.urls import path

from portal import gate, views

app_name = "portal"
urlpatterns = [
    path("", views.page, name="page"),
    path("confirm/", views.confirm, name="confirm"),
    path("ask/<slug:what>/", views.ask, name="ask"),
    path("choices/", views.choices, name="choices"),
    path("not-me/", views.not_me, name="not_me"),
    path("visit.ics", views.calendar_file, name="calendar"),
    path("leave/", views.leave, name="leave"),
    path("<str:token>/", gate.confirm_it_is_you, name="link"),
    path("<str:token>/not-me/", gate.not_me, name="link_not_me"),
]
