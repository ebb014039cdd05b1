"""How django-allauth behaves here: nobody signs up, and a fresh sign-in counts as having proved who one is."""

import time
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

STAFF_BACKEND = "clinic.backends.StaffBackend"


class StaffAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """The one place where a session of staff begins, whatever the way in."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """As `TrustedProxyMiddleware` left it; behind a proxy on a socket file that names nobody there is none."""
        return request.META.get("REMOTE_ADDR") or "0.0.0.0"  # noqa: S104  (an address to show, not one to listen on)

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        """The account was ended between the password and the second factor."""
        return redirect("sign_in")

    def login(self, request: HttpRequest, user: Any) -> None:
        user.backend = STAFF_BACKEND
        super().login(request, user)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not within minutes of the sign-in itself."""
        request = context.request
        records = get_authentication_records(request, request.user)
        newest = max((record["at"] for record in records), default=0)
        return bool(time.time() - newest >= app_settings.REAUTHENTICATION_TIMEOUT)
