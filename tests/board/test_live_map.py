"""Holds that the live map draws the workflow with its current counts at little cost."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from time_machine import TimeMachineFixture

from clinic.factories import get_site_staff
from clinic.models import Site, User
from recalls import actions
from recalls.actions import Slot
from recalls.enums import OPEN_STATES, State
from recalls.testing.factories import RecallFactory
from recalls.workflow_diagram import DiagramArrow, diagram_arrows
from reports import live_map, map_layout
from tests.board.conftest import page_text

TUESDAY = datetime(2026, 3, 17, 15, 0, tzinfo=UTC)  # 11 am in Pittsburgh
MOST_QUERIES = 8
MAP, FIGURES = "/map/", "/map/figures/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on_tuesday_with_nothing_kept(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(TUESDAY, tick=False)
    cache.clear()


def _get_map_page(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.get(MAP).text


def _box_text(page: str, state: State) -> str:
    found = re.search(rf'id="map-box-{state.value}"[^>]*aria-label="([^"]*)"', page)
    assert found
    return found[1].replace("\xa0", " ")


def test_every_state_has_its_place_and_no_two_share_one() -> None:
    corners = {(place.x, place.y) for place in map(map_layout.get_box_position, State)}
    assert len(corners) == len(State)


@pytest.mark.parametrize("arrow", diagram_arrows(), ids=lambda arrow: arrow.name)
def test_an_arrow_runs_from_edge_to_edge_and_through_no_box(arrow: DiagramArrow) -> None:
    way = map_layout.get_arrow_path(arrow)
    ends = [(map_layout.get_box_position(arrow.to_state), way[-1])]
    ends += [(map_layout.get_box_position(arrow.from_state), way[0])] if arrow.from_state else []
    for place, (x, y) in ends:
        on_side = x in (place.x, place.x + map_layout.BOX_WIDTH) and place.y <= y <= place.y + map_layout.BOX_HEIGHT
        on_top = y in (place.y, place.y + map_layout.BOX_HEIGHT) and place.x <= x <= place.x + map_layout.BOX_WIDTH
        assert on_side or on_top
    for (x1, y1), (x2, y2) in pairwise(way):
        points = [(x1 + (x2 - x1) * step // 40, y1 + (y2 - y1) * step // 40) for step in range(41)]
        crossed = [state for state in State for point in points if map_layout.get_box_position(state).contains(point)]
        assert crossed == []


def test_the_map_draws_every_arrow_of_the_workflow_table(manager_mo: User) -> None:
    page = _get_map_page(manager_mo)
    assert set(re.findall(r'id="map-way-([^"]+)"', page)) == {arrow.name for arrow in diagram_arrows()}


def test_a_box_says_how_many_stand_there_the_oldest_and_the_overdue(manager_mo: User, shadyside: Site) -> None:
    for days in (2, 9):
        RecallFactory.create(site=shadyside, ended_at=TUESDAY - timedelta(days=days))
    page = _get_map_page(manager_mo)
    assert _box_text(page, State.TO_CONTACT) == "To contact: 2 open, oldest 1 week, 2 overdue, 1 past target"
    assert _box_text(page, State.SCHEDULED) == "Visit booked: 0 open, 0 overdue, 0 past target"
    assert 'class="map-late"' in page  # the shape beside the word
    assert 'class="map-past"' in page
    assert "To contact 2 1 week 2 1" in page_text(page)


def test_the_map_counts_only_the_sites_a_person_works_at(manager_mo: User, shadyside: Site, foothills: Site) -> None:
    RecallFactory.create(site=foothills)
    assert _box_text(_get_map_page(manager_mo), State.TO_CONTACT) == "To contact: 0 open, 0 overdue, 0 past target"
    manager_mo.sites.add(foothills)
    assert _box_text(_get_map_page(User.objects.get(pk=manager_mo.pk)), State.TO_CONTACT).startswith(
        "To contact: 1 open"
    )


def test_an_arrow_counts_the_moves_of_the_last_seven_days_and_grows_with_them(
    manager_mo: User, shadyside: Site, time_machine: TimeMachineFixture
) -> None:
    recall = RecallFactory.create(site=shadyside, ended_at=TUESDAY - timedelta(hours=1))
    idle = re.search(r'id="map-way-to_contact-scheduled"[^>]*stroke-width="([^"]+)"', _get_map_page(manager_mo))
    actions.book_appointment(
        recall, Slot(shadyside, TUESDAY + timedelta(days=2)), by=get_site_staff(shadyside).scheduler
    )
    cache.clear()
    page = _get_map_page(manager_mo)
    busy = re.search(r'id="map-way-to_contact-scheduled"[^>]*stroke-width="([^"]+)"', page)
    assert idle
    assert busy
    assert float(busy[1]) > float(idle[1])
    assert "To contact Visit booked Book visit 1" in page_text(page)
    time_machine.move_to(TUESDAY + timedelta(days=8), tick=False)
    assert "To contact Visit booked Book visit 0" in page_text(_get_map_page(manager_mo))


@pytest.mark.parametrize("who", ["scheduler_ana", "radiologist_rao", "manager_mo", "administrator_ada"])
def test_each_box_leads_to_its_list(who: str, request: pytest.FixtureRequest, shadyside: Site) -> None:
    user = request.getfixturevalue(who)
    client = Client()
    client.force_login(user)
    page = client.get(MAP).text
    for state in OPEN_STATES:
        found = re.search(rf'<a href="([^"]+)" id="map-box-{state.value}"', page)
        assert found
        assert client.get(found[1]).status_code == 200
        assert state.value in found[1]


def test_the_board_leads_to_the_map(manager_mo: User, shadyside: Site) -> None:
    client = Client()
    client.force_login(manager_mo)
    assert 'href="/map/"' in client.get("/board/").text


def test_new_figures_come_with_a_tag_and_the_same_figures_come_once(manager_mo: User, shadyside: Site) -> None:
    client = Client()
    client.force_login(manager_mo)
    first = client.get(FIGURES)
    assert first.status_code == 200
    again = client.get(FIGURES, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    RecallFactory.create(site=shadyside)
    cache.clear()
    moved = client.get(FIGURES, headers={"If-None-Match": first["ETag"]})
    assert moved.status_code == 200
    assert "To contact: 1 open" in moved.text


def test_figures_are_kept_for_seconds_only(manager_mo: User, shadyside: Site, time_machine: TimeMachineFixture) -> None:
    assert _box_text(_get_map_page(manager_mo), State.TO_CONTACT).startswith("To contact: 0 open")
    RecallFactory.create(site=shadyside)
    assert _box_text(_get_map_page(manager_mo), State.TO_CONTACT).startswith("To contact: 0 open")
    time_machine.shift(11)
    assert _box_text(_get_map_page(manager_mo), State.TO_CONTACT).startswith("To contact: 1 open")


def test_what_is_kept_holds_nothing_about_a_patient(manager_mo: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    _get_map_page(manager_mo)
    kept = repr(cache.get(f"{live_map.CACHE_KEY}:{shadyside.pk}"))
    assert "to_contact" in kept
    for secret in (recall.patient.family_name, recall.patient.given_name, recall.patient.mrn, recall.exam.accession):
        assert secret not in kept


def test_the_map_asks_at_most_eight_questions_and_none_of_its_own_while_figures_are_kept(
    manager_mo: User, shadyside: Site, foothills: Site
) -> None:
    manager_mo.sites.add(foothills)
    client = Client()
    client.force_login(manager_mo)
    client.get(MAP)  # the first request of a session also writes when it was last seen
    counts = {}
    for kind in ("kept", "counted anew"):
        for address in (MAP, FIGURES):
            if kind == "counted anew":
                cache.clear()
            with CaptureQueriesContext(connection) as captured:
                assert client.get(address).status_code == 200
            counts[kind, address] = len(captured)
    assert counts["counted anew", MAP] == counts["kept", MAP] + 1
    assert max(counts.values()) <= MOST_QUERIES


def test_a_map_left_open_does_not_keep_a_person_signed_in(manager_mo: User, time_machine: TimeMachineFixture) -> None:
    client = Client()
    client.force_login(manager_mo)
    client.get(MAP)
    asked = {"HX-Request": "true"}
    for _minute in range(14):
        time_machine.shift(60)
        assert client.get(FIGURES, headers=asked).status_code == 200
    time_machine.shift(120)
    answer = client.get(FIGURES, headers=asked)
    assert "map-drawing" not in answer.text
    assert answer["HX-Redirect"] == reverse("sign_in")


def test_a_stranger_to_the_map_reads_that_it_is_not_for_their_role(client: Client, shadyside: Site) -> None:
    nobody = User.objects.create_user("nobody")
    client.force_login(nobody)
    assert client.get(MAP).status_code == 403
    assert client.get(FIGURES).status_code == 403
