"""Keeps a tablet open for one patient's contact plan by a signed cookie of its own; it opens nothing else.

It is neither a staff session nor that of the patient's page. It ends four minutes after the last touch and twenty
after the tablet was opened, when the questions are answered, when staff end it, and with the death or merge of the
patient's record.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from patients.contact_plan import handover as handovers
from patients.models import Patient, TabletHandover

# A page asks after three minutes whether anybody is there, and waits one more for the answer.
ASK_AFTER, WAIT_FOR_ANSWER = timedelta(minutes=3), timedelta(minutes=1)
IDLE_TIMEOUT = ASK_AFTER + WAIT_FOR_ANSWER + timedelta(seconds=30)
_SALT = "portal.contact_plan.tablet"


@dataclass(frozen=True, slots=True)
class TabletVisitor:
    """Whoever holds the tablet that staff handed over for this patient."""

    handover: TabletHandover

    @property
    def patient(self) -> Patient:
        return self.handover.patient


def cookie_name() -> str:
    """As for the patient's page: only over HTTPS and for this very host, where there is HTTPS."""
    return "__Host-tablet" if settings.SESSION_COOKIE_SECURE else "tablet"


def set_tablet_cookie(response: HttpResponse, handover: TabletHandover) -> None:
    """Open for another few minutes from now."""
    response.set_cookie(
        cookie_name(),
        signing.dumps({"handover": handover.pk}, salt=_SALT),
        max_age=IDLE_TIMEOUT,
        secure=bool(settings.SESSION_COOKIE_SECURE),
        httponly=True,
        samesite="Strict",
    )


def end_tablet_session(response: HttpResponse, visitor: TabletVisitor | None) -> None:
    """Nothing of the patient stays in the tablet's browser, nor the language they chose."""
    if visitor is not None:
        handovers.end_handover(visitor.handover)
    response.delete_cookie(cookie_name(), samesite="Strict")
    response.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")


def get_tablet_visitor(request: HttpRequest) -> TabletVisitor | None:
    """Who holds the tablet, or None: no cookie, a forged or idle one, or a tablet that was given back. One query."""
    try:
        told = signing.loads(request.COOKIES.get(cookie_name(), ""), salt=_SALT, max_age=IDLE_TIMEOUT)
    except signing.BadSignature:
        return None
    handover = handovers.find_handover(told["handover"])
    if handover is None or not handover.is_usable_at(timezone.now()):
        return None
    return TabletVisitor(handover)
