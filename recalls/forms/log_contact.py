"""Form that logs a contact attempt with its result and the next attempt."""

from datetime import datetime
from typing import Any, ClassVar

from crispy_forms.layout import Field
from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic import calendar
from patients.channels import get_patient_channels
from patients.contact_validation import format_phone
from patients.models import ContactPoint
from recalls import actions, contact_ladder
from recalls.actions import RESULTS_BY_CHANNEL, ActionKwargs, ContactAttemptInput
from recalls.enums import ContactChannel, ContactResult, PartOfDay, State
from recalls.forms.base import StepForm, collapsed_fields, date_field, fields_in_row, time_field
from recalls.models import ContactAttempt, RecallEvent

_CHANNELS_WITH_CONTACT_POINT = frozenset({ContactChannel.PHONE, ContactChannel.SMS, ContactChannel.EMAIL})
# After these results staff decide or book at once, and no next attempt is proposed.
_RESULTS_WITHOUT_RETRY = frozenset({ContactResult.REACHED_WILL_BOOK, ContactResult.REFUSED})


class LogContactForm(StepForm):
    """One contact attempt; its result is required."""

    field_by_error_key: ClassVar[dict[str, str]] = {"next_try_at": "next_day"}

    channel = forms.ChoiceField(label=_("How"), choices=ContactChannel.choices)
    point = forms.ChoiceField(label=_("Number or address used"), required=False)
    result = forms.ChoiceField(label=_("Result"), choices=ContactResult.choices, widget=forms.RadioSelect)
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 2}))
    next_day = date_field(_("Next try on"), required=False)
    next_time = time_field(_("at"), required=False)
    best_time = forms.ChoiceField(
        label=_("Best reached"), required=False, choices=[("", _("no matter when")), *PartOfDay.choices]
    )
    # The proposed time; where the user left it alone, the time that fits the result replaces it.
    proposed = forms.CharField(required=False, max_length=16, widget=forms.HiddenInput)

    def init_fields(self) -> None:
        self.fields["point"].choices = _contact_point_choices(self)  # type: ignore[attr-defined]
        self.fields["next_day"].help_text = _("Leave empty and the contact ladder chooses the day.")
        self.fields["next_time"].help_text = _("The site's time: %(zone)s") % {"zone": self.recall.site.time_zone}
        if not self.is_bound:
            self._propose_values()

    def _propose_values(self) -> None:
        """Start from the next rung of the contact ladder, as if this call were not answered."""
        attempts = contact_ladder.current_ladder_attempts(self.recall)
        rung, _sentence = contact_ladder.next_rung(self.recall.site, attempts)
        channel = rung.channel if rung else ContactChannel.PHONE
        point = self.fields["point"].choices[0][0] if channel in _CHANNELS_WITH_CONTACT_POINT else ""  # type: ignore[attr-defined]
        preferred_part = self._preferred_part_of_day()
        self.initial.update({"channel": channel, "point": point, "best_time": preferred_part})
        if self.recall.state == State.TO_CONTACT:
            at = self._propose_next_attempt(ContactResult.NO_ANSWER, preferred_part)
            local = at.astimezone(self.recall.site.zone)
            proposed = {"next_day": local.date(), "next_time": local.time(), "proposed": f"{local:%Y-%m-%dT%H:%M}"}
            self.initial.update(proposed)

    def get_layout(self) -> list[Any]:
        is_open = self.is_bound or self.initial["channel"] != ContactChannel.PHONE
        how = collapsed_fields(_("Not by phone, or another number?"), "channel", "point", is_open=is_open)
        return [
            Field("result", template="recalls/_contact_result_field.html"),
            "note",
            fields_in_row("next_day", "next_time", "best_time"),
            *how,
            "proposed",
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("next_time") and not cleaned.get("next_day"):
            self.add_error("next_day", _("Say on which day."))
        return cleaned

    def get_note(self) -> str:
        """Empty, since the note is kept with the attempt."""
        return ""

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        cleaned = self.cleaned_data
        channel = ContactChannel(cleaned["channel"])
        used = channel in _CHANNELS_WITH_CONTACT_POINT and cleaned["point"]
        contact = ContactAttemptInput(
            channel=channel,
            result=ContactResult(cleaned["result"]),
            point_kind=ContactPoint.Kind(cleaned["point"]) if used else None,
            note=cleaned["note"],
            next_try_at=self._next_attempt_at(channel, ContactResult(cleaned["result"])),
            preferred_part_of_day=cleaned["best_time"],
        )
        return actions.log_contact(self.recall, contact, **kwargs)

    def _preferred_part_of_day(self) -> str:
        preference = getattr(self.recall.patient, "call_preference", None)
        return preference.part if preference else ""

    def _next_attempt_at(self, channel: ContactChannel, result: ContactResult) -> datetime | None:
        """The chosen time (UTC); where the proposal was left alone, the one proposed after the real result."""
        day, at = self.cleaned_data["next_day"], self.cleaned_data["next_time"]
        if not day:
            return None
        typed = f"{day}T{at:%H:%M}" if at else ""
        if typed != self.cleaned_data["proposed"]:
            return self.to_site_datetime(self.recall.site, day, at)
        is_talk = ContactResult.NO_ANSWER in RESULTS_BY_CHANNEL[channel]
        return (
            self._propose_next_attempt(result, self.cleaned_data["best_time"])
            if is_talk and result not in _RESULTS_WITHOUT_RETRY
            else None
        )

    def _propose_next_attempt(self, result: ContactResult, preferred_part: str) -> datetime:
        recall, now = self.recall, timezone.now()
        this_call = ContactAttempt(channel=ContactChannel.PHONE, result=result, at=now)
        attempts = [*contact_ladder.current_ladder_attempts(recall), this_call]
        since = recall.contact_since or recall.opened_at
        at = contact_ladder.propose_attempt_time(
            recall.site, since, attempts, recall.site.policy.first_call, preferred_part
        )
        return at if at > now else calendar.add_business_days(recall.site, now, 1)


def _contact_point_choices(form: StepForm) -> list[tuple[str, Any]]:
    patient, country = form.recall.patient, form.recall.site.country
    channels = get_patient_channels(patient)
    found = (
        (ContactPoint.Kind.MOBILE, format_phone(channels.mobile, country) if channels.mobile else ""),
        (ContactPoint.Kind.HOME, format_phone(channels.home, country) if channels.home else ""),
        (ContactPoint.Kind.EMAIL, channels.email),
    )
    usable: list[tuple[str, Any]] = [(kind.value, f"{kind.label}: {value}") for kind, value in found if value]
    return [*usable, ("", _("another one, or none"))]
