"""What do biopsy and pathology ask for?"""

from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from recalls import actions
from recalls.actions import Asked
from recalls.forms.base import NOTE_ROWS, NoteForm, StepForm, months_field
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


def _choice(verdict: ConcordanceVerdict) -> tuple[str, Any]:
    state, closure = CONCORDANCE_ROUTE[verdict]
    leads_to = f"{state.label}: {closure.label}" if closure else state.label
    return verdict.value, format_html('<strong>{}</strong> <span class="quiet">→ {}</span>', verdict.label, leads_to)


class SignConcordanceForm(StepForm):
    verdict = forms.ChoiceField(label=_("Verdict"), widget=forms.RadioSelect)
    follow_up_months = months_field(
        _("Look again in months"),
        help_text=_("Only for “concordant benign”, when she should come again; leave empty to close the recall."),
    )
    text = forms.CharField(label=_("Comment"), required=False, widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))

    def prepare(self) -> None:
        self.fields["verdict"].choices = [_choice(verdict) for verdict in ConcordanceVerdict]  # type: ignore[attr-defined]

    def take(self, asked: Asked) -> RecallEvent:
        cleaned = self.cleaned_data
        return actions.sign_concordance(
            self.recall,
            ConcordanceVerdict(cleaned["verdict"]),
            text=cleaned["text"],
            follow_up_months=cleaned["follow_up_months"],
            **asked,
        )
