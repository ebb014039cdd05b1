"""Forms that record pathology and sign the concordance."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from recalls import actions
from recalls.actions import ActionKwargs
from recalls.actions.biopsy import allowed_verdicts
from recalls.enums import ConcordanceVerdict, PathologyClass
from recalls.forms.answers import choice_label, follow_up_choices_from_today
from recalls.forms.base import NOTE_ROWS, StepForm
from recalls.models import RecallEvent
from recalls.workflow import NEXT_STATE_BY_VERDICT


class RecordPathologyForm(StepForm):
    result = forms.ChoiceField(label=_("Result"), choices=PathologyClass.choices, widget=forms.RadioSelect)
    specimen = forms.CharField(label=_("Specimen"), max_length=60, required=False)
    text = forms.CharField(label=_("Report"), required=False, widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        cleaned = self.cleaned_data
        result = PathologyClass(cleaned["result"])
        return actions.record_pathology(
            self.recall, result, specimen=cleaned["specimen"], text=cleaned["text"], **kwargs
        )


# What each verdict says of pathology and imaging.
_VERDICT_EXPLANATIONS: dict[ConcordanceVerdict, Any] = {
    ConcordanceVerdict.CONCORDANT_BENIGN: _("Pathology explains the imaging finding, and it is not cancer."),
    ConcordanceVerdict.DISCORDANT: _("Pathology does not explain the imaging finding: biopsy again."),
    ConcordanceVerdict.INSUFFICIENT: _("Not enough sample to say: biopsy again."),
    ConcordanceVerdict.HIGH_RISK: _("Not cancer, but a surgeon should look at it."),
    ConcordanceVerdict.MALIGNANT: _("Cancer: the patient is handed over to treatment."),
}


def _describe_verdict_result(verdict: ConcordanceVerdict) -> Any:
    state, closure = NEXT_STATE_BY_VERDICT[verdict]
    return f"{state.label}: {closure.label}" if closure else state.label


class SignConcordanceForm(StepForm):
    """Offers the verdicts that fit the tissue; none is chosen beforehand, since this is a signature."""

    verdict = forms.ChoiceField(label=_("Verdict"), widget=forms.RadioSelect)
    follow_up_months = forms.TypedChoiceField(
        label=_("Then"), coerce=int, empty_value=None, required=False, widget=forms.Select
    )
    text = forms.CharField(label=_("Comment"), required=False, widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))

    def init_fields(self) -> None:
        verdicts = enumerate(allowed_verdicts(self.recall), start=1)
        self.fields["verdict"].choices = [  # type: ignore[attr-defined]
            (
                verdict.value,
                choice_label(
                    str(key), verdict.label, _VERDICT_EXPLANATIONS[verdict], _describe_verdict_result(verdict)
                ),
            )
            for key, verdict in verdicts
        ]
        self.fields["follow_up_months"].choices = [  # type: ignore[attr-defined]
            ("", _("close the recall")),
            *follow_up_choices_from_today(self.recall),
        ]
        self.fields["follow_up_months"].help_text = _("Counts for “concordant benign” only.")

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        cleaned = self.cleaned_data
        verdict = ConcordanceVerdict(cleaned["verdict"])
        is_benign = verdict == ConcordanceVerdict.CONCORDANT_BENIGN
        return actions.sign_concordance(
            self.recall,
            verdict,
            text=cleaned["text"],
            follow_up_months=cleaned["follow_up_months"] if is_benign else None,
            **kwargs,
        )
