"""Forms that book or reschedule a visit or biopsy; times are on the site's clock."""

from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.actors import actor_for
from clinic.models import User
from clinic.roles import OVERBOOKING_ROLES
from desk.form_layout import fields_in_row
from recalls import actions
from recalls.actions import ActionKwargs, ContactAttemptInput, Slot, active_appointment
from recalls.actions.visits import early_arrival_question, is_before_visit_day
from recalls.enums import ContactChannel, ContactResult, PartOfDay, VisitKind
from recalls.forms.base import NOTE_ROWS, StepForm, date_field, time_field
from recalls.forms.slot_query import VISIT_KIND_CHOICES, SlotQuery
from recalls.models import Appointment, Recall, RecallEvent, Room
from recalls.scheduling import slots
from recalls.scheduling.visit_parts import second_part_kinds
from recalls.workflow import Step

MANUAL_TIME_FIELDS = ("day", "time", "length_minutes")
TYPED_TIME_FIELDS = ("room", "reason", "overbook")  # asked beside them where rooms are kept


class SlotForm(StepForm):
    """A place and a time the patient agreed to: one of the free times, or one that is typed.

    Where the site has such rooms, a typed time names its room and the reason. `asked` is what the user looks for, from
    the page's address; a form sent back brings it along itself.
    """

    field_by_error_key: ClassVar[dict[str, str]] = {"starts_at": "day"}

    site = forms.ChoiceField(label=_("Site"))
    slot = forms.CharField(label=_("Time"), required=False)
    day = date_field(_("Date"))
    time = time_field(_("Time"))
    length_minutes = forms.IntegerField(label=_("Length in minutes"), min_value=5, max_value=480, initial=60)
    room = forms.ChoiceField(label=_("Room"), required=False)
    reason = forms.CharField(label=_("Reason for this time"), max_length=200, required=False)
    overbook = forms.BooleanField(label=_("Book over another visit, if the time is taken"), required=False)
    interpreter = forms.BooleanField(label=_("Interpreter booked"), required=False)
    implants = forms.BooleanField(label=_("Implants: plan more time"), required=False)
    second = forms.ChoiceField(label=_("Second part on the same day"), required=False)

    def __init__(
        self,
        step: Step,
        recall: Recall,
        user: User,
        data: Any = None,
        asked: QueryDict | None = None,
        *,
        files: Any = None,
    ) -> None:
        self.query = asked
        super().__init__(step, recall, user, data, asked, files=files)

    @property
    def current_appointment(self) -> Appointment | None:
        """The visit that is to be moved."""
        return None

    def init_fields(self) -> None:
        self.slot_query = SlotQuery.from_data(
            self.recall, self.user, self.data if self.is_bound else self.query, self._suggested_kind()
        )
        self.rooms: list[Room] = slots.rooms_for_visit_kind(self.slot_query.site, self.slot_query.kind)
        self.fields["site"].choices = [(str(site.pk), site.name) for site in self.user.own_sites]  # type: ignore[attr-defined]
        initial = {
            "site": str(self.slot_query.site.pk),
            "kind": self.slot_query.kind.value,
            "interpreter": self.slot_query.interpreter,
            "implants": self.slot_query.implants,
            "second": self.slot_query.then.value if self.slot_query.then else "",
        }
        self.initial.update(initial)
        kinds = second_part_kinds(self.slot_query.kind) if "kind" in self.fields else []
        self.fields["second"].choices = [("", gettext("none")), *((kind.value, kind.label) for kind in kinds)]  # type: ignore[attr-defined]
        if self.rooms:
            self._init_room_fields()
        else:
            for name in ("slot", *TYPED_TIME_FIELDS):
                del self.fields[name]
            self._init_manual_time_fields()

    def _init_room_fields(self) -> None:
        for name in ("site", "kind", "interpreter", "implants", "second", "slot"):
            if name in self.fields:
                self.fields[name].widget = forms.HiddenInput()
        for name in MANUAL_TIME_FIELDS:
            self.fields[name].required = False
        self.initial["length_minutes"] = self.duration_minutes()
        self.fields["room"].choices = [(str(room.pk), room.name) for room in self.rooms]  # type: ignore[attr-defined]
        if not actor_for(self.user).roles & OVERBOOKING_ROLES:
            del self.fields["overbook"]

    def _init_manual_time_fields(self) -> None:
        if len(self.user.own_sites) == 1:
            self.fields["site"].widget = forms.HiddenInput()
        zones = ", ".join(sorted({site.time_zone for site in self.user.own_sites}))
        self.fields["time"].help_text = gettext("The site's time: %(zone)s") % {"zone": zones}
        self.initial["length_minutes"] = self.duration_minutes()

    def _suggested_kind(self) -> VisitKind:
        return VisitKind.BIOPSY

    def duration_minutes(self) -> int:
        wish = self.slot_query
        return slots.visit_minutes(wish.site, wish.kind, interpreter=wish.interpreter, implants=wish.implants)

    def get_layout(self) -> list[Any]:
        if self.rooms:
            return []
        kind = ["kind"] if "kind" in self.fields else []
        site = [] if self.fields["site"].widget.is_hidden else ["site"]
        times = [fields_in_row("day", "time"), fields_in_row(*kind, "length_minutes")]
        return [*site, *times, *(["second"] if kind else []), "interpreter", "implants"]

    def clean_slot(self) -> tuple[Room, datetime] | None:
        """The chosen room and time; the action checks under a lock that it is still free."""
        chosen = str(self.cleaned_data["slot"])
        found = slots.parse_slot(chosen, self.rooms)
        if chosen and found is None:
            raise ValidationError(gettext("Choose one of the times shown."))
        return found

    def clean(self) -> dict[str, Any]:
        """One time: of the list, or typed with its room and reason."""
        cleaned = super().clean() or self.cleaned_data
        if not self.rooms or self.errors:
            return cleaned
        is_typed = any(cleaned.get(name) for name in ("day", "time"))
        if is_typed and cleaned.get("slot"):
            self.add_error("slot", gettext("Choose a time of the list or type one, not both."))
        elif is_typed:
            for name in ("day", "time", "room", "reason"):
                if not cleaned.get(name):
                    self.add_error(name, gettext("A typed time needs this too."))
        elif not cleaned.get("slot"):
            self.add_error("slot", gettext("Choose a time."))
        return cleaned

    def get_note(self) -> str:
        return str(self.cleaned_data.get("reason", ""))

    def get_slot(self) -> Slot:
        cleaned, wish = self.cleaned_data, self.slot_query
        room, starts_at, length = None, None, cleaned.get("length_minutes")
        if cleaned.get("slot"):
            (room, starts_at), length = cleaned["slot"], self.duration_minutes()
        elif self.rooms:
            room = next(one for one in self.rooms if str(one.pk) == cleaned["room"])
        return Slot(
            site=wish.site,
            starts_at=starts_at or self.to_site_datetime(wish.site, cleaned["day"], cleaned["time"]),
            kind=wish.kind,
            length_minutes=length or self.duration_minutes(),
            interpreter=wish.interpreter,
            room=room,
            implants=wish.implants,
            reason=cleaned.get("reason", ""),
            overbook=cleaned.get("overbook", False),
            then=self._wanted_parts(),
        )

    def _wanted_parts(self) -> tuple[VisitKind, ...] | None:
        """None where a form did not ask: a visit that is moved keeps its parts."""
        wanted = self.cleaned_data.get("second", "")
        return (VisitKind(wanted),) if wanted else () if self.add_prefix("second") in self.data else None


class AttendedForm(StepForm):
    """Asks whether the patient came already, where the day of the visit has not come."""

    came_early = forms.BooleanField(label=_("The patient has come already today"), required=False)
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))

    def init_fields(self) -> None:
        visit = active_appointment(self.recall)
        if visit is None or not is_before_visit_day(visit, timezone.now()):
            del self.fields["came_early"]
        else:
            self.fields["came_early"].help_text = early_arrival_question(visit)

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        return actions.mark_attended(self.recall, came_early=self.cleaned_data.get("came_early", False), **kwargs)


class AskEarlierForm(StepForm):
    """Asks when the patient could come sooner."""

    when = forms.ChoiceField(
        label=_("The patient could come earlier"),
        choices=[
            ("", _("at any time of the day")),
            (PartOfDay.MORNING.value, PartOfDay.MORNING.label),
            (PartOfDay.AFTERNOON.value, PartOfDay.AFTERNOON.label),
            ("stop", _("no longer: take them off the list")),
        ],
        required=False,
    )
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        when = self.cleaned_data["when"]
        is_stop = when == "stop"
        return actions.ask_earlier(self.recall, part="" if is_stop else when, stop=is_stop, **kwargs)


class BookVisitForm(SlotForm):
    kind = forms.ChoiceField(label=_("Kind of visit"), choices=VISIT_KIND_CHOICES)
    # Sent where the patient took the held time on the phone: the call is logged with the booking.
    reached = forms.CharField(required=False, max_length=3, widget=forms.HiddenInput)

    def _suggested_kind(self) -> VisitKind:
        return slots.suggested_visit_kind(self.recall)

    @transaction.atomic
    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        is_repeated = self.recall.events.filter(request_key=kwargs["key"]).exists()
        if self.cleaned_data["reached"] and not is_repeated:
            call = ContactAttemptInput(ContactChannel.PHONE, ContactResult.REACHED_WILL_BOOK)
            actions.log_contact(self.recall, call, by=kwargs["by"], seen=kwargs["seen"])
            kwargs["seen"] = self.recall.version
        return actions.book_appointment(self.recall, self.get_slot(), **kwargs)


class RescheduleForm(BookVisitForm):
    """Starts from the visit as it stands booked."""

    @property
    def current_appointment(self) -> Appointment | None:
        return active_appointment(self.recall)

    def _init_manual_time_fields(self) -> None:
        super()._init_manual_time_fields()
        visit = self.current_appointment
        if visit is not None:
            local = visit.starts_at.astimezone(self.slot_query.site.zone)
            self.initial.update(day=local.date(), time=local.time(), length_minutes=visit.length_minutes)

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        return actions.reschedule(self.recall, self.get_slot(), **kwargs)


class BookBiopsyForm(SlotForm):
    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        return actions.book_biopsy(self.recall, self.get_slot(), **kwargs)
