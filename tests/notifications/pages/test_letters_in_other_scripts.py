"""Tests that a letter can bear a name in other scripts, and that one that cannot be set stops no other."""

from io import BytesIO

import pytest
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from clinic.models import Site, User
from notifications.delivery import print_queue
from notifications.delivery.worker import send_due
from notifications.enums import NotificationKind, NotificationState, StatusReason, SummaryState
from notifications.models import Notification
from patients.factories import PatientFactory
from recalls.enums import WorkItemKind
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock, latest_notification
from tests.notifications.lay_summaries import post_letters, read_exam, summary_of

pytestmark = pytest.mark.django_db

IN_NO_FONT = "Sample-\U00010330\U00010331"  # Gothic, which nobody writes today


def _letter_to(site: Site, family_name: str) -> Notification:
    patient = PatientFactory.create(site=site, no_email=True, family_name=family_name)
    recall = RecallFactory.create(patient=patient)
    send_due(5)
    return latest_notification(recall, NotificationKind.RECALL_NOTICE)


@pytest.mark.parametrize(
    "name",
    ["示例王", "샘플박", "ตัวอย่าง", "उदाहरण", "مثال", "לדוגמה", "サンプル", "উদাহরণ", "ምሳሌ", "Sample ☎ ➜", "Őry-Ţepeş"],
)
def test_a_letter_bears_a_name_of_another_script(name: str, clock: Clock, shadyside: Site, scheduler_ana: User) -> None:
    made = print_queue.make_pdf(scheduler_ana, [_letter_to(shadyside, name).pk])
    assert not made.failed
    (page,) = PdfReader(BytesIO(made.pdf)).pages
    text = page.extract_text()
    assert set(name) - set(" -") <= set(text), "every character can be copied from the page"
    assert "�" not in text


def test_a_letter_that_no_font_can_set_is_named_and_set_aside_and_the_others_are_printed(
    clock: Clock, client: Client, shadyside: Site, scheduler_ana: User
) -> None:
    bad, good = _letter_to(shadyside, IN_NO_FONT), _letter_to(shadyside, "Sample-Oak")
    client.force_login(scheduler_ana)
    response = client.post(reverse("letters_pdf"), {"letter": [bad.pk, good.pk]})
    assert len(PdfReader(BytesIO(response.content)).pages) == 1
    page = client.get(reverse("letters")).content.decode()
    assert f'<a href="{reverse("message", args=[bad.pk])}">' in page
    assert IN_NO_FONT not in str(dict(client.session)), "no name is kept in the session"
    bad.refresh_from_db()
    assert (bad.state, bad.reason) == (NotificationState.FAILED, StatusReason.NOT_SETTABLE)
    task = bad.recall.work_items.get(kind=WorkItemKind.CALL_DELIVERY_FAILED)
    assert str(StatusReason.NOT_SETTABLE.label) in task.reason


def test_the_page_of_a_letter_that_no_font_can_set_says_what_to_mend(
    clock: Clock, client: Client, shadyside: Site, scheduler_ana: User
) -> None:
    row = _letter_to(shadyside, IN_NO_FONT)
    client.force_login(scheduler_ana)
    page = client.get(reverse("message_pdf", args=[row.pk]), follow=True)
    assert str(StatusReason.NOT_SETTABLE.label) in page.content.decode()


@pytest.mark.usefixtures("seen_once")
def test_a_lay_summary_that_no_font_can_set_is_held_and_the_others_are_posted(
    clock: Clock, shadyside: Site, scheduler_ana: User
) -> None:
    shadyside.sends_lay_summaries, shadyside.legal_name = True, "Shadyside Breast Center, Inc."
    shadyside.save()
    bad, good = read_exam(shadyside, patient={"family_name": IN_NO_FONT}), read_exam(shadyside)
    assert post_letters(scheduler_ana, shadyside) == [good.pk]
    assert summary_of(bad).state == SummaryState.HELD
