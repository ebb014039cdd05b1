"""Views by which patients choose, move and cancel their visit themselves; looking changes nothing."""

from datetime import date
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinic import calendar
from patients.contact_validation import format_phone
from portal import patient_requests
from portal.decorators import for_patient
from portal.formatting import format_local_day_and_time
from portal.forms import CancelForm
from portal.free_times import HALF_DAYS, build_free_times
from portal.session import VerifiedVisitor
from recalls.scheduling.self_booking import SelfBooking, find_self_booking


@for_patient
@require_http_methods(["GET", "HEAD", "POST"])
def choose_time(request: HttpRequest, visitor: VerifiedVisitor) -> HttpResponse:
    """The free times; a POST books one of them, or moves the booked visit to it."""
    if request.method == "POST":
        refused = patient_requests.choose_time(
            visitor.patient, request.POST.get("slot", ""), seen=request.POST.get("seen", ""),
            key=request.POST.get("key", ""),
        )  # fmt: skip
        if not refused:
            return redirect("portal:page")
        messages.info(request, refused)
        return redirect("portal:choose_time")
    now = timezone.now()
    booking = find_self_booking(visitor.patient, now)
    if booking is None:
        messages.info(request, _("Please call us about the day and time of your visit."))
        return redirect("portal:page")
    wish = getattr(booking.recall.patient, "visit_wish", None)
    part = request.GET.get("part", wish.part if wish else "")
    free = build_free_times(booking, now, part, _day_of(request.GET.get("from", "")))
    more = {"free": free, "half_days": HALF_DAYS, "part": part, "key": str(uuid4())}
    return _render(request, "portal/choose_time.html", booking, **more)


@for_patient
@require_http_methods(["GET", "HEAD", "POST"])
def cancel_visit(request: HttpRequest, visitor: VerifiedVisitor) -> HttpResponse:
    """Cancel the visit with a reason, which brings the task that helps."""
    booking = find_self_booking(visitor.patient, timezone.now())
    form = CancelForm(request.POST or None, initial={"key": str(uuid4())})
    if request.method == "POST" and form.is_valid():
        if patient_requests.cancel_visit(visitor.patient, form.cleaned_data["reason"], key=form.cleaned_data["key"]):
            messages.success(request, _("Your visit is cancelled. We will call you to help with what is in the way."))
        else:
            messages.info(request, _("Please call us to cancel this visit."))
        return redirect("portal:page")
    if booking is None or booking.visit is None:
        messages.info(request, _("Please call us about the day and time of your visit."))
        return redirect("portal:page")
    return _render(request, "portal/cancel_visit.html", booking, form=form)


@for_patient
@require_POST
def answer_earlier(request: HttpRequest, visitor: VerifiedVisitor) -> HttpResponse:
    """Yes or no to the earlier time that the page offered; the first yes of several patients has it."""
    is_yes = request.POST.get("answer") == "yes"
    told = patient_requests.answer_earlier(visitor.patient, request.POST.get("offer", ""), is_yes=is_yes)
    messages.info(request, told)
    return redirect("portal:page")


@for_patient
@require_POST
def wait_for_earlier(request: HttpRequest, visitor: VerifiedVisitor) -> HttpResponse:
    """Wait for an earlier time than the visit's, or wait no more."""
    stop = request.POST.get("stop") == "yes"
    if not patient_requests.wait_for_earlier(visitor.patient, stop=stop):
        messages.info(request, _("Your visit has changed. Please look at the day and time again."))
    return redirect("portal:page")


def _render(request: HttpRequest, template: str, booking: SelfBooking, **more: Any) -> HttpResponse:
    site, visit = booking.recall.site, booking.visit
    day, hour = format_local_day_and_time(site, visit.starts_at) if visit else ("", "")
    common = {
        "site": site,
        "phone": format_phone(site.phone, site.country),
        "booking": booking,
        "booked_day": day,
        "booked_time": hour,
    }
    return render(request, template, common | more)


def _day_of(text: str) -> date | None:
    try:
        return calendar.parse_day(text)
    except ValueError:
        return None
