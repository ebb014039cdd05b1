"""The page for calling a patient: script, next recall, undo, who has it open."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from time_machine import TimeMachineFixture

from clinic.models import Site, User
from desk.return_list import add_return_list
from patients.factories import PatientFactory
from patients.models import Patient
from recalls import edit_presence
from recalls.enums import Assessment, ContactChannel, ContactResult, State
from recalls.models import Recall, RecallClaim
from recalls.presenters.call_script import CALL_SCRIPTS, build_call_script
from recalls.selectors import queue
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, StepFormClient, linked_url, page_text, redirect_path
from tests.rules.step_actions import MONDAY

pytestmark = pytest.mark.django_db
CALL = {"channel": ContactChannel.PHONE, "result": ContactResult.NO_ANSWER}
# No word that tells what was seen, to the patient or to whoever else takes the phone.
FORBIDDEN_WORDS = ("mass", "calcif", "asymmetr", "birads", "bi-rads", "biops", "suspicious", "tumor", "masa", "biopsia")


def _open(browser: Client, recall: Recall, came_from: str = "") -> str:
    return page_text(browser.get(add_return_list(reverse("recall", args=[recall.pk]), came_from)))


def _due_recalls(site: Site, count: int) -> list[Recall]:
    recalls = [RecallFactory.create(site=site) for _ in range(count)]
    for place, recall in enumerate(recalls):
        due, target = timezone.now() - timedelta(minutes=1), timezone.now() + timedelta(days=1 + place)
        Recall.objects.filter(pk=recall.pk).update(due_at=due, target_at=target)
    return recalls


@pytest.mark.parametrize("language", sorted(CALL_SCRIPTS))
@pytest.mark.parametrize("assessment", [Assessment.NEED_IMAGING, Assessment.SUSPICIOUS_B])
def test_the_script_is_in_the_patients_language_and_tells_no_result(
    language: str, assessment: Assessment, shadyside: Site, scheduler_ana: User
) -> None:
    patient = PatientFactory.create(site=shadyside, language=language, preferred_name="Tess")
    recall = RecallFactory.create(patient=patient, exam__assessment=assessment)
    script = build_call_script(recall, scheduler_ana)
    said = " ".join((*script.lines, script.voicemail, script.other_person))
    assert script.language == language
    assert "Tess" in script.lines[0]
    assert shadyside.sender_name in script.lines[0]
    assert "$" not in said
    assert [word for word in FORBIDDEN_WORDS if word in said.lower()] == []
    assert "cancer" not in (said if recall.suspicious else "")


@pytest.mark.parametrize("language", sorted(CALL_SCRIPTS))
def test_the_caller_never_says_that_the_doctor_has_talked_with_the_patient(
    language: str, shadyside: Site, scheduler_ana: User
) -> None:
    patient = PatientFactory.create(site=shadyside, language=language)
    script = build_call_script(RecallFactory.create(patient=patient, biopsy_to_book=True), scheduler_ana)
    asks = {"en": "would like to talk with you", "es": "quiere hablar con usted"}[language]
    assert asks in script.lines[2]
    assert "has talked" not in script.lines[2]
    assert "habló" not in script.lines[2]


def test_whoever_else_answers_hears_neither_the_clinic_nor_a_reason(shadyside: Site, scheduler_ana: User) -> None:
    script = build_call_script(RecallFactory.create(site=shadyside), scheduler_ana)
    for said in (script.other_person, script.voicemail):
        assert shadyside.sender_name not in said
        assert "doctor" not in said


def test_no_voicemail_is_proposed_to_a_patient_who_wants_none(shadyside: Site, scheduler_ana: User) -> None:
    patient = PatientFactory.create(site=shadyside, voicemail=Patient.Voicemail.NO)
    assert build_call_script(RecallFactory.create(patient=patient), scheduler_ana).voicemail == ""


def test_a_language_without_a_script_asks_for_an_interpreter(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(patient=PatientFactory.create(site=shadyside, language="vi"))
    assert "have an interpreter say this" in _open(client_for(scheduler_ana), recall)


def test_a_proposal_left_alone_follows_the_result_and_one_that_was_changed_is_kept(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(MONDAY, tick=False)
    left, changed, booking = (RecallFactory.create(site=shadyside) for _ in range(3))
    browser = client_for(scheduler_ana)
    StepFormClient(browser, left, "log_contact").send(**CALL)
    StepFormClient(browser, changed, "log_contact").send(**CALL, next_day="2026-03-18", next_time="09:15")
    ready = {"channel": ContactChannel.PHONE, "result": ContactResult.REACHED_WILL_BOOK}
    StepFormClient(browser, booking, "log_contact").send(**ready)
    assert left.contact_attempts.get().next_try_at == datetime(2026, 3, 20, 18, 30, tzinfo=UTC)
    assert changed.contact_attempts.get().next_try_at == datetime(2026, 3, 18, 13, 15, tzinfo=UTC)
    assert booking.contact_attempts.get().next_try_at is None


def test_after_saving_the_next_recall_of_the_same_list_opens(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    first, second, third = _due_recalls(shadyside, 3)
    browser, queue_url = client_for(scheduler_ana), reverse("queue")
    for worked, following in (
        (first, reverse("recall", args=[second.pk])),
        (third, reverse("recall", args=[second.pk])),
        (second, queue_url),
    ):
        answer = StepFormClient(browser, worked, "log_contact", queue_url).send(**CALL)
        assert redirect_path(answer) == following


def test_two_tabs_keep_the_list_that_each_of_them_came_from(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    first, second = _due_recalls(shadyside, 2)
    browser = client_for(scheduler_ana)
    browser.post(reverse("search"), {"q": str(first.patient.family_name)})
    path = reverse("recall", args=[first.pk])

    def open_from(name: str) -> Any:
        """As a browser opens it: by the link on the list, naming the list as where it came from."""
        headers = {"referer": f"http://testserver{reverse(name)}"}
        return browser.get(linked_url(browser.get(reverse(name)), path), headers=headers)

    tab, other_tab = open_from("queue"), open_from("search")
    for page, list_name in ((tab, "queue"), (other_tab, "search")):
        assert linked_url(page, reverse(list_name))
    form = {field.name: field.value() for field in tab.context["form"] if field.value() not in (None, "", False)}
    step_url = reverse("step", args=[first.pk, "log_contact"])
    carried = re.search(r'<form [^>]*id="call".*?name="next" value="([^"]*)"', page_text(tab), re.DOTALL)
    sent = form | CALL | ({"next": unescape(carried[1])} if carried else {})
    assert redirect_path(browser.post(step_url, sent)) == reverse("recall", args=[second.pk])


def test_a_list_that_the_site_did_not_sign_is_not_gone_back_to(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    (recall,) = _due_recalls(shadyside, 1)
    browser = client_for(scheduler_ana)
    for forged in ("https://elsewhere.example/queue/", "/queue/", "/queue/:bad-signature"):
        page = browser.get(reverse("recall", args=[recall.pk]), {"next": forged})
        assert page.context["list_url"] == ""
    url = f"{reverse('step', args=[recall.pk, 'log_contact'])}?next=/search/"
    form = StepFormClient(browser, recall, "log_contact")
    form.url = url
    assert redirect_path(form.send(**CALL)) == reverse("queue_state", args=[State.TO_CONTACT])


def test_the_next_one_is_of_the_same_filters(client_for: ClientFor, scheduler_ana: User, shadyside: Site) -> None:
    first, english, spanish = _due_recalls(shadyside, 3)
    Patient.objects.filter(pk__in=[first.patient_id, spanish.patient_id]).update(language="es")
    browser = client_for(scheduler_ana)
    spanish_queue = f"{reverse('queue')}?language=es"
    answer = StepFormClient(browser, first, "log_contact", spanish_queue).send(**CALL)
    assert redirect_path(answer) == reverse("recall", args=[spanish.pk])
    assert english.contact_attempts.count() == 0


def test_nobody_is_led_to_a_recall_that_a_colleague_has_open(
    client_for: ClientFor, scheduler_ana: User, scheduler_bea: User, shadyside: Site
) -> None:
    first, second, third = _due_recalls(shadyside, 3)
    browser = client_for(scheduler_ana)
    _open(browser, first, reverse("queue"))
    _open(client_for(scheduler_bea), second)
    passed_over = browser.get(add_return_list(reverse("next_recall", args=[first.pk]), reverse("queue")))
    assert redirect_path(passed_over) == reverse("recall", args=[third.pk])


def test_whoever_comes_from_a_days_list_or_a_search_is_led_back_to_it(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    (recall,) = _due_recalls(shadyside, 1)
    browser = client_for(scheduler_ana)
    results = (ContactResult.NO_ANSWER, ContactResult.LEFT_MESSAGE, ContactResult.THIRD_PERSON)
    for name, result in zip(("queue", "search", "appointments"), results, strict=True):
        came_from = reverse(name)
        answer = StepFormClient(browser, recall, "log_contact", came_from).send(**CALL | {"result": result})
        assert answer.headers["Location"] == came_from


def test_whoever_comes_from_elsewhere_is_led_back_to_the_queue(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    (recall,) = _due_recalls(shadyside, 1)
    answer = StepFormClient(client_for(scheduler_ana), recall, "log_contact").send(**CALL)
    assert answer.headers["Location"] == reverse("queue_state", args=[State.TO_CONTACT])


def test_a_recall_open_elsewhere_shows_the_users_name_until_ten_idle_minutes_have_passed(
    client_for: ClientFor, scheduler_ana: User, scheduler_bea: User, shadyside: Site, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(MONDAY, tick=False)
    recall = RecallFactory.create(site=shadyside)
    ana, bea = client_for(scheduler_ana), client_for(scheduler_bea)
    sign = f"<strong>{scheduler_ana.get_full_name()}</strong> has this recall open"
    assert sign not in _open(ana, recall)
    assert sign in _open(bea, recall)
    time_machine.shift(timedelta(minutes=9))
    bea.get(reverse("keyboard_shortcuts"))  # neither of the two is signed out
    assert ana.post(reverse("refresh_presence", args=[recall.pk])).status_code == 204
    time_machine.shift(edit_presence.CLAIM_TIMEOUT - timedelta(seconds=1))
    assert sign in _open(bea, recall)
    time_machine.shift(timedelta(seconds=2))
    assert sign not in _open(bea, recall)
    assert RecallClaim.objects.get().user == scheduler_bea
    assert scheduler_bea.get_full_name() in _open(ana, recall)


def test_a_claim_ends_when_the_work_is_saved_and_a_look_by_a_reader_makes_none(
    client_for: ClientFor, scheduler_ana: User, radiologist_rao: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    _open(client_for(radiologist_rao), recall)
    assert not RecallClaim.objects.exists()
    StepFormClient(client_for(scheduler_ana), recall, "log_contact").send(**CALL)
    assert not RecallClaim.objects.exists()


def test_the_page_after_saving_offers_to_undo_and_the_button_takes_it_back(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    browser = client_for(scheduler_ana)
    shown = browser.get(StepFormClient(browser, recall, "log_contact").send(**CALL).headers["Location"])
    address = reverse("undo", args=[recall.pk])
    assert f'action="{address}"' in page_text(shown)
    version = Recall.objects.get(pk=recall.pk).version
    page = page_text(browser.post(address, {"version": version, "key": "a-press"}, follow=True))
    assert "Undone: Log a contact." in page
    assert "First call" in page
    again = page_text(browser.post(address, {"version": version, "key": "another-press"}, follow=True))
    assert "You did this yourself meanwhile" in again or "is not undone" in again


def test_too_late_to_undo_is_said_in_a_sentence(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(MONDAY, tick=False)
    recall = RecallFactory.create(site=shadyside)
    browser = client_for(scheduler_ana)
    StepFormClient(browser, recall, "log_contact").send(**CALL)
    time_machine.shift(timedelta(seconds=12))
    seen = {"version": Recall.objects.get(pk=recall.pk).version}
    assert "Ten seconds are over." in page_text(browser.post(reverse("undo", args=[recall.pk]), seen, follow=True))


def test_an_undo_that_does_not_say_what_was_seen_takes_nothing_back(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    browser = client_for(scheduler_ana)
    StepFormClient(browser, recall, "log_contact").send(**CALL)
    page = browser.post(reverse("undo", args=[recall.pk]), {"key": "a-press"}, follow=True)
    assert "The page did not say what you had seen." in page_text(page)
    assert Recall.objects.get(pk=recall.pk).events.latest("pk").step == "log_contact"


def _reads_of_the_queue(browser: Client, recall: Recall) -> int:
    form = StepFormClient(browser, recall, "log_contact", reverse("queue"))
    with CaptureQueriesContext(connection) as taken:
        form.send(**CALL)
    return sum(f"LIMIT {queue.PAGE_SIZE + 1}" in query["sql"] for query in taken)


def test_a_save_reads_the_queue_once_to_find_who_is_next(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    first, second = _due_recalls(shadyside, 2)
    Recall.objects.filter(pk=second.pk).update(target_at=timezone.now() + timedelta(days=90))  # behind it still
    assert _reads_of_the_queue(client_for(scheduler_ana), first) == 1


def test_opening_a_recall_from_a_list_for_the_first_time_asks_one_more_query_than_looking_again(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    first, second = RecallFactory.create(site=shadyside), RecallFactory.create(site=shadyside, three_attempts=True)
    browser = client_for(scheduler_ana)
    _open(browser, first)  # the first request of a session also writes when it was last seen
    with CaptureQueriesContext(connection) as taken:
        _open(browser, second, reverse("queue"))
    kinds = [query["sql"].split()[0] for query in taken if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    with CaptureQueriesContext(connection) as taken_again:
        _open(browser, second, reverse("queue"))
    again = [query["sql"].split()[0] for query in taken_again]
    assert len(kinds) - len(again) == 1, kinds  # that the user has it open now
