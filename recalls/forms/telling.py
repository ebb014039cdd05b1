"""Forms about telling a result: how it was told, its release in writing, and the patient's wishes."""

from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic import calendar
from desk.form_layout import fields_in_row
from patients.actions import MAX_CONSENT_WORDS
from patients.models import Consent, ResultWish
from recalls import actions
from recalls.actions import ActionKwargs, DisclosureInput
from recalls.enums import DisclosureMethod, Listener
from recalls.forms.answers import choice_label
from recalls.forms.base import StepForm, collapsed_fields, date_field, time_field
from recalls.models import RecallEvent


class Telling(models.TextChoices):
    """How the patient hears of an answer."""

    AT_VISIT = "at_visit", _("Told at the visit")
    NOW = "now", _("In writing, now")
    LATER = "later", _("In writing, at a set time")
    TO_TELL = "to_tell", _("Not yet: to be told in person or by phone")


_SHORTCUT_KEYS = {Telling.AT_VISIT: "V", Telling.NOW: "R", Telling.LATER: "T", Telling.TO_TELL: "S"}
IN_WRITING = frozenset({Telling.NOW, Telling.LATER})


class TellingForm(StepForm):
    """Asks how the patient hears of an answer; times are on the site's clock."""

    field_by_error_key: ClassVar[dict[str, str]] = {"release_at": "telling"}
    # What the form offers, in the order of the page.
    offered: ClassVar[tuple[Telling, ...]] = tuple(Telling)

    telling = forms.ChoiceField(label=_("The patient"), widget=forms.RadioSelect, required=False)
    release_day = date_field(_("Not before"), required=False)
    release_time = time_field(_("at"), required=False)

    def init_fields(self) -> None:
        choices = [(kind.value, choice_label(_SHORTCUT_KEYS[kind], kind.label)) for kind in self.offered]
        self.fields["telling"].choices = choices  # type: ignore[attr-defined]
        self.fields["telling"].help_text = actions.written_result_blocked_reason(self.recall)
        self.fields["release_day"].help_text = _("Only for “at a set time”.")

    def can_be_written(self) -> bool:
        """Whether the answer may be told in writing; such a choice made for another answer is ignored."""
        return True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("telling") in IN_WRITING and not self.can_be_written():
            cleaned["telling"] = Telling.TO_TELL
        if cleaned.get("telling") == Telling.LATER:
            day, today = cleaned.get("release_day"), calendar.local_day(self.recall.site, timezone.now())
            if day is None:
                self.add_error("release_day", _("Say from which day on the patient may be told."))
            elif day < today:
                self.add_error("release_day", _("This day is past. Choose today or a later one."))
        return cleaned

    def release_at(self) -> datetime | None:
        wanted = self.cleaned_data["telling"]
        if wanted == Telling.LATER:
            return self.to_site_datetime(
                self.recall.site, self.cleaned_data["release_day"], self.cleaned_data["release_time"]
            )
        return timezone.now() if wanted == Telling.NOW else None

    def told(self) -> DisclosureInput | None:
        at_visit = self.cleaned_data["telling"] == Telling.AT_VISIT
        return DisclosureInput(DisclosureMethod.AT_VISIT) if at_visit else None


class ReleaseOutcomeForm(TellingForm):
    """Tells the outcome in writing now, unless another time is set."""

    offered = (Telling.NOW, Telling.LATER)

    def init_fields(self) -> None:
        super().init_fields()
        self.initial["telling"] = Telling.NOW

    def get_layout(self) -> list[Any]:
        return ["telling", fields_in_row("release_day", "release_time")]

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        return actions.release_outcome(self.recall, self.release_at() or timezone.now(), **kwargs)


# How a person tells a result that was not told at the visit, each with the key that chooses it.
_METHOD_KEYS = {
    DisclosureMethod.PHONE: "P",
    DisclosureMethod.IN_PERSON: "I",
    DisclosureMethod.VIDEO: "D",
    DisclosureMethod.REFERRER: "G",
    DisclosureMethod.OUTSIDE: "O",
    DisclosureMethod.IN_WRITING: "W",
}


class ResultToldForm(StepForm):
    """Who told the result, when, how and to whom; by phone and just now unless somebody says else."""

    method = forms.ChoiceField(label=_("How"), widget=forms.RadioSelect)
    understood = forms.CharField(
        label=_("What the patient understood and asked"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    next_step = forms.CharField(label=_("Agreed next step"), required=False, max_length=300)
    interpreter = forms.BooleanField(label=_("With an interpreter"), required=False)
    told_to = forms.ChoiceField(label=_("To whom"), choices=Listener.choices)
    told_to_name = forms.CharField(label=_("Name of that person"), required=False, max_length=150)
    told_by = forms.CharField(
        label=_("Told by"), required=False, max_length=150, help_text=_("Leave empty if you told it yourself.")
    )
    told_day = date_field(_("Told on"), required=False)
    told_time = time_field(_("at"), required=False)
    note = forms.CharField(
        label=_("How it was sent, if in writing"),
        required=False,
        max_length=300,
        help_text=_("Such as the number of the certified letter."),
    )
    field_by_error_key: ClassVar[dict[str, str]] = {"told_at": "told_day"}

    def init_fields(self) -> None:
        self.fields["method"].choices = [  # type: ignore[attr-defined]
            (method.value, choice_label(key, method.label)) for method, key in _METHOD_KEYS.items()
        ]
        wish: ResultWish | None = getattr(self.recall.patient, "result_wish", None)
        proxy = wish.proxy_name if wish else ""
        usual = {
            "method": DisclosureMethod.PHONE,
            "interpreter": self.recall.patient.interpreter_needed,
            "told_to": Listener.PROXY if proxy else Listener.PATIENT,
            "told_to_name": proxy,
        }
        self.initial.update(usual)

    def get_layout(self) -> list[Any]:
        names = ("told_to", "told_to_name", "told_by", "told_day", "told_time", "note")
        is_open = any(self.data.get(name) for name in names[1:]) or self.initial["told_to"] == Listener.PROXY
        return [
            "method",
            "understood",
            "next_step",
            "interpreter",
            *collapsed_fields(
                _("Told to or by somebody else, at another time, or in writing?"), *names, is_open=is_open
            ),
        ]

    def describe_saved(self) -> str:
        return f"{self.step.label}."

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        cleaned = self.cleaned_data
        day, at = cleaned["told_day"], cleaned["told_time"]
        disclosure = DisclosureInput(
            method=DisclosureMethod(cleaned["method"]),
            told_at=self.to_site_datetime(self.recall.site, day, at) if day else None,
            told_by=cleaned["told_by"],
            told_to=Listener(cleaned["told_to"]),
            told_to_name=cleaned["told_to_name"],
            interpreter=cleaned["interpreter"],
            understood=cleaned["understood"],
            next_step=cleaned["next_step"],
        )
        return actions.result_told(self.recall, disclosure, **kwargs)


class WishesForm(StepForm):
    """Starts from what the patient said before."""

    channel = forms.ChoiceField(
        label=_("How the patient wants to hear a result"),
        required=False,
        choices=[("", _("no matter how")), *ResultWish.Channel.choices],
    )
    not_before_weekend = forms.BooleanField(
        label=_("Not on a Friday"), required=False, help_text=_("A written result then waits for the next week.")
    )
    no_details = forms.BooleanField(label=_("Does not want to know the details"), required=False)
    proxy_name = forms.CharField(label=_("Through whom"), required=False, max_length=150)
    proxy_phone = forms.CharField(label=_("That person's phone"), required=False, max_length=40)
    wish = forms.CharField(label=_("In the patient's words"), required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def init_fields(self) -> None:
        wish: ResultWish | None = getattr(self.recall.patient, "result_wish", None)
        if wish is not None:
            said = {name: getattr(wish, name) for name in _WISH_FIELDS}
            self.initial.update(said, wish=wish.note)

    def get_layout(self) -> list[Any]:
        row = fields_in_row("proxy_name", "proxy_phone")
        return ["channel", "not_before_weekend", "no_details", row, "wish"]

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        said = {name: self.cleaned_data[name] for name in _WISH_FIELDS} | {"note": self.cleaned_data["wish"]}
        return actions.record_wishes(self.recall, said, **kwargs)


class ConsentForm(StepForm):
    """What the patient says about one kind of message, with the proof."""

    subject = forms.ChoiceField(label=_("About"), choices=Consent.Subject.choices)
    granted = forms.ChoiceField(
        label=_("The patient"),
        choices=[("yes", _("agrees")), ("no", _("does not want it"))],
        widget=forms.RadioSelect,
        help_text=_("A patient who texted STOP also has to text START: the phone company holds texts back until then."),
    )
    source = forms.ChoiceField(
        label=_("How we know"),
        choices=[("phone", _("said on the phone")), ("in person", _("said in person")), ("paper", _("signed form"))],
    )
    words = forms.CharField(
        label=_("In the patient's words"),
        max_length=MAX_CONSENT_WORDS,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("As said or signed: it is the proof."),
    )

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if told.get("subject") == Consent.Subject.EDUCATION and told.get("granted") == "yes":
            self.add_error("granted", _("The patient asks for the series on their own page and confirms it by email."))
        return told

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        told = self.cleaned_data
        said = actions.ConsentInput(
            Consent.Subject(told["subject"]), told["granted"] == "yes", f"desk: {told['source']}", told["words"]
        )
        return actions.record_consent(self.recall, said, **kwargs)


_WISH_FIELDS = ("channel", "not_before_weekend", "no_details", "proxy_name", "proxy_phone")
