"""Holds what a tablet in a patient's hands may reach: the questions of that one patient, for minutes, and no more."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from clinic import calendar
from clinic.models import AccessLog, Site, User
from patients.actions import record_death, set_merged_into
from patients.contact_plan.handover import make_handover
from patients.factories import PatientFactory
from patients.models import ContactPlan, Patient, PatientLink, TabletHandover
from recalls.testing.factories import RecallFactory
from tests.architecture.test_login_required import PUBLIC_URL_NAMES, URL_PATTERNS
from tests.contact_plan.conftest import Handed, give_number
from tests.portal.conftest import make_link, page_text

pytestmark = pytest.mark.django_db


def test_the_tablet_opens_no_page_of_the_staff_and_no_patients_page(hand_to: Handed, ruth: Patient) -> None:
    recall = RecallFactory.create(patient=ruth)
    tablet, seen = hand_to(ruth), 0
    arguments = {"pk": recall.pk, "recall_id": recall.pk, "patient_id": ruth.pk, "state": "to_contact"}
    for name, pattern in URL_PATTERNS:
        known = {key: arguments.get(key, "1") for key in pattern.pattern.converters}
        if name in PUBLIC_URL_NAMES or name.startswith("admin:"):
            continue
        try:
            address = reverse(name, kwargs=known)
        except NoReverseMatch:  # an address of another shape: the check of every view stands in test_login_required
            continue
        for answer in (tablet.get(address), tablet.post(address, {})):
            assert answer.status_code in (302, 401, 403, 404, 405), name
            if answer.status_code == 302:
                assert "/sign-in/" in answer.headers["Location"], name
        seen += 1
    assert seen > 100
    assert "Please open your link again" in page_text(tablet.get("/my/"))
    assert tablet.get("/admin/").status_code == 302


def test_the_tablet_asks_only_its_own_patient(hand_to: Handed, ruth: Patient) -> None:
    other = PatientFactory.create(site=ruth.site, given_name="Olga")
    tablet = hand_to(ruth)
    page = tablet.get(f"/tablet/number/?patient={other.pk}")
    assert "Hello Ruth" in page_text(page)
    assert other.family_name not in page_text(page)
    said = {"patient": other.pk, "pk": other.pk, "handover": 1, "part": "morning", "voicemail": "no"}
    tablet.post("/tablet/calls/", said)
    other.refresh_from_db()
    assert (other.voicemail, ContactPlan.objects.filter(patient=other).exists()) == ("ask", False)
    tablet.cookies["tablet"] = tablet.cookies["tablet"].value[::-1]
    assert tablet.get("/tablet/calls/").status_code == 403


def test_a_forged_cookie_or_that_of_another_tablet_opens_nothing(
    hand_to: Handed, ruth: Patient, scheduler_ana: User
) -> None:
    tablet = hand_to(ruth)
    stolen = tablet.cookies["tablet"].value
    tablet.post("/tablet/hand-back/")
    thief = Client()
    thief.cookies["tablet"] = stolen
    assert thief.get("/tablet/number/").status_code == 403
    make_handover(ruth, by=scheduler_ana)
    assert thief.get("/tablet/number/").status_code == 403, "the next hand-over is another one"


def test_it_ends_by_itself_after_minutes_and_says_so_without_a_script(hand_to: Handed, ruth: Patient) -> None:
    tablet = hand_to(ruth)
    page = tablet.get("/tablet/number/")
    assert page.headers["Refresh"] == "180; url=/tablet/still-here/"
    asked = tablet.get("/tablet/still-here/")
    assert "Do you need more time?" in page_text(asked)
    assert asked.headers["Refresh"] == "60; url=/tablet/thanks/"
    end = tablet.get("/tablet/thanks/")
    assert "Thank you. Please hand the tablet back." in page_text(end)
    assert "Refresh" not in end.headers
    assert "Ruth" not in end.text
    assert "Please hand the tablet back" in page_text(tablet.get("/tablet/number/"))
    assert TabletHandover.objects.get().ended_at is not None


def test_an_idle_tablet_and_an_old_one_are_closed_whatever_the_browser_does(hand_to: Handed, ruth: Patient) -> None:
    tablet, now = hand_to(ruth), timezone.now()
    with time_machine.travel(now + timedelta(minutes=5), tick=False):
        assert tablet.get("/tablet/number/").status_code == 403
    tablet = hand_to(ruth)
    for minutes in range(4, 20, 4):
        with time_machine.travel(now + timedelta(minutes=minutes), tick=False):
            assert tablet.get("/tablet/number/").status_code == 200
    with time_machine.travel(now + timedelta(minutes=20, seconds=30), tick=False):
        assert tablet.get("/tablet/number/").status_code == 403


def test_answered_to_the_end_it_is_handed_back_at_once(hand_to: Handed, ruth: Patient) -> None:
    tablet = hand_to(ruth)
    page = tablet.post("/tablet/result/", {"channel": "phone", "when": "soon"})
    assert ruth.site.sender_name in page_text(page)
    assert "Please hand the tablet back" in page_text(page)
    assert tablet.get("/tablet/calls/").status_code == 403


def test_with_death_merge_or_the_switch_it_ends(hand_to: Handed, ruth: Patient, scheduler_ana: User) -> None:
    dead, merged = (PatientFactory.create(site=ruth.site) for _ in range(2))
    tablets = [hand_to(patient) for patient in (dead, merged, ruth)]
    record_death(dead, calendar.today(ruth.site), by=scheduler_ana)
    set_merged_into(merged, ruth, by=scheduler_ana)
    assert [one.get("/tablet/number/").status_code for one in tablets] == [403, 403, 200]
    Site.objects.update(asks_contact_plan=False)
    assert tablets[2].post("/tablet/calls/", {"part": "any", "voicemail": "no"}).status_code == 403
    ruth.refresh_from_db()
    assert ruth.voicemail == "ask"


def test_a_number_opens_one_tablet_once_for_ten_minutes_and_guessing_is_slowed(
    ruth: Patient, scheduler_ana: User
) -> None:
    code = make_handover(ruth, by=scheduler_ana)
    assert code not in str(list(TabletHandover.objects.values()))
    first, second = Client(), Client()
    assert first.post("/tablet/", {"number": f"{code[:4]} {code[4:]}"}).status_code == 302
    assert "opens nothing" in page_text(second.post("/tablet/", {"number": code}))
    code = make_handover(ruth, by=scheduler_ana)
    assert first.get("/tablet/number/").status_code == 403, "a new number ends the tablet before it"
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        assert "opens nothing" in page_text(second.post("/tablet/", {"number": code}))
    for _ in range(20):
        last = second.post("/tablet/", {"number": "00000000"})
    assert last.status_code == 429
    assert "wait 15 minutes" in page_text(second.post("/tablet/", {"number": code}))


def test_staff_open_it_on_this_device_and_are_signed_out(client: Client, ruth: Patient, scheduler_ana: User) -> None:
    client.force_login(scheduler_ana)
    address = reverse("contact_plan", args=[ruth.pk])
    assert address in client.get(reverse("patient", args=[ruth.pk])).text
    answer = client.post(address, {"way": "here"})
    assert answer.headers["Location"] == "/tablet/number/"
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert "Hello Ruth" in page_text(client.get("/tablet/number/"))
    for closed in (address, reverse("patient", args=[ruth.pk]), "/queue/"):
        assert "/sign-in/" in client.get(closed).headers["Location"]
    handover = TabletHandover.objects.get()
    assert (handover.opened_by, handover.patient) == (scheduler_ana, ruth)
    assert AccessLog.objects.filter(patient_id=ruth.pk, page="contact plan: here").exists()


def test_staff_make_a_number_a_link_for_the_phone_or_end_both(
    client: Client, ruth: Patient, scheduler_ana: User
) -> None:
    client.force_login(scheduler_ana)
    address = reverse("contact_plan", args=[ruth.pk])
    assert not TabletHandover.objects.exists()
    client.get(address)
    assert not TabletHandover.objects.exists(), "looking makes nothing"
    code = client.post(address, {"way": "tablet"}).context["code"].replace(" ", "")
    client.post(address, {"way": "end"})
    assert "opens nothing" in page_text(Client().post("/tablet/", {"number": code}))
    assert "data:image/svg+xml" in client.post(address, {"way": "phone"}).text
    assert PatientLink.objects.get(patient=ruth).address == ""
    Site.objects.update(page_link=False)
    assert "data:image" not in client.post(address, {"way": "phone"}).text


def test_it_is_offered_for_nobody_dead_merged_elsewhere_or_where_the_site_does_not_ask(
    client: Client, ruth: Patient, scheduler_ana: User, foothills: Site
) -> None:
    client.force_login(scheduler_ana)
    dead, merged = (PatientFactory.create(site=ruth.site) for _ in range(2))
    record_death(dead, calendar.today(ruth.site), by=scheduler_ana)
    set_merged_into(merged, ruth, by=scheduler_ana)
    for patient, words in ((dead, "The patient has died"), (merged, "Open the one in use")):
        assert words in page_text(client.post(reverse("contact_plan", args=[patient.pk]), {"way": "tablet"}))
    assert not TabletHandover.objects.exists()
    elsewhere = PatientFactory.create(site=foothills)
    assert client.get(reverse("contact_plan", args=[elsewhere.pk])).status_code == 404
    Site.objects.update(asks_contact_plan=False)
    assert client.get(reverse("contact_plan", args=[ruth.pk])).status_code == 404
    assert "contact-plan" not in client.get(reverse("patient", args=[ruth.pk])).text


def test_on_the_patients_own_page_the_same_questions_stand_behind_the_link(client: Client, ruth: Patient) -> None:
    assert client.get("/my/plan/number/").status_code == 403
    born = ruth.birth_date
    client.post(make_link(ruth), {"month": born.month, "day": born.day, "year": born.year})
    assert "/my/plan/number/" in client.get("/my/").text
    answer = client.post("/my/plan/number/", {"language": "en", "phone": "4125550155", "phone_kind": "home"})
    assert answer.headers["Location"] == "/my/plan/calls/"
    assert "Refresh" not in client.get("/my/plan/calls/").headers
    client.post("/my/plan/calls/", {"part": "any", "voicemail": "yes"})
    client.post("/my/plan/people/", {"may_answer": "only_me"})
    page = client.post("/my/plan/result/", {"channel": "in_person", "when": "soon"}, follow=True)
    assert "Saved. Thank you." in page_text(page)
    assert ContactPlan.objects.get(patient=ruth).finished_at is not None
    assert client.get("/my/plan/nothing/").status_code == 404
    Site.objects.update(asks_contact_plan=False)
    assert client.get("/my/plan/number/").headers["Location"] == "/my/"
    assert "/my/plan/" not in client.get("/my/").text


def test_every_address_of_the_tablet_is_without_a_name_or_number(hand_to: Handed, ruth: Patient) -> None:
    tablet = hand_to(ruth)
    assert give_number(tablet, kind="home") == "/tablet/calls/"
    for step in ("number", "calls", "people", "result"):
        page = tablet.get(f"/tablet/{step}/")
        assert page.headers["Cache-Control"] == "no-store, private"
        assert "<script" not in page.text
        assert f"/{ruth.pk}/" not in page.text


def test_a_tablet_in_which_somebody_was_signed_in_is_the_patients_alone_once_it_is_opened(
    client: Client, ruth: Patient, scheduler_ana: User
) -> None:
    other = PatientFactory.create(site=ruth.site, given_name="Olga")
    born = other.birth_date
    client.post(make_link(other), {"month": born.month, "day": born.day, "year": born.year})
    client.force_login(scheduler_ana)
    assert "Olga" in page_text(client.get("/my/"))
    assert client.get("/queue/").status_code == 200
    answer = client.post("/tablet/", {"number": make_handover(ruth, by=scheduler_ana)})
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert "Hello Ruth" in page_text(client.get("/tablet/number/"))
    assert "/sign-in/" in client.get("/queue/").headers["Location"]
    assert client.get("/my/").status_code == 403


def test_an_answer_that_comes_too_late_is_not_called_saved(hand_to: Handed, ruth: Patient) -> None:
    tablet = hand_to(ruth)
    TabletHandover.objects.update(ended_at=timezone.now())
    said = {"part": "any", "voicemail": "no"}
    late = page_text(tablet.post("/tablet/calls/", said))
    assert "If you were not done, please tell the front desk." in late
    assert "is saved" not in late
    assert "is saved" in page_text(hand_to(ruth).post("/tablet/hand-back/"))
