"""What the workers keep of each month equals the slow count, is counted anew when it is old, and never hides a fact."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from time_machine import TimeMachineFixture

from clinic import calendar
from clinic.factories import UserFactory, get_site_staff
from clinic.models import Site, User
from clinic.roles import Role
from recalls.enums import Assessment, Density
from recalls.models import Recall, ScreeningExam
from reports.audit import keeping
from reports.audit.documents import build_document
from reports.audit.equity.documents import build_equity_document
from reports.audit.equity.figures import compute_equity
from reports.audit.figures import compute_audit
from reports.audit.keeping import count_due_months, count_month
from reports.audit.kept_months import months_of
from reports.audit.scope import AUDIT_BREAKDOWNS, EQUITY_BREAKDOWNS, AuditScope, Breakdown
from reports.audit.sign_off import sign_audit
from reports.audit.waits.documents import build_wait_document
from reports.audit.waits.figures import compute_waits
from reports.models import AuditPhysician, KeptMonth
from tests.audit.histories import History, Reading, Tissue, write_histories
from tests.audit.slow_audit import count_slowly
from tests.audit.slow_waits import measure_slowly
from tests.audit.test_audit_equals_slow_count import CONTACTS, HISTORIES, Contact, write_contacts

pytestmark = pytest.mark.django_db
SINCE, UNTIL = date(2024, 1, 1), date(2024, 2, 29)
_MOVED = st.builds(lambda one, day: History(**{**vars(one), "day": day}), HISTORIES, st.dates(SINCE, date(2024, 3, 9)))


def _keep(scope: AuditScope) -> None:
    for site in scope.sites:
        for month in months_of(scope, scope.until):
            count_month(site, month)


def _documents(scope: AuditScope, today: date) -> list[dict[str, Any]]:
    """Every page of every breakdown, without the time at which it was counted."""
    audits = [build_document(compute_audit(scope, by, today), today) for by in AUDIT_BREAKDOWNS]
    waits = [build_wait_document(compute_waits(scope, by, today), scope, by, today) for by in EQUITY_BREAKDOWNS]
    equity = [build_equity_document(compute_equity(scope, by, today), scope, by, today) for by in EQUITY_BREAKDOWNS]
    return [{**one, "kept_at": bool(one["kept_at"])} for one in (*audits, *waits, *equity)]


@settings(
    max_examples=10, deadline=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(here=st.lists(_MOVED, min_size=1, max_size=5), there=st.lists(_MOVED, max_size=3), contacts=st.lists(CONTACTS))
def test_what_is_kept_equals_the_slow_count_and_what_a_page_counts(
    shadyside: Site, foothills: Site, here: list[History], there: list[History], contacts: list[Contact]
) -> None:
    today, scope = calendar.today(shadyside), AuditScope((shadyside, foothills), SINCE, UNTIL)
    with transaction.atomic():
        exams = [*write_histories(shadyside, here), *write_histories(foothills, there)]
        opened = [one for one in Recall.objects.select_related("site", "exam") if one.opened_at.date() <= UNTIL]
        write_contacts(opened, contacts)
        counted = _documents(scope, today)
        _keep(scope)
        kept = _documents(scope, today)
        assert not any(one["kept_at"] for one in counted)
        assert all(one["kept_at"] for one in kept)
        assert [{**one, "kept_at": False} for one in kept] == counted

        audit = compute_audit(scope, Breakdown.DENSITY, today)
        inside = [exam for exam in exams if exam.exam_date <= UNTIL]
        for group in audit.screening[1:]:
            own = [exam for exam in inside if dict(Density.choices).get(exam.density, "Not stated") == group.label]
            found = {one.measure.name: (one.numerator, one.denominator) for one in group.figures}
            assert found == count_slowly(own)
        described = build_wait_document(compute_waits(scope, Breakdown.ALL, today), scope, Breakdown.ALL, today)
        for group_words in described["groups"]:
            names = ("waiting", "reached", "median", "within_target")
            waits = {name: tuple(one[key] for key in names) for name, one in group_words["waits"].items()}
            assert waits == measure_slowly(opened, today)
        transaction.set_rollback(True)


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clinic whose pages have no time to count."""
    monkeypatch.setattr(keeping, "KEPT_FROM", 1)


def _is_kept(site: Site, year: int) -> bool:
    return compute_audit(AuditScope.of_year([site], year), Breakdown.ALL, calendar.today(site)).kept_at is not None


def test_a_small_clinic_keeps_nothing_and_its_pages_count(shadyside: Site) -> None:
    write_histories(shadyside, [History(date(2026, 1, 5), Assessment.NEGATIVE)])
    assert count_due_months() == 0
    assert not _is_kept(shadyside, 2026)


@pytest.mark.usefixtures("large")
def test_months_are_counted_every_hour_and_those_long_over_once_a_day(
    time_machine: TimeMachineFixture, shadyside: Site
) -> None:
    time_machine.move_to("2026-11-24T15:00:00Z", tick=False)
    write_histories(shadyside, [History(date(2024, 1, 5), Assessment.NEGATIVE)])
    assert count_due_months() == 35  # from January 2024 to November 2026
    assert count_due_months() == 0
    assert _is_kept(shadyside, 2024)
    assert _is_kept(shadyside, 2026)
    time_machine.move_to("2026-11-24T16:30:00Z", tick=False)
    assert 24 <= count_due_months() <= 26
    time_machine.move_to("2026-11-26T16:30:00Z", tick=False)
    assert not _is_kept(shadyside, 2024)  # nobody counted for two days: the page counts for itself
    assert count_due_months() == 35


@pytest.mark.usefixtures("large")
def test_a_round_stops_when_its_time_is_over_and_the_next_goes_on(
    time_machine: TimeMachineFixture, shadyside: Site
) -> None:
    time_machine.move_to("2026-02-24T15:00:00Z", tick=False)
    write_histories(shadyside, [History(date(2026, 1, 5), Assessment.NEGATIVE)])
    assert count_due_months(seconds=-1) == 0
    assert not _is_kept(shadyside, 2026)
    assert count_due_months() == 2


@pytest.mark.usefixtures("large")
def test_a_late_cancer_is_in_the_figures_of_the_next_count(shadyside: Site) -> None:
    day = calendar.today(shadyside) - timedelta(days=300)
    write_histories(shadyside, [History(day, Assessment.NEGATIVE, patient=1)])

    def false_negatives() -> int:
        audit = compute_audit(AuditScope.of_year([shadyside], day.year), Breakdown.ALL, calendar.today(shadyside))
        return next(one.numerator for one in audit.screening[0].figures if one.measure.name == "false_negatives")

    count_due_months()
    assert false_negatives() == 0
    write_histories(shadyside, [History(day, Assessment.NEGATIVE, known_later=((20, "invasive"),))])
    assert false_negatives() == 0
    for month in months_of(AuditScope.of_year([shadyside], day.year), day):
        count_month(shadyside, month)
    assert false_negatives() == 1


@pytest.mark.usefixtures("large")
def test_what_is_signed_is_counted_in_that_moment(shadyside: Site, radiologist_rao: User) -> None:
    today = calendar.today(shadyside)
    day = today - timedelta(days=300)
    AuditPhysician.objects.create(site=shadyside, user=radiologist_rao, named_by=get_site_staff(shadyside).manager)
    write_histories(shadyside, [History(day, Assessment.NEGATIVE)])
    count_due_months()
    write_histories(shadyside, [History(day, Assessment.NEGATIVE, known_later=((20, "invasive"),))])
    assert _is_kept(shadyside, day.year)
    signed = sign_audit(shadyside, day.year, "", by=radiologist_rao, today=today)
    for document in signed.documents.values():
        assert document["kept_at"] == ""
    found = signed.documents["all"]["sections"][0]["groups"][0]["figures"]["false_negatives"]
    assert (found["numerator"], found["denominator"]) == (1, 2)


def test_what_one_reader_read_alone_is_kept_for_every_breakdown(shadyside: Site, radiologist_rao: User) -> None:
    other = UserFactory.create(role=Role.RADIOLOGIST, sites=[shadyside])
    recalled = History(SINCE, "0-AI", readings=(Reading("4B"),), tissue=(Tissue("invasive", 30),), density="d", age=61)
    for reader in (radiologist_rao, other):
        histories = [recalled, History(SINCE, "1", age=44), History(UNTIL, "2", density="a")]
        write_histories(shadyside, [replace(one, reader=reader) for one in histories], reader)
    whole, today = AuditScope((shadyside,), SINCE, UNTIL), calendar.today(shadyside)
    own = AuditScope((shadyside,), SINCE, UNTIL, radiologist_rao.pk)

    def documents() -> list[dict[str, Any]]:
        return [build_document(compute_audit(own, by, today), today) for by in AUDIT_BREAKDOWNS]

    counted = documents()
    _keep(whole)
    kept = documents()
    assert not any(one["kept_at"] for one in counted)
    assert all(one["kept_at"] for one in kept)
    assert [{**one, "kept_at": ""} for one in kept] == counted
    by_age = compute_audit(own, Breakdown.AGE, today).screening
    assert [(group.label, group.exams) for group in by_age] == [
        ("All", 3),
        ("40 to 49", 1),
        ("50 to 59", 1),
        ("60 to 69", 1),
    ]


def test_what_is_no_longer_a_readers_leaves_the_kept_month(shadyside: Site, radiologist_rao: User) -> None:
    [exam] = write_histories(shadyside, [History(SINCE, Assessment.NEGATIVE, reader=radiologist_rao)])
    own, today = AuditScope((shadyside,), SINCE, UNTIL, radiologist_rao.pk), calendar.today(shadyside)
    _keep(own)
    assert compute_audit(own, Breakdown.AGE, today).screening[0].exams == 1
    ScreeningExam.objects.filter(pk=exam.pk).update(reader=None)
    _keep(own)
    found = compute_audit(own, Breakdown.AGE, today)
    assert found.kept_at is not None
    assert found.screening == ()


def test_parts_of_months_are_counted_now(shadyside: Site) -> None:
    write_histories(shadyside, [History(SINCE, Assessment.NEGATIVE)])
    whole, today = AuditScope((shadyside,), SINCE, UNTIL), calendar.today(shadyside)
    _keep(whole)

    def kept(scope: AuditScope) -> Any:
        return compute_audit(scope, Breakdown.ALL, today).kept_at

    assert kept(whole)
    assert not kept(AuditScope((shadyside,), SINCE, UNTIL - timedelta(days=1)))
    assert not kept(AuditScope((shadyside,), SINCE, date(2024, 3, 31)))


@pytest.mark.usefixtures("large")
def test_the_pages_and_files_say_when_the_workers_counted(
    client: Client, time_machine: TimeMachineFixture, shadyside: Site
) -> None:
    time_machine.move_to("2026-11-24T15:00:00Z", tick=False)
    client.force_login(get_site_staff(shadyside).manager)
    write_histories(shadyside, [History(date(2026, 1, 5), Assessment.NEED_IMAGING, readings=(Reading("2"),))])
    count_due_months()
    assert KeptMonth.objects.filter(part=KeptMonth.Part.RECALLS).exists()
    for page in ("/audit/", "/audit/waits/", "/audit/equity/"):
        shown: Any = client.get(page, {"year": 2026})
        assert "these figures are from 2026-11-24 10:00" in shown.content.decode()
        answer: Any = client.get(f"{page}figures/json/", {"year": 2026})
        assert answer.json() == shown.context["document"]
        assert answer.json()["kept_at"] == "2026-11-24 10:00"
