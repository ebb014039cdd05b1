"""The staff page from which a patient's contact plan is opened, on a tablet or on the patient's own phone."""

import base64

from allauth.mfa.adapter import get_adapter
from django.conf import settings
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from clinic.roles import Page
from desk.views import DeskView, current_user, log_patient_view
from patients import links
from patients.contact_plan.handover import end_handovers, make_handover, open_on_tablet
from patients.models import Patient
from portal.contact_plan.views import QUESTION_NAMES
from portal.contact_plan.visit import give_to_patient
from recalls.presenters.contact_plan import describe_contact_plan
from recalls.selectors.patients import patients_of


class ContactPlanView(DeskView):
    """What the patient said, and three ways to ask: this tablet, another one, the patient's phone. A GET opens none."""

    page = Page.CONTACT_PLAN

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._show(request, self._get_patient(request, pk, "contact plan"))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        way = request.POST.get("way")
        patient = self._get_patient(request, pk, f"contact plan: {way}" if way in _WAYS else "contact plan")
        if way == "end":
            end_handovers(patient)
            return redirect("contact_plan", pk)
        if way not in _WAYS or not self._may_ask(patient):
            return self._show(request, patient)
        if way == "phone":
            return self._show(request, patient, qr_code=_qr_code(patient, request))
        code = make_handover(patient, by=current_user(request))
        if way == "here":
            return _open_here(request, code)
        return self._show(request, patient, code=f"{code[:4]} {code[4:]}")

    def _get_patient(self, request: HttpRequest, pk: int, label: str) -> Patient:
        """Of the user's sites, and where the patient's site asks; Http404 for any other."""
        rows = patients_of(current_user(request)).filter(site__asks_contact_plan=True)
        rows = rows.select_related("site", "merged_into", "contact_plan", "call_preference", "result_wish")
        patient = rows.prefetch_related("contact_points", "consents").filter(pk=pk).first()
        if patient is None:
            raise Http404
        log_patient_view(request, pk, label)
        return patient

    @staticmethod
    def _may_ask(patient: Patient) -> bool:
        return patient.deceased_on is None and patient.merged_into_id is None

    def _show(self, request: HttpRequest, patient: Patient, *, code: str = "", qr_code: str = "") -> HttpResponse:
        context = {
            "patient": patient,
            "plan": describe_contact_plan(patient, timezone.now()),
            "may_ask": self._may_ask(patient),
            "code": code,
            "qr_code": qr_code,
            "tablet_address": settings.PUBLIC_URL + reverse("tablet:open"),
        }
        return render(request, "portal/contact_plan/desk.html", context)


_WAYS = ("here", "tablet", "phone", "end")


def _open_here(request: HttpRequest, code: str) -> HttpResponse:
    handover = open_on_tablet(code)
    if handover is None:  # the patient died or was merged in this instant
        logout(request)
        return redirect("tablet:open")
    return give_to_patient(request, handover, QUESTION_NAMES[0])


def _qr_code(patient: Patient, request: HttpRequest) -> str:
    """A fresh link to the patient's own page as a picture for their phone; it asks for the birth date as any link."""
    if not patient.site.page_link:
        return ""
    token = links.issue_link(patient, by=current_user(request))
    drawn = get_adapter().build_totp_svg(settings.PUBLIC_URL + reverse("portal:link", args=[token]))
    return "data:image/svg+xml;base64," + base64.b64encode(drawn.encode()).decode()
