"""The queue shows the right recalls with the reason for each."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.urls import reverse

from clinic.models import Site, User
from patients.factories import PatientFactory
from recalls.enums import OPEN_STATES
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, page_text

# Tuesday 24 November 2026, 10 am in Pittsburgh.
TUESDAY_MORNING = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
MONDAY_EVENING = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_tuesday_morning")]


@pytest.fixture
def _tuesday_morning() -> object:
    with time_machine.travel(TUESDAY_MORNING, tick=False):
        yield


def test_a_new_recall_is_called_first_and_says_why(client_for: ClientFor, scheduler_ana: User, shadyside: Site) -> None:
    RecallFactory.create(site=shadyside, patient__family_name="Oak", patient__given_name="Testa")
    page = page_text(client_for(scheduler_ana).get(reverse("queue")))
    assert "Oak, Testa" in page
    assert "First call" in page


def test_a_missed_appointment_returns_to_the_queue_with_that_reason(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    RecallFactory.create(site=shadyside, missed=True, ended_at=MONDAY_EVENING)
    assert "First call: missed the visit yesterday" in page_text(client_for(scheduler_ana).get(reverse("queue")))


def test_a_second_call_is_tried_at_another_time_of_day(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    RecallFactory.create(site=shadyside, called_once=True)
    page = page_text(client_for(scheduler_ana).get(reverse("queue")))
    assert "Second call, at another time of day: try the afternoon" in page
    assert "No answer, " in page


def test_an_overdue_recall_says_so_in_words_and_comes_first(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    new = RecallFactory.create(site=shadyside)
    forgotten = RecallFactory.create(site=shadyside, ended_at=datetime(2026, 11, 16, 15, tzinfo=UTC))
    page = client_for(scheduler_ana).get(reverse("queue"))
    assert [row.url for row in [*page.context["due"], *page.context["not_due"]]] == [
        reverse("recall", args=[recall.pk]) for recall in (forgotten, new)
    ]
    assert "7 days late" in page_text(page)
    assert "1 late" in page_text(page)


def test_a_patient_with_a_later_next_attempt_is_not_due(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    RecallFactory.create(site=shadyside, left_message=True)
    page = client_for(scheduler_ana).get(reverse("queue"))
    assert (len(page.context["due"]), len(page.context["not_due"])) == (0, 1)


def test_language_and_interpreter_stand_beside_the_name(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    RecallFactory.create(site=shadyside, patient=PatientFactory.create(site=shadyside, spanish_speaker=True))
    page = page_text(client_for(scheduler_ana).get(reverse("queue")))
    assert "Spanish" in page
    assert "interpreter needed" in page


@pytest.mark.parametrize(
    ("story", "state", "sentence"),
    [
        ("awaiting_priors", "awaiting_priors", "Request the prior images from the other clinic"),
        ("priors_requested", "awaiting_priors", "Prior images requested yesterday: follow up"),
        ("priors_received", "awaiting_priors", "Prior images are here: compare them"),
        ("booked_ahead", "scheduled", "not confirmed yet"),
        ("attended", "awaiting_outcome", "Seen today: record the outcome"),
        ("probably_benign", "follow_up", "returns to the callback queue automatically"),
        ("biopsy_to_book", "biopsy_to_book", "Biopsy advised: book it"),
        ("biopsy_missed", "biopsy_to_book", "Missed the biopsy today"),
        ("biopsy_booked", "biopsy_booked", "Biopsy Tue 1 Dec, 8:30 am"),
        ("awaiting_pathology", "awaiting_pathology", "the pathology result is awaited"),
        ("awaiting_concordance", "awaiting_concordance", "sign whether it explains the images"),
        ("on_hold", "on_hold", "then back to “To contact”"),
        ("next_round", "to_contact", "First call: short-interval follow-up comes near"),
        ("ready_to_book", "to_contact", "Ready to book: offer a time"),
    ],
)
def test_each_queue_says_why_the_patient_is_in_it(
    story: str, state: str, sentence: str, client_for: ClientFor, navigator_nia: User, shadyside: Site
) -> None:
    RecallFactory.create(site=shadyside, **{story: True})
    assert sentence in page_text(client_for(navigator_nia).get(reverse("queue_state", args=[state])))


@pytest.mark.parametrize("state", OPEN_STATES)
def test_an_empty_queue_says_what_fills_it(state: str, client_for: ClientFor, scheduler_ana: User) -> None:
    page = client_for(scheduler_ana).get(reverse("queue_state", args=[state]))
    assert "Nobody is waiting here." in page_text(page)
    assert len(page.context["empty_text"]) >= 20


def test_closed_recalls_are_in_no_queue(client_for: ClientFor, scheduler_ana: User) -> None:
    assert client_for(scheduler_ana).get(reverse("queue_state", args=["closed"])).status_code == 404


def test_pages_follow_each_other_without_a_gap_or_a_double(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    everyone = {recall.pk for recall in RecallFactory.create_batch(28, site=shadyside)}
    browser, address, seen = client_for(scheduler_ana), reverse("queue"), []
    while address:
        page = browser.get(address)
        seen += [int(row.url.split("/")[2]) for row in [*page.context["due"], *page.context["not_due"]]]
        address = page.context["next_page_url"]
    assert len(seen) == 28
    assert set(seen) == everyone


def test_a_place_in_the_list_that_makes_no_sense_shows_its_start(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    RecallFactory.create(site=shadyside)
    assert "First call" in page_text(client_for(scheduler_ana).get(reverse("queue"), {"after": "yesterday~x"}))


def test_users_see_their_own_sites_only_and_may_filter_by_one(
    client_for: ClientFor, scheduler_ana: User, other_site_scheduler: User, shadyside: Site, foothills: Site
) -> None:
    RecallFactory.create(site=shadyside, patient__family_name="Oak")
    RecallFactory.create(site=foothills, patient__family_name="Pine")
    assert "Pine" not in page_text(client_for(scheduler_ana).get(reverse("queue")))
    assert "Oak" not in page_text(client_for(other_site_scheduler).get(reverse("queue")))
    assert client_for(scheduler_ana).get(reverse("queue"), {"site": foothills.pk}).status_code == 404
    scheduler_ana.sites.add(foothills)
    both = page_text(client_for(scheduler_ana).get(reverse("queue")))
    one = page_text(client_for(scheduler_ana).get(reverse("queue"), {"site": foothills.pk}))
    assert "Oak" in both
    assert "Pine" in both
    assert "Oak" not in one
    assert "Pine" in one
