"""Forms that book or reschedule a visit or biopsy; times are on the site's clock."""

from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.models import User
from recalls import actions
from recalls.actions import ActionKwargs, Slot, active_appointment
from recalls.enums import VisitKind
from recalls.forms.base import StepForm, date_field, fields_in_row, time_field
from recalls.forms.slot_query import VISIT_KIND_CHOICES, SlotQuery
from recalls.models import Appointment, Recall, RecallEvent, Room
from recalls.scheduling import slots
from recalls.workflow import Step

MANUAL_TIME_FIELDS = ("day", "time", "length_minutes")


class SlotForm(StepForm):
    """A place and a time the patient agreed to: one of the free times, or typed where the site has no such room.

    `asked` is what the user looks for, from the page's address; a form sent back brings it along itself.
    """

    field_by_error_key: ClassVar[dict[str, str]] = {"starts_at": "day"}

    site = forms.ChoiceField(label=_("Site"))
    slot = forms.CharField(label=_("Time"), error_messages={"required": _("Choose a time.")})
    day = date_field(_("Date"))
    time = time_field(_("Time"))
    length_minutes = forms.IntegerField(label=_("Length in minutes"), min_value=5, max_value=480, initial=60)
    interpreter = forms.BooleanField(label=_("Interpreter booked"), required=False)
    implants = forms.BooleanField(label=_("Implants: plan more time"), required=False)

    def __init__(
        self, step: Step, recall: Recall, user: User, data: Any = None, asked: QueryDict | None = None
    ) -> None:
        self.query = asked
        super().__init__(step, recall, user, data)

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
        }
        self.initial.update(initial)
        if self.rooms:
            for name in MANUAL_TIME_FIELDS:
                del self.fields[name]
            for name in ("site", "kind", "interpreter", "implants", "slot"):
                if name in self.fields:
                    self.fields[name].widget = forms.HiddenInput()
        else:
            del self.fields["slot"]
            self._init_manual_time_fields()

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
        return [*site, *times, "interpreter", "implants"]

    def clean_slot(self) -> tuple[Room, datetime]:
        """The chosen room and time; the action checks under a lock that it is still free."""
        found = slots.parse_slot(str(self.cleaned_data["slot"]), self.rooms)
        if found is None:
            raise ValidationError(gettext("Choose one of the times shown."))
        return found

    def get_slot(self) -> Slot:
        cleaned, wish = self.cleaned_data, self.slot_query
        room, starts_at, length = None, None, cleaned.get("length_minutes")
        if self.rooms:
            (room, starts_at), length = cleaned["slot"], self.duration_minutes()
        return Slot(
            site=wish.site,
            starts_at=starts_at or self.to_site_datetime(wish.site, cleaned["day"], cleaned["time"]),
            kind=wish.kind,
            length_minutes=length or self.duration_minutes(),
            interpreter=wish.interpreter,
            room=room,
            implants=wish.implants,
        )


class BookVisitForm(SlotForm):
    kind = forms.ChoiceField(label=_("Kind of visit"), choices=VISIT_KIND_CHOICES)

    def _suggested_kind(self) -> VisitKind:
        return slots.suggested_visit_kind(self.recall)

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
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
