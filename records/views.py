"""Pages of a patient's record: all of it, its correction, and the copy for the patient."""

from typing import ClassVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.models import User
from clinic.roles import Page, can_open_page
from desk.kept_forms import discard_kept_form, restore_kept_form
from desk.views import current_user, log_patient_view
from patients import links
from recalls.permissions import NotPermitted
from recalls.selectors.patients import patients_of
from records.duplicates import find_duplicates
from records.forms import CopyForm, RecordForm
from records.page_base import RecordView
from records.presenters import build_facts, build_sections
from records.selectors import get_record


class PatientView(RecordView):
    """Everything known of one patient. A merged record leads to the one in use."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        user, now = current_user(request), timezone.now()
        record = get_record(user, pk)
        patient = record.patient
        log_patient_view(request, pk, self.access_log_label)
        in_use = patient.merged_into
        if in_use is not None and _is_of(user, in_use.pk):
            messages.info(request, _("This record was merged into the one shown here."))
            return redirect("patient", in_use.pk)
        context = {
            "patient": patient,
            "facts": build_facts(patient, now),
            "sections": build_sections(record, now),
            "merged": record.merged,
            "duplicates": find_duplicates(user, [patient]).get(pk, []),
            "may_edit": can_open_page(user, Page.PATIENT_EDIT) and in_use is None,
            "may_ask_plan": can_open_page(user, Page.CONTACT_PLAN) and patient.site.asks_contact_plan,
            "may_hold": can_open_page(user, Page.LEGAL_HOLDS),
            "may_merge": can_open_page(user, Page.PATIENT_MERGE) and in_use is None,
        }
        return render(request, "records/patient.html", context)


class EditView(RecordView):
    """Names, contacts, consents and preferences of a patient, also of one without a recall."""

    page = Page.PATIENT_EDIT
    access_log_label: ClassVar[str] = "patient: edit"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        patient = self.open_patient(request, pk)
        form = RecordForm(patient, current_user(request), restore_kept_form(request))
        return render(request, "records/edit.html", {"patient": patient, "form": form})

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        patient = self.open_patient(request, pk)
        form = RecordForm(patient, current_user(request), request.POST)
        if not (form.is_valid() and _save(form)):
            return render(request, "records/edit.html", {"patient": patient, "form": form})
        discard_kept_form(request)
        if form.has_changed():
            messages.success(request, _("Saved: %(what)s.") % {"what": ", ".join(form.changed_labels())})
        return redirect("patient", pk)


class EndLinksView(RecordView):
    """Ends every link to the patient's own page: a phone was lost, or somebody else reads the mail."""

    page = Page.PATIENT_EDIT
    access_log_label: ClassVar[str] = "patient: links ended"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        ended = links.revoke_links(self.open_patient(request, pk), by=current_user(request))
        words = ngettext("%(count)d link was ended.", "%(count)d links were ended.", ended) % {"count": ended}
        messages.success(request, words)
        return redirect("patient", pk)


class CopyView(RecordView):
    """A plain page of what is held about the patient, to print and hand over; why it is made stands in the log."""

    access_log_label: ClassVar[str] = "patient: copy asked"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._ask(request, pk, CopyForm())

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        form = CopyForm(request.POST)
        if not form.is_valid():
            return self._ask(request, pk, form)
        record, now = get_record(current_user(request), pk), timezone.now()
        log_patient_view(request, pk, f"patient: copy for {form.cleaned_data['reason']}")
        sections = [section for section in build_sections(record, now) if not section.staff_only and section.rows]
        context = {
            "patient": record.patient,
            "facts": build_facts(record.patient, now),
            "sections": sections,
            "made_at": now.astimezone(record.patient.site.zone),
        }
        return render(request, "records/copy.html", context)

    def _ask(self, request: HttpRequest, pk: int, form: CopyForm) -> HttpResponse:
        return render(request, "records/copy_ask.html", {"patient": self.open_patient(request, pk), "form": form})


def _is_of(user: User, pk: int) -> bool:
    return patients_of(user).filter(pk=pk).exists()


def _save(form: RecordForm) -> bool:
    """Whether it was saved; a refusal stands on the form."""
    try:
        form.save()
    except (ValidationError, NotPermitted) as refusal:
        form.add_error(None, refusal if isinstance(refusal, ValidationError) else str(refusal))
        return False
    return True
