"""Pages answer as quickly with twenty thousand recalls as with five hundred.

Two copies of the test database, filled by SQL, asked in turns so that both sizes meet the same noise. The bound is wide
enough for a busy machine and narrow enough for a page that reads every row: `bench/desk_pages.py` holds 1.2 at a
hundred thousand. On PostgreSQL only: the clinics that grow so large run on it, a copy of its database is one statement,
and SQLite has no parallel readers to be quick for.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from django.core.cache import cache
from django.db import connection, models
from django.test import Client
from django.urls import reverse
from pytest_django.plugin import DjangoDbBlocker

from clinic.factories import SiteFactory, UserFactory
from clinic.models import Site
from clinic.roles import Role
from recalls.models import Appointment, Recall
from recalls.testing.factories import RecallFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),  # the connection is closed and opened on another database
    pytest.mark.skipif(connection.vendor != "postgresql", reason="the budget of time is held on PostgreSQL"),
    pytest.mark.usefixtures("_clear_cache"),
]

FEW, MANY = 500, 20_000
MAX_RATIO = 1.5
MAX_RATIO_WHEN_COUNTING = 5.0  # the page on which the numbers beside the links are counted anew, once in half a minute
IN_TURNS, IN_A_ROW = 4, 4
FIRST_COPY_ID = 1_000_000  # the numbers of the copied rows begin here
ROLES = (Role.SCHEDULER, Role.RADIOLOGIST, Role.MANAGER)
PAGES = {
    "queue": Role.SCHEDULER,
    "recall": Role.SCHEDULER,
    "worklist": Role.RADIOLOGIST,
    "workflow_map": Role.MANAGER,
    "appointments": Role.SCHEDULER,
}
NOW_SQL = "statement_timestamp()"
# One in four to contact, four in ten closed, the others spread over what comes between.
STATE_SQL = (
    "(ARRAY['to_contact','closed','scheduled','closed','to_contact','awaiting_outcome','closed','awaiting_priors',"
    "'closed','awaiting_concordance','to_contact','follow_up'])[1 + mod(n, 12)]"
)


@dataclass(frozen=True)
class ClinicDatabase:
    """One database with its signed-in browsers and the recall that is opened."""

    name: str
    browsers: dict[Role, Client]
    recall: int

    def milliseconds(self, page: str) -> float:
        url = reverse(page, args=[self.recall] if page == "recall" else [])
        started = time.perf_counter()
        assert self.browsers[PAGES[page]].get(url).status_code == 200
        return (time.perf_counter() - started) * 1000


@pytest.fixture(scope="module")
def clinics(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[tuple[ClinicDatabase, ClinicDatabase]]:
    """A clinic of few and one of many recalls, each in a database of its own."""
    with django_db_blocker.unblock(), _clinic_database(FEW) as few, _clinic_database(MANY) as many:
        yield few, many


@contextmanager
def _clinic_database(count: int) -> Iterator[ClinicDatabase]:
    home = connection.settings_dict["NAME"]
    name = f"{home}_{count}"
    _execute_outside_database(f'DROP DATABASE IF EXISTS "{name}"', f'CREATE DATABASE "{name}" TEMPLATE "{home}"')
    try:
        with _connected_to(name):
            clinic = _fill_database(name, count)
        yield clinic
    finally:
        _execute_outside_database(f'DROP DATABASE "{name}" WITH (FORCE)')


def _execute_outside_database(*statements: str) -> None:
    """A database is made and dropped while nobody is connected to it."""
    connection.close()
    with connection._nodb_cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@contextmanager
def _connected_to(name: str) -> Iterator[None]:
    home = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    cache.clear()
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = home


def _fill_database(name: str, count: int) -> ClinicDatabase:
    site: Site = SiteFactory.create()
    staff = {role: UserFactory.create(role=role, sites=[site]) for role in ROLES}
    called = RecallFactory.create(site=site, three_attempts=True)
    booked = RecallFactory.create(site=site, booked=True)
    with connection.cursor() as cursor:
        # Copies point to copies: checking each reference would take longer than making the rows.
        cursor.execute("SET session_replication_role = replica")
        _copy_recall(called, count)
        _spread_appointments(booked.appointments.get())
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("VACUUM ANALYZE")
    browsers = {role: Client() for role in staff}
    for role, user in staff.items():
        browsers[role].force_login(user)
    return ClinicDatabase(name, browsers, called.pk)


def _copy_recall(recall: Recall, count: int) -> None:
    """That many more recalls like this one with all that hangs on it, in the usual shares of states."""
    recall_id, patient_id, exam_id = (f"{FIRST_COPY_ID} + n" for _name in range(3))
    closed, reading = f"{STATE_SQL} = 'closed'", f"{STATE_SQL} IN ('awaiting_outcome', 'awaiting_concordance')"
    due = f"{NOW_SQL} + (mod(n, 216) - 72) * interval '1 hour'"
    _insert_copies(recall.patient, count, mrn="'M' || n", family_name="'Sample-' || mod(n, 9973)")
    _insert_copies(recall.exam, count, patient_id=patient_id, accession="'A' || n")
    _insert_copies(
        recall, count, patient_id=patient_id, exam_id=exam_id, state=STATE_SQL, target_at=due,
        due_at=f"CASE WHEN {closed} THEN NULL ELSE {due} END", to_read_at=f"CASE WHEN {reading} THEN {NOW_SQL} END",
        closed_at=f"CASE WHEN {closed} THEN {NOW_SQL} END", closed_by=f"CASE WHEN {closed} THEN 'Test' ELSE '' END",
        closure_reason=f"CASE WHEN {closed} THEN 'normal' ELSE '' END",
    )  # fmt: skip
    for point in recall.patient.contact_points.all():
        _insert_copies(point, count, patient_id=patient_id, id="DEFAULT")
    for row in [*recall.exam.findings.all(), *recall.contact_attempts.all(), *recall.events.all()]:
        owner = {"exam_id": exam_id} if hasattr(row, "exam_id") else {"recall_id": recall_id}
        _insert_copies(row, count, id="DEFAULT", **owner)


def _spread_appointments(visit: Appointment) -> None:
    """As many visits a day however many recalls there are: a clinic grows by years, not by rooms."""
    booked = "SELECT row_number() OVER () AS n, id AS booked_id FROM recalls_recall WHERE state = 'scheduled'"
    starts = f"date_trunc('day', {NOW_SQL}) + (n / 12) * interval '1 day' + mod(n, 12) * interval '1 hour'"
    _insert_copies(
        visit, 0, f"({booked} AND id > {FIRST_COPY_ID})", id="DEFAULT", recall_id="booked_id", starts_at=starts
    )


def _insert_copies(row: models.Model, count: int, source: str = "", **changed: str) -> None:
    """Copies of a row, `n` from 1; a column that is not named is as it is in the row, its number BASE + n."""
    table = row._meta.db_table
    values = {field.attname: f'was."{field.column}"' for field in row._meta.concrete_fields}
    values |= {"id": f"{FIRST_COPY_ID} + n"} | changed
    if values["id"] == "DEFAULT":
        del values["id"]
    columns = ", ".join(f'"{name}"' for name in values)
    numbers = source or f"generate_series(1, {count})"
    source_name = "numbers" if source else "numbers(n)"
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{table}" ({columns}) SELECT {", ".join(values.values())} '
            f'FROM "{table}" was, {numbers} {source_name} WHERE was.id = %s',
            [row.pk],
        )


def _ratio(clinics: tuple[ClinicDatabase, ClinicDatabase], page: str, *, anew: bool = False) -> float:
    """The median with many recalls over that with few; `anew` forgets what is kept for some seconds each time."""
    taken: dict[str, list[float]] = {clinic.name: [] for clinic in clinics}
    for _turn in range(IN_TURNS):
        for clinic in clinics:
            with _connected_to(clinic.name):
                clinic.milliseconds(page)  # opens the connection, and counts what is kept for some seconds
                for _again in range(IN_A_ROW):
                    if anew:
                        cache.clear()
                    taken[clinic.name].append(clinic.milliseconds(page))
    few, many = (statistics.median(taken[clinic.name]) for clinic in clinics)
    return many / few


def _smallest_ratio(
    clinics: tuple[ClinicDatabase, ClinicDatabase], page: str, bound: float, *, anew: bool = False
) -> float:
    """Of up to three: a noisy neighbour only ever adds time."""
    smallest = _ratio(clinics, page, anew=anew)
    for _again in range(2):
        if smallest > bound:
            smallest = min(smallest, _ratio(clinics, page, anew=anew))
    return smallest


@pytest.mark.parametrize("name", list(PAGES))
def test_a_page_takes_as_long_with_many_recalls_as_with_few(
    name: str, clinics: tuple[ClinicDatabase, ClinicDatabase]
) -> None:
    assert _smallest_ratio(clinics, name, MAX_RATIO) <= MAX_RATIO


def test_recounting_forty_times_the_recalls_costs_far_less_than_forty_times(
    clinics: tuple[ClinicDatabase, ClinicDatabase],
) -> None:
    assert _smallest_ratio(clinics, "queue", MAX_RATIO_WHEN_COUNTING, anew=True) <= MAX_RATIO_WHEN_COUNTING
