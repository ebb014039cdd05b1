"""What do resting, closing and reopening a recall ask for? Always a reason, where there is one to give."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.db import models
from django.utils.translation import gettext_lazy as _

from recalls import actions
from recalls.actions import Asked
from recalls.forms.base import NOTE_ROWS, NoteForm, ReasonForm, StepForm, day_field, in_columns
from recalls.models import RecallEvent


class WhyDeclined(models.TextChoices):
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
    until = day_field(_("Until"))

    def take(self, asked: Asked) -> RecallEvent:
        return actions.hold(self.recall, self.cleaned_data["until"], **asked)


class ResumeForm(NoteForm):
    def take(self, asked: Asked) -> RecallEvent:
        return actions.resume(self.recall, **asked)


class DeclineForm(StepForm):
    why = forms.ChoiceField(label=_("Her reason"), choices=WhyDeclined.choices, widget=forms.RadioSelect)
    note = forms.CharField(label=_("In her words"), required=False, widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))

    def arranged(self) -> list[Any]:
        return [in_columns("why"), "note"]

    def note_with_reason(self) -> str:
        said = str(self.cleaned_data["note"]).strip()
        return ". ".join(part for part in (str(WhyDeclined(self.cleaned_data["why"]).label), said) if part)

    def take(self, asked: Asked) -> RecallEvent:
        asked["note"] = self.note_with_reason()
        return actions.decline(self.recall, **asked)


class TransferForm(StepForm):
    note = forms.CharField(label=_("Which clinic takes over; how we know"), widget=forms.Textarea(attrs={"rows": 2}))

    def take(self, asked: Asked) -> RecallEvent:
        return actions.transfer(self.recall, **asked)


class DeceasedForm(StepForm):
    error_fields: ClassVar[dict[str, str]] = {NON_FIELD_ERRORS: "died_on"}

    died_on = day_field(_("Date of death"))
    note = forms.CharField(label=_("How we know"), widget=forms.Textarea(attrs={"rows": 2}))

    def take(self, asked: Asked) -> RecallEvent:
        return actions.mark_deceased(self.recall, self.cleaned_data["died_on"], **asked)


class VoidForm(ReasonForm):
    def take(self, asked: Asked) -> RecallEvent:
        return actions.void(self.recall, **asked)


class CloseLostForm(ReasonForm):
    def take(self, asked: Asked) -> RecallEvent:
        return actions.close_lost(self.recall, **asked)


class ReopenForm(ReasonForm):
    _PLACES = (("stood", _("Where it stood before")), ("to_contact", _("In the callback queue")))

    place = forms.ChoiceField(label=_("Reopen"), choices=_PLACES, initial="stood", widget=forms.RadioSelect)

    def arranged(self) -> list[Any]:
        return ["place", "note"]

    def take(self, asked: Asked) -> RecallEvent:
        return actions.reopen(self.recall, to_contact=self.cleaned_data["place"] == "to_contact", **asked)
