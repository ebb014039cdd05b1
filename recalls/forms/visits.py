"""What does booking, moving or ending a visit or biopsy ask for? Times are on the site's clock."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from recalls import actions
from recalls.actions import Asked, Slot, active_appointment
from recalls.forms.base import NoteForm, StepForm, day_field, side_by_side, time_field
from recalls.models import RecallEvent
from recalls.states import RecallKind, VisitKind

_VISITS = [(kind.value, kind.label) for kind in VisitKind if kind != VisitKind.BIOPSY]


class _SlotForm(StepForm):
    """A place and a time the patient agreed to."""

    error_fields: ClassVar[dict[str, str]] = {"starts_at": "day"}

    site = forms.ChoiceField(label=_("Site"))
    day = day_field(_("Date"))
    time = time_field(_("Time"))
    length_minutes = forms.IntegerField(label=_("Length in minutes"), min_value=5, max_value=480, initial=60)
    interpreter = forms.BooleanField(label=_("Interpreter booked"), required=False)

    def prepare(self) -> None:
        sites = self.user.own_sites
        self.fields["site"].choices = [(str(site.pk), site.name) for site in sites]  # type: ignore[attr-defined]
        if len(sites) == 1:
            self.fields["site"].widget = forms.HiddenInput()
        self.initial["site"] = str(self.recall.site_id)
        zones = ", ".join(sorted({site.time_zone for site in sites}))
        self.fields["time"].help_text = _("The site's time: %(zone)s") % {"zone": zones}
        self.initial["interpreter"] = self.recall.patient.interpreter_needed

    def arranged(self) -> list[Any]:
        kind = ["kind"] if "kind" in self.fields else []
        site = [] if self.fields["site"].widget.is_hidden else ["site"]
        return [*site, side_by_side("day", "time"), side_by_side(*kind, "length_minutes"), "interpreter"]

    def slot(self) -> Slot:
        cleaned = self.cleaned_data
        site = self._site(int(cleaned["site"]))
        return Slot(
            site=site,
            starts_at=self.local(site, cleaned["day"], cleaned["time"]),
            kind=VisitKind(cleaned.get("kind", VisitKind.BIOPSY)),
            length_minutes=cleaned["length_minutes"],
            interpreter=cleaned["interpreter"],
        )

    def _site(self, pk: int) -> Site:
        """The recall's own object where it is the same site: it carries the calendar already read."""
        if pk == self.recall.site_id:
            return self.recall.site
        return next(site for site in self.user.own_sites if site.pk == pk)


class BookVisitForm(_SlotForm):
    kind = forms.ChoiceField(label=_("Kind of visit"), choices=_VISITS)

    def prepare(self) -> None:
        super().prepare()
        self.initial["kind"] = VisitKind.DIAGNOSTIC
        if self.recall.round:
            self.initial["kind"] = VisitKind.FOLLOW_UP
        elif self.recall.kind == RecallKind.TECHNICAL:
            self.initial["kind"] = VisitKind.REPEAT_VIEW

    def take(self, asked: Asked) -> RecallEvent:
        return actions.book_appointment(self.recall, self.slot(), **asked)


class RescheduleForm(BookVisitForm):
    """Starts from the visit as it stands booked."""

    def prepare(self) -> None:
        super().prepare()
        visit = active_appointment(self.recall)
        if visit is not None:
            local = visit.starts_at.astimezone(visit.site.zone)
            values: dict[str, Any] = {
                "site": str(visit.site_id),
                "day": local.date(),
                "time": local.time(),
                "kind": visit.kind,
                "length_minutes": visit.length_minutes,
                "interpreter": visit.interpreter,
            }
            self.initial.update(values)

    def take(self, asked: Asked) -> RecallEvent:
        return actions.reschedule(self.recall, self.slot(), **asked)


class BookBiopsyForm(_SlotForm):
    def take(self, asked: Asked) -> RecallEvent:
        return actions.book_biopsy(self.recall, self.slot(), **asked)


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


class CancelBiopsyForm(NoteForm):
    def take(self, asked: Asked) -> RecallEvent:
        return actions.cancel_biopsy(self.recall, **asked)


class BiopsyMissedForm(NoteForm):
    def take(self, asked: Asked) -> RecallEvent:
        return actions.biopsy_missed(self.recall, **asked)


class BiopsyDoneForm(NoteForm):
    def take(self, asked: Asked) -> RecallEvent:
        return actions.biopsy_done(self.recall, **asked)
