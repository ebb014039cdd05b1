"""Fills a clinic with a given number of recalls, written straight into the tables in the usual shares.

Every row is valid in every constraint, but nobody lived its story: only their number and shape matter here.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.utils import timezone

CHUNK_SIZE = 5_000
SCHEDULER_COUNT = 8


class LargeClinic:
    """One site with its staff and `count` recalls: one in four still to contact, four in ten closed."""

    def __init__(self, count: int) -> None:
        from clinic.factories import SiteFactory, UserFactory
        from clinic.roles import Role

        self.chance, self.now = random.Random(11), timezone.now()
        self.site = SiteFactory.create(code="BENCH")
        self.staff = [UserFactory.create(role=Role.SCHEDULER, sites=[self.site]) for _ in range(SCHEDULER_COUNT)]
        self.scheduler = self.staff[0]
        self.radiologist = UserFactory.create(role=Role.RADIOLOGIST, sites=[self.site])
        self.manager = UserFactory.create(role=Role.MANAGER, sites=[self.site])
        for start in range(0, count, CHUNK_SIZE):
            self._insert_chunk(start, min(CHUNK_SIZE, count - start))

    def _insert_chunk(self, start: int, count: int) -> None:
        from patients.models import Consent, ContactPoint
        from recalls.models import Appointment, ContactAttempt, Finding, Recall, RecallEvent, WorkItem

        patients = self._patients(start, count)
        exams = self._exams(patients)
        recalls = Recall.objects.bulk_create(self._recall(exam) for exam in exams)
        write: list[tuple[Any, Iterator[Any]]] = [
            (Finding, (Finding(exam=exam, kind="calcifications", side="right") for exam in exams)),
            (ContactPoint, (point for patient in patients for point in self._points(patient))),
            (Consent, (Consent(patient=each, subject="email", granted=each.pk % 20 > 0) for each in patients)),
            (RecallEvent, (event for recall in recalls for event in self._events(recall))),
            (ContactAttempt, (attempt for recall in recalls for attempt in self._attempts(recall))),
            (Appointment, (visit for recall in recalls for visit in self._visits(recall))),
            (WorkItem, (item for recall in recalls for item in self._tasks(recall))),
        ]
        for model, rows in write:
            while batch := list(islice(rows, CHUNK_SIZE)):
                model.objects.bulk_create(batch)

    def _patients(self, start: int, count: int) -> list[Any]:
        from patients.models import Patient

        born = (self.now - timedelta(days=22_000)).date()
        return Patient.objects.bulk_create(
            Patient(
                site=self.site,
                assigning_authority="BENCH",
                mrn=f"B{number:07d}",
                family_name=f"Sample-{number % 9973}",
                given_name=f"Testa-{number % 911}",
                birth_date=born + timedelta(days=number * 37 % 9000),
                language="es" if number % 7 == 0 else "en",
                interpreter_needed=number % 29 == 0,
                address_line="12 Invented Lane",
                city="Pittsburgh",
            )
            for number in range(start, start + count)
        )

    def _exams(self, patients: list[Any]) -> list[Any]:
        from recalls.models import ScreeningExam

        return ScreeningExam.objects.bulk_create(
            ScreeningExam(
                site=self.site,
                patient=patient,
                accession=f"A{patient.mrn}",
                exam_date=(self.now - timedelta(days=3 + patient.pk % 40)).date(),
                reported_at=self.now - timedelta(days=2 + patient.pk % 40),
                assessment="0-AI",
                reader=self.radiologist,
            )
            for patient in patients
        )

    def _recall(self, exam: Any) -> Any:
        from recalls.enums import OPEN_STATES, State
        from recalls.models import Recall

        pick = self.chance.random()
        others = [state for state in OPEN_STATES if state not in (State.TO_CONTACT, State.ON_HOLD)]
        state = State.CLOSED if pick < 0.4 else State.TO_CONTACT if pick < 0.65 else self.chance.choice(others)
        since, is_open = self.now - timedelta(days=self.chance.random() * 20), state != State.CLOSED
        reading = state in (State.AWAITING_OUTCOME, State.AWAITING_CONCORDANCE)
        owed = since if state == State.RESULT_TO_TELL else None
        return Recall(
            site=self.site, patient=exam.patient, exam=exam, state=state, state_since=since, contact_since=since,
            clock_from=since, opened_at=since, target_at=since + timedelta(days=7), suspicious=exam.pk % 17 == 0,
            due_at=self.now + timedelta(days=self.chance.uniform(-3, 6)) if is_open else None,
            to_read_at=since if reading else None, version=3, result_since=owed,
            tell_by=owed and owed + timedelta(days=4),
            closure_reason="" if is_open else "normal", closed_at=None if is_open else self.now,
            closed_by="" if is_open else "Bench",
        )  # fmt: skip

    def _points(self, patient: Any) -> Iterator[Any]:
        from patients.models import ContactPoint

        for kind, value in (("mobile", f"+1412{patient.pk % 10_000_000:07d}"), ("email", f"p{patient.pk}@example.org")):
            broken = "wrong" if patient.pk % 23 == 0 and kind == "mobile" else ""
            yield ContactPoint(patient=patient, kind=kind, value=value, unusable=broken)

    def _events(self, recall: Any) -> Iterator[Any]:
        from recalls.models import RecallEvent

        who = self.staff[recall.pk % SCHEDULER_COUNT]
        for version, step in enumerate(("open_recall", "log_contact", "log_contact"), 1):
            at = recall.state_since + timedelta(hours=version)
            came = "" if version == 1 else recall.state
            yield RecallEvent(
                recall=recall, version=version, step=step, from_state=came, to_state=recall.state, by="Bench",
                user=who, at=at, hash="0" * 64,
            )  # fmt: skip

    def _attempts(self, recall: Any) -> Iterator[Any]:
        from recalls.models import ContactAttempt

        for number in range(recall.pk % 4):
            at: datetime = recall.state_since + timedelta(hours=2 + number)
            result = "reached_will_book" if recall.pk % 12 == 3 and number == 2 else "no_answer"
            yield ContactAttempt(recall=recall, at=at, by="Bench", channel="phone", result=result, point="mobile")

    def _visits(self, recall: Any) -> Iterator[Any]:
        from recalls.enums import State
        from recalls.models import Appointment

        # As many visits a day however many recalls there are: a clinic grows by years, not by rooms.
        day = self.now.replace(minute=0, second=0, microsecond=0) + timedelta(days=1 + recall.pk // 12)
        if recall.state in (State.SCHEDULED, State.BIOPSY_BOOKED):
            yield Appointment(recall=recall, site=self.site, starts_at=day, kind="diagnostic")

    def _tasks(self, recall: Any) -> Iterator[Any]:
        from recalls.models import WorkItem

        if recall.pk % 250 == 0:
            yield WorkItem(
                site=self.site, patient=recall.patient, recall=recall, kind="patient_asked", reason="Please call me."
            )
