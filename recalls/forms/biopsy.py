"""What do biopsy and pathology ask for?"""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from recalls import actions
from recalls.actions import Asked
from recalls.actions.biopsy import fitting_verdicts
from recalls.forms.answers import keyed, months_from_today
from recalls.forms.base import NOTE_ROWS, NoteForm, StepForm
from recalls.models import RecallEvent
from recalls.states import ConcordanceVerdict, PathologyClass
from recalls.workflow import CONCORDANCE_ROUTE


class AdviseBiopsyForm(NoteForm):
    def take(self, asked: Asked) -> RecallEvent:
        return actions.advise_biopsy(self.recall, **asked)


class RecordPathologyForm(StepForm):
    result = forms.ChoiceField(label=_("Result"), choices=PathologyClass.choices, widget=forms.RadioSelect)
    specimen = forms.CharField(label=_("Specimen"), max_length=60, required=False)
    text = forms.CharField(label=_("Report"), required=False, widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))

    def take(self, asked: Asked) -> RecallEvent:
        cleaned = self.cleaned_data
        result = PathologyClass(cleaned["result"])
        return actions.record_pathology(
            self.recall, result, specimen=cleaned["specimen"], text=cleaned["text"], **asked
        )


# What each verdict says of tissue and picture, in plain words.
_MEANING: dict[ConcordanceVerdict, Any] = {
    ConcordanceVerdict.CONCORDANT_BENIGN: _("The tissue explains the picture, and it is not cancer."),
    ConcordanceVerdict.DISCORDANT: _("The tissue does not explain the picture: take more."),
    ConcordanceVerdict.INSUFFICIENT: _("Too little tissue to say: take more."),
    ConcordanceVerdict.HIGH_RISK: _("Not cancer, but a surgeon should look at it."),
    ConcordanceVerdict.MALIGNANT: _("Cancer: she is handed over to treatment."),
}


def _leads_to(verdict: ConcordanceVerdict) -> Any:
    state, closure = CONCORDANCE_ROUTE[verdict]
    return f"{state.label}: {closure.label}" if closure else state.label


class SignConcordanceForm(StepForm):
    """Offers the verdicts that fit the tissue; none is chosen beforehand, since this is a signature."""

    verdict = forms.ChoiceField(label=_("Verdict"), widget=forms.RadioSelect)
    follow_up_months = forms.TypedChoiceField(
        label=_("Then"), coerce=int, empty_value=None, required=False, widget=forms.Select
    )
    text = forms.CharField(label=_("Comment"), required=False, widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))

    def prepare(self) -> None:
        verdicts = enumerate(fitting_verdicts(self.recall), start=1)
        self.fields["verdict"].choices = [  # type: ignore[attr-defined]
            (verdict.value, keyed(str(key), verdict.label, _MEANING[verdict], _leads_to(verdict)))
            for key, verdict in verdicts
        ]
        self.fields["follow_up_months"].choices = [  # type: ignore[attr-defined]
            ("", _("close the recall")),
            *months_from_today(self.recall),
        ]
        self.fields["follow_up_months"].help_text = _("Counts for “concordant benign” only.")

    def take(self, asked: Asked) -> RecallEvent:
        cleaned = self.cleaned_data
        verdict = ConcordanceVerdict(cleaned["verdict"])
        is_benign = verdict == ConcordanceVerdict.CONCORDANT_BENIGN
        return actions.sign_concordance(
            self.recall,
            verdict,
            text=cleaned["text"],
            follow_up_months=cleaned["follow_up_months"] if is_benign else None,
            **asked,
        )
