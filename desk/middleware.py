"""Keeps a form that arrives after the session has ended, or with an older sign-in's token, and hands it back."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _
from django.views.csrf import csrf_failure

from desk.kept_forms import (
    DISCARD_FIELD,
    cookie_name,
    discard_kept_form,
    find_unshown_form,
    keep_form,
    read_typist,
)

_MAY_SHOW_KEPT_FORM = (200, 405)  # a page, or the address of a button, which shows none of its own


class KeptFormMiddleware(MiddlewareMixin):
    """Runs before the sign-in is asked for, and after the check of the form's token.

    A page that does not put what was kept into its form is answered by one that shows it and saves it on request.
    """

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        if request.method != "POST":
            return None
        if not request.user.is_authenticated:
            # A page that asks nobody to sign in loses no form; and what a program sends it is no form at all.
            return _keep_until_signed_in(request) if getattr(view, "login_required", True) else None
        if DISCARD_FIELD not in request.POST:
            return None
        discard_kept_form(request)
        return redirect(request.get_full_path())

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if cookie_name() not in request.COOKIES or not request.user.is_authenticated:
            return response
        if request.method == "POST" and response.status_code == 302:
            discard_kept_form(request)
        is_page = request.method == "GET" and "HX-Request" not in request.headers
        if not is_page or response.status_code not in _MAY_SHOW_KEPT_FORM:
            return response
        fields = find_unshown_form(request)
        return response if fields is None else _show_kept_form(request, fields)


def _show_kept_form(request: HttpRequest, fields: list[tuple[str, str]]) -> HttpResponse:
    typed = [(name.replace("_", " "), value) for name, value in fields if _is_typed(value)]
    context = {"fields": fields, "typed": typed, "address": request.get_full_path(), "discard_field": DISCARD_FIELD}
    return render(request, "kept_form.html", context)


def _is_typed(value: str) -> bool:
    """Whether somebody recognises it as their own words: not a mark, a number of a row or a key."""
    return any(letter.isspace() or not letter.isascii() for letter in value.strip()) or value.strip().isalpha()


def keep_form_of_older_sign_in(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF_FAILURE_VIEW: somebody signed in again in another tab, and this form still bears the token of before.

    The signed typist of the form is the proof that it came from a page of ours. What another person typed is dropped.
    """
    if not request.user.is_authenticated:
        return _keep_until_signed_in(request) or csrf_failure(request, reason)
    typist = read_typist(request)
    if typist is None or typist.pk != request.user.pk:
        return csrf_failure(request, reason)
    response = _lead_to(request, request.get_full_path())
    keep_form(request, typist, response)
    return response


def _keep_until_signed_in(request: HttpRequest) -> HttpResponse | None:
    typist = read_typist(request)
    if typist is None:
        return None
    response = _lead_to(request, redirect_to_login(request.get_full_path()).url)
    keep_form(request, typist, response)
    messages.warning(
        request, _("You were signed out; nothing was saved yet. Sign in again, and what you typed is shown to you.")
    )
    return response


def _lead_to(request: HttpRequest, url: str) -> HttpResponse:
    """A form sent in the background has the whole page go there, so that no sign-in page is put inside another page."""
    return HttpResponse(headers={"HX-Redirect": url}) if "HX-Request" in request.headers else redirect(url)
