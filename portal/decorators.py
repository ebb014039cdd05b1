"""Decorators of all portal views: no cache, no other host, no trace of the link, one language.

Referrer-Policy is strict-origin and not no-referrer: under no-referrer a browser sends a form with "Origin: null",
which the CSRF check must refuse. Of an address, strict-origin gives away the host alone, so a link never leaves in a
Referer either.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from csp.constants import NONE, SELF
from csp.decorators import csp
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.debug import sensitive_post_parameters

from portal import session
from portal.session import VerifiedVisitor

P = ParamSpec("P")
PortalView = Callable[Concatenate[HttpRequest, P], HttpResponse]

PRIVACY_HEADERS = {
    "Cache-Control": "no-store, private",
    "Referrer-Policy": "strict-origin",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
# Stricter than the rest of the product: this page has no script at all.
CONTENT_SECURITY_POLICY = {
    "default-src": [NONE],
    "style-src": [SELF],
    "img-src": [SELF],
    "object-src": [NONE],
    "base-uri": [NONE],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
}


def portal_response(view: PortalView[P]) -> PortalView[P]:
    """A page without an account, whose every answer carries the headers above."""

    @login_not_required
    @csp(CONTENT_SECURITY_POLICY)
    @sensitive_post_parameters()
    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        for name, value in PRIVACY_HEADERS.items():
            response.headers[name] = value
        return response

    return cast("PortalView[P]", guarded)


def for_patient(view: Callable[Concatenate[HttpRequest, VerifiedVisitor, P], HttpResponse]) -> PortalView[P]:
    """A page for whoever has given the birth date; anybody else is asked to open the link again."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        visitor = session.get_visitor(request)
        if visitor is None:
            response = render(
                request, "portal/session_expired.html", {"note": request.POST.get("note", "")}, status=403
            )
            session.end_session(response)
            return response
        with translation.override(get_page_language(request, visitor.patient.language)):
            response = view(request, visitor, *args, **kwargs)
            response.headers["Content-Language"] = translation.get_language() or settings.LANGUAGE_CODE
        if not response.cookies.get(session.cookie_name()):
            session.set_session_cookie(response, visitor)
        return response

    return portal_response(cast("PortalView[P]", guarded))


def get_page_language(request: HttpRequest, patients_own: str) -> str:
    """The language picked in this browser, else the one the clinic writes to the patient in, else the browser's."""
    short = patients_own.split("-")[0].lower()
    picked: Any = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
    known = dict(settings.LANGUAGES)
    return next((code for code in (picked, short) if code in known), translation.get_language() or "en")
