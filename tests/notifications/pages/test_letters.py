"""Tests that a letter is complete, printed once, and not printed when it is not true any more."""

from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from clinic.actors import INTAKE
from clinic.factories import get_site_staff
from clinic.models import AccessLog, Site, User
from notifications.delivery import print_queue
from notifications.delivery.worker import send_due
from notifications.enums import Channel, NotificationKind, NotificationState, StatusReason
from notifications.models import Notification
from patients.actions import set_contact_point
from patients.factories import PatientFactory
from patients.models import ContactPoint
from recalls import actions
from recalls.actions import Slot
from recalls.enums import WorkItemKind
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock, at, latest_notification

pytestmark = pytest.mark.django_db


@pytest.fixture
def on_paper(clock: Clock, shadyside: Site) -> Recall:
    """Of a patient without email, whose notice waits for the printer."""
    patient = PatientFactory.create(site=shadyside, no_email=True, family_name='Sample-Oak #strong[x] "$1"')
    recall = RecallFactory.create(patient=patient)
    send_due(5)
    return recall


def pdf_page_texts(pdf: bytes) -> list[str]:
    """The text of each page that is not blank."""
    pages = [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(pdf)).pages]
    return [page for page in pages if page]


def test_a_patient_without_email_gets_a_letter_and_a_person_is_asked_to_print_it(on_paper: Recall) -> None:
    row = latest_notification(on_paper, NotificationKind.RECALL_NOTICE)
    assert (row.state, row.channel) == (NotificationState.TO_PRINT, Channel.LETTER)
    assert on_paper.work_items.get().kind == WorkItemKind.PRINT_LETTER


def test_the_pdf_bears_name_address_and_words_as_they_are_and_is_accessible(
    on_paper: Recall, scheduler_ana: User
) -> None:
    made = print_queue.make_pdf(scheduler_ana, [latest_notification(on_paper, NotificationKind.RECALL_NOTICE).pk])
    (page,) = pdf_page_texts(made.pdf)
    assert 'Testa Sample-Oak #strong[x] "$1" 12 Invented Lane Pittsburgh, PA' in page
    assert "Hello Testa, Thank you for having your mammogram." in page
    assert "stop emails" not in page
    assert str(on_paper.site.sender_name) in page
    catalogue: Any = PdfReader(BytesIO(made.pdf)).trailer["/Root"]
    assert catalogue["/MarkInfo"]["/Marked"]
    assert b"pdfuaid" in catalogue["/Metadata"].get_data()


def test_a_kind_without_a_letter_of_its_own_says_what_its_email_says(
    on_paper: Recall, scheduler_ana: User, clock: Clock
) -> None:
    slot = Slot(on_paper.site, at("2026-11-24", "10:00"))
    actions.book_appointment(on_paper, slot, by=get_site_staff(on_paper.site).scheduler)
    send_due(5)
    row = latest_notification(on_paper, NotificationKind.APPOINTMENT_CONFIRMATION)
    (page,) = pdf_page_texts(print_queue.make_pdf(scheduler_ana, [row.pk]).pdf)
    assert "Tuesday, November 24, 2026" in page
    assert "to stop emails" not in page
    assert page.endswith(f"{on_paper.site.address_line}, {on_paper.site.city}. Phone (412) 555-0100.")


def test_a_letter_that_would_come_after_the_visit_is_not_printed(on_paper: Recall) -> None:
    slot = Slot(on_paper.site, at("2026-11-13", "10:00"))
    actions.book_appointment(on_paper, slot, by=get_site_staff(on_paper.site).scheduler)
    send_due(5)
    row = latest_notification(on_paper, NotificationKind.APPOINTMENT_CONFIRMATION)
    assert (row.state, row.reason) == (NotificationState.SUPPRESSED, StatusReason.NO_ADDRESS)


def test_many_letters_are_one_pdf_and_count_as_sent_once_a_person_says_so(
    on_paper: Recall, client: Client, scheduler_ana: User, shadyside: Site
) -> None:
    RecallFactory.create(patient=PatientFactory.create(site=shadyside, no_email=True))
    send_due(5)
    numbers = [row.pk for row in Notification.objects.filter(state=NotificationState.TO_PRINT)]
    client.force_login(scheduler_ana)
    assert "Make a PDF" in client.get(reverse("letters")).content.decode()
    assert client.post(reverse("letters_printed"), {"letter": numbers}).status_code == 302
    assert set(Notification.objects.filter(pk__in=numbers).values_list("state", flat=True)) == {
        NotificationState.TO_PRINT
    }
    answer = client.post(reverse("letters_pdf"), {"letter": numbers})
    assert answer["Content-Type"] == "application/pdf"
    assert len(pdf_page_texts(answer.content)) == 2
    assert "The chosen letters are printed" in client.get(reverse("letters")).content.decode()
    client.post(reverse("letters_printed"), {"letter": numbers})
    row = latest_notification(on_paper, NotificationKind.RECALL_NOTICE)
    assert (row.state, row.printed_by, row.attempts.get().channel) == (
        NotificationState.ACCEPTED,
        scheduler_ana,
        Channel.LETTER,
    )
    assert row.state_label == "Printed"
    assert not on_paper.work_items.filter(done_at=None).exists()
    assert AccessLog.objects.filter(user=scheduler_ana, page="letters", patient_id=row.patient_id).exists()
    again = client.post(reverse("letter_reprint", args=[row.pk]))
    assert pdf_page_texts(again.content) == [page for page in pdf_page_texts(answer.content) if "#strong" in page]


def test_a_letter_that_is_not_true_any_more_leaves_the_queue_and_its_task_is_done(
    on_paper: Recall, scheduler_ana: User
) -> None:
    row = latest_notification(on_paper, NotificationKind.RECALL_NOTICE)
    print_queue.make_pdf(scheduler_ana, [row.pk])
    actions.decline(on_paper, by=scheduler_ana, note="Goes elsewhere.")
    row.refresh_from_db()
    assert (row.state, row.reason) == (NotificationState.CANCELLED, StatusReason.NO_LONGER_NEEDED)
    assert print_queue.mark_printed(scheduler_ana, [row.pk]) == 0
    assert not on_paper.work_items.filter(done_at=None, kind=WorkItemKind.PRINT_LETTER).exists()


def test_an_address_given_meanwhile_takes_the_letter_out_of_the_pdf(on_paper: Recall, scheduler_ana: User) -> None:
    row = latest_notification(on_paper, NotificationKind.RECALL_NOTICE)
    set_contact_point(on_paper.patient, ContactPoint.Kind.EMAIL, "testa.new@example.org", by=INTAKE)
    made = print_queue.make_pdf(scheduler_ana, [row.pk])
    assert (made.pdf, made.dropped_count) == (b"", 1)
    send_due(5)
    row.refresh_from_db()
    assert (row.state, row.channel) == (NotificationState.ACCEPTED, Channel.EMAIL)


def test_letters_of_another_site_are_not_shown(on_paper: Recall, client: Client, other_site_scheduler: User) -> None:
    row = latest_notification(on_paper, NotificationKind.RECALL_NOTICE)
    client.force_login(other_site_scheduler)
    assert "Sample-Oak" not in client.get(reverse("letters")).content.decode()
    assert client.post(reverse("letters_pdf"), {"letter": [row.pk]}).status_code == 302
    assert client.post(reverse("letter_reprint", args=[row.pk])).status_code == 404
    assert print_queue.mark_printed(other_site_scheduler, [row.pk]) == 0


def test_a_radiologist_prints_no_letters(on_paper: Recall, client: Client, radiologist_rao: User) -> None:
    client.force_login(radiologist_rao)
    assert client.get(reverse("letters")).status_code == 403


def test_after_a_four_or_five_the_letter_only_asks_the_patient_to_call(
    clock: Clock, shadyside: Site, scheduler_ana: User
) -> None:
    patient = PatientFactory.create(site=shadyside, no_email=True)
    recall = RecallFactory.create(patient=patient, exam__assessment="5")
    send_due(5)
    row = latest_notification(recall, NotificationKind.RECALL_NOTICE)
    (page,) = pdf_page_texts(print_queue.make_pdf(scheduler_ana, [row.pk]).pdf)
    assert row.urgent
    assert "do not have cancer" not in page
    assert "There is a visit that we still need to book with you." in page


def test_a_letter_of_no_more_use_leaves_the_queue(on_paper: Recall, clock: Clock) -> None:
    slot = Slot(on_paper.site, at("2026-11-24", "10:00"))
    actions.book_appointment(on_paper, slot, by=get_site_staff(on_paper.site).scheduler)
    clock.run_until("2026-11-24", "10:01")
    row = latest_notification(on_paper, NotificationKind.APPOINTMENT_CONFIRMATION)
    assert (row.state, row.reason) == (NotificationState.EXPIRED, StatusReason.TOO_LATE)
    assert not on_paper.work_items.filter(done_at=None, kind=WorkItemKind.PRINT_LETTER).exists()
