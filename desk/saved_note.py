"""What a message about a saved step says beside its words: about whom, and what may be done at once.

A message travels in a cookie, which must name no patient: the words say what was done ("Booked: Mon 30 Nov, 8:00 am,
Mammography 1.", `StepForm.describe_saved`), and the page that shows them looks up the name.
"""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from patients.models import Patient

SAVED_TAG = "saved"  # of the message beside which it stands
_SESSION_KEY = "saved_note"


@dataclass(frozen=True, slots=True)
class SavedNote:
    """`who` is the patient's full name; `next_url` and `next_label` are empty where nothing follows at once."""

    who: str
    next_url: str
    next_label: str


def store_saved_note(request: HttpRequest, patient_id: int, next_url: str = "", next_label: str = "") -> str:
    """Keep whom the step was about, and the link to what follows at once; the tag for its message is returned."""
    request.session[_SESSION_KEY] = {"patient_id": patient_id, "next_url": next_url, "next_label": next_label}
    return SAVED_TAG


def stored_saved_note(request: HttpRequest) -> SavedNote | None:
    """The note of the last step; None when nothing was saved yet. One query."""
    note: dict[str, Any] | None = request.session.get(_SESSION_KEY)
    if note is None or "patient_id" not in note:
        return None
    patient = Patient.objects.filter(pk=note["patient_id"]).first()
    return SavedNote(patient.full_name, note["next_url"], note["next_label"]) if patient else None
