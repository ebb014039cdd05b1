"""Holds that the page says the current stage and what comes next, and only what the clinic has released."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from clinic.actors import INTAKE
from clinic.factories import SiteFactory, get_site_staff
from clinic.models import Site, User
from notifications.content import loader
from patients.models import Consent, Patient
from recalls import actions
from recalls.actions import DisclosureInput, OutcomeInput
from recalls.actions.supplemental import SupplementalInput, advise_supplemental, record_supplemental
from recalls.enums import (
    Assessment,
    DisclosureMethod,
    FindingKind,
    RecallKind,
    Side,
    SupplementalTest,
    VisitKind,
)
from recalls.tasks import apply_due_steps
from recalls.testing.factories import ExamFactory, RecallFactory
from recalls.testing.scenarios import SCENARIOS
from tests.architecture.source_files import PROJECT_ROOT
from tests.portal.conftest import PageOf, page_text, slot_in

pytestmark = pytest.mark.django_db

VisitAs = Callable[[Patient], Client]
STILL_READ = ("attended", "benign_to_tell", "suspicious_to_tell")
AFTER_A_BIOPSY = (
    "awaiting_pathology",
    "awaiting_concordance",
    "benign_concordant",
    "high_risk",
    "cancer_to_tell",
    "to_hand_over",
    "cancer",
    "discordant",
)
LIVING = [story for story in SCENARIOS if story != "deceased"]


def _without_dates(page: str) -> str:
    page = re.sub(r"\w+day, \w+ \d+, \d{4}", "DAY", page)
    return page.replace(" If you have not heard from us by DAY, please call us.", "")


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("story", LIVING)
def test_every_situation_has_a_page_with_a_next_step_and_somebody_to_call(
    story: str, language: str, open_page_as: VisitAs, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, patient__language=language, **{story: True})
    response = open_page_as(recall.patient).get("/my/")
    assert response.status_code == 200
    assert response.headers["Content-Language"] == language
    assert f'<html lang="{language}">' in response.content.decode()
    assert "(412) 555-0100" in page_text(response)
    assert "!" not in page_text(response)


def test_the_page_of_a_booked_patient_says_why_then_what_happens_and_folds_the_figures(
    open_page_as: VisitAs, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, booked=True)
    markup = open_page_as(recall.patient).get("/my/").content.decode()
    why, day, figures = (markup.index(f'id="{name}-title"') for name in ("why", "day", "figures"))
    assert why < day < figures < markup.index("<summary>See the numbers</summary>") < markup.index('id="hundred-title"')


@pytest.mark.parametrize("story", STILL_READ)
def test_a_result_that_nobody_has_told_looks_like_pictures_still_being_read(
    story: str, page_of: PageOf, shadyside: Site
) -> None:
    page = page_of(RecallFactory.create(site=shadyside, **{story: True}))
    other = page_of(RecallFactory.create(site=shadyside, attended=True))
    assert "Our doctor looks at your pictures" in page
    assert _without_dates(page) == _without_dates(other)


@pytest.mark.parametrize("story", AFTER_A_BIOPSY)
def test_after_a_biopsy_every_page_reads_the_same_whatever_was_found(
    story: str, page_of: PageOf, shadyside: Site
) -> None:
    page = page_of(RecallFactory.create(site=shadyside, **{story: True}))
    assert "We give the answer by phone or in person" in page
    assert "Call (412) 555-0100" in page, "whom to ring"
    assert _without_dates(page) == _without_dates(
        page_of(RecallFactory.create(site=shadyside, awaiting_pathology=True))
    )
    for word in ("cancer", "biopsy", "benign", "pathology", "fine"):
        assert word not in page.lower()


def test_a_released_outcome_is_told_and_disappears_when_it_is_amended(
    open_page_as: VisitAs, shadyside: Site, radiologist_rao: User
) -> None:
    recall = RecallFactory.create(site=shadyside, closed_benign=True)
    client = open_page_as(recall.patient)
    assert "What we saw is benign" in page_text(client.get("/my/"))
    reading = OutcomeInput(Assessment.SUSPICIOUS_B)
    actions.amend_outcome(recall, reading, reason="A second look at the earlier pictures.", by=radiologist_rao)
    page = page_text(client.get("/my/"))
    assert "benign" not in page
    assert "Our doctor looks at your pictures" in page


def test_an_outcome_appears_at_the_minute_it_is_released(open_page_as: VisitAs, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, benign_to_tell=True)
    assert recall.tell_by is not None
    later = recall.tell_by - timedelta(hours=1)
    with time_machine.travel(later - timedelta(hours=2)):
        actions.release_outcome(recall, later, by=get_site_staff(shadyside).radiologist)
        apply_due_steps()
        assert "good news" not in page_text(open_page_as(recall.patient).get("/my/"))
    with time_machine.travel(later + timedelta(minutes=1)):
        apply_due_steps()
        assert "good news" in page_text(open_page_as(recall.patient).get("/my/"))


def test_the_page_tells_reason_and_figure_to_a_patient_who_agreed_to_no_detail_in_email(
    page_of: PageOf, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    assert not recall.patient.consents.filter(subject=Consent.Subject.DETAIL).exists()
    page = page_of(recall)
    assert "Tiny white spots (calcifications)." in page
    assert "96 do not have cancer" in page


def test_after_a_probably_benign_outcome_page_and_mail_both_ask_to_book_now(page_of: PageOf, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, probably_benign=True)
    page = page_of(recall)
    assert "please call us to book it now. We also remind you before the day." in page
    assert "Call (412) 555-0100" in page
    assert "keep the date in mind" not in page
    for name in ("outcome_probably_benign", "outcome_probably_benign.letter", "outcome_probably_benign.detailed"):
        text = loader.get_shipped_text(name, "en")
        assert text is not None
        assert "Please call us to book this visit now" in text.body.template


@pytest.mark.parametrize(
    ("assessment", "heading", "words"),
    [
        (Assessment.BENIGN, "it is good news", "What we saw is benign"),
        (Assessment.PROBABLY_BENIGN, "We would like to look again in some months", "very likely harmless"),
        (Assessment.SUSPICIOUS_B, "We would like to find a day with you for the next step", "We advise a biopsy"),
    ],
)
def test_what_was_told_by_voice_may_be_read_afterwards(
    assessment: Assessment, heading: str, words: str, open_page_as: VisitAs, shadyside: Site, radiologist_rao: User
) -> None:
    recall = RecallFactory.create(site=shadyside, attended=True)
    actions.record_outcome(recall, OutcomeInput(assessment), by=radiologist_rao)
    client = open_page_as(recall.patient)
    assert words not in page_text(client.get("/my/"))
    actions.result_told(recall, DisclosureInput(DisclosureMethod.PHONE), by=radiologist_rao)
    page = page_text(client.get("/my/"))
    assert heading in page
    assert words in page


def test_a_biopsy_that_was_advised_without_a_visit_is_named_once_the_patient_was_told(
    open_page_as: VisitAs, shadyside: Site, radiologist_rao: User
) -> None:
    recall = RecallFactory.create(site=shadyside, suspicious_screen=True)
    actions.advise_biopsy(recall, by=radiologist_rao)
    client = open_page_as(recall.patient)
    assert "biopsy" not in page_text(client.get("/my/")).lower()
    actions.result_told(recall, DisclosureInput(DisclosureMethod.PHONE), by=radiologist_rao)
    assert "We advise a biopsy" in page_text(client.get("/my/"))


def test_an_answer_of_prior_images_that_nobody_has_told_looks_like_waiting_for_them(
    page_of: PageOf, shadyside: Site, radiologist_rao: User
) -> None:
    recall = RecallFactory.create(site=shadyside, priors_received=True)
    actions.resolve_by_priors(recall, OutcomeInput(Assessment.BENIGN), by=radiologist_rao)
    assert "We are waiting for your earlier pictures" in page_of(recall)


def test_a_follow_up_is_to_be_booked_now_and_its_result_stays_to_be_read(
    open_page_as: VisitAs, shadyside: Site, scheduler_ana: User
) -> None:
    recall = RecallFactory.create(site=shadyside, probably_benign=True)
    client = open_page_as(recall.patient)
    page = page_text(client.get("/my/"))
    assert "please call us to book it now. We also remind you before the day." in page
    assert "Call (412) 555-0100" in page
    slot = slot_in(170, shadyside, VisitKind.FOLLOW_UP)
    actions.book_appointment(recall, slot, by=scheduler_ana)
    page = page_text(client.get("/my/"))
    assert "Your visit is booked" in page
    assert "very likely harmless" in page


def test_the_page_shows_the_more_urgent_of_two_recalls_and_names_the_visit_of_the_other(
    page_of: PageOf, shadyside: Site, scheduler_ana: User
) -> None:
    recall = RecallFactory.create(site=shadyside, biopsy_to_book=True)
    other = RecallFactory.create(patient=recall.patient)
    slot = slot_in(20, shadyside)
    actions.book_appointment(other, slot, by=scheduler_ana)
    page = page_of(recall)
    assert "We would like to find a day with you for the next step" in page
    assert "You have one more visit:" in page


def test_a_probably_benign_outcome_names_the_month_of_the_next_visit(page_of: PageOf, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, probably_benign=True)
    assert recall.follow_up_on
    assert f"Your next visit is due in {recall.follow_up_on:%B %Y}" in page_of(recall)


def test_a_biopsy_is_named_only_when_the_patient_was_told_of_it(open_page_as: VisitAs, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, suspicious_to_tell=True)
    client, rao = open_page_as(recall.patient), get_site_staff(shadyside).radiologist
    assert "We advise a biopsy" not in page_text(client.get("/my/"))
    actions.result_told(recall, DisclosureInput(DisclosureMethod.PHONE), by=rao)
    assert "We advise a biopsy" in page_text(client.get("/my/"))
    slot = slot_in(5, shadyside, VisitKind.BIOPSY)
    actions.book_biopsy(recall, slot, by=get_site_staff(shadyside).scheduler)
    page = page_text(client.get("/my/"))
    assert "go over the medicines you take" in page
    assert "A core biopsy" in page


def test_the_visit_is_shown_in_the_local_time_of_its_place(
    open_page_as: VisitAs, shadyside: Site, scheduler_ana: User
) -> None:
    denver = SiteFactory.create(name="Foothills Sample Imaging", time_zone="America/Denver", city="Denver", state="CO")
    with time_machine.travel(datetime(2026, 11, 16, 15, tzinfo=UTC)):
        recall = RecallFactory.create(site=shadyside)
        slot = actions.Slot(denver, datetime(2026, 11, 24, 16, tzinfo=UTC))
        actions.book_appointment(recall, slot, by=scheduler_ana)
        page = page_text(open_page_as(recall.patient).get("/my/"))
    assert "Tuesday, November 24, 2026 9:00 am" in page
    assert "Foothills Sample Imaging 1 Example Street Denver, CO" in page


def test_each_reason_is_told_in_the_patients_words_and_once(page_of: PageOf, shadyside: Site) -> None:
    findings = [(FindingKind.MASS, Side.LEFT), (FindingKind.CALCIFICATIONS, Side.RIGHT), (FindingKind.MASS, Side.RIGHT)]
    page = page_of(RecallFactory.create(site=shadyside, exam__findings=findings))
    assert page.count("A spot that looks like a lump (a mass).") == 1
    assert page.count("Tiny white spots (calcifications).") == 1
    assert page.count("We would like more pictures of both breasts.") == 1


@pytest.mark.parametrize(("first", "said"), [(True, "about 21 are called back"), (None, "about 10 are called back")])
def test_the_figures_are_those_of_the_patients_kind_of_screening(
    first: bool | None, said: str, open_page_as: VisitAs, shadyside: Site
) -> None:
    response = open_page_as(RecallFactory.create(site=shadyside, exam__first_screen=first).patient).get("/my/")
    page = response.content.decode()
    assert said in page
    assert "100 small figures: 96 light ones and 4 filled ones" in page
    assert (page.count("<use "), page.count('class="counted"')) == (100, 4)


@pytest.mark.parametrize("story", ["suspicious_screen", "biopsy_booked", "next_round", "more_imaging"])
def test_the_comfort_of_figures_is_not_given_where_it_may_be_false(
    story: str, page_of: PageOf, shadyside: Site
) -> None:
    page = page_of(RecallFactory.create(site=shadyside, **{story: True}))
    assert "96" not in page
    assert "Most people who are called back are fine" not in page


def test_after_a_result_of_4_or_5_a_person_and_not_the_page_tells_why(page_of: PageOf, shadyside: Site) -> None:
    page = page_of(RecallFactory.create(site=shadyside, suspicious_screen=True))
    assert "Why we called you back" not in page
    assert "cancer" not in page.lower()
    assert "Please call us to choose a day" in page


def test_a_picture_to_repeat_is_about_the_picture(page_of: PageOf, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, exam__recall_kind=RecallKind.TECHNICAL, exam__findings=[])
    page = page_of(recall)
    assert "A picture that did not come out well" in page
    assert "cancer" not in page.lower()


def test_a_missed_visit_is_nobodys_fault(page_of: PageOf, shadyside: Site) -> None:
    page = page_of(RecallFactory.create(site=shadyside, missed=True))
    assert "The last one did not work out, and that happens." in page
    assert "missed" not in page.lower()


def test_a_visit_whose_hour_has_passed_is_not_offered_for_confirmation(open_page_as: VisitAs, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, booked=True)
    visit = recall.appointments.get()
    with time_machine.travel(visit.starts_at + timedelta(hours=3)):
        page = page_text(open_page_as(recall.patient).get("/my/"))
    assert "Your visit was planned for" in page
    assert "I will be there" not in page


def test_the_next_visit_comes_first_when_a_patient_has_two_recalls(page_of: PageOf, shadyside: Site) -> None:
    waiting = RecallFactory.create(site=shadyside, probably_benign=True)
    RecallFactory.create(patient=waiting.patient, booked=True)
    assert "Your visit is booked" in page_of(waiting)


def test_a_patient_without_a_recall_reads_that_nothing_is_open(open_page_as: VisitAs, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, void=True)
    assert "nothing you need to do" in page_text(open_page_as(recall.patient).get("/my/"))


def test_the_spanish_page_holds_no_english_sentence(open_page_as: VisitAs, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, booked=True, patient__language="es")
    client = open_page_as(recall.patient)
    spanish = [client.get(path) for path in ("/my/", "/my/choices/", "/my/ask/another-time/", "/my/not-me/")]
    client.cookies["django_language"] = "en"
    english = [client.get(path) for path in ("/my/", "/my/choices/", "/my/ask/another-time/", "/my/not-me/")]
    names = {
        "Normal.",
        "Shadyside Sample Imaging",
        "Pittsburgh, PA 15232",
        "1 Example Street",
        "English",
        "Español",
        "8:30 am",
    }
    for ours, theirs in zip(spanish, english, strict=True):
        same = {piece for piece in _pieces(ours.content) & _pieces(theirs.content) if re.search(r"[a-z]{2}", piece)}
        assert same <= names


def _pieces(page: bytes) -> set[str]:
    return {" ".join(piece.split()) for piece in re.findall(r">([^<>]+)<", page.decode())}


def test_the_first_load_is_under_fifty_thousand_bytes(open_page_as: VisitAs, shadyside: Site) -> None:
    findings = [(kind, Side.LEFT) for kind in (FindingKind.MASS, FindingKind.CALCIFICATIONS, FindingKind.ASYMMETRY)]
    recall = RecallFactory.create(site=shadyside, booked=True, exam__findings=findings)
    page = open_page_as(recall.patient).get("/my/").content
    assets = re.findall(r'href="/static/([^"]+)"', page.decode())
    assert sorted(assets) == ["css/portal.css", "img/icon.svg"]
    assert len(page) + sum((PROJECT_ROOT / "static" / path).stat().st_size for path in assets) < 50_000


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("result", [Assessment.NEED_IMAGING, Assessment.SUSPICIOUS_B])
def test_after_a_supplemental_test_a_person_tells_why_and_no_figure_of_mammograms_is_shown(
    result: Assessment, language: str, open_page_as: VisitAs, shadyside: Site, radiologist_rao: User
) -> None:
    exam = ExamFactory.create(patient__site=shadyside, patient__language=language, negative=True)
    row = advise_supplemental(exam, SupplementalTest.ULTRASOUND, by=INTAKE)
    done_on = timezone.localtime(timezone=shadyside.zone).date()
    record_supplemental(row.pk, SupplementalInput(done_on, result), by=radiologist_rao)
    response = open_page_as(exam.patient).get("/my/")
    page = page_text(response)
    assert response.status_code == 200
    assert "(412) 555-0100" in page
    assert "96" not in page
    assert "Why we called you back" not in page
