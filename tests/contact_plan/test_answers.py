"""Holds what becomes of each answer: it stands in the record as if staff had typed it, in the patient's name."""

import pytest
from django.test import Client

from clinic.actors import INTAKE, PATIENT, SYSTEM
from clinic.models import Site
from patients import links
from patients.actions import mark_contact_unusable, set_contact_point, set_result_wish
from patients.contact_plan.models import MayAnswer, NumberCheck
from patients.factories import PatientFactory
from patients.links import find_link
from patients.models import ContactPlan, ContactPoint, Patient, PatientLink, ResultWish
from recalls.contact_ladder import propose_attempt_time
from recalls.models import CallPreference
from recalls.presenters.contact_plan import describe_may_answer
from recalls.testing.factories import RecallFactory
from tests.contact_plan.conftest import MOBILE, Handed, code_in, give_number, plan_of
from tests.portal.conftest import page_text
from tests.support.fake_twilio import FakeTwilioServer

pytestmark = pytest.mark.django_db


def _finish(tablet: Client) -> None:
    tablet.post("/tablet/calls/", {"part": "afternoon", "voicemail": "yes"})
    tablet.post("/tablet/people/", {"may_answer": "only_me"})
    tablet.post("/tablet/result/", {"channel": "phone", "when": "soon"})


def test_the_whole_plan_is_four_answers_and_a_code(
    hand_to: Handed, ruth: Patient, sms_service: FakeTwilioServer
) -> None:
    tablet = hand_to(ruth)
    assert give_number(tablet) == "/tablet/number/code/"
    sent = sms_service.requests[-1].fields
    assert sent["To"] == MOBILE
    assert "It works for 10 minutes." in sent["Body"]
    assert sent["Body"].endswith("Reply STOP to end texts.")
    assert len(sent["Body"]) <= 160
    answer = tablet.post("/tablet/number/code/", {"code": code_in(sms_service), "action": "check"})
    assert answer.headers["Location"] == "/tablet/calls/"
    assert tablet.post("/tablet/calls/", {"part": "afternoon", "voicemail": "yes"}).status_code == 302
    person = {"may_answer": "message", "other_name": "Sam Sample", "other_phone": "412 555 0144"}
    assert tablet.post("/tablet/people/", person).headers["Location"] == "/tablet/result/"
    end = tablet.post("/tablet/result/", {"channel": "phone", "when": "soon"})
    assert "Please hand the tablet back" in page_text(end)
    ruth.refresh_from_db()
    plan, points = plan_of(ruth), {point.kind: point for point in ruth.contact_points.all()}
    assert plan.finished_at is not None
    assert (plan.number_check, plan.may_answer, plan.other_name) == ("code", "message", "Sam Sample")
    assert points["mobile"].verified_at is not None
    assert points["other"].value == "+14125550144"
    assert (ruth.voicemail, ruth.call_preference.part, ruth.result_wish.channel) == ("yes", "afternoon", "phone")
    said = {(row.field, row.by, row.source) for row in ruth.changes.all()}
    assert {(name, "patient", "contact plan") for name in ("voicemail", "best_time", "other", "may_answer")} <= said
    assert {("mobile_verified", "patient", "contact plan"), ("contact_plan", "patient", "contact plan")} <= said


def test_a_patient_of_last_year_confirms_what_is_known_with_four_taps(
    hand_to: Handed, ruth: Patient, sms_service: FakeTwilioServer
) -> None:
    tablet = hand_to(ruth)
    give_number(tablet)
    tablet.post("/tablet/number/code/", {"code": code_in(sms_service), "action": "check"})
    _finish(tablet)
    changes, finished = ruth.changes.count(), plan_of(ruth).finished_at
    tablet, texts = hand_to(ruth), len(sms_service.requests)
    for step in ("number", "calls", "people", "result"):
        page = tablet.get(f"/tablet/{step}/")
        shown = {name: page.context["form"][name].value() or "" for name in page.context["form"].fields}
        page = tablet.post(f"/tablet/{step}/", shown)
        assert page.status_code == (200 if step == "result" else 302), shown
    assert "hand the tablet back" in page_text(page)
    assert len(sms_service.requests) == texts, "a number that is verified is not asked again"
    assert ruth.changes.count() == changes
    assert plan_of(ruth).finished_at > finished  # type: ignore[operator]


@pytest.mark.parametrize(
    ("kind", "stopped", "has_service", "check"),
    [
        ("home", False, True, NumberCheck.LANDLINE),
        ("mobile", False, False, NumberCheck.NO_TEXTS),
        ("mobile", True, True, NumberCheck.OPTED_OUT),
    ],
)
def test_where_no_code_can_be_sent_the_number_is_kept_and_honestly_not_verified(
    kind: str, stopped: bool, has_service: bool, check: NumberCheck, hand_to: Handed, asking_site: Site,
    sms_service: FakeTwilioServer, settings: object,
) -> None:  # fmt: skip
    if not has_service:
        settings.SMS_URL = ""  # type: ignore[attr-defined]
    consents = {"sms": False} if stopped else {}
    patient = PatientFactory.create(site=asking_site, mobile=None, home=None, consents=consents)
    assert give_number(hand_to(patient), "412 555 0155", kind) == "/tablet/calls/"
    assert sms_service.requests == []
    point = patient.contact_points.get(kind=kind)
    assert (point.value, point.verified_at) == ("+14125550155", None)
    assert plan_of(patient).number_check == check


def test_going_on_without_the_code_keeps_the_number_as_not_verified(
    hand_to: Handed, ruth: Patient, sms_service: FakeTwilioServer
) -> None:
    tablet = hand_to(ruth)
    give_number(tablet, "412 555 0199")
    assert ruth.contact_points.get(kind="mobile").value == MOBILE, "a slip of the finger displaces no number yet"
    page = tablet.post("/tablet/number/code/", {"action": "without"}, follow=True)
    assert "we will call this number" in page_text(page)
    point = ruth.contact_points.get(kind="mobile")
    assert (point.value, point.verified_at) == ("+14125550199", None)
    assert plan_of(ruth).number_check == NumberCheck.NOT_TYPED


def test_a_new_number_ends_what_was_sent_to_the_old_one(
    hand_to: Handed, ruth: Patient, sms_service: FakeTwilioServer
) -> None:
    token = links.issue_link(ruth, by=SYSTEM, address=MOBILE)
    tablet = hand_to(ruth)
    give_number(tablet, "412 555 0199")
    tablet.post("/tablet/number/code/", {"code": code_in(sms_service), "action": "check", "texts": "on"})
    link = find_link(token)
    assert isinstance(link, PatientLink)
    assert link._address_holds() is False
    assert ruth.consents.filter(subject="sms").first().granted  # type: ignore[union-attr]
    give_number(hand_to(ruth), "412 555 0155", "home")
    assert ruth.contact_points.get(kind="mobile").verified_at is not None, "the cell phone stays what it is"


def test_a_number_marked_as_wrong_works_again_once_a_code_proves_it(
    hand_to: Handed, ruth: Patient, sms_service: FakeTwilioServer
) -> None:
    ruth.contact_points.filter(kind="mobile").update(unusable=ContactPoint.UnusableReason.WRONG)
    tablet = hand_to(ruth)
    assert "0123" not in page_text(tablet.get("/tablet/number/"))
    give_number(tablet)
    tablet.post("/tablet/number/code/", {"code": code_in(sms_service), "action": "check"})
    point = ruth.contact_points.get(kind="mobile")
    assert (point.unusable, point.verified_at is not None) == ("", True)


def test_a_number_that_is_marked_or_replaced_is_verified_no_longer(
    hand_to: Handed, ruth: Patient, sms_service: FakeTwilioServer
) -> None:
    tablet = hand_to(ruth)
    give_number(tablet)
    tablet.post("/tablet/number/code/", {"code": code_in(sms_service), "action": "check"})
    set_contact_point(ruth, ContactPoint.Kind.MOBILE, "412 555 0188", by=INTAKE)
    assert ruth.contact_points.get(kind="mobile").verified_at is None
    ruth.contact_points.filter(kind="mobile").update(verified_at="2026-11-01T12:00Z")
    mark_contact_unusable(ruth.contact_points.get(kind="mobile"), ContactPoint.UnusableReason.WRONG, by=INTAKE)
    assert ruth.contact_points.get(kind="mobile").verified_at is None


def test_who_may_hear_results_is_the_person_of_the_wish_and_only_me_takes_that_back(
    hand_to: Handed, ruth: Patient
) -> None:
    tablet = hand_to(ruth)
    assert "Please give that person" in page_text(tablet.post("/tablet/people/", {"may_answer": "results"}))
    person = {"other_name": " Sam  Sample ", "other_phone": "412 555 0144"}
    tablet.post("/tablet/people/", {"may_answer": "results"} | person)
    wish = ResultWish.objects.get(patient=ruth)
    assert (wish.proxy_name, wish.proxy_phone) == ("Sam Sample", "+14125550144")
    tablet.post("/tablet/people/", {"may_answer": "message"} | person)
    assert ruth.contact_points.filter(kind="other").exists()
    tablet.post("/tablet/people/", {"may_answer": "only_me"} | person)
    wish.refresh_from_db()
    assert (wish.proxy_name, wish.proxy_phone, plan_of(ruth).may_answer) == ("", "", MayAnswer.ONLY_ME)
    assert not ruth.contact_points.filter(kind="other").exists()


def test_an_other_phone_that_staff_noted_is_no_ones_to_take_away(hand_to: Handed, asking_site: Site) -> None:
    patient = PatientFactory.create(site=asking_site, other="412 555 0177")
    hand_to(patient).post("/tablet/people/", {"may_answer": "only_me"})
    assert patient.contact_points.get(kind="other").value == "+14125550177"


def test_the_next_call_is_proposed_in_the_hours_that_the_patient_named(hand_to: Handed, asking_site: Site) -> None:
    recall = RecallFactory.create(site=asking_site)
    tablet = hand_to(recall.patient)
    tablet.post("/tablet/calls/", {"part": "afternoon", "voicemail": "no"})
    part = CallPreference.objects.get(patient=recall.patient).part
    at = propose_attempt_time(recall, [], part).astimezone(recall.site.zone)
    assert (at.hour, at.minute) == (14, 30)
    tablet.post("/tablet/result/", {"channel": "in_person", "when": "not_before_weekend"})
    event = recall.events.latest("pk")
    assert (event.step, event.by) == ("record_wishes", "patient")
    assert ContactPlan.objects.get(patient=recall.patient).finished_at is None, "two questions are open"


def test_the_evening_is_offered_only_where_somebody_could_call_then(hand_to: Handed, ruth: Patient) -> None:
    tablet = hand_to(ruth)
    assert "After 5 pm" not in page_text(tablet.get("/tablet/calls/"))
    ruth.site.opening_hours.update(closes="20:00")
    assert "After 5 pm" in page_text(tablet.get("/tablet/calls/"))


def test_whoever_wants_no_calls_is_asked_for_no_number(
    hand_to: Handed, asking_site: Site, sms_service: FakeTwilioServer
) -> None:
    patient = PatientFactory.create(site=asking_site, do_not_call=True)
    tablet = hand_to(patient)
    assert "You asked us not to call you" in page_text(tablet.get("/tablet/number/"))
    assert tablet.post("/tablet/number/", {"language": "en"}).status_code == 302
    assert plan_of(patient).number_check == NumberCheck.DO_NOT_CALL
    assert sms_service.requests == []


def test_whoever_has_no_phone_goes_on_and_the_record_says_so(hand_to: Handed, ruth: Patient) -> None:
    tablet = hand_to(ruth)
    assert "area code" in page_text(tablet.post("/tablet/number/", {"language": "en", "phone_kind": "mobile"}))
    assert give_number(tablet, "412 555 0123", "none") == "/tablet/calls/"
    assert plan_of(ruth).number_check == NumberCheck.NO_PHONE
    assert ruth.contact_points.get(kind="mobile").value == MOBILE, "what staff know is not thrown away"


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_question_is_asked_in_the_patients_language(language: str, hand_to: Handed, asking_site: Site) -> None:
    patient = PatientFactory.create(site=asking_site, language=language)
    tablet = hand_to(patient)
    words = {"en": ("Question 1 of 4", "Only me", "By phone"), "es": ("Pregunta 1 de 4", "Solo yo", "Por teléfono")}
    pages = " ".join(page_text(tablet.get(f"/tablet/{step}/")) for step in ("number", "calls", "people", "result"))
    for expected in words[language]:
        assert expected in pages
    for frightening in ("cancer", "cáncer", "biops", "abnormal", "tumor"):
        assert frightening not in pages.lower()


def test_the_language_that_is_chosen_holds_at_once_and_ends_with_the_tablet(hand_to: Handed, ruth: Patient) -> None:
    tablet = hand_to(ruth)
    give_number(tablet, kind="home", language="es")
    assert "Pregunta 2 de 4" in page_text(tablet.get("/tablet/calls/"))
    ruth.refresh_from_db()
    assert ruth.language == "es"
    end = tablet.post("/tablet/result/", {"channel": "any", "when": "soon"})
    assert "Gracias. Por favor, devuelva la tableta." in page_text(end)
    assert "For staff" in page_text(tablet.get("/tablet/"))


def test_a_number_that_the_patient_calls_a_home_phone_is_no_cell_phone_any_more(hand_to: Handed, ruth: Patient) -> None:
    ruth.contact_points.filter(kind="mobile").update(verified_at="2026-11-01T12:00Z")
    give_number(hand_to(ruth), kind="home")
    assert not ruth.contact_points.filter(kind="mobile").exists()
    home = ruth.contact_points.get(kind="home")
    assert (home.value, home.verified_at) == (MOBILE, None)
    assert plan_of(ruth).number_check == NumberCheck.LANDLINE


def test_what_a_code_proved_stands_where_no_number_is_asked(hand_to: Handed, ruth: Patient) -> None:
    ruth.contact_points.filter(kind="mobile").update(verified_at="2026-11-01T12:00Z")
    Patient.objects.filter(pk=ruth.pk).update(do_not_call=True)
    hand_to(ruth).post("/tablet/number/", {"language": "en"})
    assert ruth.contact_points.get(kind="mobile").verified_at is not None


def test_who_may_hear_results_no_longer_is_offered_and_shown_no_longer(hand_to: Handed, ruth: Patient) -> None:
    person = {"other_name": "Sam Sample", "other_phone": "412 555 0144"}
    tablet = hand_to(ruth)
    tablet.post("/tablet/people/", {"may_answer": "results"} | person)
    assert describe_may_answer(plan_of(ruth)) == "Sam Sample: may hear results too"
    set_result_wish(ruth, {"proxy_name": "", "proxy_phone": ""}, by=PATIENT)  # on another form
    assert describe_may_answer(plan_of(ruth)) == ""
    form = tablet.get("/tablet/people/").context["form"]
    assert (form["may_answer"].value() or "", form["other_name"].value() or "") == ("", "")
