"""Bulk actions follow the rules of each recall and act on each one by itself."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic.models import Site, User
from notifications.enums import Channel, NotificationKind
from notifications.models import Notification
from patients.factories import PatientFactory
from recalls import actions
from recalls.enums import State, WorkItemKind
from recalls.forms import BULK_FORMS
from recalls.models import Recall, WorkItem
from recalls.testing.factories import RecallFactory
from recalls.workflow import STEPS_BY_NAME
from tests.desk.conftest import ClientFor, page_text

pytestmark = pytest.mark.django_db


def _preview(browser: Client, do: str, *recalls: Recall) -> Any:
    asked: dict[str, Any] = {"do": do, "recall": [recall.pk for recall in recalls]}
    return browser.get(reverse("bulk"), asked)


def _submit(browser: Client, page: Any, **typed: Any) -> Any:
    """Send the preview's own form, as a browser would."""
    seen = [f"{line.recall.pk}.{line.recall.version}" for line in page.context["allowed"]]
    fields = {"do": page.context["step"].name, "seen": seen, "key": page.context["form"]["key"].value(), **typed}
    return browser.post(reverse("bulk"), fields)


def _recall_ids(lines: list[Any]) -> list[int]:
    return [line.recall.pk for line in lines]


TYPED: dict[str, dict[str, str]] = {
    "take_on": {},
    "assign": {"assignee": "everybody"},
    "add_note": {"note": "The scanner of room 2 is down."},
    "ask_letter": {},
    "ask_please_call": {},
    "hold": {"until": (timezone.now() + timedelta(days=9)).date().isoformat(), "note": "The scanner is down."},
}


@pytest.mark.parametrize("do", list(BULK_FORMS))
def test_it_is_done_once_for_each_also_when_the_form_is_sent_twice(
    do: str, client_for: ClientFor, scheduler_ana: User, manager_mo: User, shadyside: Site
) -> None:
    recalls = RecallFactory.create_batch(3, site=shadyside)
    user = manager_mo if do == "assign" else scheduler_ana
    browser = client_for(user)
    page = _preview(browser, do, *recalls)
    assert (len(page.context["allowed"]), page.context["refused"]) == (3, [])
    assert str(STEPS_BY_NAME[do].rule) in page_text(page)
    for _again in range(2):
        answer = _submit(browser, page, **TYPED[do])
        assert sorted(_recall_ids(answer.context["allowed"])) == sorted(recall.pk for recall in recalls)
        assert answer.context["refused"] == []
    assert [recall.events.filter(step=do, user=user).count() for recall in recalls] == [1, 1, 1]


def test_the_preview_says_for_whom_it_is_not_done_and_why_and_changes_nothing(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    ordinary = RecallFactory.create(site=shadyside)
    booked = RecallFactory.create(site=shadyside, booked_ahead=True)
    silent = RecallFactory.create(patient=PatientFactory.create(site=shadyside, no_email=True, address_line=""))
    page = _preview(client_for(scheduler_ana), "ask_please_call", ordinary, booked, silent)
    assert _recall_ids(page.context["allowed"]) == [ordinary.pk]
    assert "Not done for 2 patients" in page_text(page)
    assert "Not while the recall is “Visit booked”." in page_text(page)
    assert "No email or postal address is known, and the patient has agreed to no text messages." in page_text(page)
    assert not ordinary.events.filter(step="ask_please_call").exists()


@pytest.mark.parametrize(
    ("do", "sentence"),
    [("take_on", "It is among yours already."), ("ask_letter", "A letter is already waiting to be printed.")],
)
def test_what_was_done_before_is_not_done_again(
    do: str, sentence: str, client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    getattr(actions, do)(recall, by=scheduler_ana)
    page = _preview(client_for(scheduler_ana), do, recall)
    assert page.context["allowed"] == []
    assert sentence in page_text(page)
    assert "There is nobody for whom it can be done." in page_text(page)


def test_no_letter_without_an_address(client_for: ClientFor, scheduler_ana: User, shadyside: Site) -> None:
    recall = RecallFactory.create(patient=PatientFactory.create(site=shadyside, address_line=""))
    assert "No postal address is known." in page_text(_preview(client_for(scheduler_ana), "ask_letter", recall))


def test_a_recall_changed_meanwhile_is_skipped_and_the_others_are_done(
    client_for: ClientFor, scheduler_ana: User, scheduler_bea: User, shadyside: Site
) -> None:
    moved, still = RecallFactory.create_batch(2, site=shadyside)
    browser = client_for(scheduler_ana)
    page = _preview(browser, "hold", moved, still)
    actions.decline(moved, by=scheduler_bea, note="Said no.")
    answer = _submit(browser, page, **TYPED["hold"])
    assert _recall_ids(answer.context["allowed"]) == [still.pk]
    assert "Bea Example-Scheduler was first: “Patient declines”" in page_text(answer)
    still.refresh_from_db()
    moved.refresh_from_db()
    assert (still.state, moved.state) == (State.ON_HOLD, State.CLOSED)


def test_what_was_typed_wrong_is_said_and_nothing_is_done(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    browser = client_for(scheduler_ana)
    answer = _submit(browser, _preview(browser, "hold", recall), until="2020-01-01", note="Away until spring.")
    assert "Choose a day after today." in page_text(answer)
    assert "Away until spring." in page_text(answer)
    recall.refresh_from_db()
    assert recall.state == State.TO_CONTACT


def test_a_letter_is_a_task_and_a_message_is_owed(client_for: ClientFor, scheduler_ana: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    browser = client_for(scheduler_ana)
    for do in ("ask_letter", "ask_please_call"):
        _submit(browser, _preview(browser, do, recall))
    assert WorkItem.objects.get(recall=recall).kind == WorkItemKind.PRINT_LETTER
    letter = recall.events.get(step="ask_letter")
    row = Notification.objects.get(
        recall=recall, kind=NotificationKind.PLEASE_CALL, occasion=f"letter-{letter.version}"
    )
    assert row.channel == Channel.LETTER
    asked = recall.events.get(step="ask_please_call")
    assert Notification.objects.filter(
        recall=recall, kind=NotificationKind.PLEASE_CALL, occasion=f"asked-{asked.version}"
    ).exists()


def test_recalls_of_other_sites_are_left_out_of_preview_and_act(
    client_for: ClientFor, other_site_scheduler: User, foothills: Site, shadyside: Site
) -> None:
    own, other = RecallFactory.create(site=foothills), RecallFactory.create(site=shadyside)
    browser = client_for(other_site_scheduler)
    page = _preview(browser, "take_on", own, other)
    assert _recall_ids(page.context["allowed"]) == [own.pk]
    assert "1 selected recall is left out" in page_text(page)
    seen = [f"{recall.pk}.{recall.version}" for recall in (own, other)]
    _submit(browser, page, seen=seen)
    other.refresh_from_db()
    assert other.assigned_to is None


def test_many_at_once_are_not_for_a_radiologist(client_for: ClientFor, radiologist_rao: User, shadyside: Site) -> None:
    browser = client_for(radiologist_rao)
    recall = RecallFactory.create(site=shadyside)
    assert _preview(browser, "take_on", recall).status_code == 403
    assert 'name="recall"' not in page_text(browser.get(reverse("queue")))


def test_a_manager_is_offered_what_their_role_may_do(
    client_for: ClientFor, manager_mo: User, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    offered = {
        user: client_for(user).get(reverse("queue")).context["bulk_steps"] for user in (manager_mo, scheduler_ana)
    }
    assert [step.name for step in offered[manager_mo]] == ["assign", "add_note"]
    assert "assign" not in [step.name for step in offered[scheduler_ana]]
    assert _preview(client_for(manager_mo), "take_on", recall).status_code == 403
    assert _preview(client_for(scheduler_ana), "assign", recall).status_code == 403


def test_nothing_ticked_leads_back_to_the_list_and_an_unknown_step_is_not_found(
    client_for: ClientFor, scheduler_ana: User
) -> None:
    browser = client_for(scheduler_ana)
    answer = browser.get(reverse("bulk"), {"do": "hold", "back": f"{reverse('queue')}?mine=1"})
    assert answer.headers["Location"] == f"{reverse('queue')}?mine=1"
    assert browser.get(reverse("bulk"), {"do": "hold", "back": "https://example.org/"}).headers["Location"] == (
        reverse("queue")
    )
    assert browser.get(reverse("bulk"), {"do": "void", "recall": "1"}).status_code == 404


def test_the_preview_asks_as_many_questions_for_two_as_for_twenty(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, django_assert_num_queries: Any
) -> None:
    recalls = RecallFactory.create_batch(20, site=shadyside)
    browser = client_for(scheduler_ana)
    _preview(browser, "ask_letter", *recalls)
    for chosen in (recalls[:2], recalls):
        with django_assert_num_queries(9):
            _preview(browser, "ask_letter", *chosen)


def test_a_long_hold_of_many_leaves_out_those_that_need_a_second_person(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    calm = RecallFactory.create(site=shadyside)
    risky = RecallFactory.create(site=shadyside, biopsy_to_book=True)
    browser = client_for(scheduler_ana)
    page = _preview(browser, "hold", calm, risky)
    assert "a second person must sign: it is then left out here" in page_text(page)
    until = (timezone.now() + timedelta(days=20)).date().isoformat()
    done = _submit(browser, page, until=until, note="The scanner is down.")
    assert (_recall_ids(done.context["allowed"]), _recall_ids(done.context["refused"])) == ([calm.pk], [risky.pk])
    risky.refresh_from_db()
    assert (risky.state, risky.sign_off_requests.count()) == (State.BIOPSY_TO_BOOK, 0)
    page = _preview(browser, "hold", risky)
    week = (timezone.now() + timedelta(days=7)).date().isoformat()
    done = _submit(browser, page, until=week, note="Is away until then.")
    assert _recall_ids(done.context["allowed"]) == [risky.pk]
