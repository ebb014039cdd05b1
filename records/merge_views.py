"""Pages that merge two records of one patient, separate them again, and list records that look alike."""

from typing import ClassVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from clinic.roles import Page
from desk.views import DeskView, current_user
from patients.models import Patient
from recalls import actions
from recalls.permissions import NotPermitted
from recalls.selectors.patients import patients_of
from records.duplicates import PAGE_SIZE, find_duplicates, mark_different
from records.forms import FindRecordForm, MergeReasonForm
from records.merge_preview import build_merge_preview
from records.page_base import RecordView


class FindRecordView(RecordView):
    """Asks for the record that stays; `pk` is the one that goes."""

    page = Page.PATIENT_MERGE
    access_log_label: ClassVar[str] = "patient: merge"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._render(request, self.open_patient(request, pk), FindRecordForm())

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        patient, form = self.open_patient(request, pk), FindRecordForm(request.POST)
        if form.is_valid():
            try:
                return redirect("patient_merge", pk, form.find_record(current_user(request), patient).pk)
            except ValidationError as refusal:
                form.add_error(None, refusal)
        return self._render(request, patient, form)

    def _render(self, request: HttpRequest, patient: Patient, form: FindRecordForm) -> HttpResponse:
        return render(request, "records/merge_find.html", {"patient": patient, "form": form})


class MergeView(RecordView):
    """GET shows both records and what stands afterwards; POST merges them, or notes that they are two people."""

    page = Page.PATIENT_MERGE
    access_log_label: ClassVar[str] = "patient: merge"

    def get(self, request: HttpRequest, pk: int, stays: int) -> HttpResponse:
        return self._render(request, *self._open(request, pk, stays), MergeReasonForm())

    def post(self, request: HttpRequest, pk: int, stays: int) -> HttpResponse:
        loser, survivor = self._open(request, pk, stays)
        if "different" in request.POST:
            mark_different(loser, survivor, by=current_user(request))
            messages.success(request, _("Noted: two people. They are not proposed again."))
            return redirect("patient", pk)
        form = MergeReasonForm(request.POST)
        if form.is_valid():
            try:
                note = form.cleaned_data["note"]
                actions.merge_patients(loser, survivor, by=current_user(request), note=note)
            except (ValidationError, NotPermitted) as refusal:
                form.add_error(None, refusal if isinstance(refusal, ValidationError) else str(refusal))
            else:
                messages.success(request, _("The records are one now. The merge can be undone on this page."))
                return redirect("patient", stays)
        return self._render(request, loser, survivor, form)

    def _open(self, request: HttpRequest, pk: int, stays: int) -> tuple[Patient, Patient]:
        if pk == stays:
            raise Http404
        return self.open_patient(request, pk), self.open_patient(request, stays)

    def _render(self, request: HttpRequest, loser: Patient, survivor: Patient, form: MergeReasonForm) -> HttpResponse:
        preview = build_merge_preview(loser, survivor)
        context = {"loser": loser, "survivor": survivor, "preview": preview, "form": form}
        return render(request, "records/merge.html", context)


class UnmergeView(RecordView):
    """Separates a record again from the one that it was merged into."""

    page = Page.PATIENT_MERGE
    access_log_label: ClassVar[str] = "patient: separate"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._render(request, self._open(request, pk), MergeReasonForm())

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        loser, form = self._open(request, pk), MergeReasonForm(request.POST)
        if form.is_valid():
            try:
                actions.unmerge_patients(loser, by=current_user(request), note=form.cleaned_data["note"])
            except (ValidationError, NotPermitted) as refusal:
                form.add_error(None, refusal if isinstance(refusal, ValidationError) else str(refusal))
            else:
                messages.success(request, _("The records are separate again."))
                return redirect("patient", pk)
        return self._render(request, loser, form)

    def _open(self, request: HttpRequest, pk: int) -> Patient:
        loser = self.open_patient(request, pk)
        if loser.merged_into is None:
            raise Http404
        return loser

    def _render(self, request: HttpRequest, loser: Patient, form: MergeReasonForm) -> HttpResponse:
        return render(request, "records/unmerge.html", {"loser": loser, "survivor": loser.merged_into, "form": form})


class DuplicateListView(DeskView):
    """Records that may be of one person, the newest records first; `before` is where the last page ended."""

    page = Page.PATIENT_MERGE

    def get(self, request: HttpRequest) -> HttpResponse:
        user, before = current_user(request), request.GET.get("before", "")
        rows = patients_of(user).filter(merged_into=None).select_related("site").order_by("-pk")
        if before.isascii() and before.isdecimal():
            rows = rows.filter(pk__lt=int(before[:18]))
        looked_at = list(rows[:PAGE_SIZE])
        found = find_duplicates(user, looked_at)
        pairs = {
            tuple(sorted((patient.pk, other.pk))): (patient, other)
            for patient in looked_at
            for other in found.get(patient.pk, ())
        }
        next_url = f"?before={looked_at[-1].pk}" if len(looked_at) == PAGE_SIZE else ""
        return render(request, "records/duplicates.html", {"pairs": list(pairs.values()), "next_page_url": next_url})
