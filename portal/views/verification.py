"""Views of a patient's link: a GET shows a form and changes nothing, a POST with the birth date opens the page.

Mail scanners and chat apps open every link they see, so opening one proves nothing and uses up nothing. An unknown
link and one that has ended read alike but for one sentence.
"""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.views.decorators.http import require_http_methods

from notifications.rendering.formatting import format_opening_hours
from patients import links
from patients.contact_validation import format_phone
from patients.links import BirthDateResult
from patients.models import PatientLink
from portal import patient_requests, rate_limit, session
from portal.decorators import get_page_language, portal_response
from portal.forms import BirthDateForm


@portal_response
@require_http_methods(["GET", "HEAD", "POST"])
def verify_birth_date(request: HttpRequest, token: str) -> HttpResponse:
    link = links.find_link(token)
    if link is None or not link.is_usable_at(timezone.now()):
        return _render_link_closed(request, link)
    with translation.override(get_page_language(request, link.current_patient.language)):
        return _check_birth_date(request, link) if request.method == "POST" else _show_verification(request, link)


@portal_response
@require_http_methods(["GET", "HEAD", "POST"])
def stop_emails_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever got a message that was not meant for them stops it here, without knowing any birth date."""
    link = links.find_link(token)
    if link is None or not link.is_usable_at(timezone.now()):
        return _render_link_closed(request, link)
    with translation.override(get_page_language(request, link.current_patient.language)):
        if request.method == "POST":
            patient_requests.report_wrong_recipient(link)
            return render(request, "portal/emails_stopped.html", _clinic_context(link))
        return render(request, "portal/not_me.html", _clinic_context(link))


def _show_verification(request: HttpRequest, link: PatientLink) -> HttpResponse:
    inside = session.get_visitor(request)
    if inside is not None and inside.link.pk == link.pk:
        return redirect("portal:page")
    return _render_form(request, link, BirthDateForm(site=link.current_patient.site))


def _check_birth_date(request: HttpRequest, link: PatientLink) -> HttpResponse:
    form = BirthDateForm(request.POST, site=link.current_patient.site)
    if rate_limit.is_rate_limited(request):
        return _render_form(request, link, form, too_busy=True, status=429)
    if not form.is_valid():
        return _render_form(request, link, form)
    with transaction.atomic():
        answer = links.check_birth_date(link, form.cleaned_data["birth_date"])
        if answer == BirthDateResult.NOW_LOCKED:
            patient_requests.report_link_locked(link)
    if answer == BirthDateResult.CORRECT:
        response = redirect("portal:page")
        session.start_session(response, link)
        return response
    rate_limit.record_wrong_date(request)
    if answer == BirthDateResult.WRONG:
        return _render_form(request, link, form, wrong=True)
    link.refresh_from_db()
    return _render_link_closed(request, link)


def _render_form(
    request: HttpRequest,
    link: PatientLink,
    form: BirthDateForm,
    *,
    wrong: bool = False,
    too_busy: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = _clinic_context(link) | {"form": form, "wrong": wrong, "too_busy": too_busy}
    return render(request, "portal/verify_birth_date.html", context, status=status)


def _render_link_closed(request: HttpRequest, link: PatientLink | None) -> HttpResponse:
    """An unknown link, or one that has ended; after five wrong birth dates the sentence says so."""
    context: dict[str, Any] = {"locked": False, "site": None}
    if link is not None:
        context = _clinic_context(link) | {"locked": link.locked_at is not None}
    return render(request, "portal/link_closed.html", context, status=410 if link else 404)


def _clinic_context(link: PatientLink) -> dict[str, Any]:
    site = link.current_patient.site
    return {"site": site, "phone": format_phone(site.phone, site.country), "hours": format_opening_hours(site)}
