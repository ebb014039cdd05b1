"""Reads which kind of visit is to be booked, where and with which needs, from a query string or the recall."""

from dataclasses import dataclass
from typing import Any

from clinic.models import Site, User
from recalls.actions import active_appointment
from recalls.enums import VisitKind
from recalls.models import Appointment, Recall
from recalls.scheduling.visit_parts import kept_kinds, second_part_kinds

VISIT_KIND_CHOICES = [(kind.value, kind.label) for kind in VisitKind if kind != VisitKind.BIOPSY]


@dataclass(frozen=True, slots=True)
class SlotQuery:
    """The site, kind of visit and needs that a free time must fit."""

    site: Site
    kind: VisitKind
    interpreter: bool
    implants: bool
    # The second part on the same day; None for a visit in one part.
    then: VisitKind | None = None

    @classmethod
    def from_data(cls, recall: Recall, user: User, asked: Any, usual: VisitKind) -> "SlotQuery":
        """From the query where it is valid, else from the booked visit, else what this patient usually needs."""
        asked = asked or {}
        visit = active_appointment(recall)
        kind = VisitKind(visit.kind) if visit else usual
        kinds = {value for value, _label in VISIT_KIND_CHOICES} if usual != VisitKind.BIOPSY else {usual.value}
        if asked.get("kind") in kinds:
            kind = VisitKind(asked["kind"])
        interpreter = visit.interpreter if visit else recall.patient.interpreter_needed
        implants = visit.implants if visit else _had_implants(recall)
        if "site" in asked:  # a box that is not ticked is not sent: the rest of the form says that there was one
            interpreter, implants = _is_checked(asked, "interpreter"), _is_checked(asked, "implants")
        site = _select_site(recall, user, asked.get("site"), visit.site_id if visit else None)
        return cls(site, kind, interpreter, implants, _second_part(kind, asked, visit))


def _select_site(recall: Recall, user: User, asked: Any, booked: int | None) -> Site:
    """The site; the recall's own object where it is the same, since its calendar is loaded."""
    here = {str(site.pk): site for site in user.own_sites} | {str(recall.site_id): recall.site}
    return here.get(str(asked)) or here.get(str(booked)) or recall.site


def _second_part(first: VisitKind, asked: Any, visit: Appointment | None) -> VisitKind | None:
    """What is asked for, else what the booked visit has; only what can follow the first part."""
    kept = [kind.value for kind in kept_kinds(visit)[:1]] if visit else []
    wanted = asked["second"] if "second" in asked else next(iter(kept), "")
    return next((kind for kind in second_part_kinds(first) if kind.value == wanted), None)


def _had_implants(recall: Recall) -> bool:
    """Whether the patient has implants, by the record or by the last visit of this recall."""
    if recall.patient.implants:
        return True
    visits = sorted(recall.appointments.all(), key=lambda visit: visit.pk)
    return bool(visits) and visits[-1].implants


def _is_checked(asked: Any, name: str) -> bool:
    return str(asked.get(name, "")).lower() in ("on", "true", "1")
