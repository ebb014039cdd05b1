"""Tests that lay summaries are printed in batches, count as sent once somebody says so, and that late ones show."""

from io import BytesIO
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pypdf import PdfReader

from clinic.actors import INTAKE, PATIENT
from clinic.models import AccessLog, Site, User
from notifications.delivery import lay_summary_batches
from notifications.delivery.worker import send_due
from notifications.enums import Channel, SummaryEventKind, SummaryState
from notifications.models import LaySummary, LaySummaryBatch
from patients.actions import record_consent
from patients.models import Consent
from recalls import actions
from recalls.enums import Assessment, Density
from recalls.models import ScreeningExam
from tests.board.conftest import page_text
from tests.notifications.clock import Clock, plan_lay_summaries
from tests.notifications.lay_summaries import open_recall, post_letters, read_exam, summary_of
from tests.words.test_federal_texts import SUMS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seen_once")]


@pytest.fixture
def site(clock: Clock, shadyside: Site) -> Site:
    shadyside.sends_lay_summaries, shadyside.legal_name = True, "Shadyside Breast Center, Inc."
    shadyside.save()
    return shadyside


@pytest.fixture
def ana(client: Client, scheduler_ana: User) -> Client:
    client.force_login(scheduler_ana)
    return client


def pages_of(answer: Any) -> list[str]:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(content)).pages]


def make_pdf(browser: Client, site: Site) -> list[str]:
    answer = browser.post(reverse("lay_summary_batch_make"), {"site": site.pk})
    assert answer["Content-Type"] == "application/pdf"
    return pages_of(answer)


def test_a_batch_is_one_pdf_and_counts_as_sent_once_somebody_says_that_it_was_posted(
    ana: Client, scheduler_ana: User, site: Site
) -> None:
    exams = [read_exam(site) for _ in range(3)]
    assert "3" in page_text(ana.get(reverse("lay_summaries")).text)
    text = " ".join(make_pdf(ana, site))
    assert [exam.patient.full_name in text for exam in exams] == [True] * 3
    assert {summary_of(exam).state for exam in exams} == {SummaryState.OWED}, "a PDF is no letter in the post"
    batch = LaySummaryBatch.objects.get()
    ana.post(reverse("lay_summary_batch", args=[batch.pk]), {"all": "1"})
    row = summary_of(exams[0])
    assert (row.state, row.sent_by, row.batch) == (SummaryState.SENT, scheduler_ana, batch)
    (proof,) = row.events.all()
    assert (proof.kind, proof.user) == (SummaryEventKind.POSTED, scheduler_ana)
    assert proof.address == f"{exams[0].patient.full_name}, 12 Invented Lane, Pittsburgh, PA 15232"
    assert AccessLog.objects.filter(user=scheduler_ana, patient_id=exams[0].patient_id).exists()
    assert "No letter waits." in page_text(ana.get(reverse("lay_summaries")).text)


def test_the_letter_names_patient_facility_day_result_next_step_and_density(ana: Client, site: Site) -> None:
    """Domain fact: 21 CFR 900.12(c)(2)."""
    exam = read_exam(site, density=Density.C)
    text = " ".join(make_pdf(ana, site))
    day = exam.exam_date
    for part in (
        f"Hello {exam.patient.full_name},",
        f"It was done on {day:%B} {day.day}, {day.year}.",
        "Your pictures are normal. They show no sign of cancer.",
        "Ask your doctor when your next mammogram is due.",
        "Shadyside Breast Center, Inc., 1 Example Street, Pittsburgh, PA 15232. Phone (412) 555-0100.",
    ):
        assert part in text, part
    assert str(site.sender_name) not in text


@pytest.mark.parametrize("density", Density)
def test_the_federal_words_stand_letter_for_letter_by_breast_density(density: Density, ana: Client, site: Site) -> None:
    from notifications.content import loader

    read_exam(site, density=density)
    text = " ".join(make_pdf(ana, site))
    name, other = ("dense", "not_dense") if density in (Density.C, Density.D) else ("not_dense", "dense")
    assert {f"density_{name}"} <= SUMS.keys()
    assert loader.get_locked_text(f"density_{name}") in text
    assert loader.get_locked_text(f"density_{other}") not in text


def test_no_letter_begins_on_the_back_of_another_patients(ana: Client, site: Site) -> None:
    """A batch may be printed on both sides of the paper."""
    exams = [read_exam(site) for _ in range(3)]
    pages = make_pdf(ana, site)
    fronts = [page for page in pages[::2] if "This is the summary of your mammogram" in page]
    assert len(fronts) == len(exams)


def test_a_letter_that_was_not_posted_after_all_comes_into_the_next_pdf(ana: Client, site: Site) -> None:
    posted, spoiled = read_exam(site), read_exam(site)
    make_pdf(ana, site)
    batch = LaySummaryBatch.objects.get()
    page = ana.get(reverse("lay_summary_batch", args=[batch.pk])).text
    assert f'value="{summary_of(spoiled).pk}"' in page
    ana.post(reverse("lay_summary_batch", args=[batch.pk]), {"summary": [summary_of(posted).pk]})
    assert (summary_of(posted).state, summary_of(spoiled).state) == (SummaryState.SENT, SummaryState.OWED)
    assert spoiled.patient.full_name in " ".join(make_pdf(ana, site))


def test_a_letter_whose_result_was_corrected_in_the_meantime_is_not_noted_as_posted(ana: Client, site: Site) -> None:
    exam = read_exam(site)
    make_pdf(ana, site)
    actions.correct_exam(exam, {"assessment": Assessment.BENIGN}, None, by=INTAKE)
    plan_lay_summaries()
    answer = ana.post(reverse("lay_summary_batch", args=[LaySummaryBatch.objects.get().pk]), {"all": "1"}, follow=True)
    assert "1 letter is not true any more" in answer.text
    assert not LaySummary.objects.filter(state=SummaryState.SENT).exists()
    assert "What we saw is benign." in " ".join(make_pdf(ana, site))


def test_a_letter_in_a_pdf_is_not_sent_by_email_as_well(ana: Client, site: Site) -> None:
    exam = read_exam(site)
    make_pdf(ana, site)
    record_consent(exam.patient, Consent.Subject.DETAIL, granted=True, source="phone", by=PATIENT)
    actions.correct_exam(exam, {"comment": "Spelling."}, None, by=INTAKE)
    plan_lay_summaries()
    send_due(5)
    assert (mail.outbox, summary_of(exam).channel, summary_of(exam).batch is None) == ([], Channel.LETTER, False)


def test_a_posted_batch_prints_again_word_for_word(ana: Client, site: Site) -> None:
    exam = read_exam(site)
    first = make_pdf(ana, site)
    batch = LaySummaryBatch.objects.get()
    ana.post(reverse("lay_summary_batch", args=[batch.pk]), {"all": "1"})
    exam.patient.address_line = "99 Moved Street"
    exam.patient.save()
    assert pages_of(ana.post(reverse("lay_summary_batch_pdf", args=[batch.pk]))) == first


def test_the_same_batch_is_not_posted_twice(ana: Client, site: Site) -> None:
    exam = read_exam(site)
    make_pdf(ana, site)
    address = reverse("lay_summary_batch", args=[LaySummaryBatch.objects.get().pk])
    for _ in range(2):
        ana.post(address, {"all": "1"})
    assert summary_of(exam).events.count() == 1


def test_two_people_do_not_print_the_same_letter(ana: Client, scheduler_bea: User, site: Site) -> None:
    read_exam(site)
    make_pdf(ana, site)
    assert lay_summary_batches.make_batch(scheduler_bea, site).summaries == []


def test_a_batch_holds_no_more_than_its_size_and_the_nearest_limit_comes_first(
    ana: Client, site: Site, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    monkeypatch.setattr(lay_summary_batches, "LETTERS_PER_BATCH", 2)
    negative = [read_exam(site) for _ in range(3)]
    four = open_recall(site, exam__assessment=Assessment.SUSPICIOUS)
    clock.run_until("2026-11-13")
    make_pdf(ana, site)
    assert summary_of(four).batch is not None
    assert [summary_of(exam).batch is not None for exam in negative] == [True, False, False]


def test_what_waits_for_a_talk_is_not_printed_before_its_day(ana: Client, site: Site) -> None:
    open_recall(site, exam__assessment=Assessment.SUSPICIOUS)
    answer = ana.post(reverse("lay_summary_batch_make"), {"site": site.pk}, follow=True)
    assert "No letter was made" in answer.text


def test_printing_and_posting_cost_the_same_queries_for_three_letters_and_for_thirty(ana: Client, site: Site) -> None:
    def count() -> tuple[int, int, int]:
        ana.get(reverse("lay_summaries"))  # shows what the last post said, and takes it out of the session
        with CaptureQueriesContext(connection) as listed:
            ana.get(reverse("lay_summaries"))
        with CaptureQueriesContext(connection) as made:
            make_pdf(ana, site)
        batch = LaySummaryBatch.objects.latest("pk")
        with CaptureQueriesContext(connection) as posted:
            ana.post(reverse("lay_summary_batch", args=[batch.pk]), {"all": "1"})
        return len(listed), len(made), len(posted)

    ana.get(reverse("lay_summaries"))  # the first request of a session also writes when the user was last seen
    for _ in range(3):
        read_exam(site)
    few = count()
    for _ in range(30):
        read_exam(site)
    assert count() == few, few


def test_a_letter_that_came_back_waits_for_another_address(
    ana: Client, scheduler_ana: User, site: Site, clock: Clock
) -> None:
    exam = read_exam(site)
    post_letters(scheduler_ana, site)
    address = reverse("lay_summary", args=[summary_of(exam).pk])
    ana.post(address, {"kind": SummaryEventKind.RETURNED, "note": "Unknown at this address."})
    assert summary_of(exam).state == SummaryState.HELD
    clock.run_until("2026-11-20")
    assert post_letters(scheduler_ana, site) == []
    exam.patient.address_line = "14 Invented Lane"
    exam.patient.save()
    plan_lay_summaries()
    assert post_letters(scheduler_ana, site) == [exam.pk]


def test_a_summary_that_was_given_by_hand_is_proven_too(ana: Client, scheduler_ana: User, site: Site) -> None:
    exam = read_exam(site, patient={"address_line": ""})
    ana.post(
        reverse("lay_summary", args=[summary_of(exam).pk]), {"kind": SummaryEventKind.GIVEN, "note": "At the desk."}
    )
    row = summary_of(exam)
    assert (row.state, row.events.get().detail) == (SummaryState.SENT, "At the desk.")


def test_only_a_manager_says_that_a_summary_is_not_owed(
    ana: Client, client: Client, manager_mo: User, site: Site
) -> None:
    exam = read_exam(site)
    address, said = reverse("lay_summary", args=[summary_of(exam).pk]), {"kind": "not_owed", "note": "A test row."}
    answer = ana.post(address, said)
    assert (answer.status_code, summary_of(exam).state) == (409, SummaryState.OWED)
    client.force_login(manager_mo)
    assert client.post(address, said).status_code == 302
    plan_lay_summaries()
    assert summary_of(exam).state == SummaryState.CLOSED


def test_a_page_about_one_summary_shows_its_proof_and_its_letter(ana: Client, scheduler_ana: User, site: Site) -> None:
    exam = read_exam(site)
    row = summary_of(exam)
    before = ana.get(reverse("lay_summary_pdf", args=[row.pk]))
    assert exam.patient.full_name in " ".join(pages_of(before))
    post_letters(scheduler_ana, site)
    text = page_text(ana.get(reverse("lay_summary", args=[row.pk])).text)
    assert "Printed and posted" in text
    assert f"{exam.patient.full_name}, 12 Invented Lane" in text
    assert "1: Negative" in text


def test_summaries_of_another_site_are_not_shown(
    client: Client, other_site_scheduler: User, site: Site, scheduler_ana: User
) -> None:
    exam = read_exam(site)
    lay_summary_batches.make_batch(scheduler_ana, site)
    batch = LaySummaryBatch.objects.get()
    client.force_login(other_site_scheduler)
    assert exam.accession not in client.get(reverse("lay_summaries")).text
    for name, pk in (("lay_summary", summary_of(exam).pk), ("lay_summary_pdf", summary_of(exam).pk)):
        assert client.get(reverse(name, args=[pk])).status_code == 404
    assert client.get(reverse("lay_summary_batch", args=[batch.pk])).status_code == 404
    assert client.post(reverse("lay_summary_batch_pdf", args=[batch.pk])).status_code == 404
    assert client.post(reverse("lay_summary_batch_make"), {"site": site.pk}).status_code == 404


def test_a_radiologist_prints_no_summaries(client: Client, radiologist_rao: User) -> None:
    client.force_login(radiologist_rao)
    assert client.get(reverse("lay_summaries")).status_code == 403


def test_the_letters_page_leads_there_where_the_switch_is_on(ana: Client, clock: Clock, shadyside: Site) -> None:
    assert reverse("lay_summaries") not in ana.get(reverse("letters")).text
    shadyside.sends_lay_summaries = True
    shadyside.save()
    assert reverse("lay_summaries") in ana.get(reverse("letters")).text


def test_the_board_counts_in_red_what_is_not_proven_sent_and_leads_to_the_list(
    client: Client, manager_mo: User, scheduler_ana: User, site: Site, clock: Clock
) -> None:
    client.force_login(manager_mo)
    exam, gone = read_exam(site), read_exam(site)
    board = page_text(client.get("/board/").text)
    assert "2 Letters to print and post 0 Not proven sent, time limit near" in board
    gone.patient.deceased_on = "2026-11-20"
    gone.patient.save()
    clock.run_until("2026-12-03")
    client.force_login(manager_mo)
    assert "1 Not proven sent, time limit near 0 Not proven sent, past" in page_text(client.get("/board/").text)
    clock.run_until("2026-12-11")
    client.force_login(manager_mo)
    board = client.get("/board/").text
    assert "0 Not proven sent, time limit near 1 Not proven sent, past the law's time limit" in page_text(board)
    listed = client.get("/admin/notifications/laysummary/?limit=past")
    assert [row.exam for row in listed.context["cl"].queryset] == [exam]
    assert exam.accession in client.get(reverse("lay_summaries")).text, "late ones are listed where they are printed"
    post_letters(scheduler_ana, site)
    assert "0 Not proven sent, past the law's time limit" in page_text(client.get("/board/").text)


def test_a_clinic_without_the_switch_sees_nothing_of_it_on_the_board(
    client: Client, manager_mo: User, shadyside: Site
) -> None:
    client.force_login(manager_mo)
    assert "Not proven sent" not in client.get("/board/").text


def test_the_recalls_history_shows_its_summary(ana: Client, scheduler_ana: User, site: Site) -> None:
    recall = open_recall(site)
    post_letters(scheduler_ana, site)
    page = ana.get(reverse("recall", args=[recall.pk])).text
    assert reverse("lay_summary", args=[summary_of(recall).pk]) in page


def test_a_merge_takes_the_summary_to_the_record_that_stays(site: Site, manager_mo: User, scheduler_ana: User) -> None:
    lost, kept = read_exam(site), read_exam(site)
    post_letters(scheduler_ana, site)
    actions.merge_patients(lost.patient, kept.patient, by=manager_mo, note="One person.")
    actions.correct_exam(ScreeningExam.objects.get(pk=lost.pk), {"assessment": Assessment.BENIGN}, None, by=INTAKE)
    plan_lay_summaries()
    row = summary_of(lost)
    assert (row.channel, row.exam.patient) == (Channel.LETTER, kept.patient)
