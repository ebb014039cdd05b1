"""Middleware that keeps in the security log which pages and steps were refused to whom."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from clinic.accounts.models import SecurityEvent
from clinic.accounts.security_log import record
from clinic.models import User


class RefusalLogMiddleware:
    """The route stands in the log ("recalls/<int:pk>/"), never the address asked for: that may name a patient."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 403 and isinstance(request.user, User):
            match = request.resolver_match
            route = f"{request.method} /{match.route if match else '?'}"
            record(SecurityEvent.Kind.REFUSED, request=request, user=request.user, by=request.user, detail=route)
        return response
