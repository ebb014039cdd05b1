"""Holds the comparison of groups: its limits against sums by hand, its counts against a plain loop, and its files."""

import csv
import json
from datetime import date, timedelta
from io import StringIO
from math import comb
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from time_machine import TimeMachineFixture

from clinic.models import Site, User
from notifications.enums import NotificationKind, NotificationState
from notifications.models import Notification
from patients.background import Insurance
from patients.models import Patient
from recalls.enums import AppointmentStatus, Assessment, ClosureReason, ContactChannel, ContactResult
from recalls.models import Appointment, ContactAttempt, EarlierOffer, Recall, WaitingListEntry
from recalls.testing.factories import RoomFactory
from reports.audit.equity.definitions import SHARES
from reports.audit.equity.documents import EQUITY_COLUMNS
from reports.audit.equity.figures import funnel_limits
from reports.audit.scope import EQUITY_BREAKDOWNS
from tests.audit.histories import History, Reading, write_histories

DAY = date(2026, 1, 9)


@pytest.fixture(autouse=True)
def _in_march(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to("2026-03-17T15:00:00Z", tick=False)


@pytest.fixture
def mo(client: Client, manager_mo: User) -> Client:
    client.force_login(manager_mo)
    return client


def _slow_limits(of: int, centre: float, inside: float) -> tuple[int, int]:
    """The smallest counts whose sum of chances reaches the tail on either side."""
    tail, total = (1 - inside) / 2, 0.0
    chances = [comb(of, count) * centre**count * (1 - centre) ** (of - count) for count in range(of + 1)]
    low = high = None
    for count, chance in enumerate(chances):
        total += chance
        if low is None and total >= tail:
            low = count
        if high is None and total >= 1 - tail:
            high = count
    return low or 0, of if high is None else high


@settings(deadline=None)
@given(st.integers(1, 60), st.sampled_from([0.13, 0.31, 0.5, 0.77, 0.931]), st.sampled_from([0.95, 0.998]))
def test_the_limits_are_those_of_the_binomial(of: int, centre: float, inside: float) -> None:
    low, high = funnel_limits(of, centre, inside)
    assert (round(low * of), round(high * of)) == _slow_limits(of, centre, inside)


def _document(client: Client, **asked: Any) -> dict[str, Any]:
    wanted: dict[str, Any] = {"year": 2026, **asked}
    answer: Any = client.get("/audit/equity/", wanted)
    found: dict[str, Any] = answer.context["document"]
    return found


def _message(recall: Recall, language: str, state: str = NotificationState.ACCEPTED) -> None:
    Notification.objects.create(
        recall=recall, patient=recall.patient, kind=NotificationKind.RECALL_NOTICE, occasion=f"{recall.pk} {language}",
        language=language, state=state, due_at=recall.opened_at, not_before=recall.opened_at,
    )  # fmt: skip


def _call(recall: Recall, days: int, result: str) -> None:
    ContactAttempt.objects.create(
        recall=recall, at=recall.opened_at + timedelta(days=days), by="Ana", channel=ContactChannel.PHONE, result=result
    )


@pytest.fixture
def _two_languages(shadyside: Site) -> None:
    """Forty who speak English are called in time and answer; of twenty who speak Spanish none is and does."""
    histories = [History(DAY, Assessment.NEED_IMAGING, readings=(Reading(Assessment.BENIGN),)) for _one in range(60)]
    exams = write_histories(shadyside, histories)
    Patient.objects.filter(pk__in=[exam.patient_id for exam in exams[40:]]).update(
        language="es-MX", interpreter_needed=True, insurance=Insurance.MEDICAID, distance_miles=30
    )
    for number, exam in enumerate(exams):
        recall = Recall.objects.select_related("patient").get(exam=exam)
        is_english = number < 40
        _call(
            recall, 1 if is_english else 20, ContactResult.REACHED_WILL_BOOK if is_english else ContactResult.NO_ANSWER
        )
        _message(recall, "en")
        if number == 41:
            _message(recall, "es")
            Appointment.objects.create(
                recall=recall, site=recall.site, starts_at=recall.opened_at + timedelta(days=30),
                status=AppointmentStatus.ATTENDED,
            )  # fmt: skip
        if number == 42:
            _message(recall, "es", NotificationState.FAILED)


@pytest.mark.django_db
@pytest.mark.usefixtures("_two_languages")
def test_a_group_that_waits_longer_lies_outside_the_limits(mo: Client) -> None:
    groups = {one["label"]: one["shares"] for one in _document(mo, by="language")["groups"]}
    assert list(groups) == ["All", "English", "Spanish"] or len(groups) == 3
    whole, english, spanish = groups.values()
    assert (whole["called"]["count"], whole["called"]["of"], whole["called"]["place"]) == (40, 60, "")
    assert (english["called"]["count"], english["called"]["of"]) == (40, 40)
    assert (spanish["called"]["count"], spanish["called"]["of"]) == (0, 20)
    assert spanish["called"]["place"] == "outside the 99.8 % limits"
    assert spanish["called"]["warnings"] == ["small: fewer than 30"]
    assert whole["outcome_in_time"]["percent"] == "100.0"
    assert spanish["outcome_in_time"]["place"] == "within the limits"


@pytest.mark.django_db
@pytest.mark.usefixtures("_two_languages")
def test_the_page_names_first_what_lies_outside_the_limits(mo: Client) -> None:
    page: Any = mo.get("/audit/equity/", {"by": "language"})
    outside = [one["group"] for one in page.context["outside"] if one["id"] == "no_message_in_language"]
    assert outside == ["English", "Spanish"]
    assert '<a href="#share-no_message_in_language">' in page.content.decode()
    [chart] = [one for one in page.context["charts"] if one["name"] == "no_message_in_language"]
    share, inner, outer = (one["values"] for one in chart["series"])
    assert (share[2], inner[0], outer[0]) == (95.0, None, None)
    assert outer[2][0] <= inner[2][0] <= inner[2][1] <= outer[2][1] < share[2]


@pytest.mark.usefixtures("_two_languages")
def test_who_had_no_message_in_their_language_and_who_was_never_reached(mo: Client) -> None:
    _whole, english, spanish = (one["shares"] for one in _document(mo, by="language")["groups"])
    assert (english["no_message_in_language"]["count"], english["no_message_in_language"]["of"]) == (0, 40)
    assert (spanish["no_message_in_language"]["count"], spanish["no_message_in_language"]["of"]) == (19, 20)
    assert (english["never_reached"]["count"], spanish["never_reached"]["count"]) == (0, 19)


@pytest.mark.django_db
@pytest.mark.usefixtures("_two_languages")
@pytest.mark.parametrize("by", [one.value for one in EQUITY_BREAKDOWNS])
def test_page_csv_and_json_of_the_groups_say_the_same(mo: Client, by: str) -> None:
    document = _document(mo, by=by)
    asked: dict[str, Any] = {"year": 2026, "by": by}
    answer: Any = mo.get("/audit/equity/figures/json/", asked)
    assert json.loads(answer.content) == document
    answer = mo.get("/audit/equity/figures/csv/", asked)
    rows = list(csv.DictReader(StringIO(b"".join(answer).decode("utf-8-sig"))))
    assert tuple(rows[0]) == EQUITY_COLUMNS
    assert len(rows) == len(SHARES) * len(document["groups"])
    assert {(row["group"], row["share"]): (row["percent"], row["low_95"], row["place"]) for row in rows} == {
        (group["label"], name): (one["percent"], one["low_95"], one["place"])
        for group in document["groups"]
        for name, one in group["shares"].items()
    }


@pytest.mark.django_db
@pytest.mark.usefixtures("_two_languages")
def test_the_groups_of_a_distance_stand_by_miles_and_what_is_not_stated_last(mo: Client) -> None:
    assert [one["label"] for one in _document(mo, by="distance")["groups"]] == ["All", "25 to 49", "Not stated"]


@pytest.mark.django_db
def test_the_page_costs_the_same_however_many_recalls_there_are(mo: Client, shadyside: Site) -> None:
    asked: dict[str, Any] = {"year": 2026, "by": "insurance"}

    def ask() -> int:
        with CaptureQueriesContext(connection) as queries:
            page: Any = mo.get("/audit/equity/", asked)
        assert page.status_code == 200
        return len(queries)

    mo.get("/audit/equity/")
    write_histories(shadyside, [History(DAY, Assessment.NEED_IMAGING, closed_because=ClosureReason.LOST_TO_FOLLOW_UP)])
    few = ask()
    write_histories(shadyside, [History(DAY, Assessment.NEED_IMAGING, recall_kind="finding") for _one in range(5)])
    assert ask() == few


@pytest.mark.django_db
@pytest.mark.usefixtures("_two_languages")
def test_who_asked_to_come_earlier_and_was_never_offered_a_time(mo: Client, shadyside: Site) -> None:
    room = RoomFactory.create(site=shadyside)
    recalls = list(Recall.objects.order_by("pk"))
    for number, recall in enumerate((*recalls[:4], *recalls[-4:])):
        visit = Appointment.objects.create(
            recall=recall, site=shadyside, starts_at=recall.opened_at + timedelta(days=40 + number)
        )
        entry = WaitingListEntry.objects.create(appointment=visit, by="Ana", asked_at=recall.opened_at)
        if number < 3:
            EarlierOffer.objects.create(
                entry=entry, room=room, starts_at=recall.opened_at + timedelta(days=9, hours=number), length_minutes=60,
                gain_days=31, made_at=recall.opened_at, expires_at=recall.opened_at + timedelta(days=1),
            )  # fmt: skip
    groups = _document(mo, by="language")["groups"]
    assert [one["label"] for one in groups[:2]] == ["All", "English"]
    shares = [one["shares"]["never_offered"] for one in groups]
    assert [(share["count"], share["of"]) for share in shares] == [(5, 8), (1, 4), (4, 4)]
