"""Form that writes down the visit of a patient who came without an appointment."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.actors import actor_for
from clinic.models import Site
from clinic.roles import OVERBOOKING_ROLES
from desk.datetime_display import format_clock_time
from desk.form_layout import fields_in_row
from recalls import actions
from recalls.actions import ActionKwargs, Slot
from recalls.enums import MODALITY_BY_VISIT_KIND, VisitKind
from recalls.forms.base import StepForm
from recalls.forms.slot_query import VISIT_KIND_CHOICES, SlotQuery
from recalls.models import RecallEvent, Room
from recalls.scheduling import slots


class WalkInForm(StepForm):
    """The visit begins now: only kind and room are asked, and both are proposed, the first free room first."""

    kind = forms.ChoiceField(label=_("Kind of visit"), choices=VISIT_KIND_CHOICES)
    place = forms.ChoiceField(label=_("Room"), widget=forms.RadioSelect)
    interpreter = forms.BooleanField(label=_("Interpreter is here"), required=False)
    implants = forms.BooleanField(label=_("Implants: plan more time"), required=False)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        required=False,
        help_text=_("Needed outside the room's hours or over another visit."),
    )
    overbook = forms.BooleanField(label=_("Book over another visit, if the room is taken"), required=False)

    field_by_error_key: ClassVar[dict[str, str]] = {"slot": "place", "starts_at": "place"}

    def init_fields(self) -> None:
        now, kind = timezone.now(), slots.suggested_visit_kind(self.recall)
        query = SlotQuery.from_data(self.recall, self.user, None, kind)
        self.initial.update(kind=kind.value, interpreter=query.interpreter, implants=query.implants)
        self.places = self._places()
        busy = _busy_until([room for _site, room in self.places.values() if room], now)
        self.fields["place"].choices = [  # type: ignore[attr-defined]
            (value, self._label(site, room, busy)) for value, (site, room) in self.places.items()
        ]
        fits = [
            value for value, (site, room) in self.places.items()
            if room is None or (room.modality == MODALITY_BY_VISIT_KIND[kind] and room.pk not in busy)
        ]  # fmt: skip
        self.initial["place"] = next(iter(fits), None)
        if not actor_for(self.user).roles & OVERBOOKING_ROLES:
            del self.fields["overbook"]

    def _places(self) -> dict[str, tuple[Site, Room | None]]:
        """Every room at the user's sites, the recall's site first; a site without rooms stands for itself."""
        places: dict[str, tuple[Site, Room | None]] = {}
        for site in sorted(self.user.own_sites, key=lambda one: one.pk != self.recall.site_id):
            known = self.recall.site if site.pk == self.recall.site_id else site
            rooms: list[Room | None] = [*slots.active_rooms(known)]
            places |= {f"{site.pk}:{room.pk if room else ''}": (known, room) for room in rooms or [None]}
        return places

    def _label(self, site: Site, room: Room | None, busy: dict[int, datetime]) -> str:
        where = f"{site.name}, " if len(self.user.own_sites) > 1 else ""
        if room is None:
            return gettext("%(site)s (no rooms are kept)") % {"site": site.name}
        until = busy.get(room.pk)
        state = gettext("free now")
        if until is not None:
            clock = format_clock_time(until.astimezone(site.zone))
            state = gettext("taken until %(time)s") % {"time": clock}
        return f"{where}{room.name} ({room.get_modality_display()}): {state}"

    def get_layout(self) -> list[Any]:
        overbook = ["overbook"] if "overbook" in self.fields else []
        return ["kind", "place", fields_in_row("interpreter", "implants"), "reason", *overbook]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        _site, room = self.places.get(cleaned.get("place", ""), (None, None))
        if room and "kind" in cleaned and room.modality != MODALITY_BY_VISIT_KIND[VisitKind(cleaned["kind"])]:
            words = {"room": room, "use": room.get_modality_display()}
            raise ValidationError({"place": gettext("%(room)s is used for another kind of visit: %(use)s.") % words})
        return cleaned

    def get_note(self) -> str:
        return str(self.cleaned_data.get("reason", ""))

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        cleaned = self.cleaned_data
        site, room = self.places[cleaned["place"]]
        kind, needs = VisitKind(cleaned["kind"]), {name: cleaned[name] for name in ("interpreter", "implants")}
        slot = Slot(
            site, timezone.now(), kind, slots.visit_minutes(site, kind, **needs), room=room, **needs,
            reason=cleaned["reason"], overbook=cleaned.get("overbook", False),
        )  # fmt: skip
        return actions.walk_in(self.recall, slot, **kwargs)


def _busy_until(rooms: list[Room], now: datetime) -> dict[int, datetime]:
    """By room, until when somebody is in it now."""
    taken = slots.booked_intervals(rooms, now, now + timedelta(minutes=1))
    ends = {pk: [end for begin, end in spans if begin <= now < end] for pk, spans in taken.items()}
    return {pk: max(found) for pk, found in ends.items() if found}
