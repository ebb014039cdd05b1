"""What happens at a patient's link? A GET shows a form and changes nothing; a POST with the birth date opens the page.

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
from patients.contact import show_phone
from patients.links import Answer
from patients.models import PatientLink
from portal import requests, session, throttle
from portal.doors import language_of, private
from portal.forms import BirthDateForm


@private
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_it_is_you(request: HttpRequest, token: str) -> HttpResponse:
    link = links.find(token)
    if link is None or not link.opens_at(timezone.now()):
        return _closed(request, link)
    with translation.override(language_of(request, link.holder.language)):
        return _let_in(request, link) if request.method == "POST" else _show(request, link)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def not_me(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever got a message that was not meant for them stops it here, without knowing any birth date."""
    link = links.find(token)
    if link is None or not link.opens_at(timezone.now()):
        return _closed(request, link)
    with translation.override(language_of(request, link.holder.language)):
        if request.method == "POST":
            requests.wrong_person(link)
            return render(request, "portal/stopped.html", _clinic(link))
        return render(request, "portal/not_me.html", _clinic(link))


def _show(request: HttpRequest, link: PatientLink) -> HttpResponse:
    inside = session.visitor_of(request)
    if inside is not None and inside.link.pk == link.pk:
        return redirect("portal:page")
    return _form(request, link, BirthDateForm(site=link.holder.site))


def _let_in(request: HttpRequest, link: PatientLink) -> HttpResponse:
    form = BirthDateForm(request.POST, site=link.holder.site)
    if throttle.is_too_busy(request):
        return _form(request, link, form, too_busy=True, status=429)
    if not form.is_valid():
        return _form(request, link, form)
    with transaction.atomic():
        answer = links.try_birth_date(link, form.cleaned_data["birth_date"])
        if answer == Answer.LOCKED_NOW:
            requests.report_locked(link)
    if answer == Answer.RIGHT:
        response = redirect("portal:page")
        session.begin(response, link)
        return response
    throttle.note_wrong(request)
    if answer == Answer.WRONG:
        return _form(request, link, form, wrong=True)
    link.refresh_from_db()
    return _closed(request, link)


def _form(
    request: HttpRequest,
    link: PatientLink,
    form: BirthDateForm,
    *,
    wrong: bool = False,
    too_busy: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = _clinic(link) | {"form": form, "wrong": wrong, "too_busy": too_busy}
    return render(request, "portal/gate.html", context, status=status)


def _closed(request: HttpRequest, link: PatientLink | None) -> HttpResponse:
    """An unknown link, or one that has ended; after five wrong birth dates the sentence says so."""
    context: dict[str, Any] = {"locked": False, "site": None}
    if link is not None:
        context = _clinic(link) | {"locked": link.locked_at is not None}
    return render(request, "portal/closed.html", context, status=410 if link else 404)


def _clinic(link: PatientLink) -> dict[str, Any]:
    site = link.holder.site
    return {"site": site, "phone": show_phone(site.phone, site.country), "hours": format_opening_hours(site)}
