"""Forms by which a navigator says how many minutes a case took, and ends it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from desk.form_layout import fields_in_row
from recalls import actions
from recalls.actions import ActionKwargs
from recalls.enums.barriers import CaseEnd
from recalls.forms.base import StepForm
from recalls.models import MOST_MINUTES, RecallEvent

USUAL_MINUTES = (5, 10, 15, 30)
_MINUTES = [(str(number), str(number)) for number in USUAL_MINUTES]


class MinutesForm(StepForm):
    """A usual number of minutes by one tap, or any other in a field."""

    usual = forms.ChoiceField(label=_("Minutes"), required=False, choices=_MINUTES, widget=forms.RadioSelect)
    minutes = forms.IntegerField(label=_("or another number"), required=False, min_value=1, max_value=MOST_MINUTES)

    def get_layout(self) -> list[Any]:
        return [fields_in_row("usual", "minutes")]

    @property
    def said_minutes(self) -> int | None:
        """What was typed comes before what was tapped."""
        usual = self.cleaned_data.get("usual")
        return self.cleaned_data.get("minutes") or (int(usual) if usual else None)


class CaseMinutesForm(MinutesForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not self.said_minutes:
            self.add_error("minutes", _("Say how many minutes."))
        return cleaned

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        return actions.log_case_minutes(self.recall, self.said_minutes or 0, **kwargs)


class EndCaseForm(MinutesForm):
    end = forms.ChoiceField(
        label=_("The case is"), choices=CaseEnd.choices, initial=CaseEnd.DONE, widget=forms.RadioSelect
    )
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def get_layout(self) -> list[Any]:
        return ["end", *super().get_layout(), "note"]

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        return actions.end_case(self.recall, CaseEnd(self.cleaned_data["end"]), self.said_minutes, **kwargs)
