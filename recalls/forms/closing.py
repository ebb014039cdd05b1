"""Forms that put a recall on hold, close it or reopen it; each asks for a reason where there is one to give."""

from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic import calendar
from desk.form_layout import fields_in_row
from recalls import actions
from recalls.actions import ActionKwargs, RefusalInput
from recalls.actions.closing import OFFER_AGAIN_DAYS
from recalls.enums import DeclineReason
from recalls.forms.base import (
    NOTE_ROWS,
    ReasonForm,
    StepForm,
    choices_in_columns,
    collapsed_fields,
    date_field,
)
from recalls.models import RecallEvent
from recalls.permissions import is_at_risk


class HoldForm(ReasonForm):
    until = date_field(_("Until"))

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        return actions.hold(self.recall, self.cleaned_data["until"], **kwargs)


class DeclineForm(StepForm):
    """The patient's reason; for a 4, a 5 or an unread result also what was explained, and when it is offered again."""

    reason = forms.ChoiceField(label=_("The patient's reason"), choices=DeclineReason.choices, widget=forms.RadioSelect)
    words = forms.CharField(
        label=_("In the patient's words"), required=False, widget=forms.Textarea(attrs={"rows": NOTE_ROWS})
    )
    explained_by = forms.CharField(label=_("Who explained the risk"), max_length=150, required=False)
    risk_explained = forms.CharField(
        label=_("What risk was explained"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    interpreter = forms.BooleanField(label=_("With an interpreter"), required=False)
    letter_sent = forms.BooleanField(label=_("A letter confirms it"), required=False)
    offer_again_on = date_field(_("Offer it again on"), required=False)

    def init_fields(self) -> None:
        if is_at_risk(self.recall):
            for name in ("explained_by", "risk_explained", "offer_again_on"):
                self.fields[name].required = True
            today = calendar.local_day(self.recall.site, timezone.now())
            self.initial.setdefault("offer_again_on", today + timedelta(days=OFFER_AGAIN_DAYS))
            self.initial.setdefault("interpreter", self.recall.patient.interpreter_needed)

    def get_layout(self) -> list[Any]:
        asked = ["explained_by", "risk_explained", fields_in_row("interpreter", "letter_sent"), "offer_again_on"]
        if not is_at_risk(self.recall):
            asked = collapsed_fields(
                _("What was explained, and when it is offered again"),
                "explained_by", "risk_explained", "interpreter", "letter_sent", "offer_again_on",
            )  # fmt: skip
        return [choices_in_columns("reason"), "words", *asked]

    def get_note(self) -> str:
        said = str(self.cleaned_data["words"]).strip()
        return ". ".join(part for part in (str(DeclineReason(self.cleaned_data["reason"]).label), said) if part)

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        names = ("reason", "words", "explained_by", "risk_explained", "interpreter", "letter_sent", "offer_again_on")
        refusal = RefusalInput(**{name: self.cleaned_data[name] for name in names})
        return actions.decline(self.recall, refusal=refusal, **kwargs)


class TransferForm(StepForm):
    facility = forms.CharField(label=_("Which clinic takes over"), max_length=200)
    phone = forms.CharField(label=_("Its phone"), max_length=40, required=False)
    note = forms.CharField(label=_("How we know"), widget=forms.Textarea(attrs={"rows": 2}))

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        facility, phone = self.cleaned_data["facility"], self.cleaned_data["phone"]
        return actions.transfer(self.recall, facility=facility, phone=phone, **kwargs)


class DeceasedForm(StepForm):
    """Asks once more about a day after which the patient was here: a mistyped year ends a living patient's case."""

    field_by_error_key: ClassVar[dict[str, str]] = {NON_FIELD_ERRORS: "died_on"}

    died_on = date_field(_("Date of death"))
    date_is_right = forms.BooleanField(
        label=_("The date of death is right all the same"),
        required=False,
        help_text=_("Only where a record says by mistake that the patient was here after it."),
    )
    note = forms.CharField(label=_("How we know"), widget=forms.Textarea(attrs={"rows": 2}))

    def init_fields(self) -> None:
        if not self.is_bound:  # it is the answer to a question that nobody has asked yet
            del self.fields["date_is_right"]

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        died_on, is_right = self.cleaned_data["died_on"], self.cleaned_data["date_is_right"]
        return actions.mark_deceased(self.recall, died_on, date_is_right=is_right, **kwargs)


class ReopenForm(ReasonForm):
    _TARGET_CHOICES = (("stood", _("Where it stood before")), ("to_contact", _("In the callback queue")))

    place = forms.ChoiceField(label=_("Reopen"), choices=_TARGET_CHOICES, initial="stood", widget=forms.RadioSelect)

    def get_layout(self) -> list[Any]:
        return ["place", "note"]

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        return actions.reopen(self.recall, to_contact=self.cleaned_data["place"] == "to_contact", **kwargs)
