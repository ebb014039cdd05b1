"""Middleware for trusted proxy headers, request ids and the request log, sign-in, and the end of idle sessions.

The proxy in front is believed only when it is the site's own; each request gets an id and one log line; an idle or
day-old session ends; nothing that a signed-in person saw stays in a browser's or proxy's cache.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any, TypeAlias

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django_structlog.middlewares import RequestMiddleware
from structlog.contextvars import bind_contextvars, get_contextvars

GetResponse: TypeAlias = Callable[[HttpRequest], HttpResponse]

SIGNED_IN_AT = "signed_in_at"
LAST_SEEN_AT = "last_seen_at"
LAST_SEEN_RESOLUTION = timedelta(minutes=1)  # how old "last seen" may grow before it is written again
_STARTED = "recalldesk_started"


class TrustedProxyMiddleware:
    """Takes the person's own address and scheme from the site's proxy, and drops a stranger's X-Forwarded-* headers.

    The last address of X-Forwarded-For is the one that our own proxy wrote; those before it are hearsay.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        meta = request.META
        if _is_trusted(meta.get("REMOTE_ADDR", "")):
            forwarded = meta.get("HTTP_X_FORWARDED_FOR", "").rsplit(",", 1)[-1]
            meta["REMOTE_ADDR"] = read_address(forwarded) or meta["REMOTE_ADDR"]
        else:
            for header in (
                "HTTP_X_FORWARDED_FOR",
                "HTTP_X_FORWARDED_PROTO",
                "HTTP_X_FORWARDED_HOST",
            ):
                meta.pop(header, None)
        return self.get_response(request)


def read_address(text: str) -> str:
    """An address as a proxy writes it, without port, brackets and zone; "" for what is none."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _is_trusted(address: str) -> bool:
    try:
        peer = ip_address(address)
    except ValueError:
        return False
    return any(peer in network for network in settings.TRUSTED_PROXIES)


class RequestLogMiddleware(RequestMiddleware):
    """Gives each request an id, found in every log line it causes, and writes one line when it is answered.

    The line names the route ("recalls/<int:pk>/"), not the address asked for: an address may hold a patient's link.
    """

    def prepare(self, request: HttpRequest) -> None:
        setattr(request, _STARTED, time.perf_counter())
        for header in ("HTTP_X_REQUEST_ID", "HTTP_X_CORRELATION_ID"):  # ours alone: a stranger's would name our lines
            request.META.pop(header, None)
        super().prepare(request)

    def handle_response(self, request: HttpRequest, response: HttpResponse) -> None:
        response.headers["X-Request-ID"] = get_contextvars()["request_id"]
        person = getattr(request, "_cached_user", None)  # not asked for anew: the page may not have needed it
        bind_contextvars(user=getattr(person, "pk", None), address=request.META.get("REMOTE_ADDR", ""))
        bind_contextvars(ms=round((time.perf_counter() - getattr(request, _STARTED)) * 1000))
        super().handle_response(request, response)

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return f"{request.method} {f'/{request.resolver_match.route}' if request.resolver_match else '?'}"


class SignInMiddleware(LoginRequiredMiddleware):
    """Sends a stranger to the sign-in page; a page that asks in the background is told to go there as a whole."""

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> Any:
        answer = super().handle_no_permission(request, view_func)
        if getattr(request, "was_timed_out", False):
            messages.info(request, _("You were signed out because nothing was done here for a while."))
        if "HX-Request" not in request.headers:
            return answer
        return HttpResponse(headers={"HX-Redirect": resolve_url(settings.LOGIN_URL)})


class SessionTimeoutMiddleware:
    """Signs a person out after SESSION_IDLE_TIMEOUT without a request, or SESSION_ABSOLUTE_TIMEOUT after signing in.

    The time of the last request is written at most once a minute, so an ordinary page costs no extra query; the
    session may therefore end up to a minute early, never late. What an open page asks for by itself (the view says so
    with `request.is_background`) is no visit.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        now = timezone.now()
        if request.user.is_authenticated and _has_timed_out(request, now):
            logout(request)
            request.was_timed_out = True  # type: ignore[attr-defined]
        response = self.get_response(request)
        if request.user.is_authenticated:
            if not getattr(request, "is_background", False):
                _record_activity(request, now)
            add_never_cache_headers(response)
        return response


def _has_timed_out(request: HttpRequest, now: datetime) -> bool:
    left = session_time_left(request, now)
    return left is not None and left < timedelta(0)


def session_time_left(request: HttpRequest, now: datetime) -> timedelta | None:
    """How long the session still lasts without a request; None for one that has just begun."""
    signed_in, last_seen = request.session.get(SIGNED_IN_AT), request.session.get(LAST_SEEN_AT)
    if signed_in is None or last_seen is None:
        return None
    return min(
        datetime.fromisoformat(last_seen) + settings.SESSION_IDLE_TIMEOUT - now,
        datetime.fromisoformat(signed_in) + settings.SESSION_ABSOLUTE_TIMEOUT - now,
    )


def _record_activity(request: HttpRequest, now: datetime) -> None:
    request.session.setdefault(SIGNED_IN_AT, now.isoformat())
    last_seen = request.session.get(LAST_SEEN_AT)
    if last_seen is None or now - datetime.fromisoformat(last_seen) >= LAST_SEEN_RESOLUTION:
        request.session[LAST_SEEN_AT] = now.isoformat()
