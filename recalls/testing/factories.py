"""Factories of exams, rooms and recalls; `RecallFactory.create(missed=True)` plays the scenario of that name."""

from datetime import datetime, time, timedelta
from typing import Any

import factory
import time_machine
from django.utils import timezone
from factory.django import DjangoModelFactory

from clinic import calendar
from clinic.actors import INTAKE
from clinic.factories import MONDAY_TO_FRIDAY, get_default_site, get_site_staff
from clinic.models import Site
from patients.factories import PatientFactory
from recalls.actions import open_recall
from recalls.enums import Assessment, Density, FindingKind, Modality, Side
from recalls.models import Finding, Recall, Room, RoomHours, ScreeningExam
from recalls.testing.scenario_steps import OPENING_TIME, Scenario, ScenarioContext, play_scenario, shift_open_days
from recalls.testing.scenarios import SCENARIOS

REPORT_TRANSIT_TIME = timedelta(hours=1)  # from the report to its arrival here


class ExamFactory(DjangoModelFactory[ScreeningExam]):
    """A screening exam that asks for more pictures of calcifications on the right; it came in at `received_at` (now).

    `findings` is [(kind, side)] or [(kind, side, place)].
    """

    class Meta:
        model = ScreeningExam

    class Params:
        received_at = factory.LazyFunction(timezone.now)
        negative = factory.Trait(assessment=Assessment.NEGATIVE, findings=[])

    patient = factory.SubFactory(PatientFactory)
    site = factory.SelfAttribute("patient.site")
    accession = factory.Sequence(lambda number: f"ACC{500000 + number}")
    exam_date = factory.LazyAttribute(
        lambda exam: shift_open_days(exam.site, calendar.local_day(exam.site, exam.reported_at), -1)
    )
    reported_at = factory.LazyAttribute(lambda exam: exam.received_at - REPORT_TRANSIT_TIME)
    assessment = Assessment.NEED_IMAGING
    density = Density.B
    first_screen = False
    created_at = factory.SelfAttribute("received_at")
    findings: Any = [(FindingKind.CALCIFICATIONS, Side.RIGHT)]

    @classmethod
    def _create(cls, model_class: type[ScreeningExam], *_args: Any, **fields: Any) -> ScreeningExam:
        findings = fields.pop("findings")
        exam = model_class.objects.create(**fields)
        Finding.objects.bulk_create(
            Finding(exam=exam, kind=kind, side=side, place="".join(place)) for kind, side, *place in findings
        )
        return exam


class RoomFactory(DjangoModelFactory[Room]):
    """A mammography room, staffed on weekdays at `hours=(opens, closes)`; visits start every half hour."""

    class Meta:
        model = Room

    site = factory.LazyFunction(get_default_site)
    name = factory.Sequence(lambda number: f"Room {number + 1}")
    modality = Modality.MAMMOGRAPHY
    hours = (time(8), time(17))

    @classmethod
    def _create(cls, model_class: type[Room], *_args: Any, **fields: Any) -> Room:
        opens, closes = fields.pop("hours")
        room = model_class.objects.create(**fields)
        RoomHours.objects.bulk_create(
            RoomHours(room=room, weekday=day, opens=opens, closes=closes) for day in MONDAY_TO_FRIDAY
        )
        return room


def scenario_opened_at(scenario: Scenario, site: Site, ended: datetime) -> datetime:
    """When a scenario that ends at `ended` began; one without steps begins at its end."""
    return calendar.instant(site, scenario.start_day(site, ended), OPENING_TIME) if scenario.steps else ended


class RecallFactory(DjangoModelFactory[Recall]):
    """A recall after one of `recalls.testing.scenarios`: `create()` is opened now, `create(booked=True)` booked.

    Each scenario's name may be given. It ends by `ended_at` (now unless given); its steps lie before that, on
    working days of the site. `site=`, `patient=`, `exam=`, `patient__no_email=True`, `exam__first_screen=True` choose
    the rest; `staff=` says who works on it (the site's own staff unless given).
    """

    class Meta:
        model = Recall

    scenario = "to_contact"
    exam__assessment = Assessment.NEED_IMAGING  # scenarios that need another result say so
    ended_at = factory.LazyFunction(timezone.now)
    opened_at = factory.LazyAttribute(
        lambda fields: scenario_opened_at(SCENARIOS[fields.scenario], fields.patient.site, fields.ended_at)
    )
    staff = factory.LazyAttribute(lambda fields: get_site_staff(fields.exam.site))
    patient = factory.SubFactory(PatientFactory)
    exam = factory.SubFactory(
        ExamFactory, patient=factory.SelfAttribute("..patient"), received_at=factory.SelfAttribute("..opened_at")
    )

    @classmethod
    def _generate(cls, strategy: str, params: dict[str, Any]) -> Recall:
        """A scenario's name chooses it and its exam; `site=` means the patient's; an exam given brings its patient.

        As traits of the library the scenarios would each be asked for every field of every recall:
        a twentieth of its time.
        """
        for name in SCENARIOS.keys() & params.keys():
            if params.pop(name):
                params["scenario"] = name
                params = {f"exam__{fact}": value for fact, value in SCENARIOS[name].exam_fields.items()} | params
        if "site" in params:
            params.setdefault("patient__site", params.pop("site"))
        if isinstance(params.get("exam"), ScreeningExam):
            params.setdefault("patient", params["exam"].patient)
        recall: Recall = super()._generate(strategy, params)  # type: ignore[no-untyped-call]
        return recall

    @classmethod
    def _create(cls, model_class: type[Recall], *_args: Any, **fields: Any) -> Recall:
        scenario, exam, opened_at = SCENARIOS[fields["scenario"]], fields["exam"], fields["opened_at"]
        with time_machine.travel(opened_at, tick=False) as clock:
            recall = open_recall(exam, by=INTAKE).recall
            context = ScenarioContext(recall, fields["staff"], calendar.local_day(exam.site, opened_at))
            for instant, act in play_scenario(scenario, context):
                clock.move_to(instant)
                act(context)
        return recall
