"""Keeps an identified patient signed in by a signed cookie of the portal's own, for 15 minutes.

The cookie holds the number of the link, never the link, and is worthless once the link is withdrawn, locked or
expired, or the page was left.
It ends 15 minutes after the last page and an hour after the birth date. SameSite=Lax, not Strict: coming back from the
message in a mail is a cross-site visit, and the birth date would have to be given again; a form sent from another
site gets no cookie either way.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from patients import links
from patients.models import Patient, PatientLink

IDLE_TIMEOUT = timedelta(minutes=15)
ABSOLUTE_TIMEOUT = timedelta(hours=1)
_SALT = "portal.session"


@dataclass(frozen=True, slots=True)
class VerifiedVisitor:
    """Whoever holds the link and knew the birth date."""

    link: PatientLink
    verified_at: float  # Unix time at which the birth date was given

    @property
    def patient(self) -> Patient:
        return self.link.current_patient


def cookie_name() -> str:
    """With the __Host- prefix browsers insist on HTTPS and on this very host; plain HTTP on one machine has neither."""
    return "__Host-my" if settings.SESSION_COOKIE_SECURE else "my"


def start_session(response: HttpResponse, link: PatientLink) -> None:
    set_session_cookie(response, VerifiedVisitor(link, timezone.now().timestamp()))


def set_session_cookie(response: HttpResponse, visitor: VerifiedVisitor) -> None:
    """Another quarter of an hour from now."""
    told = signing.dumps({"link": visitor.link.pk, "since": visitor.verified_at}, salt=_SALT)
    response.set_cookie(
        cookie_name(),
        told,
        max_age=IDLE_TIMEOUT,
        secure=bool(settings.SESSION_COOKIE_SECURE),
        httponly=True,
        samesite="Lax",
    )


def end_session(response: HttpResponse) -> None:
    response.delete_cookie(cookie_name(), samesite="Lax")


def get_visitor(request: HttpRequest) -> VerifiedVisitor | None:
    """Who is looking, or None: no cookie, a forged or old one, or a link that may not be used any more."""
    try:
        told: dict[str, Any] = signing.loads(request.COOKIES.get(cookie_name(), ""), salt=_SALT, max_age=IDLE_TIMEOUT)
    except signing.BadSignature:
        return None
    now = timezone.now()
    link = links.get_link(told["link"])
    if link is None or not link.is_usable_at(now) or now.timestamp() - told["since"] > ABSOLUTE_TIMEOUT.total_seconds():
        return None
    if link.left_at is not None and told["since"] <= link.left_at.timestamp():
        return None
    return VerifiedVisitor(link, told["since"])
