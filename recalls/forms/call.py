"""What does she write down after a try to reach the patient? One answer, a word or two, and when to try again."""

from datetime import datetime
from typing import Any, ClassVar

from crispy_forms.layout import Field
from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic import calendar
from patients.channels import channels_of
from patients.contact import show_phone
from patients.models import ContactPoint
from recalls import actions, ladder
from recalls.actions import RESULTS_OF, Asked, Contact
from recalls.forms.base import StepForm, day_field, folded, side_by_side, time_field
from recalls.models import ContactAttempt, RecallEvent
from recalls.permissions import attempts_of_this_ladder
from recalls.states import ContactChannel, ContactResult, PartOfDay, State

_USES_A_POINT = frozenset({ContactChannel.PHONE, ContactChannel.SMS, ContactChannel.EMAIL})
# After these somebody decides or books at once: nothing is to be tried again by itself.
_DECIDES = frozenset({ContactResult.REACHED_WILL_BOOK, ContactResult.REFUSED})


class LogContactForm(StepForm):
    """One try with its result; it cannot be saved without one."""

    error_fields: ClassVar[dict[str, str]] = {"next_try_at": "next_day"}

    channel = forms.ChoiceField(label=_("How"), choices=ContactChannel.choices)
    point = forms.ChoiceField(label=_("Number or address used"), required=False)
    result = forms.ChoiceField(label=_("Result"), choices=ContactResult.choices, widget=forms.RadioSelect)
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 2}))
    next_day = day_field(_("Next try on"), required=False)
    next_time = time_field(_("at"), required=False)
    best_time = forms.ChoiceField(
        label=_("She is best reached"), required=False, choices=[("", _("no matter when")), *PartOfDay.choices]
    )
    # What was proposed: a proposal that nobody touched gives way to what fits the result.
    proposed = forms.CharField(required=False, max_length=16, widget=forms.HiddenInput)

    def prepare(self) -> None:
        rung, _sentence = ladder.what_next(self.recall.site, attempts_of_this_ladder(self.recall))
        channel = rung.channel if rung else ContactChannel.PHONE
        points = _usable_points(self)
        self.fields["point"].choices = points  # type: ignore[attr-defined]
        self.initial.update({"channel": channel, "point": points[0][0] if channel in _USES_A_POINT else ""})
        self.initial["best_time"] = self._wish()
        self.is_call = channel == ContactChannel.PHONE
        self.fields["next_day"].help_text = _("Leave empty and the contact ladder chooses the day.")
        self.fields["next_time"].help_text = _("The site's time: %(zone)s") % {"zone": self.recall.site.time_zone}
        if self.recall.state == State.TO_CONTACT:
            local = self._propose(ContactResult.NO_ANSWER, self._wish()).astimezone(self.recall.site.zone)
            proposed = {"next_day": local.date(), "next_time": local.time(), "proposed": f"{local:%Y-%m-%dT%H:%M}"}
            self.initial.update(proposed)

    def arranged(self) -> list[Any]:
        is_open = self.is_bound or not self.is_call
        how = folded(_("Not by phone, or another number?"), "channel", "point", is_open=is_open)
        return [
            Field("result", template="recalls/_results.html"),
            "note",
            side_by_side("next_day", "next_time", "best_time"),
            *how,
            "proposed",
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("next_time") and not cleaned.get("next_day"):
            self.add_error("next_day", _("Say on which day."))
        return cleaned

    def take(self, asked: Asked) -> RecallEvent:
        cleaned = self.cleaned_data
        channel = ContactChannel(cleaned["channel"])
        used = channel in _USES_A_POINT and cleaned["point"]
        contact = Contact(
            channel=channel,
            result=ContactResult(cleaned["result"]),
            point=ContactPoint.Kind(cleaned["point"]) if used else None,
            note=cleaned["note"],
            next_try_at=self._next_try(channel, ContactResult(cleaned["result"])),
            best_time=cleaned["best_time"],
        )
        asked["note"] = ""  # it stands with the try
        return actions.log_contact(self.recall, contact, **asked)

    def _wish(self) -> str:
        wish = getattr(self.recall.patient, "call_wish", None)
        return wish.part if wish else ""

    def _next_try(self, channel: ContactChannel, result: ContactResult) -> datetime | None:
        """What she chose; where she left the proposal alone, the same question asked again with the real result."""
        day, at = self.cleaned_data["next_day"], self.cleaned_data["next_time"]
        if not day:
            return None
        typed = f"{day}T{at:%H:%M}" if at else ""
        if typed != self.cleaned_data["proposed"]:
            return self.local(self.recall.site, day, at)
        is_talk = ContactResult.NO_ANSWER in RESULTS_OF[channel]
        return self._propose(result, self.cleaned_data["best_time"]) if is_talk and result not in _DECIDES else None

    def _propose(self, result: ContactResult, wish: str) -> datetime:
        recall, now = self.recall, timezone.now()
        this_call = ContactAttempt(channel=ContactChannel.PHONE, result=result, at=now)
        tries = [*attempts_of_this_ladder(recall), this_call]
        since = recall.contact_since or recall.opened_at
        at = ladder.propose_try(recall.site, since, tries, recall.site.policy.first_call, wish)
        return at if at > now else calendar.add_business_days(recall.site, now, 1)


def _usable_points(form: StepForm) -> list[tuple[str, Any]]:
    patient, country = form.recall.patient, form.recall.site.country
    channels = channels_of(patient)
    found = (
        (ContactPoint.Kind.MOBILE, show_phone(channels.mobile, country) if channels.mobile else ""),
        (ContactPoint.Kind.HOME, show_phone(channels.home, country) if channels.home else ""),
        (ContactPoint.Kind.EMAIL, channels.email),
    )
    usable: list[tuple[str, Any]] = [(kind.value, f"{kind.label}: {value}") for kind, value in found if value]
    return [*usable, ("", _("another one, or none"))]
