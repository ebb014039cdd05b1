"""Views of the tablet itself: the number that opens it, and the page on which it is handed back."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic.access.rate_limit import count, digest_address, get_count
from patients.contact_plan.handover import open_on_tablet
from portal.contact_plan import tablet_session
from portal.contact_plan.forms import HandoverForm
from portal.contact_plan.views import QUESTION_NAMES
from portal.contact_plan.visit import PlanVisit, give_to_patient, hand_back, on_tablet, wait_for_answer
from portal.decorators import portal_response

MAX_WRONG_NUMBERS = 20  # from one network address, in a quarter of an hour
PERIOD = timedelta(minutes=15)


@portal_response
@require_http_methods(["GET", "HEAD", "POST"])
def open_tablet(request: HttpRequest) -> HttpResponse:
    """Staff type the number of the patient's contact plan; the tablet then belongs to that patient alone."""
    form = HandoverForm(request.POST or None)
    key = f"tablet-wrong-numbers:{digest_address(request)}"
    if request.method == "POST" and get_count(key) >= MAX_WRONG_NUMBERS:
        return render(request, "portal/contact_plan/open_tablet.html", {"form": form, "too_busy": True}, status=429)
    if request.method == "POST" and form.is_valid():
        handover = open_on_tablet(form.cleaned_data["number"])
        if handover is not None:
            return give_to_patient(request, handover, QUESTION_NAMES[0])
        count(key, int(PERIOD.total_seconds()))
        return render(request, "portal/contact_plan/open_tablet.html", {"form": form, "wrong": True})
    return render(request, "portal/contact_plan/open_tablet.html", {"form": form})


@on_tablet
@require_safe
def still_here(request: HttpRequest, visit: PlanVisit) -> HttpResponse:
    """Asked after a few minutes without a touch, so that nobody is sent away in the middle of an answer."""
    first = visit.url("plan", QUESTION_NAMES[0])
    return wait_for_answer(visit.render(request, "portal/contact_plan/still_here.html", back=first))


@portal_response
@require_POST
def give_back(request: HttpRequest) -> HttpResponse:
    """The patient stops, or is another person; what was answered stays."""
    return hand_back(request, tablet_session.get_tablet_visitor(request))


@portal_response
@require_safe
def thanks(request: HttpRequest) -> HttpResponse:
    """The end of every visit with the tablet, also of one that nobody touched any more."""
    return hand_back(request, tablet_session.get_tablet_visitor(request))
