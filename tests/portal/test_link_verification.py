"""Holds who gets in by a patient's link and what anybody else learns or changes."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.core.cache.backends.locmem import LocMemCache
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client, override_settings
from django.utils import timezone

from clinic.actors import INTAKE, SYSTEM
from clinic.models import Site
from patients import links
from patients.actions import record_death
from patients.factories import PatientFactory
from patients.links import BirthDateResult
from patients.models import ContactPoint, Patient, PatientLink
from portal import rate_limit
from recalls import actions
from recalls.enums import WorkItemKind
from recalls.models import WorkItem
from recalls.testing.factories import RecallFactory
from tests.portal.conftest import give_birth_date, make_link, page_text

pytestmark = pytest.mark.django_db

SCANNER_USER_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) SafeLinks Scanner",
    "Mozilla/5.0 (compatible; GoogleImageProxy)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Barracuda Sentinel (EE)",
    "WhatsApp/2.23.20.0",
)


@pytest.fixture
def patient(shadyside: Site) -> Patient:
    return PatientFactory.create(site=shadyside, birth_date=date(1961, 4, 25))


def _dump_database() -> dict[str, list[Any]]:
    return {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in apps.get_models()}


def test_the_database_never_holds_the_link_itself(patient: Patient) -> None:
    token = make_link(patient).strip("/").rpartition("/")[2]
    assert len(token) == 43  # 256 bits
    assert token not in repr(_dump_database())


def test_fifty_scanners_that_open_the_link_change_nothing_and_use_up_nothing(client: Client, patient: Patient) -> None:
    link = make_link(patient)
    before = _dump_database()
    for number in range(50):
        agent = {"user-agent": SCANNER_USER_AGENTS[number % len(SCANNER_USER_AGENTS)]}
        answer = client.head(link, headers=agent) if number % 5 == 0 else client.get(link, headers=agent)
        assert answer.status_code == 200
        assert client.get(f"{link}not-me/", headers=agent).status_code == 200
    assert _dump_database() == before
    assert give_birth_date(client, link, patient).status_code == 302


def test_before_the_birth_date_the_page_shows_the_clinic_and_nothing_of_the_patient(
    client: Client, patient: Patient
) -> None:
    page = page_text(client.get(make_link(patient)))
    assert "(412) 555-0100" in page
    assert patient.given_name not in page
    assert patient.family_name not in page
    assert "1961" not in page.replace("4, 25 and 1961", "")


def test_the_right_birth_date_leads_to_an_address_without_the_link(client: Client, patient: Patient) -> None:
    response = give_birth_date(client, make_link(patient), patient)
    assert response.headers["Location"] == "/my/"
    cookie = response.cookies["my"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"], cookie["path"]) == (True, "Lax", 900, "/")
    assert "Hello Testa" in page_text(client.get("/my/"))


@override_settings(SESSION_COOKIE_SECURE=True)
def test_over_https_the_cookie_is_bound_to_this_very_host(client: Client, patient: Patient) -> None:
    born = {"month": 4, "day": 25, "year": 1961}
    cookie = client.post(make_link(patient), born, secure=True).cookies["__Host-my"]
    assert cookie["secure"]
    assert cookie["domain"] == ""


def test_after_five_wrong_birth_dates_even_the_right_one_is_refused_and_staff_call_the_patient(
    client: Client, patient: Patient
) -> None:
    link = make_link(patient)
    wrong = [give_birth_date(client, link, patient, year=1950 + number) for number in range(5)]
    assert [answer.status_code for answer in wrong] == [200, 200, 200, 200, 410]
    assert "not the birth date that we have" in page_text(wrong[0])
    refused = give_birth_date(client, link, patient)
    assert refused.status_code == 410
    assert "locked this link" in page_text(refused)
    assert "(412) 555-0100" in page_text(refused)
    assert WorkItem.objects.get().kind == WorkItemKind.LINK_LOCKED


def test_a_slip_or_two_are_forgotten_once_the_patient_is_in(client: Client, patient: Patient) -> None:
    link = make_link(patient)
    for _round in range(2):
        for year in (1950, 1951, 1952, 1953):
            give_birth_date(client, link, patient, year=year)
        assert give_birth_date(client, link, patient).status_code == 302
        client.cookies.clear()


@pytest.mark.parametrize("answer", [("2", "30", "1961"), ("", "25", "1961"), ("4", "25", "61"), ("4", "25", "2999")])
def test_what_is_no_birth_date_is_explained_and_does_not_count(
    client: Client, patient: Patient, answer: tuple[str, str, str]
) -> None:
    link = make_link(patient)
    page = client.post(link, dict(zip(("month", "day", "year"), answer, strict=True)))
    assert "Please give month, day and year as numbers" in page.content.decode()
    assert PatientLink.objects.get().failed_attempts == 0


def test_a_clinic_that_writes_the_day_first_asks_for_it_first(client: Client, patient: Patient) -> None:
    Site.objects.update(date_order=Site.DateOrder.DMY)
    page = client.get(make_link(patient)).content.decode()
    assert page.index('name="day"') < page.index('name="month"')


def test_an_unknown_and_an_ended_link_read_alike_but_for_one_sentence(client: Client, patient: Patient) -> None:
    with time_machine.travel(timezone.now() - links.LINK_LIFETIME - timedelta(days=1)):
        expired = make_link(patient)
    revoked = make_link(patient)
    PatientLink.objects.filter(pk=PatientLink.objects.latest("pk").pk).update(revoked_at=timezone.now())
    answers = [client.get(path) for path in (expired, revoked, "/my/not-a-link-of-ours/")]
    assert [answer.status_code for answer in answers] == [410, 410, 404]
    for answer in answers:
        assert "This link does not open any more" in answer.content.decode()
    assert "(412) 555-0100" in answers[0].content.decode()
    assert page_text(answers[0]) == page_text(answers[1])
    assert give_birth_date(client, expired, patient).status_code == 410


def test_a_new_link_leaves_the_earlier_ones_working_unless_told_otherwise(client: Client, patient: Patient) -> None:
    first, second = make_link(patient), make_link(patient)
    assert (client.get(first).status_code, client.get(second).status_code) == (200, 200)
    links.issue_link(patient, by=SYSTEM, revoke_others=True)
    assert (client.get(first).status_code, client.get(second).status_code) == (410, 410)


def test_after_a_merge_the_link_opens_the_record_that_is_in_use(client: Client, patient: Patient) -> None:
    link, recall = make_link(patient), RecallFactory.create(site=patient.site, booked=True)
    actions.merge_patients(patient, recall.patient, by=INTAKE)
    assert give_birth_date(client, link, recall.patient).status_code == 302
    assert "Your visit is booked" in page_text(client.get("/my/"))


def test_a_death_ends_the_link(client: Client, patient: Patient) -> None:
    link = make_link(patient)
    record_death(patient, date(2026, 1, 5), by=INTAKE)
    assert client.get(link).status_code == 410


def test_one_address_that_tries_many_links_is_asked_to_wait(client: Client, patient: Patient) -> None:
    for number in range(rate_limit.MAX_WRONG_DATES):
        if number % 4 == 0:
            link = make_link(patient)
        give_birth_date(client, link, patient, year=1950)
    fresh = make_link(patient)
    assert give_birth_date(client, fresh, patient).status_code == 429
    assert PatientLink.objects.latest("pk").failed_attempts == 0


class ExpiringLocMemCache(LocMemCache):
    """A cache in which the period is over between the question whether it runs and the count."""

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        self.delete(key, version=version)
        return super().incr(key, delta, version)


def test_a_wrong_date_at_the_end_of_the_period_begins_a_new_one(client: Client, patient: Patient) -> None:
    expiring = {"BACKEND": f"{__name__}.ExpiringLocMemCache"}
    with override_settings(CACHES={"default": expiring, "shared": expiring}):
        for _time in range(2):
            assert give_birth_date(client, make_link(patient), patient, year=1950).status_code == 200


def test_somebody_else_who_got_the_message_can_stop_it(client: Client, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, booked=True)
    link = make_link(recall.patient)
    assert "will not write to this email address again" in client.post(f"{link}not-me/").content.decode()
    assert recall.patient.contact_points.get(kind=ContactPoint.Kind.EMAIL).unusable == ContactPoint.UnusableReason.WRONG
    assert WorkItem.objects.get(recall=recall).kind == WorkItemKind.VERIFY_CONTACT
    assert client.get(link).status_code == 410


def test_support_prints_a_fresh_link_that_opens(
    client: Client, patient: Patient, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("patient_link", patient.mrn)
    address = capsys.readouterr().out.strip()
    assert client.get(address.partition("127.0.0.1:8000")[2]).status_code == 200
    with pytest.raises(CommandError, match="No patient"):
        call_command("patient_link", "no-such-number")


@pytest.mark.django_db(transaction=True)
def test_many_guesses_at_the_same_moment_count_each(shadyside: Site) -> None:
    patient = PatientFactory.create(site=shadyside, birth_date=date(1961, 4, 25))
    link = links.find_link(links.issue_link(patient, by=SYSTEM))
    assert link

    together = Barrier(8)

    def guess(year: int) -> BirthDateResult:
        connection.ensure_connection()
        together.wait()
        try:
            return links.check_birth_date(link, date(year, 4, 25))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as guessers:
        answers = Counter(guessers.map(guess, range(1930, 1938)))
    assert answers == {BirthDateResult.WRONG: 4, BirthDateResult.NOW_LOCKED: 1, BirthDateResult.LINK_UNUSABLE: 3}
