"""Says who answers the contact plan: a patient with a tablet of the clinic, or on their own page."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from patients.contact_validation import format_phone
from patients.models import Patient, TabletHandover
from portal import session
from portal.contact_plan import tablet_session
from portal.contact_plan.tablet_session import TabletVisitor
from portal.decorators import PortalView, for_patient, get_page_language, portal_response
from portal.session import VerifiedVisitor
from recalls.permissions import NotPermitted

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class PlanVisit:
    """The one patient who is asked; `tablet` is None on the patient's own page."""

    patient: Patient
    tablet: TabletVisitor | None

    def url(self, name: str, *args: str) -> str:
        """The address of a page of the plan, where the patient is."""
        return reverse(f"tablet:{name}" if self.tablet else f"portal:{name}", args=args)

    def render(self, request: HttpRequest, template: str, **more: object) -> HttpResponse:
        site = self.patient.site
        common = {
            "site": site, "patient": self.patient, "visit": self, "is_tablet": self.tablet is not None,
            "phone": format_phone(site.phone, site.country), "page": "portal/contact_plan/page.html",
        }  # fmt: skip
        return render(request, template, common | more)


PlanView = Callable[Concatenate[HttpRequest, PlanVisit, P], HttpResponse]


def on_own_page(view: PlanView[P]) -> PortalView[P]:
    """For whoever opened their page by the link and the birth date, where the site asks."""

    @wraps(view)
    def guarded(request: HttpRequest, visitor: VerifiedVisitor, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not visitor.patient.site.asks_contact_plan:
            return redirect("portal:page")
        try:
            return view(request, PlanVisit(visitor.patient, None), *args, **kwargs)
        except (ValidationError, NotPermitted):  # the record was merged meanwhile
            messages.info(request, _("This could not be saved. Please call us."))
            return redirect("portal:page")

    return for_patient(cast("Callable[Concatenate[HttpRequest, VerifiedVisitor, P], HttpResponse]", guarded))


def on_tablet(view: PlanView[P]) -> PortalView[P]:
    """For whoever holds a tablet that was handed over; anybody else reads that it is to be handed back."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        visitor = tablet_session.get_tablet_visitor(request)
        if visitor is None:
            return hand_back(request, None, status=403, may_be_lost=request.method == "POST")
        with translation.override(get_page_language(request, visitor.patient.language)):
            try:
                response = view(request, PlanVisit(visitor.patient, visitor), *args, **kwargs)
            except (ValidationError, NotPermitted):  # the record was merged meanwhile
                return hand_back(request, visitor, may_be_lost=True)
            response.headers["Content-Language"] = translation.get_language() or settings.LANGUAGE_CODE
        if not response.cookies.get(tablet_session.cookie_name()):
            tablet_session.set_tablet_cookie(response, visitor.handover)
            if response.status_code == 200 and "Refresh" not in response.headers:
                _refresh(response, tablet_session.ASK_AFTER.total_seconds(), "still_here")
        return response

    return portal_response(cast("PortalView[P]", guarded))


def give_to_patient(request: HttpRequest, handover: TabletHandover, first: str) -> HttpResponse:
    """Lead to the question `first`. The browser is this patient's alone from now on: whoever of the staff was signed in
    is signed out, another patient's page is closed, and no page of either stays in its memory.
    """
    logout(request)
    response = redirect("tablet:plan", first)
    session.end_session(response)
    tablet_session.set_tablet_cookie(response, handover)
    response.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def wait_for_answer(response: HttpResponse) -> HttpResponse:
    """The page that asks whether anybody is there gives the tablet back when nobody answers."""
    _refresh(response, tablet_session.WAIT_FOR_ANSWER.total_seconds(), "thanks")
    return response


def _refresh(response: HttpResponse, seconds: float, name: str) -> None:
    """Without scripts the browser itself leaves a page that nobody touches."""
    response.headers["Refresh"] = f"{seconds:.0f}; url={reverse(f'tablet:{name}')}"


def hand_back(
    request: HttpRequest, visitor: TabletVisitor | None, status: int = 200, *, may_be_lost: bool = False
) -> HttpResponse:
    """ "Thank you, please hand it back": nothing of the patient is on the page, and the tablet opens nothing more.

    `may_be_lost`: an answer came when the tablet was closed. A second tap on the last button looks the same.
    """
    language = get_page_language(request, visitor.patient.language if visitor else "")
    with translation.override(language):
        context = {"site": visitor.patient.site if visitor else None, "may_be_lost": may_be_lost}
        response = render(request, "portal/contact_plan/handed_back.html", context, status=status)
    tablet_session.end_tablet_session(response, visitor)
    return response
