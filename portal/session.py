"""How does the page know, after the birth date, who is looking? By a signed cookie of its own, for 15 minutes.

The cookie holds the number of the link, never the link, and is worthless once the link is withdrawn, locked or expired.
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

IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=1)
_SALT = "portal.session"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever holds the link and knew the birth date."""

    link: PatientLink
    since: float  # Unix time at which the birth date was given

    @property
    def patient(self) -> Patient:
        return self.link.holder


def cookie_name() -> str:
    """With the __Host- prefix browsers insist on HTTPS and on this very host; plain HTTP on one machine has neither."""
    return "__Host-my" if settings.SESSION_COOKIE_SECURE else "my"


def begin(response: HttpResponse, link: PatientLink) -> None:
    keep(response, Visitor(link, timezone.now().timestamp()))


def keep(response: HttpResponse, visitor: Visitor) -> None:
    """Another quarter of an hour from now."""
    told = signing.dumps({"link": visitor.link.pk, "since": visitor.since}, salt=_SALT)
    response.set_cookie(
        cookie_name(),
        told,
        max_age=IDLE,
        secure=bool(settings.SESSION_COOKIE_SECURE),
        httponly=True,
        samesite="Lax",
    )


def end(response: HttpResponse) -> None:
    response.delete_cookie(cookie_name(), samesite="Lax")


def visitor_of(request: HttpRequest) -> Visitor | None:
    """Who is looking, or None: no cookie, a forged or old one, or a link that may not be used any more."""
    try:
        told: dict[str, Any] = signing.loads(request.COOKIES.get(cookie_name(), ""), salt=_SALT, max_age=IDLE)
    except signing.BadSignature:
        return None
    now = timezone.now()
    link = links.by_number(told["link"])
    if link is None or not link.opens_at(now) or now.timestamp() - told["since"] > LONGEST.total_seconds():
        return None
    return Visitor(link, told["since"])
