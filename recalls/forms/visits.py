"""What does booking, moving or ending a visit or biopsy ask for? Times are on the site's clock."""

from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from clinic.models import User
from recalls import actions, slots
from recalls.actions import Asked, Slot, active_appointment
from recalls.forms.base import NoteForm, StepForm, day_field, side_by_side, time_field
from recalls.forms.wish import VISITS, Wish
from recalls.models import Appointment, Recall, RecallEvent, Room
from recalls.states import VisitKind

BY_HAND = ("day", "time", "length_minutes")


class SlotForm(StepForm):
    """A place and a time the patient agreed to: one of the free times, or typed where the site has no such room.

    `asked` is what she looks for, from the page's address; a form sent back brings it along itself.
    """

    error_fields: ClassVar[dict[str, str]] = {"starts_at": "day"}

    site = forms.ChoiceField(label=_("Site"))
    slot = forms.CharField(label=_("Time"), error_messages={"required": _("Choose a time.")})
    day = day_field(_("Date"))
    time = time_field(_("Time"))
    length_minutes = forms.IntegerField(label=_("Length in minutes"), min_value=5, max_value=480, initial=60)
    interpreter = forms.BooleanField(label=_("Interpreter booked"), required=False)
    implants = forms.BooleanField(label=_("Implants: plan more time"), required=False)

    def __init__(self, recall: Recall, user: User, data: Any = None, asked: QueryDict | None = None) -> None:
        self.asked = asked
        super().__init__(recall, user, data)

    @property
    def booked(self) -> Appointment | None:
        """The visit that is to be moved."""
        return None

    def prepare(self) -> None:
        self.wish = Wish.of(self.recall, self.user, self.data if self.is_bound else self.asked, self._usual())
        self.rooms: list[Room] = slots.rooms_for(self.wish.site, self.wish.kind)
        self.fields["site"].choices = [(str(site.pk), site.name) for site in self.user.own_sites]  # type: ignore[attr-defined]
        wished = {
            "site": str(self.wish.site.pk),
            "kind": self.wish.kind.value,
            "interpreter": self.wish.interpreter,
            "implants": self.wish.implants,
        }
        self.initial.update(wished)
        if self.rooms:
            for name in BY_HAND:
                del self.fields[name]
            for name in ("site", "kind", "interpreter", "implants", "slot"):
                if name in self.fields:
                    self.fields[name].widget = forms.HiddenInput()
        else:
            del self.fields["slot"]
            self._prepare_by_hand()

    def _prepare_by_hand(self) -> None:
        if len(self.user.own_sites) == 1:
            self.fields["site"].widget = forms.HiddenInput()
        zones = ", ".join(sorted({site.time_zone for site in self.user.own_sites}))
        self.fields["time"].help_text = _now("The site's time: %(zone)s") % {"zone": zones}
        self.initial["length_minutes"] = self.minutes()

    def _usual(self) -> VisitKind:
        return VisitKind.BIOPSY

    def minutes(self) -> int:
        wish = self.wish
        return slots.minutes_for(wish.site, wish.kind, interpreter=wish.interpreter, implants=wish.implants)

    def arranged(self) -> list[Any]:
        if self.rooms:
            return []
        kind = ["kind"] if "kind" in self.fields else []
        site = [] if self.fields["site"].widget.is_hidden else ["site"]
        times = [side_by_side("day", "time"), side_by_side(*kind, "length_minutes")]
        return [*site, *times, "interpreter", "implants"]

    def clean_slot(self) -> tuple[Room, datetime]:
        """Which time it is; whether it is still free is asked under the lock on its room."""
        found = slots.chosen(str(self.cleaned_data["slot"]), self.rooms)
        if found is None:
            raise ValidationError(_now("Choose one of the times shown."))
        return found

    def slot_asked(self) -> Slot:
        cleaned, wish = self.cleaned_data, self.wish
        room, starts_at, length = None, None, cleaned.get("length_minutes")
        if self.rooms:
            (room, starts_at), length = cleaned["slot"], self.minutes()
        return Slot(
            site=wish.site,
            starts_at=starts_at or self.local(wish.site, cleaned["day"], cleaned["time"]),
            kind=wish.kind,
            length_minutes=length or self.minutes(),
            interpreter=wish.interpreter,
            room=room,
            implants=wish.implants,
        )


class BookVisitForm(SlotForm):
    kind = forms.ChoiceField(label=_("Kind of visit"), choices=VISITS)

    def _usual(self) -> VisitKind:
        return slots.usual_kind(self.recall)

    def take(self, asked: Asked) -> RecallEvent:
        return actions.book_appointment(self.recall, self.slot_asked(), **asked)


class RescheduleForm(BookVisitForm):
    """Starts from the visit as it stands booked."""

    @property
    def booked(self) -> Appointment | None:
        return active_appointment(self.recall)

    def _prepare_by_hand(self) -> None:
        super()._prepare_by_hand()
        visit = self.booked
        if visit is not None:
            local = visit.starts_at.astimezone(self.wish.site.zone)
            self.initial.update(day=local.date(), time=local.time(), length_minutes=visit.length_minutes)

    def take(self, asked: Asked) -> RecallEvent:
        return actions.reschedule(self.recall, self.slot_asked(), **asked)


class BookBiopsyForm(SlotForm):
    def take(self, asked: Asked) -> RecallEvent:
        return actions.book_biopsy(self.recall, self.slot_asked(), **asked)


class ConfirmForm(NoteForm):
    def take(self, asked: Asked) -> RecallEvent:
        return actions.confirm(self.recall, **asked)


class CancelVisitForm(NoteForm):
    def take(self, asked: Asked) -> RecallEvent:
        return actions.cancel_appointment(self.recall, **asked)


class MissedForm(NoteForm):
    def take(self, asked: Asked) -> RecallEvent:
        return actions.mark_missed(self.recall, **asked)


class AttendedForm(NoteForm):
    def take(self, asked: Asked) -> RecallEvent:
        return actions.mark_attended(self.recall, **asked)


class ArrivedLateForm(NoteForm):
    def take(self, asked: Asked) -> RecallEvent:
        return actions.arrived_late(self.recall, **asked)


class CancelBiopsyForm(NoteForm):
    def take(self, asked: Asked) -> RecallEvent:
        return actions.cancel_biopsy(self.recall, **asked)


class BiopsyMissedForm(NoteForm):
    def take(self, asked: Asked) -> RecallEvent:
        return actions.biopsy_missed(self.recall, **asked)


class BiopsyDoneForm(NoteForm):
    def take(self, asked: Asked) -> RecallEvent:
        return actions.biopsy_done(self.recall, **asked)
