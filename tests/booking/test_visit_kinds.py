"""Kinds of visit: each has a room and a length, and only a biopsy is booked as a biopsy."""

from datetime import datetime

import pytest
from django.utils import timezone

from clinic.models import Site, User
from recalls import actions
from recalls.actions import OutcomeInput, Slot
from recalls.enums import (
    MODALITY_BY_VISIT_KIND,
    VISITS_WITHOUT_IMAGES,
    Assessment,
    DurationComponent,
    Modality,
    State,
    VisitKind,
)
from recalls.forms.slot_query import VISIT_KIND_CHOICES
from recalls.models import Appointment
from recalls.scheduling import slots
from recalls.testing.factories import RecallFactory, RoomFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_at_tuesday_morning")]
AT_NINE = datetime.fromisoformat("2026-11-30T09:00-05:00")


@pytest.mark.parametrize("kind", VisitKind)
def test_every_kind_of_visit_has_a_room_a_length_and_fits_its_column(kind: VisitKind, shadyside: Site) -> None:
    assert MODALITY_BY_VISIT_KIND[kind] in Modality
    assert slots.visit_minutes(shadyside, kind) == slots.DEFAULT_MINUTES[DurationComponent(kind.value)]
    assert len(kind.value) <= (Appointment._meta.get_field("kind").max_length or 0)


def test_everything_but_a_biopsy_is_offered_when_a_visit_is_booked() -> None:
    assert {value for value, _label in VISIT_KIND_CHOICES} == set(VisitKind.values) - {VisitKind.BIOPSY.value}


def test_a_contrast_mammogram_needs_its_own_machine_and_an_aspiration_an_ultrasound_room(shadyside: Site) -> None:
    rooms = {modality: RoomFactory.create(site=shadyside, modality=modality) for modality in Modality}

    def rooms_for(kind: VisitKind) -> list[object]:
        return list(slots.rooms_for_visit_kind(shadyside, kind))

    assert rooms_for(VisitKind.CEM) == [rooms[Modality.CEM]]
    assert rooms_for(VisitKind.ASPIRATION) == rooms_for(VisitKind.ULTRASOUND) == [rooms[Modality.ULTRASOUND]]
    assert all(rooms_for(kind) == [rooms[Modality.CONSULTING]] for kind in VISITS_WITHOUT_IMAGES)


def test_a_cyst_that_was_drawn_off_awaits_an_outcome_and_no_pathology(
    shadyside: Site, scheduler_ana: User, radiologist_rao: User
) -> None:
    recall = RecallFactory.create(site=shadyside)
    actions.book_appointment(recall, Slot(shadyside, AT_NINE, VisitKind.ASPIRATION), by=scheduler_ana)
    actions.mark_attended(recall, came_early=True, by=scheduler_ana)
    assert recall.state == State.AWAITING_OUTCOME
    benign = OutcomeInput(Assessment.BENIGN, text="Simple cyst, clear fluid, discarded.", release_at=timezone.now())
    actions.record_outcome(recall, benign, by=radiologist_rao)
    assert recall.state == State.CLOSED
    assert not recall.pathology_results.exists()
