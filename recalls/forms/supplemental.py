"""Forms of supplemental screening: enter an advised test by hand, and note what came of one."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.actors import actor_for
from clinic.models import User
from desk.form_layout import fields_in_row
from recalls.actions.supplemental import (
    RESULT_ROLES,
    SUPPLEMENTAL_RESULTS,
    SupplementalInput,
    advise_supplemental,
    end_supplemental,
    record_supplemental,
)
from recalls.enums import Assessment, SupplementalStatus, SupplementalTest
from recalls.forms.base import NOTE_ROWS, date_field
from recalls.models import SupplementalScreening
from recalls.permissions import StepRefused
from recalls.selectors.supplemental import find_exam


class SupplementalAnswer(models.TextChoices):
    """What came of an advised test."""

    RESULT = "result", gettext_lazy("Done, with this result")
    TO_READ = "to_read", gettext_lazy("Done, the result is awaited")
    DECLINED = SupplementalStatus.DECLINED.value, SupplementalStatus.DECLINED.label
    WITHDRAWN = SupplementalStatus.WITHDRAWN.value, SupplementalStatus.WITHDRAWN.label


class _SupplementalForm(forms.Form):
    """`save` takes the action; what it refuses stands as an error of the form."""

    def __init__(self, user: User, data: Any = None, **options: Any) -> None:
        self.user = user
        super().__init__(data, **options)

    @cached_property
    def helper(self) -> FormHelper:
        helper = FormHelper(self)
        helper.form_tag = False
        helper.disable_csrf = True
        helper.layout = Layout(*self.get_layout())
        return helper

    def get_layout(self) -> list[Any]:
        return list(self.fields)

    def save(self) -> SupplementalScreening | None:
        """The row, or None where the action refused and the form now says why."""
        try:
            return self.perform()
        except StepRefused as refused:
            self.add_error(None, str(refused))
        except ValidationError as error:
            by_name = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
            for name, messages in by_name.items():
                self.add_error(name if name in self.fields else None, ValidationError(messages))
        return None

    def perform(self) -> SupplementalScreening:
        raise NotImplementedError


class AdviseSupplementalForm(_SupplementalForm):
    """Names the exam by its accession; the birth date must fit, so that a slip in the number is caught."""

    accession = forms.CharField(label=gettext_lazy("Accession of the mammogram"), max_length=60)
    birth_date = date_field(gettext_lazy("Birth date of the patient"))
    kind = forms.ChoiceField(label=gettext_lazy("Test"), choices=SupplementalTest.choices, widget=forms.RadioSelect)
    advised_on = date_field(gettext_lazy("Advised on"), required=False, help_text=gettext_lazy("Empty: today."))
    due_on = date_field(
        gettext_lazy("Due by"), required=False, help_text=gettext_lazy("Empty: 60 days after the advice.")
    )
    note = forms.CharField(label=gettext_lazy("Note"), required=False, widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))

    def get_layout(self) -> list[Any]:
        return [fields_in_row("accession", "birth_date"), "kind", fields_in_row("advised_on", "due_on"), "note"]

    def perform(self) -> SupplementalScreening:
        words = self.cleaned_data
        exam = find_exam(self.user, words["accession"].strip(), words["birth_date"])
        if exam is None:
            raise ValidationError({"accession": _("No exam at your sites has this accession and birth date.")})
        return advise_supplemental(
            exam, SupplementalTest(words["kind"]), by=self.user,
            advised_on=words["advised_on"], due_on=words["due_on"], note=words["note"],
        )  # fmt: skip


class RecordSupplementalForm(_SupplementalForm):
    answer = forms.ChoiceField(label=gettext_lazy("What came of it"), widget=forms.RadioSelect)
    done_on = date_field(gettext_lazy("Done on"), required=False)
    result = forms.ChoiceField(label=gettext_lazy("Result"), required=False)
    note = forms.CharField(label=gettext_lazy("Note"), required=False, widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))

    def __init__(self, user: User, row: SupplementalScreening, data: Any = None) -> None:
        self.row = row
        super().__init__(user, data, initial={"done_on": row.done_on})
        may_record = bool(actor_for(user).roles & RESULT_ROLES)
        answers = [one for one in SupplementalAnswer if may_record or one != SupplementalAnswer.RESULT]
        self.fields["answer"].choices = [(one.value, one.label) for one in answers]  # type: ignore[attr-defined]
        results = [("", "")] + [(one.value, one.label) for one in SUPPLEMENTAL_RESULTS]
        self.fields["result"].choices = results  # type: ignore[attr-defined]
        self.fields["note"].help_text = _("Say why where the patient declined or the test is no longer advised.")
        if not may_record:
            del self.fields["result"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        answer = cleaned.get("answer")
        if answer in (SupplementalAnswer.RESULT, SupplementalAnswer.TO_READ) and not cleaned.get("done_on"):
            self.add_error("done_on", _("Say on which day it was done."))
        if answer == SupplementalAnswer.RESULT and not cleaned.get("result"):
            self.add_error("result", _("Choose the result."))
        return cleaned

    def perform(self) -> SupplementalScreening:
        words = self.cleaned_data
        if words["answer"] in (SupplementalAnswer.DECLINED, SupplementalAnswer.WITHDRAWN):
            return end_supplemental(self.row.pk, SupplementalStatus(words["answer"]), words["note"], by=self.user)
        result = Assessment(words["result"]) if words["answer"] == SupplementalAnswer.RESULT else None
        return record_supplemental(
            self.row.pk, SupplementalInput(words["done_on"], result, words["note"]), by=self.user
        )
