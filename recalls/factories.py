"""How does a test or the demo get a recall in a given situation? `RecallFactory.create(missed=True)` lives a story."""

from datetime import datetime, time, timedelta
from typing import Any

import factory
import time_machine
from django.utils import timezone
from factory.django import DjangoModelFactory

from clinic import calendar
from clinic.actors import INTAKE
from clinic.factories import MONDAY_TO_FRIDAY, cast_of, home_site
from clinic.models import Site
from patients.factories import PatientFactory
from recalls.actions import open_recall
from recalls.models import Finding, Recall, Room, RoomHours, ScreeningExam
from recalls.states import Assessment, Density, FindingKind, Modality, Side
from recalls.stories import OPENING, STORIES, Story, Tale, open_day, tell

WAY_TO_THE_CLINIC = timedelta(hours=1)  # from the report to its arrival here


class ExamFactory(DjangoModelFactory[ScreeningExam]):
    """A screening exam that asks for more pictures of calcifications on the right; it came in at `received` (now).

    `findings` is [(kind, side)] or [(kind, side, place)].
    """

    class Meta:
        model = ScreeningExam

    class Params:
        received = factory.LazyFunction(timezone.now)
        negative = factory.Trait(assessment=Assessment.NEGATIVE, findings=[])

    patient = factory.SubFactory(PatientFactory)
    site = factory.SelfAttribute("patient.site")
    accession = factory.Sequence(lambda number: f"ACC{500000 + number}")
    exam_date = factory.LazyAttribute(
        lambda exam: open_day(exam.site, calendar.local_day(exam.site, exam.reported_at), -1)
    )
    reported_at = factory.LazyAttribute(lambda exam: exam.received - WAY_TO_THE_CLINIC)
    assessment = Assessment.NEED_IMAGING
    density = Density.B
    first_screen = False
    created_at = factory.SelfAttribute("received")
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

    site = factory.LazyFunction(home_site)
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


def opening_of(story: Story, site: Site, ended: datetime) -> datetime:
    """When a story that ends by then began; one without steps begins at its end."""
    return calendar.instant(site, story.day_zero(site, ended), OPENING) if story.beats else ended


class RecallFactory(DjangoModelFactory[Recall]):
    """A recall that has lived one of `recalls.stories`: `create()` is opened now, `create(booked=True)` booked by now.

    There is one trait for each story. The story ends by `ended` (now unless given); its steps lie before that, on
    working days of the site. `site=`, `patient=`, `exam=`, `patient__no_email=True`, `exam__first_screen=True` choose
    the rest; `cast=` says who works on it (the site's own staff unless given).
    """

    class Meta:
        model = Recall

    Params = type(
        "Params",
        (),
        {
            name: factory.Trait(story=name, **{f"exam__{fact}": value for fact, value in story.exam.items()})
            for name, story in STORIES.items()
        },
    )

    story = "to_contact"
    exam__assessment = Assessment.NEED_IMAGING  # stories that need another result say so
    ended = factory.LazyFunction(timezone.now)
    opened = factory.LazyAttribute(lambda wanted: opening_of(STORIES[wanted.story], wanted.patient.site, wanted.ended))
    cast = factory.LazyAttribute(lambda wanted: cast_of(wanted.exam.site))
    patient = factory.SubFactory(PatientFactory)
    exam = factory.SubFactory(
        ExamFactory, patient=factory.SelfAttribute("..patient"), received=factory.SelfAttribute("..opened")
    )

    @classmethod
    def _generate(cls, strategy: str, params: dict[str, Any]) -> Recall:
        """`site=` means the patient's; an exam given brings its patient."""
        if "site" in params:
            params.setdefault("patient__site", params.pop("site"))
        if isinstance(params.get("exam"), ScreeningExam):
            params.setdefault("patient", params["exam"].patient)
        recall: Recall = super()._generate(strategy, params)  # type: ignore[no-untyped-call]
        return recall

    @classmethod
    def _create(cls, model_class: type[Recall], *_args: Any, **fields: Any) -> Recall:
        story, exam, opened = STORIES[fields["story"]], fields["exam"], fields["opened"]
        with time_machine.travel(opened, tick=False) as clock:
            recall = open_recall(exam, by=INTAKE).recall
            tale = Tale(recall, fields["cast"], calendar.local_day(exam.site, opened))
            for instant, act in tell(story, tale):
                clock.move_to(instant)
                act(tale)
        return recall
