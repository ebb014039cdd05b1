"""Forms about a screening exam that may have no recall: correct its result, open a recall of it."""

from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.models import User
from recalls.actions.corrections import correct_exam_result, open_recall_by_hand
from recalls.enums import Assessment, RecallKind, Side
from recalls.forms.base import NOTE_ROWS
from recalls.models import ScreeningExam
from recalls.permissions import StepRefused

_BY_HAND = (RecallKind.TECHNICAL, RecallKind.CLINICAL)


class _ExamForm(forms.Form):
    """`save` takes the action; what it refuses stands as an error of the form."""

    def __init__(self, user: User, exam: ScreeningExam, data: Any = None) -> None:
        self.user, self.exam = user, exam
        super().__init__(data)
        self.helper = FormHelper(self)
        self.helper.form_tag = False
        self.helper.disable_csrf = True

    def save(self) -> bool:
        """Whether the action was taken."""
        try:
            self.perform()
        except StepRefused as refused:
            self.add_error(None, str(refused))
        except ValidationError as error:
            self.add_error(None, error)
        return not self.errors

    def perform(self) -> None:
        raise NotImplementedError


class ExamCorrectionForm(_ExamForm):
    step = "correct_result"
    assessment = forms.ChoiceField(label=gettext_lazy("Corrected assessment"), choices=Assessment.choices)
    comment = forms.CharField(
        label=gettext_lazy("What was corrected"), widget=forms.Textarea(attrs={"rows": NOTE_ROWS})
    )

    def clean_assessment(self) -> Assessment:
        assessment = Assessment(self.cleaned_data["assessment"])
        if assessment == self.exam.assessment:
            raise ValidationError(_("This is the assessment already on record. Choose the corrected one."))
        if assessment == Assessment.KNOWN_MALIGNANCY:
            raise ValidationError(_("6 is a cancer known before this exam, so this is no screening result."))
        return assessment

    def perform(self) -> None:
        words = self.cleaned_data
        correct_exam_result(self.exam, words["assessment"], words["comment"], by=self.user)


class OpenRecallForm(_ExamForm):
    step = "open_recall"
    kind = forms.ChoiceField(
        label=gettext_lazy("Why the patient is called back"),
        choices=[(kind.value, kind.label) for kind in _BY_HAND],
        widget=forms.RadioSelect,
    )
    lump = forms.ChoiceField(
        label=gettext_lazy("The patient feels a lump"),
        choices=[("", gettext_lazy("no")), *Side.choices],
        required=False,
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))

    def __init__(self, user: User, exam: ScreeningExam, data: Any = None) -> None:
        super().__init__(user, exam, data)
        if exam.needs_recall:  # the result says why
            del self.fields["kind"], self.fields["lump"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("lump") and cleaned.get("kind") == RecallKind.TECHNICAL:
            self.add_error("lump", _("A lump is a symptom: choose that as the reason, or no lump."))
        return cleaned

    def perform(self) -> None:
        kind = RecallKind(self.cleaned_data.get("kind") or self.exam.recall_kind)
        lump = Side(self.cleaned_data["lump"]) if self.cleaned_data.get("lump") else None
        open_recall_by_hand(self.exam, kind, self.cleaned_data["reason"], by=self.user, lump=lump)


EXAM_FORMS: dict[str, type[ExamCorrectionForm] | type[OpenRecallForm]] = {
    form.step: form for form in (ExamCorrectionForm, OpenRecallForm)
}
