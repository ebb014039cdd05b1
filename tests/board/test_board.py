"""Holds that the status board counts the user's own sites and that every number leads to its list."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.test import Client
from time_machine import TimeMachineFixture

from clinic.models import Site, User
from recalls import actions
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.board.conftest import ReadBoard

TUESDAY = datetime(2026, 3, 17, 15, 0, tzinfo=UTC)  # 11 am in Pittsburgh

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on_tuesday(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(TUESDAY, tick=False)


@pytest.fixture
def varied_recalls(shadyside: Site, foothills: Site) -> None:
    for story in ("called_once", "booked", "attended", "probably_benign", "lost", "closed_normal", "on_hold"):
        RecallFactory.create(site=shadyside, **{story: True})
    RecallFactory.create(site=shadyside, ended_at=TUESDAY - timedelta(days=5))
    RecallFactory.create(site=shadyside, wrong_number=True)
    RecallFactory.create(site=foothills, biopsy_to_book=True)


def test_open_recalls_are_counted_by_state_with_the_oldest(
    read_board: ReadBoard, manager_mo: User, shadyside: Site
) -> None:
    for days in (2, 9):
        RecallFactory.create(site=shadyside, ended_at=TUESDAY - timedelta(days=days))
    RecallFactory.create(site=shadyside, closed_normal=True)
    assert "To contact 2 1 week 2 1 0" in read_board(manager_mo)
    assert "All open recalls 2 1 week 2 1 0" in read_board(manager_mo)


def test_due_today_is_the_rest_of_the_sites_own_day(
    read_board: ReadBoard, manager_mo: User, shadyside: Site, time_machine: TimeMachineFixture
) -> None:
    recall = RecallFactory.create(site=shadyside, ended_at=TUESDAY - timedelta(days=1))
    assert recall.due_at == datetime(2026, 3, 17, 21, 0, tzinfo=UTC)  # 5 pm in Pittsburgh
    assert "To contact 1 1 day 0 0 1" in read_board(manager_mo)
    time_machine.move_to(datetime(2026, 3, 17, 21, 1, tzinfo=UTC))
    assert "To contact 1 1 day 1 0 0" in read_board(manager_mo)
    time_machine.move_to(datetime(2026, 3, 17, 3, 30, tzinfo=UTC))  # still Monday night in Pittsburgh
    assert "To contact 1 12 hours 0 0 0" in read_board(manager_mo)


def test_the_board_shows_only_the_sites_a_person_works_at(
    read_board: ReadBoard, manager_mo: User, foothills: Site
) -> None:
    RecallFactory.create(site=foothills)
    assert "All open recalls 0" in read_board(manager_mo)
    manager_mo.sites.add(foothills)
    assert "All open recalls 1" in read_board(User.objects.get(pk=manager_mo.pk))


def test_lost_to_follow_up_counts_from_the_first_of_the_month(
    read_board: ReadBoard, manager_mo: User, shadyside: Site, time_machine: TimeMachineFixture
) -> None:
    RecallFactory.create(site=shadyside, lost=True)
    assert "1 Lost to follow-up this month" in read_board(manager_mo)
    time_machine.move_to(datetime(2026, 4, 1, 12, 0, tzinfo=UTC))
    assert "0 Lost to follow-up this month" in read_board(manager_mo)


def test_no_open_recall_is_without_a_next_step(read_board: ReadBoard, manager_mo: User, varied_recalls: None) -> None:
    assert "Open recalls without a next step none" in read_board(manager_mo)


def test_a_recall_that_no_queue_shows_stands_in_red(
    read_board: ReadBoard, manager_mo: User, shadyside: Site, client: Client
) -> None:
    recall = RecallFactory.create(site=shadyside)
    # What the actions never do: a state from a version of the product that this one does not know.
    Recall.objects.filter(pk=recall.pk).update(state="of_the_future", version=2)
    assert "Open recalls without a next step 1" in read_board(manager_mo)
    client.force_login(manager_mo)
    assert "board-red board-alarm" in client.get("/board/").text


def test_tasks_are_counted_until_they_are_done(read_board: ReadBoard, manager_mo: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, wrong_number=True)
    item = recall.work_items.get()
    assert "1 Open tasks" in read_board(manager_mo)
    actions.finish_work_item(item, by=manager_mo)
    assert "0 Open tasks" in read_board(manager_mo)


def _rows_behind(client: Client, address: str) -> int:
    """How many recalls, tasks or rows of the admin the page at that address lists."""
    context = client.get(address).context
    if "cl" in context:
        return int(context["cl"].result_count)
    lists = ("rows", "work_items", "patient_requests", "due", "not_due")
    return sum(len(context[name]) for name in lists if name in context)


def test_every_number_leads_to_a_list_of_just_as_many_rows(
    client: Client, manager_mo: User, varied_recalls: None
) -> None:
    client.force_login(manager_mo)
    page = client.get("/board/").text
    board = page[page.index('class="board"') : page.index('id="board-late"')]
    board += page[page.index('id="board-lost"') : page.index('id="board-signs"')]
    board += page[page.index('id="board-messages"') : page.index("board-charts")]
    links = re.findall(r'<a href="([^"]+)"[^>]*>\s*(?:<strong>)?(\d+|none)\b', board)
    assert len(links) > 35
    wrong = []
    for address, number in links:
        rows = _rows_behind(client, unescape(address))
        if rows != (0 if number == "none" else int(number)):
            wrong.append(f"{address}: {number} on the board, {rows} in the list")
    assert wrong == []


def test_a_manager_sees_three_numbers_first_and_then_who_is_late(
    read_board: ReadBoard, manager_mo: User, shadyside: Site
) -> None:
    RecallFactory.create(site=shadyside, lost=True)
    late = RecallFactory.create(site=shadyside, ended_at=TUESDAY - timedelta(days=20))
    words = read_board(manager_mo)
    assert words.startswith(
        "Status board 1 Late: past target or next action overdue 1 Past target 1 Lost to follow-up this month "
        f"Who is late Who Phone How late What next Assigned to {late.patient}"
    )
    assert "(412) 555-" in words[: words.index("Open recalls without")]


@pytest.mark.parametrize("who", ["scheduler_ana", "navigator_nia", "radiologist_rao"])
def test_the_desks_people_do_not_open_board_or_admin(who: str, client: Client, request: pytest.FixtureRequest) -> None:
    client.force_login(request.getfixturevalue(who))
    assert client.get("/board/").status_code == 403
    assert client.get("/admin/", follow=True).status_code == 403


def test_a_staff_account_without_the_board_sees_the_lists_of_the_admin_only(
    client: Client, scheduler_ana: User
) -> None:
    scheduler_ana.is_staff = True
    scheduler_ana.save()
    client.force_login(scheduler_ana)
    assert client.get("/admin/").status_code == 200
    assert client.get("/board/").status_code == 403


def test_an_anonymous_user_is_sent_to_the_one_sign_in_page(client: Client, manager_mo: User) -> None:
    for address in ("/board/", "/admin/", "/admin/login/"):
        answer = client.get(address, follow=True)
        assert answer.redirect_chain[-1][0].startswith("/sign-in/?next=/")
