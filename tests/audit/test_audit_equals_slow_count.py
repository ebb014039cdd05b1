"""Audit and waits count the same as a second computation, exam by exam and recall by recall, over generated stories."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from clinic.models import Site, User
from recalls.enums import Assessment, ClosureReason, Density, OutcomeBasis, PathologyClass, RecallKind
from recalls.models import Appointment, ContactAttempt, Recall, ResultDisclosure, ScreeningExam
from reports.audit.figures import AuditGroup, compute_audit
from reports.audit.scope import AuditScope, Breakdown
from reports.audit.waits.documents import build_wait_document
from reports.audit.waits.figures import compute_waits
from tests.audit.histories import RECORDED, History, Reading, Tissue, write_histories
from tests.audit.slow_audit import count_slowly
from tests.audit.slow_waits import measure_slowly
from tests.audit.slow_work_ups import count_work_ups_slowly

YEAR = 2024
TODAY = date(2026, 11, 24)
_DAYS = st.integers(1, 420)
_ENDINGS = ("", "", ClosureReason.VOID, ClosureReason.BENIGN, ClosureReason.LOST_TO_FOLLOW_UP,
            ClosureReason.CANCER_HANDED_OVER, ClosureReason.TRANSFERRED)  # fmt: skip
_READINGS = st.builds(
    Reading,
    assessment=st.sampled_from(["0-AI", "1", "2", "3", "4", "4B", "5"]),
    days=_DAYS,
    basis=st.sampled_from([OutcomeBasis.VISIT, OutcomeBasis.PRIORS, OutcomeBasis.OUTSIDE]),
    round=st.integers(0, 1),
    is_amended=st.booleans(),
)
_TISSUE = st.builds(
    Tissue,
    result=st.sampled_from([PathologyClass.INVASIVE, PathologyClass.IN_SITU, PathologyClass.BENIGN]),
    days=_DAYS,
    size_mm=st.sampled_from([None, 9, 10, 11]),
    nodes=st.sampled_from(["", "neg", "pos", "not_sampled"]),
    has_biopsy=st.booleans(),
)
HISTORIES = st.builds(
    History,
    day=st.dates(date(2023, 10, 1), date(2025, 2, 28)),
    assessment=st.sampled_from(list(Assessment)),
    kind=st.sampled_from([RecallKind.FINDING] * 4 + [RecallKind.TECHNICAL, RecallKind.CLINICAL, RecallKind.INCIDENTAL]),
    recall_kind=st.sampled_from(["", "", "", RecallKind.SUPPLEMENTAL]),
    closed_because=st.sampled_from(_ENDINGS),
    closed_days=_DAYS,
    readings=st.lists(_READINGS, max_size=2).map(tuple),
    tissue=st.lists(_TISSUE, max_size=1).map(tuple),
    biopsy_days=st.lists(_DAYS, max_size=1).map(tuple),
    known_later=st.lists(st.tuples(_DAYS, st.sampled_from(["invasive", "in_situ"])), max_size=1).map(tuple),
    density=st.sampled_from(["", "a", "d"]),
    age=st.integers(38, 82),
    patient=st.integers(0, 3),
)


def _counts(group: AuditGroup) -> dict[str, tuple[int, int]]:
    return {figure.measure.name: (figure.numerator, figure.denominator) for figure in group.figures}


@pytest.mark.django_db
@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # to shrink a failure takes minutes of a database
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(histories=st.lists(HISTORIES, min_size=1, max_size=7))
def test_every_measure_of_the_screenings(shadyside: Site, histories: list[History]) -> None:
    with transaction.atomic():
        exams = [one for one in write_histories(shadyside, histories) if one.exam_date.year == YEAR]
        scope = AuditScope.of_year([shadyside], YEAR)
        _compare(scope, Breakdown.ALL, exams, lambda _exam: "All")
        _compare(
            scope, Breakdown.DENSITY, exams, lambda exam: str(dict(Density.choices).get(exam.density, "Not stated"))
        )
        _compare(scope, Breakdown.AGE, exams, lambda exam: _age_label(exam.patient.age_on(exam.exam_date)))
        transaction.set_rollback(True)


def _age_label(age: int) -> str:
    bands = ((39, "0 to 39"), (49, "40 to 49"), (59, "50 to 59"), (69, "60 to 69"), (79, "70 to 79"))
    return next((label for last, label in bands if age <= last), "80 and older")


def _compare(
    scope: AuditScope, by: Breakdown, exams: list[ScreeningExam], label: Callable[[ScreeningExam], str]
) -> None:
    found = {group.label: _counts(group) for group in compute_audit(scope, by, TODAY).screening}
    for name in {label(exam) for exam in exams}:
        wanted = count_slowly([exam for exam in exams if label(exam) == name])
        if any(denominator for _numerator, denominator in wanted.values()):
            assert found.pop(name) == wanted
    assert not found or set(found) == {"All"}


@pytest.mark.django_db
@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(histories=st.lists(HISTORIES, min_size=1, max_size=7))
def test_every_measure_of_the_work_ups(shadyside: Site, histories: list[History]) -> None:
    with transaction.atomic():
        write_histories(shadyside, histories)
        wanted = count_work_ups_slowly(YEAR)
        found = compute_audit(AuditScope.of_year([shadyside], YEAR), Breakdown.ALL, TODAY).diagnostic
        counted = _counts(found[0]) if found else {}
        counted.pop("ppv_mqsa", None)  # of screenings and work-ups together
        assert counted == (wanted if wanted["diagnostic_air"][1] else {})
        transaction.set_rollback(True)


@dataclass(frozen=True)
class Contact:
    """What was done for a recall so many days after the screening."""

    called: tuple[int, ...]
    visited: tuple[int, ...]
    told: tuple[int, ...]


CONTACTS = st.builds(Contact, *[st.lists(st.integers(0, 120), max_size=2).map(tuple)] * 3)


def write_contacts(recalls: list[Recall], contacts: list[Contact]) -> None:
    for recall, one in zip(recalls, contacts, strict=False):
        for days in one.called:
            at = recall.opened_at + timedelta(days=days)
            ContactAttempt.objects.create(recall=recall, at=at, by="Ana", channel="phone", result="no_answer")
        for number, days in enumerate(one.visited):
            Appointment.objects.create(
                recall=recall, site=recall.site, kind=("diagnostic", "follow_up")[number], status="attended",
                starts_at=recall.opened_at + timedelta(days=days),
            )  # fmt: skip
        for days in one.told:
            ResultDisclosure.objects.create(
                recall=recall, told_at=recall.opened_at + timedelta(days=days), method="phone", told_by="Dr. Rao",
                **RECORDED,
            )  # fmt: skip


@pytest.mark.django_db
@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(histories=st.lists(HISTORIES, min_size=1, max_size=7), contacts=st.lists(CONTACTS, min_size=7, max_size=7))
def test_every_wait(shadyside: Site, histories: list[History], contacts: list[Contact]) -> None:
    with transaction.atomic():
        write_histories(shadyside, histories)
        recalls = [one for one in Recall.objects.select_related("site", "exam") if one.opened_at.year == YEAR]
        write_contacts(recalls, contacts)
        groups = compute_waits(AuditScope.of_year([shadyside], YEAR), Breakdown.ALL, TODAY)
        described = build_wait_document(groups, AuditScope.of_year([shadyside], YEAR), Breakdown.ALL, TODAY)
        wanted = measure_slowly(recalls, TODAY)
        for group in described["groups"]:
            found = {
                name: (one["waiting"], one["reached"], one["median"], one["within_target"])
                for name, one in group["waits"].items()
            }
            assert found == wanted
        assert described["groups"] or not [one for one in recalls if one.closure_reason != ClosureReason.VOID]
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_a_reader_of_the_audit_is_who_read_the_screening(shadyside: Site, radiologist_rao: User) -> None:
    day: dict[str, Any] = {"day": date(YEAR, 5, 6)}
    write_histories(
        shadyside,
        [
            History(assessment=Assessment.NEED_IMAGING, reader=radiologist_rao, **day),
            *(History(assessment=Assessment.NEGATIVE, reader=radiologist_rao, **day) for _number in range(9)),
            History(assessment=Assessment.NEED_IMAGING, **day),
        ],
    )
    own = compute_audit(AuditScope.of_year([shadyside], YEAR, radiologist_rao.pk), Breakdown.READER, TODAY)
    assert [(group.label, group.exams) for group in own.screening] == [
        ("All", 10),
        (radiologist_rao.get_full_name(), 10),
    ]
    assert _counts(own.screening[1])["recall_rate_mqsa"] == (1, 10)
