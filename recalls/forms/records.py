"""Forms that merge or separate patient records and correct a screening result."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.actors import actor_for
from patients.models import Patient
from recalls import actions
from recalls.actions import ActionKwargs
from recalls.enums import Assessment
from recalls.forms.base import NOTE_ROWS, ReasonForm, StepForm, date_field
from recalls.models import Recall, RecallEvent
from recalls.permissions import StaleVersion


def _check_version(recall: Recall, kwargs: ActionKwargs) -> None:
    """Raise StaleVersion if the recall changed; these actions take a patient or an exam and check no version."""
    newest = RecallEvent.objects.select_related("recall__site").filter(recall=recall).latest("pk")
    if newest.version != kwargs.get("seen"):
        raise StaleVersion(newest, actor_for(kwargs["by"]))


class MergeRecordsForm(ReasonForm):
    """Names the record that stays; its birth date must be typed too, so that a slip in the number is caught."""

    mrn = forms.CharField(label=gettext_lazy("MRN of the record that stays"), max_length=60)
    birth_date = date_field(gettext_lazy("Birth date on that record"))

    def get_layout(self) -> list[Any]:
        return ["mrn", "birth_date", "note"]

    def perform(self, kwargs: ActionKwargs) -> RecallEvent | None:
        _check_version(self.recall, kwargs)
        actions.merge_patients(self.recall.patient, self.get_named_patient(), by=kwargs["by"], note=kwargs["note"])
        return self.recall.events.latest("pk")

    def get_named_patient(self) -> Patient:
        """The record at the user's sites with the number and birth date typed. Raises ValidationError for none."""
        here = Patient.objects.filter(site_id__in=self.user.site_ids)
        authority, mrn = self.recall.patient.assigning_authority, self.cleaned_data["mrn"].strip()
        birth_date: date = self.cleaned_data["birth_date"]
        named = here.filter(assigning_authority=authority, mrn=mrn, birth_date=birth_date).first()
        if named is None:
            raise ValidationError({"mrn": _("No record at your sites has this number and birth date.")})
        return named


class MoveExamForm(MergeRecordsForm):
    """Names the patient the exam belongs to; the birth date must be typed too."""

    def init_fields(self) -> None:
        self.fields["mrn"].label = _("MRN of the patient the exam belongs to")
        self.fields["birth_date"].label = _("Birth date of that patient")

    def perform(self, kwargs: ActionKwargs) -> RecallEvent | None:
        return actions.move_exam(self.recall, self.get_named_patient(), **kwargs)


class UnmergeRecordsForm(ReasonForm):
    loser = forms.ChoiceField(label=gettext_lazy("Record to separate again"), widget=forms.RadioSelect)

    def init_fields(self) -> None:
        merged = self.recall.patient.merged_from.all()
        self.fields["loser"].choices = [(str(row.pk), f"MRN {row.mrn}") for row in merged]  # type: ignore[attr-defined]
        if not merged:
            self.fields["loser"].help_text = _("No record was merged into this one.")

    def get_layout(self) -> list[Any]:
        return ["loser", "note"]

    def perform(self, kwargs: ActionKwargs) -> RecallEvent | None:
        _check_version(self.recall, kwargs)
        loser = self.recall.patient.merged_from.get(pk=self.cleaned_data["loser"])
        actions.unmerge_patients(loser, by=kwargs["by"], note=kwargs["note"])
        return self.recall.events.latest("pk")


class CorrectResultForm(StepForm):
    assessment = forms.ChoiceField(label=gettext_lazy("Corrected assessment"), choices=Assessment.choices)
    comment = forms.CharField(
        label=gettext_lazy("What was corrected"), widget=forms.Textarea(attrs={"rows": NOTE_ROWS})
    )

    def init_fields(self) -> None:
        self.initial["assessment"] = self.recall.exam.assessment

    def clean_assessment(self) -> str:
        assessment = str(self.cleaned_data["assessment"])
        if assessment == self.recall.exam.assessment:
            raise ValidationError(_("This is the assessment already on record. Choose the corrected one."))
        return assessment

    def perform(self, kwargs: ActionKwargs) -> RecallEvent | None:
        _check_version(self.recall, kwargs)
        changes = {"assessment": self.cleaned_data["assessment"], "comment": self.cleaned_data["comment"]}
        return actions.correct_exam(self.recall.exam, changes, None, by=kwargs["by"])
