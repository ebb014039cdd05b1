"""Forms that put a recall on hold, close it or reopen it; each asks for a reason where there is one to give."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.db import models
from django.utils.translation import gettext_lazy as _

from recalls import actions
from recalls.actions import ActionKwargs
from recalls.forms.base import NOTE_ROWS, ReasonForm, StepForm, choices_in_columns, date_field
from recalls.models import RecallEvent


class DeclineReason(models.TextChoices):
    """Why patients say no; the list names what a clinic can do something about."""

    COST = "cost", _("The cost")
    TIME_OFF = "time_off", _("Cannot take time off")
    TRANSPORT = "transport", _("No way to get here")
    LANGUAGE = "language", _("Nobody to interpret")
    TOO_LATE = "too_late", _("The appointment was too far off")
    FEAR = "fear", _("Afraid of the test or the result")
    ELSEWHERE = "elsewhere", _("Goes to another clinic")
    NO_NEED = "no_need", _("Sees no need")
    NOT_SAID = "not_said", _("Did not say why")


class HoldForm(ReasonForm):
    until = date_field(_("Until"))

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        return actions.hold(self.recall, self.cleaned_data["until"], **kwargs)


class DeclineForm(StepForm):
    why = forms.ChoiceField(label=_("The patient's reason"), choices=DeclineReason.choices, widget=forms.RadioSelect)
    note = forms.CharField(
        label=_("In the patient's words"), required=False, widget=forms.Textarea(attrs={"rows": NOTE_ROWS})
    )

    def get_layout(self) -> list[Any]:
        return [choices_in_columns("why"), "note"]

    def get_note(self) -> str:
        said = str(self.cleaned_data["note"]).strip()
        return ". ".join(part for part in (str(DeclineReason(self.cleaned_data["why"]).label), said) if part)


class DeceasedForm(StepForm):
    field_by_error_key: ClassVar[dict[str, str]] = {NON_FIELD_ERRORS: "died_on"}

    died_on = date_field(_("Date of death"))
    note = forms.CharField(label=_("How we know"), widget=forms.Textarea(attrs={"rows": 2}))

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        return actions.mark_deceased(self.recall, self.cleaned_data["died_on"], **kwargs)


class ReopenForm(ReasonForm):
    _TARGET_CHOICES = (("stood", _("Where it stood before")), ("to_contact", _("In the callback queue")))

    place = forms.ChoiceField(label=_("Reopen"), choices=_TARGET_CHOICES, initial="stood", widget=forms.RadioSelect)

    def get_layout(self) -> list[Any]:
        return ["place", "note"]

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        return actions.reopen(self.recall, to_contact=self.cleaned_data["place"] == "to_contact", **kwargs)
