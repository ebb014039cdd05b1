"""Form that logs a contact attempt with its result and the next attempt."""

from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from crispy_forms.layout import HTML, Div, Field
from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic import calendar
from clinic.roles import Role, get_roles
from desk.form_layout import fields_in_row
from patients.channels import get_patient_channels
from patients.contact_validation import format_phone
from patients.models import ContactPoint
from recalls import actions, contact_ladder
from recalls.actions import RESULTS_BY_CHANNEL, ActionKwargs, ContactAttemptInput, StatedBarriers
from recalls.enums import (
    LADDER_STATES,
    AppointmentStatus,
    ContactChannel,
    ContactResult,
    PartOfDay,
    WorkItemKind,
)
from recalls.enums.barriers import BarrierKind, BarrierSource
from recalls.forms.base import StepForm, choices_in_columns, date_field, time_field
from recalls.forms.contact_channels import CHANNEL_FORMS, LETTER_CHANNELS
from recalls.models import ContactAttempt, RecallEvent, WorkItem
from recalls.selectors.recall_detail import recalls_to_contact

_CHANNELS_WITH_CONTACT_POINT = frozenset({ContactChannel.PHONE, ContactChannel.SMS, ContactChannel.EMAIL})
_REACHED = frozenset({ContactResult.REACHED_WILL_BOOK, ContactResult.REACHED_CALLS_BACK, ContactResult.REFUSED})
# After these results staff decide or book at once, and no next attempt is proposed.
_RESULTS_WITHOUT_RETRY = frozenset({ContactResult.REACHED_WILL_BOOK, ContactResult.REFUSED})


class LogContactForm(StepForm):
    """One contact attempt on the channel of the ladder's present rung, or on another one that the address asks for.

    A channel with one possible result asks for no result.
    """

    field_by_error_key: ClassVar[dict[str, str]] = {"next_try_at": "next_day"}

    channel = forms.ChoiceField(choices=ContactChannel.choices, widget=forms.HiddenInput)
    point = forms.ChoiceField(label=_("Number or address used"), required=False)
    result = forms.ChoiceField(
        label=_("Result"),
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": _("Choose a result that fits how you tried.")},
    )
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 2}))
    next_day = date_field(_("Next try on"), required=False)
    next_time = time_field(_("at"), required=False)
    best_time = forms.ChoiceField(
        label=_("Best reached"), required=False, choices=[("", _("no matter when")), *PartOfDay.choices]
    )
    barriers = forms.MultipleChoiceField(
        label=_("What is in the way?"),
        required=False,
        choices=BarrierKind.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    also = forms.BooleanField(label=_("One call for the patient's other open recalls too"), required=False)
    # The proposed time; where the user left it alone, the time that fits the result replaces it.
    proposed = forms.CharField(required=False, max_length=16, widget=forms.HiddenInput)

    def init_fields(self) -> None:
        self.fields["point"].choices = _contact_point_choices(self)  # type: ignore[attr-defined]
        self.siblings = recalls_to_contact(self.user, self.recall) if self.recall.state in LADDER_STATES else []
        if not self.siblings:
            del self.fields["also"]
        self.initial["also"] = True
        attempts = contact_ladder.current_ladder_attempts(self.recall)
        self.tried_channel = self._find_channel(attempts)
        self._fit_to_channel()
        self.fields["next_day"].help_text = _("Leave empty and the contact ladder chooses the day.")
        self.fields["next_time"].help_text = _("The site's time: %(zone)s") % {"zone": self.recall.site.time_zone}
        if not self.is_bound:
            self._propose_values()

    def _find_channel(self, attempts: list[ContactAttempt]) -> ContactChannel:
        """The one sent with the form, else the one the address asks for, else that of the ladder's next rung."""
        for typed in (self.data.get("channel", ""), self.asked.get("how", "") if self.asked else ""):
            if typed in ContactChannel.values:
                return ContactChannel(typed)
        rung, _sentence = contact_ladder.next_rung(self.recall, attempts)
        return rung.channel if rung else ContactChannel.PHONE

    def _fit_to_channel(self) -> None:
        """Only the results that an attempt on the channel may have, and the note that it asks for."""
        wanted = CHANNEL_FORMS[self.tried_channel]
        results = RESULTS_BY_CHANNEL[self.tried_channel]
        self.fields["result"].choices = [(result.value, result.label) for result in results]  # type: ignore[attr-defined]
        if len(results) == 1:
            self.fields["result"].widget = forms.HiddenInput()
            self.initial["result"] = results[0]
        note = self.fields["note"]
        note.label, note.required, note.help_text = wanted.note_label, wanted.is_note_required, wanted.note_help

    @property
    def title(self) -> Any:
        return CHANNEL_FORMS[self.tried_channel].title

    @property
    def other_channels(self) -> list[ContactChannel]:
        """What else may have been tried, in the order of the list of channels."""
        return [channel for channel in ContactChannel if channel != self.tried_channel]

    @property
    def prints_letter(self) -> bool:
        """Whether a letter printed here does what is asked for, without anything logged by hand."""
        return self.tried_channel in LETTER_CHANNELS

    @property
    def is_talk(self) -> bool:
        """Whether somebody may have been spoken to, so that phone numbers and a script are of use."""
        return ContactResult.NO_ANSWER in RESULTS_BY_CHANNEL[self.tried_channel]

    def _propose_values(self) -> None:
        """Start from the next rung of the contact ladder, as if this call were not answered."""
        channel = self.tried_channel
        point = self.fields["point"].choices[0][0] if channel in _CHANNELS_WITH_CONTACT_POINT else ""  # type: ignore[attr-defined]
        preferred_part = self._preferred_part_of_day()
        self.initial.update({"channel": channel, "point": point, "best_time": preferred_part})
        if self.is_talk and self.recall.state in LADDER_STATES:
            at = self._propose_next_attempt(ContactResult.NO_ANSWER, preferred_part)
            local = at.astimezone(self.recall.site.zone)
            proposed = {"next_day": local.date(), "next_time": local.time(), "proposed": f"{local:%Y-%m-%dT%H:%M}"}
            self.initial.update(proposed)

    def get_layout(self) -> list[Any]:
        has_point = self.tried_channel in _CHANNELS_WITH_CONTACT_POINT
        is_choice = len(RESULTS_BY_CHANNEL[self.tried_channel]) > 1
        result = [Field("result", template="recalls/_contact_result_field.html")] if is_choice else ["result"]
        seldom = [*(["best_time"] if self.is_talk else []), *(["point"] if has_point else [])]
        beside = ["note", fields_in_row("next_day", "next_time"), *(["also"] if self.siblings else [])]
        first = Div(*result, *([fields_in_row(*seldom)] if seldom else []))
        grid = Div(first, Div(*beside), css_class="call-grid" if is_choice else "")
        return ["channel", "proposed", grid, *(self._barrier_fields() if self.is_talk else [])]

    def _barrier_fields(self) -> list[Any]:
        """Folded: most calls say nothing of the kind."""
        opened = " open" if self["barriers"].value() else ""
        summary = gettext("Something is in the way")
        return [
            HTML(f"<details class='mb-3'{opened}><summary>{summary}</summary>"),
            choices_in_columns("barriers"),
            HTML("</details>"),
        ]

    def settles_task(self, task: WorkItem) -> bool:
        """Only somebody who was reached: a try without an answer leaves the task; a doctor's question is a doctor's.

        A barrier is settled by saying what came of it.
        """
        is_reached = self.cleaned_data["result"] in _REACHED
        is_theirs = task.kind != WorkItemKind.DOCTOR_QUESTION or Role.RADIOLOGIST in get_roles(self.user)
        return is_reached and is_theirs and task.kind != WorkItemKind.BARRIER

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("next_time") and not cleaned.get("next_day"):
            self.add_error("next_day", _("Say on which day."))
        return cleaned

    def describe_saved(self) -> str:
        channel, result = ContactChannel(self.cleaned_data["channel"]), ContactResult(self.cleaned_data["result"])
        return gettext("%(channel)s: %(result)s.") % {"channel": channel.label, "result": result.label}

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
            stated=self._stated_barriers(),
        )
        event = actions.log_contact(self.recall, contact, **kwargs)
        if cleaned.get("also"):
            shared = replace(contact, next_try_at=None, stated=None)
            for sibling in self.siblings:
                actions.log_contact(sibling, shared, by=kwargs["by"], key=kwargs["key"])
        return event

    def _stated_barriers(self) -> StatedBarriers | None:
        kinds = tuple(BarrierKind(kind) for kind in self.cleaned_data["barriers"])
        if not kinds:
            return None
        visits = sorted(self.recall.appointments.all(), key=lambda visit: visit.pk)
        was_missed = bool(visits) and visits[-1].status == AppointmentStatus.MISSED
        if self.cleaned_data["result"] == ContactResult.THIRD_PERSON:
            source = BarrierSource.OTHER_PERSON
        elif self.tried_channel == ContactChannel.IN_PERSON:
            source = BarrierSource.IN_PERSON
        else:
            source = BarrierSource.MISSED_VISIT if was_missed else BarrierSource.CALL
        return StatedBarriers(kinds, source)

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
        at = contact_ladder.propose_attempt_time(recall, attempts, preferred_part)
        return at if at > now else calendar.add_business_days(recall.site, now, 1)


def _contact_point_choices(form: StepForm) -> list[tuple[str, Any]]:
    patient, country = form.recall.patient, form.recall.site.country
    channels = get_patient_channels(patient)
    found = (
        (ContactPoint.Kind.MOBILE, format_phone(channels.mobile, country) if channels.mobile else ""),
        (ContactPoint.Kind.HOME, format_phone(channels.home, country) if channels.home else ""),
        (ContactPoint.Kind.OTHER, format_phone(channels.other, country) if channels.other else ""),
        (ContactPoint.Kind.EMAIL, channels.email),
    )
    usable: list[tuple[str, Any]] = [(kind.value, f"{kind.label}: {value}") for kind, value in found if value]
    return [*usable, ("", _("another one, or none"))]
