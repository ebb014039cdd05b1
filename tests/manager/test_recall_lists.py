"""Holds which recalls a manager's list shows, the worst first, and that it pages without losing anybody."""

from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from time_machine import TimeMachineFixture

from clinic.models import AccessLog, Site, User
from recalls import actions
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from reports.manager import recall_lists
from reports.manager.recall_lists import RecallList

TUESDAY = datetime(2026, 3, 17, 15, 0, tzinfo=UTC)  # 11 am in Pittsburgh
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on_tuesday(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(TUESDAY, tick=False)


@pytest.fixture
def mo(client: Client, manager_mo: User) -> Client:
    client.force_login(manager_mo)
    return client


def _late(site: Site, days: int, **traits: object) -> Recall:
    return RecallFactory.create(site=site, ended_at=TUESDAY - timedelta(days=days), **traits)


def _url(kind: RecallList, **query: str) -> str:
    return reverse("recall_list", args=[kind.value], query=query or None)


def _shown(client: Client, url: str) -> list[int]:
    return [row.pk for row in client.get(url).context["rows"]]


def test_the_worst_stands_first(mo: Client, shadyside: Site) -> None:
    """A 5 whose next action alone is late stands before those whose target is past."""
    overdue = _late(shadyside, 4)
    past = _late(shadyside, 12)
    longest = _late(shadyside, 30)
    five = _late(shadyside, 5, suspicious_screen=True)
    in_time = RecallFactory.create(site=shadyside)
    assert _shown(mo, _url(RecallList.LATE)) == [five.pk, longest.pk, past.pk, overdue.pk]
    assert in_time.pk not in _shown(mo, _url(RecallList.LATE))


def test_a_far_next_try_does_not_hide_whose_target_is_past(mo: Client, shadyside: Site, scheduler_ana: User) -> None:
    recall = _late(shadyside, 12)
    Recall.objects.filter(pk=recall.pk).update(due_at=TUESDAY + timedelta(days=60))
    assert _shown(mo, _url(RecallList.OVERDUE)) == []
    assert _shown(mo, _url(RecallList.PAST_TARGET)) == _shown(mo, _url(RecallList.LATE)) == [recall.pk]


def test_each_row_says_phone_lateness_state_and_next_action(mo: Client, shadyside: Site) -> None:
    recall = _late(shadyside, 12)
    (row,) = mo.get(_url(RecallList.LATE)).context["rows"]
    assert row.phones[0].text.startswith("(724) 555-")
    assert row.phones[0].href.startswith("tel:+1724555")
    assert row.lateness.text == "Past target: 5 days late. Next action: 11 days late"
    assert (row.state, row.name) == ("To contact", str(recall.patient))
    assert row.next_action


def test_a_number_that_must_not_be_dialled_is_not_shown(mo: Client, shadyside: Site) -> None:
    recall = _late(shadyside, 12)
    recall.patient.do_not_call = True
    recall.patient.save()
    (row,) = mo.get(_url(RecallList.LATE)).context["rows"]
    assert (row.phones, row.contact_note) == ([], "do not call")


def test_lost_declined_and_transferred_have_their_lists_newest_first(mo: Client, shadyside: Site) -> None:
    lost = RecallFactory.create(site=shadyside, lost=True)
    moved = RecallFactory.create(site=shadyside, transferred=True)
    RecallFactory.create(site=shadyside, closed_normal=True)
    assert _shown(mo, _url(RecallList.LOST)) == [lost.pk]
    assert _shown(mo, _url(RecallList.ELSEWHERE)) == [moved.pk]
    Recall.objects.filter(pk=lost.pk).update(closed_at=TUESDAY - timedelta(days=20), version=lost.version + 1)
    assert _shown(mo, _url(RecallList.LOST, since="month")) == []
    assert _shown(mo, _url(RecallList.LOST)) == [lost.pk]


def test_a_list_is_narrowed_by_state_and_site(mo: Client, manager_mo: User, shadyside: Site, foothills: Site) -> None:
    here, there = _late(shadyside, 12), _late(foothills, 12)
    assert _shown(mo, _url(RecallList.LATE)) == [here.pk]
    manager_mo.sites.add(foothills)
    assert set(_shown(mo, _url(RecallList.LATE))) == {here.pk, there.pk}
    assert _shown(mo, _url(RecallList.LATE, site=str(foothills.pk))) == [there.pk]
    assert _shown(mo, _url(RecallList.LATE, state="scheduled")) == []
    for nonsense in ({"site": "99999"}, {"state": "closed"}, {"state": "nowhere"}):
        assert mo.get(_url(RecallList.LATE, **nonsense)).status_code == 404
    assert mo.get("/lists/nothing/").status_code == 404


def test_pages_hold_everybody_once(mo: Client, shadyside: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [
        *(_late(shadyside, 5, suspicious_screen=True).pk for _number in range(2)),
        *(_late(shadyside, 12).pk for _number in range(3)),
        *(_late(shadyside, 4).pk for _number in range(2)),
    ]
    monkeypatch.setattr(recall_lists.get_list_page, "__defaults__", (2,))
    seen, url = [], _url(RecallList.LATE)
    while url:
        context = mo.get(url).context
        seen += [row.pk for row in context["rows"]]
        url = _url(RecallList.LATE) + context["next_page_url"] if context["next_page_url"] else ""
    assert seen == wanted


def test_whose_phone_was_shown_is_in_the_access_log(mo: Client, manager_mo: User, shadyside: Site) -> None:
    recall = _late(shadyside, 12)
    mo.get(_url(RecallList.LATE))
    seen = AccessLog.objects.get()
    assert (seen.user, seen.page, seen.patient_id) == (manager_mo, "list late", recall.patient_id)


@pytest.mark.usefixtures("seen_once")
def test_a_list_costs_the_same_queries_for_one_and_for_many(mo: Client, shadyside: Site) -> None:
    def count(kind: RecallList) -> int:
        with CaptureQueriesContext(connection) as captured:
            mo.get(_url(kind))
        return len(captured)

    _late(shadyside, 12)
    mo.get(_url(RecallList.LATE))
    few = count(RecallList.LATE)
    for _number in range(5):
        _late(shadyside, 12, called_once=True)
    assert count(RecallList.LATE) == few <= 9


def test_the_recalls_page_says_the_lateness_in_the_words_of_the_list(mo: Client, shadyside: Site) -> None:
    recall = _late(shadyside, 12)
    words = mo.get(_url(RecallList.LATE)).context["rows"][0].lateness.text
    assert words in unescape(mo.get(reverse("recall", args=[recall.pk])).text)


def test_a_closed_recall_is_late_no_more(mo: Client, shadyside: Site, scheduler_ana: User) -> None:
    recall = _late(shadyside, 12)
    actions.mark_deceased(recall, TUESDAY.date(), by=scheduler_ana)
    assert _shown(mo, _url(RecallList.LATE)) == []
