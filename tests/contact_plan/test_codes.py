"""Holds the rules of the code: five tries, ten minutes, a pause before another, a limit, and no trace of it."""

import io

import pytest
from django.test import Client

from clinic.models import Site
from config.celery import beat_schedule
from operations.tasks import clear_expired_rows
from patients.factories import PatientFactory
from patients.models import NumberCode, Patient
from tests.contact_plan.conftest import Handed, age_codes, code_in, give_number, plan_of, wrong_code
from tests.portal.conftest import log_output as log_output
from tests.portal.conftest import page_text
from tests.support.fake_twilio import FakeTwilioServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def tablet(hand_to: Handed, ruth: Patient, sms_service: FakeTwilioServer) -> Client:
    """At the page that asks for the code."""
    opened = hand_to(ruth)
    assert give_number(opened) == "/tablet/number/code/"
    return opened


def _type(tablet: Client, code: str) -> str:
    return page_text(tablet.post("/tablet/number/code/", {"code": code, "action": "check"}, follow=True))


def test_five_wrong_codes_end_it_and_a_new_one_works_after_a_pause(
    tablet: Client, ruth: Patient, sms_service: FakeTwilioServer
) -> None:
    first = code_in(sms_service)
    for _ in range(4):
        assert "This is not the code" in _type(tablet, wrong_code(sms_service))
    assert "wrong five times" in _type(tablet, wrong_code(sms_service))
    assert "has ended" in _type(tablet, first), "the right one comes too late"
    page = page_text(tablet.post("/tablet/number/code/", {"action": "new"}, follow=True))
    assert "wait half a minute" in page
    assert len(sms_service.requests) == 1
    age_codes(ruth, seconds=31)
    tablet.post("/tablet/number/code/", {"action": "new"})
    assert len(sms_service.requests) == 2
    assert "Your number works" in _type(tablet, code_in(sms_service))


def test_a_code_of_ten_minutes_ago_opens_nothing(tablet: Client, ruth: Patient, sms_service: FakeTwilioServer) -> None:
    age_codes(ruth, minutes=10)
    assert "has ended" in _type(tablet, code_in(sms_service))
    assert ruth.contact_points.get(kind="mobile").verified_at is None


def test_a_code_works_once_and_only_for_its_own_patient(
    tablet: Client, hand_to: Handed, ruth: Patient, sms_service: FakeTwilioServer
) -> None:
    theirs = code_in(sms_service)
    other = PatientFactory.create(site=ruth.site, mobile="412 555 0166")
    second = hand_to(other)
    give_number(second, "412 555 0166")
    if code_in(sms_service) != theirs:
        assert "This is not the code" in _type(second, theirs)
    assert "Your number works" in _type(tablet, theirs)
    assert tablet.post("/tablet/number/code/", {"code": theirs}).status_code == 200
    assert NumberCode.objects.filter(patient=ruth, ended_at=None).count() == 0


def test_after_five_codes_in_an_hour_the_number_is_kept_as_not_verified(
    tablet: Client, ruth: Patient, sms_service: FakeTwilioServer
) -> None:
    for _ in range(4):
        age_codes(ruth, seconds=31)
        tablet.post("/tablet/number/code/", {"action": "new"})
    assert len(sms_service.requests) == 5
    age_codes(ruth, seconds=31)
    page = tablet.post("/tablet/number/code/", {"action": "new"}, follow=True)
    assert "we will call this number" in page_text(page)
    assert len(sms_service.requests) == 5
    assert plan_of(ruth).number_check == "not_typed"


def test_nobody_is_flooded_with_codes_by_many_patients_with_one_number(
    hand_to: Handed, ruth: Patient, sms_service: FakeTwilioServer
) -> None:
    for _ in range(10):
        give_number(hand_to(PatientFactory.create(site=ruth.site)), "412 555 0166")
    assert len(sms_service.requests) == 8


@pytest.mark.parametrize(
    ("reply", "words", "check"),
    [
        ((400, 21614), "No text can reach this number", ""),
        ((400, 21610), "we will call this number", "opted_out"),
        ((500, 0), "we will call this number", "not_typed"),
    ],
)
def test_a_text_that_does_not_leave_is_said_and_holds_nobody_up(
    reply: tuple[int, int], words: str, check: str, hand_to: Handed, ruth: Patient, sms_service: FakeTwilioServer
) -> None:
    sms_service.reply = reply
    tablet = hand_to(ruth)
    page = tablet.post(
        "/tablet/number/", {"language": "en", "phone": "4125550123", "phone_kind": "mobile"}, follow=True
    )
    assert words in page_text(page)
    assert check == (plan_of(ruth).number_check if check else "")


def test_the_code_is_stored_as_a_hash_and_stands_in_no_log(
    log_output: io.StringIO, hand_to: Handed, ruth: Patient, sms_service: FakeTwilioServer
) -> None:
    tablet = hand_to(ruth)
    give_number(tablet)
    code = code_in(sms_service)
    _type(tablet, wrong_code(sms_service))
    _type(tablet, code)
    stored = str(list(NumberCode.objects.values()))
    assert code not in stored
    assert code not in log_output.getvalue()
    assert "4125550123" not in log_output.getvalue()


def test_the_text_is_spanish_for_whoever_chose_it_where_that_text_may_be_sent(
    hand_to: Handed, ruth: Patient, sms_service: FakeTwilioServer
) -> None:
    give_number(hand_to(ruth), language="es")
    assert "your code is" in sms_service.requests[-1].fields["Body"]  # nobody has reviewed the Spanish one
    Site.objects.update(reviewed_translations_only=False)
    age_codes(ruth, seconds=31)
    give_number(hand_to(ruth), language="es")
    body = sms_service.requests[-1].fields["Body"]
    assert body.endswith("Responda ALTO para no recibir textos.")
    assert len(body) <= 160


def test_at_night_the_codes_of_every_patient_that_count_no_more_are_deleted(
    tablet: Client, ruth: Patient, sms_service: FakeTwilioServer
) -> None:
    """Each holds a number, and one typed in by mistake is a stranger's."""
    clear_expired_rows()
    assert NumberCode.objects.count() == 1  # one of today is still counted
    age_codes(ruth, days=1, minutes=1)
    assert clear_expired_rows() == 1
    assert not NumberCode.objects.exists()
    assert "operations.tasks.clear_expired_rows" in [row["task"] for row in beat_schedule().values()]
