"""Pages on which two people let the data of old records go, and on which legal holds are set and lifted."""

from collections.abc import Callable, Iterable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.models import User
from clinic.roles import Page
from desk.views import DeskView, current_user, log_patient_view
from patients.models import Patient
from recalls.selectors.patients import patients_of
from retention import due_list, holds
from retention.forms import FindHoldForm, HoldReasonForm
from retention.models import LegalHold
from site_setup.views.accounts import asks_again

PAGE_LENGTH = 50  # of each list; the rest follows once these are decided
_DECISIONS: dict[str, Callable[[User, Iterable[int]], int]] = {
    "ask": due_list.ask,
    "confirm": due_list.confirm,
    "take_back": due_list.take_back,
}


@asks_again
class RetentionView(DeskView):
    """Records whose time is over: those nobody has asked for, and those that wait for a second person."""

    page = Page.RETENTION

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = due_list.visible_to(current_user(request))
        asked = rows.filter(asked_by__isnull=False, confirmed_by=None)
        context = {"new": rows.filter(asked_by=None)[:PAGE_LENGTH], "asked": asked[:PAGE_LENGTH]}
        return render(request, "retention/due_list.html", context)


@asks_again
class DecideView(DeskView):
    """The first person asks, the second confirms, either takes it back."""

    page = Page.RETENTION

    def post(self, request: HttpRequest) -> HttpResponse:
        decide = _DECISIONS.get(request.POST.get("decision", ""))
        if decide is None:
            raise Http404
        numbers = [int(text) for text in request.POST.getlist("record") if text.isascii() and text.isdecimal()]
        count = decide(current_user(request), numbers[:PAGE_LENGTH])
        words = ngettext("%(count)d record: saved.", "%(count)d records: saved.", count) % {"count": count}
        if count:
            messages.success(request, words)
        else:
            messages.error(request, _("Nothing was changed. Whoever asked cannot be the one who confirms."))
        return redirect("retention")


class HoldsView(DeskView):
    """The holds in force; POST sets one on the record that is named."""

    page = Page.LEGAL_HOLDS

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(request, FindHoldForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        user, form = current_user(request), FindHoldForm(request.POST)
        if form.is_valid():
            try:
                patient = form.find_record(user)
            except ValidationError as refusal:
                form.add_error(None, refusal)
            else:
                holds.set_hold(patient, form.cleaned_data["reason"], by=user)
                return redirect("patient_hold", patient.pk)
        return self._show(request, form)

    def _show(self, request: HttpRequest, form: FindHoldForm) -> HttpResponse:
        rows = holds.holds_in_force(current_user(request))[:PAGE_LENGTH]
        return render(request, "retention/holds.html", {"rows": rows, "form": form})


class PatientHoldView(DeskView):
    """Every hold of one patient; POST sets another."""

    page = Page.LEGAL_HOLDS

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._show(request, _get_patient(request, pk), HoldReasonForm())

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        patient, form = _get_patient(request, pk), HoldReasonForm(request.POST)
        if not form.is_valid():
            return self._show(request, patient, form)
        holds.set_hold(patient, form.cleaned_data["reason"], by=current_user(request))
        messages.success(request, _("The hold is set. Nothing of this patient is removed until it is lifted."))
        return redirect("patient_hold", pk)

    def _show(self, request: HttpRequest, patient: Patient, form: HoldReasonForm) -> HttpResponse:
        context = {"patient": patient, "rows": holds.holds_of(patient), "form": form}
        return render(request, "retention/patient_hold.html", context)


class LiftHoldView(DeskView):
    """Ends one hold, with the reason."""

    page = Page.LEGAL_HOLDS

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        own = LegalHold.objects.filter(patient__in=patients_of(current_user(request)))
        hold, form = get_object_or_404(own, pk=pk), HoldReasonForm(request.POST)
        if form.is_valid():
            holds.lift_hold(hold, form.cleaned_data["reason"], by=current_user(request))
            messages.success(request, _("The hold is lifted."))
        else:
            messages.error(request, _("Say in a few words why."))
        return redirect("patient_hold", hold.patient_id)


def _get_patient(request: HttpRequest, pk: int) -> Patient:
    patient: Patient = get_object_or_404(patients_of(current_user(request)), pk=pk)
    log_patient_view(request, pk, "patient: legal hold")
    return patient
