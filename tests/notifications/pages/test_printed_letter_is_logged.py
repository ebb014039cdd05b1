"""A letter that went out ticks its rung of the contact ladder and settles the task to post one."""

import pytest

from clinic.models import Site, User
from notifications.delivery import print_queue
from notifications.delivery.worker import send_due
from notifications.enums import NotificationState
from notifications.models import Notification
from patients.factories import PatientFactory
from recalls import actions, contact_ladder
from recalls.actions import ContactAttemptInput
from recalls.actions.contact import open_work_item
from recalls.enums import ContactChannel, ContactResult, WorkItemKind
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock

pytestmark = pytest.mark.django_db


def _print_all(user: User) -> int:
    send_due(20)
    numbers = [row.pk for row in Notification.objects.filter(state=NotificationState.TO_PRINT)]
    print_queue.make_pdf(user, numbers)
    return print_queue.mark_printed(user, numbers)


def _next_channel(recall: Recall) -> ContactChannel | None:
    attempts = contact_ladder.current_ladder_attempts(Recall.objects.get(pk=recall.pk))
    rung, _sentence = contact_ladder.next_rung(recall, attempts)
    return rung.channel if rung else None


@pytest.mark.parametrize("who", ["scheduler_ana", "manager_mo"])
def test_a_printed_letter_ticks_the_rung_that_asks_for_one(
    who: str, request: pytest.FixtureRequest, clock: Clock, shadyside: Site
) -> None:
    user: User = request.getfixturevalue(who)
    recall = RecallFactory.create(patient=PatientFactory.create(site=shadyside, no_email=True), three_attempts=True)
    assert _next_channel(recall) == ContactChannel.LETTER
    assert _print_all(user) >= 1
    letter = recall.contact_attempts.latest("pk")
    assert (letter.channel, letter.result) == (ContactChannel.LETTER, ContactResult.SENT)
    assert user.get_full_name() in letter.note
    assert _next_channel(recall) == ContactChannel.REFERRER
    assert not recall.work_items.filter(kind=WorkItemKind.PRINT_LETTER, done_at=None).exists()


def test_the_first_notice_on_paper_is_not_the_letter_after_three_calls(
    clock: Clock, shadyside: Site, scheduler_ana: User
) -> None:
    recall = RecallFactory.create(patient=PatientFactory.create(site=shadyside, no_email=True))
    assert _print_all(scheduler_ana) == 1
    assert not recall.contact_attempts.exists()
    assert _next_channel(recall) == ContactChannel.PHONE


def test_a_letter_logged_by_hand_settles_the_task_to_post_one(
    clock: Clock, shadyside: Site, scheduler_ana: User
) -> None:
    recall = RecallFactory.create(site=shadyside, three_attempts=True)
    open_work_item(recall, WorkItemKind.PRINT_LETTER, "Asked for from the queue.")
    posted = ContactAttemptInput(ContactChannel.LETTER, ContactResult.SENT, note="By hand, today.")
    actions.log_contact(recall, posted, by=scheduler_ana)
    assert not recall.work_items.filter(kind=WorkItemKind.PRINT_LETTER, done_at=None).exists()
