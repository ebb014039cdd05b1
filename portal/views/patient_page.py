"""Views of an identified patient: see the page, confirm, ask, set preferences, save the date, close."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from patients import links
from patients.channels import get_patient_channels
from portal import calendar_file, patient_requests, session
from portal.decorators import for_patient
from portal.forms import PatientRequestForm, PreferencesForm
from portal.page_context import PatientPageContext, build_page_context
from portal.patient_requests import PatientRequestKind
from portal.session import VerifiedVisitor


@for_patient
@require_safe
def patient_page(request: HttpRequest, visitor: VerifiedVisitor) -> HttpResponse:
    return _render_page(request, "portal/patient_page.html", build_page_context(visitor.patient, timezone.now()))


@for_patient
@require_POST
def confirm_appointment(request: HttpRequest, visitor: VerifiedVisitor) -> HttpResponse:
    """ "I will be there", about the visit as the page showed it: one that was moved since is shown anew."""
    story = build_page_context(visitor.patient, timezone.now())
    seen, visit = (request.POST.get("visit"), request.POST.get("moved")), story.appointment
    is_the_same = visit is not None and seen == (str(visit.appointment.pk), str(visit.appointment.sequence))
    if is_the_same and visit and visit.confirmed:
        return redirect("portal:page")
    if not (
        is_the_same
        and visit
        and visit.can_confirm
        and story.recall
        and patient_requests.confirm_appointment(story.recall)
    ):
        messages.info(request, _("Your visit has changed. Please look at the day and time again."))
    return redirect("portal:page")


@for_patient
@require_POST
def keep_time(request: HttpRequest, visitor: VerifiedVisitor) -> HttpResponse:
    """Book the time as the page offered it; pressed twice, one visit is booked."""
    if not patient_requests.keep_held_time(visitor.patient, request.POST.get("held", "")):
        messages.info(request, _("That time has changed. Please look again, or call us."))
    return redirect("portal:page")


@for_patient
@require_http_methods(["GET", "HEAD", "POST"])
def request_contact(request: HttpRequest, visitor: VerifiedVisitor, what: str) -> HttpResponse:
    """A request with a few words, if the patient likes; it lands with the schedulers at once, and the booking stays."""
    if what not in PatientRequestKind.values:
        raise Http404
    story = build_page_context(visitor.patient, timezone.now())
    asked = PatientRequestKind(what)
    if asked != PatientRequestKind.CALL_ME and story.appointment is None:
        return redirect("portal:page")
    form = PatientRequestForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        patient_requests.submit_request(visitor.patient, asked, form.cleaned_data["note"])
        messages.success(request, _("Thank you. Our team has your message."))
        return redirect("portal:page")
    return _render_page(
        request,
        "portal/request_form.html",
        story,
        form=form,
        asked=asked,
        about_visit=asked != PatientRequestKind.CALL_ME,
    )


@for_patient
@require_http_methods(["GET", "HEAD", "POST"])
def edit_preferences(request: HttpRequest, visitor: VerifiedVisitor) -> HttpResponse:
    patient = visitor.patient
    form = PreferencesForm(patient, get_patient_channels(patient), request.POST or None)
    if request.method == "POST" and form.is_valid():
        patient_requests.save_preferences(
            patient, form.cleaned_data["language"], form.changed_consents(), form.changed_wish()
        )
        messages.success(request, _("Saved. Thank you."))
        return redirect("portal:page")
    return _render_page(
        request,
        "portal/preferences.html",
        build_page_context(patient, timezone.now()),
        form=form,
        ways=form.consent_fields(),
        wishes=form.wish_fields(),
        proxy=form.proxy_fields(),
        no_email="email" not in form.fields,
    )


@for_patient
@require_http_methods(["GET", "HEAD", "POST"])
def stop_emails(request: HttpRequest, visitor: VerifiedVisitor) -> HttpResponse:
    story = build_page_context(visitor.patient, timezone.now())
    if request.method != "POST":
        return _render_page(request, "portal/not_me.html", story)
    patient_requests.report_wrong_recipient(visitor.link)
    response = _render_page(request, "portal/emails_stopped.html", story)
    session.end_session(response)
    return response


@for_patient
@require_safe
def download_calendar_file(request: HttpRequest, visitor: VerifiedVisitor) -> HttpResponse:
    story = build_page_context(visitor.patient, timezone.now())
    if story.appointment is None:
        return redirect("portal:page")
    response = HttpResponse(
        calendar_file.build_calendar_file(story.appointment.appointment), content_type="text/calendar; charset=utf-8"
    )
    response.headers["Content-Disposition"] = 'attachment; filename="visit.ics"'
    return response


@for_patient
@require_POST
def close_page(request: HttpRequest, visitor: VerifiedVisitor) -> HttpResponse:
    response = _render_page(request, "portal/page_closed.html", build_page_context(visitor.patient, timezone.now()))
    links.leave(visitor.link)
    session.end_session(response)
    return response


def _render_page(request: HttpRequest, template: str, story: PatientPageContext, **more: Any) -> HttpResponse:
    common = {"story": story, "site": story.site, "phone": story.phone, "hours": story.opening_hours}
    return render(request, template, common | more)
