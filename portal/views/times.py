"""Views by which patients choose, move and cancel their visit themselves; looking changes nothing."""

from datetime import date, datetime
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
from portal.forms import CancelForm, WayForm
from portal.free_times import HALF_DAYS, TimesQuery, build_free_times, languages_to_offer
from portal.session import VerifiedVisitor
from recalls.enums import SpokenLanguage
from recalls.scheduling.self_booking import SelfBooking, find_self_booking


@for_patient
@require_http_methods(["GET", "HEAD", "POST"])
def choose_time(request: HttpRequest, visitor: VerifiedVisitor) -> HttpResponse:
    """The free times; a POST books one of them, or moves the booked visit to it, or says how long the way is."""
    if request.method == "POST" and "travel" in request.POST:
        return _save_way(request, visitor)
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
    return _render(
        request, "portal/choose_time.html", booking, **_choose_context(booking, _asked(request, booking), now)
    )


def _choose_context(booking: SelfBooking, asked: TimesQuery, now: datetime) -> dict[str, Any]:
    free = build_free_times(booking, now, asked)
    wish = getattr(booking.recall.patient, "visit_wish", None)
    return {
        "free": free,
        "asked": asked,
        "half_days": [(value, label, asked.address(part=value)) for value, label in HALF_DAYS],
        "any_language": asked.address(speaks=""),
        "spoken": [(one, asked.address(speaks=one.value)) for one in languages_to_offer(booking)],
        "later": asked.address(since=free.later_from),
        "with_early": asked.address(early=True, since=asked.since),
        "way": WayForm(initial={"travel": wish.travel_minutes if wish else 0}),
        "key": str(uuid4()),
    }


def _asked(request: HttpRequest, booking: SelfBooking) -> TimesQuery:
    """What the address asks for; where it names no part of the day, the one in which the patient can come."""
    wish = getattr(booking.recall.patient, "visit_wish", None)
    speaks = request.GET.get("speaks", "")
    return TimesQuery(
        part=request.GET.get("part", wish.part if wish else ""),
        speaks=speaks if speaks in SpokenLanguage.values else "",
        early=request.GET.get("early") == "1",
        since=_day_of(request.GET.get("from", "")),
    )


def _save_way(request: HttpRequest, visitor: VerifiedVisitor) -> HttpResponse:
    form = WayForm(request.POST)
    if form.is_valid():
        patient_requests.save_travel_time(visitor.patient, form.cleaned_data["travel"])
        messages.success(request, _("Saved. Thank you."))
    return redirect("portal:choose_time")


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
