"""What the pages about a patient's record share: finding it among the user's, and the access log."""

from typing import ClassVar

from django.http import HttpRequest

from clinic.roles import Page
from desk.views import DeskView, current_user, log_patient_view
from patients.models import Patient
from records.selectors import get_patient


class RecordView(DeskView):
    """A page about one patient."""

    page = Page.PATIENT
    access_log_label: ClassVar[str] = "patient"

    def open_patient(self, request: HttpRequest, pk: int, label: str = "") -> Patient:
        """The record, with the access log written; Http404 at sites of others."""
        patient = get_patient(current_user(request), pk)
        log_patient_view(request, pk, label or self.access_log_label)
        return patient
