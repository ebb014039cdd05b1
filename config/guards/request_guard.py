"""Middleware that refuses what no address here expects: unknown methods, NUL in an address, a program without TLS."""

from collections.abc import Callable
from typing import TypeAlias

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, HttpResponseNotAllowed

GetResponse: TypeAlias = Callable[[HttpRequest], HttpResponse]

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
# What programs call. A browser is sent on to https; a program that was would never notice that it speaks in the clear.
PROGRAM_PATHS = ("/fhir", "/webhooks/", "/sms/", "/calendars/")


class RequestGuardMiddleware:
    """Stands before the session and every view, and behind what writes headers and the request's line in the log."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in METHODS:
            return HttpResponseNotAllowed(METHODS)
        if settings.SECURE_SSL_REDIRECT and not request.is_secure() and request.path.startswith(PROGRAM_PATHS):
            return HttpResponseForbidden("Use https.", content_type="text/plain; charset=utf-8")
        if _holds_nul(request) and not request.path.startswith("/fhir"):  # FHIR refuses it in its own words
            raise BadRequest("NUL in the address")  # the database takes none
        return self.get_response(request)


def _holds_nul(request: HttpRequest) -> bool:
    return "\0" in request.path or "%00" in request.META.get("QUERY_STRING", "")
