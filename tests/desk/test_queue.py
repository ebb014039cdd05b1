"""Whom does the scheduler call next? The queue shows the right people, in the right order, with the reason."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.urls import reverse

from clinic.models import Site, User
from patients.factories import PatientFactory
from recalls.factories import RecallFactory
from recalls.states import OPEN_STATES
from tests.desk.conftest import SignIn, words

# Tuesday 24 November 2026, 10 am in Pittsburgh.
TUESDAY_MORNING = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
MONDAY_EVENING = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_tuesday_morning")]


@pytest.fixture
def _tuesday_morning() -> object:
    with time_machine.travel(TUESDAY_MORNING, tick=False):
        yield


def test_a_new_recall_is_called_first_and_says_why(at_desk: SignIn, scheduler_ana: User, shadyside: Site) -> None:
    RecallFactory.create(site=shadyside, patient__family_name="Oak", patient__given_name="Testa")
    page = words(at_desk(scheduler_ana).get(reverse("queue")))
    assert "Oak, Testa" in page
    assert "First call" in page


def test_a_missed_visit_brings_her_back_with_that_reason(at_desk: SignIn, scheduler_ana: User, shadyside: Site) -> None:
    RecallFactory.create(site=shadyside, missed=True, ended=MONDAY_EVENING)
    assert "First call: missed the visit yesterday" in words(at_desk(scheduler_ana).get(reverse("queue")))


def test_a_second_call_is_tried_at_another_time_of_day(at_desk: SignIn, scheduler_ana: User, shadyside: Site) -> None:
    RecallFactory.create(site=shadyside, called_once=True)
    page = words(at_desk(scheduler_ana).get(reverse("queue")))
    assert "Second call, at another time of day: try the afternoon" in page
    assert "No answer, " in page


def test_an_overdue_recall_says_so_in_words_and_comes_first(
    at_desk: SignIn, scheduler_ana: User, shadyside: Site
) -> None:
    new = RecallFactory.create(site=shadyside)
    forgotten = RecallFactory.create(site=shadyside, ended=datetime(2026, 11, 16, 15, tzinfo=UTC))
    page = at_desk(scheduler_ana).get(reverse("queue"))
    assert [row.url for row in [*page.context["due"], *page.context["later"]]] == [
        reverse("recall", args=[recall.pk]) for recall in (forgotten, new)
    ]
    assert "7 days late" in words(page)
    assert "1 late" in words(page)


def test_a_patient_with_her_next_try_ahead_is_not_among_those_due(
    at_desk: SignIn, scheduler_ana: User, shadyside: Site
) -> None:
    RecallFactory.create(site=shadyside, left_message=True)
    page = at_desk(scheduler_ana).get(reverse("queue"))
    assert (len(page.context["due"]), len(page.context["later"])) == (0, 1)


def test_language_and_interpreter_stand_beside_the_name(at_desk: SignIn, scheduler_ana: User, shadyside: Site) -> None:
    RecallFactory.create(site=shadyside, patient=PatientFactory.create(site=shadyside, spanish_speaker=True))
    page = words(at_desk(scheduler_ana).get(reverse("queue")))
    assert "Spanish" in page
    assert "interpreter needed" in page


@pytest.mark.parametrize(
    ("story", "state", "sentence"),
    [
        ("awaiting_priors", "awaiting_priors", "Ask the other clinic for the earlier pictures"),
        ("priors_requested", "awaiting_priors", "Earlier pictures asked for yesterday: chase them"),
        ("priors_received", "awaiting_priors", "Earlier pictures are here: compare them"),
        ("booked_ahead", "scheduled", "not confirmed yet"),
        ("attended", "awaiting_outcome", "Seen today: record the outcome"),
        ("probably_benign", "follow_up", "she comes back to the callback queue by herself"),
        ("biopsy_to_book", "biopsy_to_book", "Biopsy advised: book it"),
        ("biopsy_missed", "biopsy_to_book", "Missed the biopsy today"),
        ("biopsy_booked", "biopsy_booked", "Biopsy Tue 1 Dec, 8:30 am"),
        ("awaiting_pathology", "awaiting_pathology", "the pathology result is awaited"),
        ("awaiting_concordance", "awaiting_concordance", "sign whether it explains the pictures"),
        ("on_hold", "on_hold", "then back to “To contact”"),
        ("next_round", "to_contact", "First call: short-interval visit comes near"),
        ("ready_to_book", "to_contact", "She is ready to book: offer a time"),
    ],
)
def test_each_queue_says_why_she_is_in_it(
    story: str, state: str, sentence: str, at_desk: SignIn, navigator_nia: User, shadyside: Site
) -> None:
    RecallFactory.create(site=shadyside, **{story: True})
    assert sentence in words(at_desk(navigator_nia).get(reverse("queue_state", args=[state])))


@pytest.mark.parametrize("state", OPEN_STATES)
def test_an_empty_queue_says_what_fills_it(state: str, at_desk: SignIn, scheduler_ana: User) -> None:
    page = at_desk(scheduler_ana).get(reverse("queue_state", args=[state]))
    assert "Nobody is waiting here." in words(page)
    assert len(page.context["empty"]) >= 20


def test_closed_recalls_are_in_no_queue(at_desk: SignIn, scheduler_ana: User) -> None:
    assert at_desk(scheduler_ana).get(reverse("queue_state", args=["closed"])).status_code == 404


def test_pages_follow_each_other_without_a_gap_or_a_double(
    at_desk: SignIn, scheduler_ana: User, shadyside: Site
) -> None:
    everyone = {recall.pk for recall in RecallFactory.create_batch(28, site=shadyside)}
    browser, address, seen = at_desk(scheduler_ana), reverse("queue"), []
    while address:
        page = browser.get(address)
        seen += [int(row.url.split("/")[2]) for row in [*page.context["due"], *page.context["later"]]]
        address = page.context["older"]
    assert len(seen) == 28
    assert set(seen) == everyone


def test_a_place_in_the_list_that_makes_no_sense_shows_its_start(
    at_desk: SignIn, scheduler_ana: User, shadyside: Site
) -> None:
    RecallFactory.create(site=shadyside)
    assert "First call" in words(at_desk(scheduler_ana).get(reverse("queue"), {"after": "yesterday~x"}))


def test_she_sees_her_own_sites_only_and_may_look_at_one_of_them(
    at_desk: SignIn, scheduler_ana: User, stranger: User, shadyside: Site, foothills: Site
) -> None:
    RecallFactory.create(site=shadyside, patient__family_name="Oak")
    RecallFactory.create(site=foothills, patient__family_name="Pine")
    assert "Pine" not in words(at_desk(scheduler_ana).get(reverse("queue")))
    assert "Oak" not in words(at_desk(stranger).get(reverse("queue")))
    assert at_desk(scheduler_ana).get(reverse("queue"), {"site": foothills.pk}).status_code == 404
    scheduler_ana.sites.add(foothills)
    both = words(at_desk(scheduler_ana).get(reverse("queue")))
    one = words(at_desk(scheduler_ana).get(reverse("queue"), {"site": foothills.pk}))
    assert "Oak" in both
    assert "Pine" in both
    assert "Oak" not in one
    assert "Pine" in one
