"""Forms of a patient's record: all of it, the record to merge with, a reason."""

from dataclasses import replace
from typing import Any, ClassVar

from crispy_forms.layout import Row
from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.models import User
from desk.form_layout import fields_in_row
from patients.background import BACKGROUND_FIELDS, MAX_DISTANCE_MILES, Ethnicity, Insurance, Race
from patients.models import Consent, Patient
from recalls.actions import RecordEdit
from recalls.forms.base import date_field
from recalls.forms.contact_details import ContactDetailsForm
from recalls.selectors.patients import patients_of

_NAMES = ("family_name", "given_name", "middle_name", "preferred_name")
_CONSENT_FIELDS = {f"consent_{subject.value}": subject for subject in Consent.SAID_TO_STAFF}
_NOT_SAID = ("", gettext_lazy("not said"))
_ANSWERS = [("", gettext_lazy("not asked")), ("yes", gettext_lazy("agreed")), ("no", gettext_lazy("said no"))]


class RecordForm(ContactDetailsForm):
    """Names and consents beside what the form of a call asks."""

    detail_fields: ClassVar[tuple[str, ...]] = (*ContactDetailsForm.detail_fields, *_NAMES, *BACKGROUND_FIELDS)

    family_name = forms.CharField(label=gettext_lazy("Family name"), max_length=200)
    given_name = forms.CharField(label=gettext_lazy("Given name"), max_length=200)
    middle_name = forms.CharField(label=gettext_lazy("Middle name"), max_length=200, required=False)
    preferred_name = forms.CharField(label=gettext_lazy("Wants to be called"), max_length=200, required=False)
    consent_email = forms.ChoiceField(label=gettext_lazy("Email"), choices=_ANSWERS, required=False)
    consent_sms = forms.ChoiceField(label=gettext_lazy("Text messages"), choices=_ANSWERS, required=False)
    consent_detail = forms.ChoiceField(label=gettext_lazy("Health details in email"), choices=_ANSWERS, required=False)

    race = forms.ChoiceField(label=gettext_lazy("Race"), choices=[_NOT_SAID, *Race.choices], required=False)
    ethnicity = forms.ChoiceField(
        label=gettext_lazy("Ethnicity"), choices=[_NOT_SAID, *Ethnicity.choices], required=False
    )
    insurance = forms.ChoiceField(
        label=gettext_lazy("Insurance"), choices=[_NOT_SAID, *Insurance.choices], required=False
    )
    distance_miles = forms.IntegerField(
        label=gettext_lazy("Miles to the site"), min_value=0, max_value=MAX_DISTANCE_MILES, required=False
    )

    def __init__(self, patient: Patient, user: User, data: Any = None) -> None:
        super().__init__(patient, user, data)
        said = {row.subject: row.granted for row in sorted(patient.consents.all(), key=lambda row: row.pk)}
        for name, subject in _CONSENT_FIELDS.items():
            self.initial[name] = {None: "", True: "yes", False: "no"}[said.get(subject)]

    def get_top_rows(self) -> list[Row]:
        return [
            fields_in_row("family_name", "given_name"),
            fields_in_row("middle_name", "preferred_name"),
            fields_in_row(*_CONSENT_FIELDS),
        ]

    def get_last_rows(self) -> list[Row]:
        return [fields_in_row(*BACKGROUND_FIELDS)]

    def get_edit(self) -> RecordEdit:
        edit = super().get_edit()
        changed = {name: self.cleaned_data[name] for name in _CONSENT_FIELDS if name in self.changed_data}
        consents = {_CONSENT_FIELDS[name]: answer == "yes" for name, answer in changed.items() if answer}
        return replace(edit, consents=consents)


class FindRecordForm(forms.Form):
    """Names the other record; its birth date must be typed too, so that a slip in the number is caught."""

    mrn = forms.CharField(label=gettext_lazy("MRN of the record that stays"), max_length=60)
    birth_date = date_field(gettext_lazy("Birth date on that record"))

    def find_record(self, user: User, patient: Patient) -> Patient:
        """Raises ValidationError for none at the user's sites."""
        named = patients_of(user).filter(mrn=self.cleaned_data["mrn"].strip()).exclude(pk=patient.pk)
        found = named.filter(birth_date=self.cleaned_data["birth_date"], merged_into=None).first()
        if found is None:
            raise ValidationError({"mrn": _("No record in use at your sites has this number and birth date.")})
        return found


class MergeReasonForm(forms.Form):
    """Why two records are one patient, or are not."""

    note = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 3}))


class CopyReason(models.TextChoices):
    """For whom a copy of the record is made."""

    PATIENT = "patient", gettext_lazy("The patient asked for it")
    REPRESENTATIVE = "representative", gettext_lazy("A person who may act for the patient asked for it")
    CLINIC = "clinic", gettext_lazy("Another clinic that treats the patient asked for it")


class CopyForm(forms.Form):
    """Why a copy is made; it stands in the access log."""

    reason = forms.ChoiceField(label=gettext_lazy("Why"), choices=CopyReason.choices, widget=forms.RadioSelect)
