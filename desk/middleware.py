"""Keeps a form that arrives after the session has ended, or with the token of an older sign-in."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _
from django.views.csrf import csrf_failure

from desk.kept_forms import keep_form, read_typist


class KeptFormMiddleware(MiddlewareMixin):
    """Runs before the sign-in is asked for, and after the check of the form's token."""

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        if request.method != "POST" or request.user.is_authenticated:
            return None
        return _keep_until_signed_in(request)


def keep_form_of_older_sign_in(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF_FAILURE_VIEW: somebody signed in again in another tab, and this form still bears the token of before.

    The signed typist of the form is the proof that it came from a page of ours. What another person typed is dropped.
    """
    if not request.user.is_authenticated:
        return _keep_until_signed_in(request) or csrf_failure(request, reason)
    typist = read_typist(request)
    if typist is None or typist.pk != request.user.pk:
        return csrf_failure(request, reason)
    response = _lead_to(request, request.path)
    keep_form(request, typist, response)
    return response


def _keep_until_signed_in(request: HttpRequest) -> HttpResponse | None:
    typist = read_typist(request)
    if typist is None:
        return None
    response = _lead_to(request, redirect_to_login(request.path).url)
    keep_form(request, typist, response)
    messages.warning(
        request, _("You were signed out; nothing was saved yet. Sign in again, and what you typed is shown to you.")
    )
    return response


def _lead_to(request: HttpRequest, url: str) -> HttpResponse:
    """A form sent in the background has the whole page go there, so that no sign-in page is put inside another page."""
    return HttpResponse(headers={"HX-Redirect": url}) if "HX-Request" in request.headers else redirect(url)
