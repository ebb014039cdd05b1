"""Addresses of a tablet that is handed to a patient; none holds a name or number of theirs."""

from django.urls import path
from django.views.decorators.http import require_http_methods

from portal.contact_plan import tablet_views, views
from portal.contact_plan.visit import on_tablet

_ask = require_http_methods(["GET", "HEAD", "POST"])

app_name = "tablet"
urlpatterns = [
    path("", tablet_views.open_tablet, name="open"),
    path("still-here/", tablet_views.still_here, name="still_here"),
    path("hand-back/", tablet_views.give_back, name="give_back"),
    path("thanks/", tablet_views.thanks, name="thanks"),
    path("number/code/", on_tablet(_ask(views.type_code)), name="plan_code"),
    path("<slug:step>/", on_tablet(_ask(views.ask)), name="plan"),
]
