"""What does she write down after a call, a letter, or a question to another clinic?"""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from patients.channels import channels_of
from patients.contact import show_phone
from patients.models import ContactPoint
from recalls import actions, ladder
from recalls.actions import Asked, Contact
from recalls.forms.base import NOTE_ROWS, NoteForm, StepForm, day_field, in_columns, side_by_side, time_field
from recalls.models import RecallEvent
from recalls.permissions import attempts_of_this_ladder
from recalls.states import ContactChannel, ContactResult

_USES_A_POINT = frozenset({ContactChannel.PHONE, ContactChannel.SMS, ContactChannel.EMAIL})


class LogContactForm(StepForm):
    """One try with its result; it cannot be saved without one."""

    error_fields: ClassVar[dict[str, str]] = {"next_try_at": "next_day"}

    channel = forms.ChoiceField(label=_("How"), choices=ContactChannel.choices)
    point = forms.ChoiceField(label=_("Number or address used"), required=False)
    result = forms.ChoiceField(label=_("Result"), choices=ContactResult.choices, widget=forms.RadioSelect)
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))
    next_day = day_field(_("Next try on"), required=False)
    next_time = time_field(_("at"), required=False)

    def prepare(self) -> None:
        rung, _sentence = ladder.what_next(attempts_of_this_ladder(self.recall))
        channel = rung.channel if rung else ContactChannel.PHONE
        points = _usable_points(self)
        self.fields["point"].choices = points  # type: ignore[attr-defined]
        self.initial.update({"channel": channel, "point": points[0][0] if channel in _USES_A_POINT else ""})
        self.fields["next_day"].help_text = _("Leave empty and the contact ladder chooses the day.")
        self.fields["next_time"].help_text = _("The site's time: %(zone)s") % {"zone": self.recall.site.time_zone}

    def arranged(self) -> list[Any]:
        return [side_by_side("channel", "point"), in_columns("result"), "note", side_by_side("next_day", "next_time")]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("next_time") and not cleaned.get("next_day"):
            self.add_error("next_day", _("Say on which day."))
        return cleaned

    def take(self, asked: Asked) -> RecallEvent:
        cleaned = self.cleaned_data
        channel, day = ContactChannel(cleaned["channel"]), cleaned["next_day"]
        used = channel in _USES_A_POINT and cleaned["point"]
        contact = Contact(
            channel=channel,
            result=ContactResult(cleaned["result"]),
            point=ContactPoint.Kind(cleaned["point"]) if used else None,
            note=cleaned["note"],
            next_try_at=self.local(self.recall.site, day, cleaned["next_time"]) if day else None,
        )
        asked["note"] = ""  # it stands with the try
        return actions.log_contact(self.recall, contact, **asked)


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


class RequestPriorsForm(StepForm):
    note = forms.CharField(label=_("Which clinic was asked, and how"), widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))

    def take(self, asked: Asked) -> RecallEvent:
        return actions.request_priors(self.recall, **asked)


class ReceivePriorsForm(StepForm):
    note = forms.CharField(
        label=_("What has arrived"),
        help_text=_("Such as: 2D pictures of 2022 and 2024, from Hillside."),
        widget=forms.Textarea(attrs={"rows": NOTE_ROWS}),
    )

    def take(self, asked: Asked) -> RecallEvent:
        return actions.receive_priors(self.recall, **asked)


class ResolveByPriorsForm(NoteForm):
    def take(self, asked: Asked) -> RecallEvent:
        return actions.resolve_by_priors(self.recall, **asked)


class NeedImagingForm(NoteForm):
    def take(self, asked: Asked) -> RecallEvent:
        return actions.need_imaging(self.recall, **asked)
