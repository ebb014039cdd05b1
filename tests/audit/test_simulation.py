"""The played year answers as a queue must, gives the same for the same seed, and its page says what it leaves out."""

import csv
import json
from collections import Counter
from dataclasses import replace
from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from time_machine import TimeMachineFixture

from clinic import calendar
from clinic.models import Site, User
from recalls.enums import Assessment
from recalls.testing.factories import RecallFactory
from reports.audit.simulation.documents import SIMULATION_COLUMNS
from reports.audit.simulation.history import ClinicHistory, load_history
from reports.audit.simulation.model import CALLS_A_DAY, Plan, PlayedYear, play_year
from reports.audit.simulation.runs import PLAYED_FIGURES, changed_plan, own_plan, simulate, spread_of
from reports.audit.simulation.views import LEFT_OUT
from reports.audit.waits.survival import fit_curve
from tests.audit.histories import History, write_histories

# Four recalls a day, each called on the next day and booked at the first call for five days later; nobody stays away.
SMOOTH = ClinicHistory(
    open_days=200, arrival_days=200, arrivals=tuple(range(200)) * 4, delays=((1, 1.0),), uncalled_share=0.0,
    bookings=((0, 1.0),),
    gaps=(1,), in_vain=(1,), leads=((5, 1.0),), leads_after=(), missed_share=0.0,
    cancelled_share=0.0, notices=(1,), again=((1, 1.0),),
    schedulers=2, slots_a_day=20, call_waits=Counter(), visit_waits=Counter(), tries=0,
)  # fmt: skip
AS_TODAY = Plan(2, 20)


def test_the_same_seed_plays_the_same_year_and_another_seed_another() -> None:
    odd = replace(SMOOTH, bookings=((0, 0.5), (2, 0.3)), missed_share=0.1)
    assert play_year(odd, AS_TODAY, 100, 7) == play_year(odd, AS_TODAY, 100, 7)
    assert play_year(odd, AS_TODAY, 100, 7) != play_year(odd, AS_TODAY, 100, 8)


def test_without_a_queue_the_waits_are_those_of_the_history() -> None:
    year = play_year(SMOOTH, AS_TODAY, 200, 1)
    assert 700 < year.recalls < 900
    assert fit_curve(year.call_waits, ()).median == 1
    assert fit_curve(year.visit_waits, ()).median == 6
    assert year.calls >= year.visits > 0


def test_whoever_is_booked_late_is_seen_as_soon_as_the_clinic_sees_those() -> None:
    """Half are booked on the first day for six days later, half three days later for the same day as they."""
    half = ((0, 0.5), (3, 0.5))
    pooled = replace(SMOOTH, delays=((0, 1.0),), bookings=half, leads=((3, 0.5), (6, 0.5)), slots_a_day=1000)
    by_day = replace(pooled, leads_after=(((6, 1.0),), (), (), ((3, 1.0),), (), ()))
    apart, together = (play_year(one, Plan(20, 1000), 200, 1) for one in (pooled, by_day))

    def seen_within(year: PlayedYear, days: int) -> float:
        return fit_curve(year.visit_waits, (days,)).shares[0] or 0.0

    assert seen_within(together, 5) < 0.05  # a call that begins late in the day ends on the next one
    assert seen_within(together, 6) > 0.9
    assert 0.15 < seen_within(apart, 5) < 0.35


def test_too_few_schedulers_make_patients_wait_for_their_call() -> None:
    busy = replace(SMOOTH, arrivals=(1,) * int(200 * 1.5 * CALLS_A_DAY), slots_a_day=1000)
    alone, two = (play_year(busy, Plan(count, 1000), 60, 3) for count in (1, 2))
    median_alone, median_two = (fit_curve(year.call_waits, ()).median for year in (alone, two))
    assert median_two == 1
    assert median_alone is None or median_alone > 5
    assert alone.calls <= 60 * CALLS_A_DAY


def test_too_few_places_make_patients_wait_for_their_visit_and_more_places_help() -> None:
    scarce, enough = (play_year(SMOOTH, Plan(2, slots), 100, 5) for slots in (3, 20))
    waits = [fit_curve(year.visit_waits, (10,)).shares[0] or 0.0 for year in (scarce, enough)]
    assert waits[0] < 0.7 < waits[1]
    assert scarce.visits <= 3 * 100


def test_work_up_on_the_same_day_needs_no_call() -> None:
    year = play_year(SMOOTH, Plan(2, 20, 1.0), 50, 1)
    assert (year.calls, year.visits) == (0, year.recalls)
    assert set(year.visit_waits) == {(0, True)}


def test_a_missed_visit_is_called_and_booked_anew() -> None:
    year = play_year(replace(SMOOTH, missed_share=0.5), AS_TODAY, 200, 2)
    assert year.missed > 0.3 * year.visits
    assert year.calls > 1.5 * year.visits


def test_whoever_is_never_booked_is_called_in_vain_and_waits_on() -> None:
    half = replace(SMOOTH, bookings=((0, 0.5),), in_vain=(3,))
    year = play_year(half, AS_TODAY, 200, 4)
    assert 0.4 < year.visits / year.recalls < 0.6
    assert year.calls > 1.8 * year.recalls
    assert any(not seen for _days, seen in year.visit_waits)


def test_whoever_books_without_a_call_needs_no_caller() -> None:
    year = play_year(replace(SMOOTH, uncalled_share=1.0), AS_TODAY, 200, 4)
    assert year.calls == 0
    assert year.visits > 700


def test_a_missed_visit_that_is_never_booked_again_stays_missed() -> None:
    year = play_year(replace(SMOOTH, missed_share=0.5, again=()), AS_TODAY, 200, 2)
    assert 0.4 < year.visits / year.recalls < 0.6
    assert year.missed + year.visits <= year.recalls


def test_a_held_date_brings_one_in_ten_of_those_whom_no_call_brings_and_nobody_else() -> None:
    nobody = replace(SMOOTH, bookings=())
    years = [play_year(nobody, Plan(2, 20, holds_dates=holds), 200, 6) for holds in (False, True)]
    assert years[0].visits == 0
    assert 0.06 < years[1].visits / years[1].recalls < 0.14
    assert {days for days, seen in years[1].visit_waits if seen} == {5}
    everybody = [play_year(SMOOTH, Plan(2, 20, holds_dates=holds), 200, 6) for holds in (False, True)]
    assert everybody[0] == everybody[1]


def test_freed_times_are_offered_on_and_shorten_the_wait_of_those_who_take_them() -> None:
    odd = replace(SMOOTH, leads=((5, 0.5), (30, 0.5)), cancelled_share=0.3, notices=(4,))
    without, with_offers = (play_year(odd, Plan(2, 20, offers_earlier=offers), 200, 6) for offers in (False, True))
    assert (without.moved_earlier, without.days_gained) == (0, 0)
    assert 0 < with_offers.moved_earlier < 0.5 * with_offers.visits
    assert with_offers.days_gained > 5 * with_offers.moved_earlier
    in_ten = [fit_curve(year.visit_waits, (20,)).shares[0] or 0.0 for year in (without, with_offers)]
    assert in_ten[1] > in_ten[0]


def test_a_time_freed_too_late_is_offered_to_nobody() -> None:
    odd = replace(SMOOTH, leads=((5, 0.5), (30, 0.5)), cancelled_share=0.3, notices=(2,))
    assert play_year(odd, Plan(2, 20, offers_earlier=True), 200, 6).moved_earlier == 0


def test_a_figure_comes_with_the_spread_of_the_runs() -> None:
    years = [play_year(SMOOTH, AS_TODAY, 50, seed) for seed in range(20)]
    spread = spread_of(years, lambda year: year.recalls)
    counted = sorted(year.recalls for year in years)
    assert (spread.low, spread.high) == (counted[1], counted[18])
    assert spread.holds(counted[10])
    assert not spread.holds(counted[19] + 1)


def test_the_plan_is_today_with_what_is_changed_and_never_nobody() -> None:
    assert changed_plan(SMOOTH, -1, 10, 25) == Plan(1, 30, 0.25)
    assert changed_plan(SMOOTH, -9, -99, 0) == Plan(1, 1, 0.0)
    assert own_plan(SMOOTH) == AS_TODAY


@pytest.fixture
def mo(client: Client, manager_mo: User) -> Client:
    client.force_login(manager_mo)
    return client


@pytest.mark.django_db
def test_the_history_is_read_in_open_days(time_machine: TimeMachineFixture, shadyside: Site) -> None:
    time_machine.move_to("2026-11-24T22:00:00Z", tick=False)
    for story in ("closed_normal", "closed_normal", "called_once", "missed"):
        RecallFactory.create(site=shadyside, **{story: True})
    history = load_history([shadyside], date(2026, 11, 24))
    assert history.recalls == 4
    assert 0 < history.open_days < 40
    assert 0 < history.missed_share < 1
    assert history.tries >= 3
    assert sum(share for _day, share in history.delays) <= 1.0001


@pytest.mark.django_db
def test_page_csv_and_json_of_the_played_year_say_the_same(mo: Client, shadyside: Site) -> None:
    RecallFactory.create(site=shadyside, closed_normal=True)
    asked = {"schedulers": "-1", "slots": "10", "same_day": "20", "seed": "3", "holds_dates": "on"}
    page: Any = mo.get("/audit/simulation/", asked)
    document = page.context["document"]
    answer: Any = mo.get("/audit/simulation/figures/json/", asked)
    assert json.loads(answer.content) == document
    answer = mo.get("/audit/simulation/figures/csv/", asked)
    rows = list(csv.DictReader(StringIO(b"".join(answer).decode("utf-8-sig"))))
    assert tuple(rows[0]) == SIMULATION_COLUMNS
    assert {(row["part"], row["figure"]): row["middle"] for row in rows if row["part"] in ("today", "plan")} == {
        (part, one["name"]): one[part]["middle"] for one in document["figures"] for part in ("today", "plan")
    }
    assert document["plan"]["same_day_percent"] == 20
    assert document["plan"]["holds_dates"]
    assert not document["plan"]["offers_earlier"]
    assert [row["label"] for row in rows if row["part"] == "assumed"] == document["assumptions"]
    for words in document["assumptions"]:
        assert words.replace("'", "&#x27;").replace('"', "&quot;") in page.content.decode()


@pytest.mark.django_db
def test_the_page_says_what_it_does_not_model_also_where_nothing_could_be_played(mo: Client) -> None:
    page: Any = mo.get("/audit/simulation/", {"schedulers": "many"})
    assert page.status_code == 422
    for words in LEFT_OUT:
        assert str(words).replace("'", "&#x27;") in page.content.decode()
    assert mo.get("/audit/simulation/figures/csv/", {"schedulers": "many"}).status_code == 404


@pytest.mark.django_db
def test_the_page_costs_the_same_number_of_queries_however_many_recalls_there_are(mo: Client, shadyside: Site) -> None:
    def ask() -> int:
        with CaptureQueriesContext(connection) as queries:
            mo.get("/audit/simulation/")
        return len(queries)

    day = calendar.today(shadyside)
    write_histories(shadyside, [History(day, Assessment.NEED_IMAGING, recall_kind="finding")])
    mo.get("/audit/simulation/")
    few = ask()
    write_histories(shadyside, [History(day, Assessment.NEED_IMAGING, recall_kind="finding")] * 5)
    assert ask() == few


@pytest.mark.django_db
def test_a_scheduler_plays_no_year(client: Client, scheduler_ana: User) -> None:
    client.force_login(scheduler_ana)
    assert client.get("/audit/simulation/").status_code == 403


@pytest.mark.django_db
def test_the_command_prints_the_same_figures(shadyside: Site, capsys: pytest.CaptureFixture[str]) -> None:
    RecallFactory.create(site=shadyside, closed_normal=True)
    call_command("simulate_year", "--slots=5", "--runs=6", "--format=json")
    document = json.loads(capsys.readouterr().out)
    history = load_history([shadyside], calendar.today(shadyside))
    assert document == simulate(history, changed_plan(history, 0, 5, 0), seed=1, runs=6)
    assert len(document["figures"]) == len(PLAYED_FIGURES)
    with pytest.raises(CommandError):
        call_command("simulate_year", "--site=NOWHERE")
