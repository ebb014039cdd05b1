"""The queue shows the right recalls with the reason for each."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from clinic import calendar
from clinic.factories import get_site_staff
from clinic.models import Site, User
from patients.actions import set_result_wish
from patients.factories import PatientFactory
from patients.models import ResultWish
from recalls.enums import OPEN_STATES, State
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, StepFormClient, page_text, redirect_path

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
    assert "Second call, at another time of day: missed the visit yesterday" in page_text(
        client_for(scheduler_ana).get(reverse("queue"))
    )


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
    assert [row.due.text for row in page.context["due"] if row.pk == forgotten.pk] == ["7 days late"]
    assert '1<span class="visually-hidden"> late</span>' in page_text(page)


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
        ("probably_benign", "follow_up", "book it now, or agree when to call"),
        ("biopsy_to_book", "biopsy_to_book", "Biopsy advised: book it"),
        ("biopsy_missed", "biopsy_to_book", "Missed the biopsy today"),
        ("biopsy_booked", "biopsy_booked", "Biopsy Tue 1 Dec, 8:30 am"),
        ("awaiting_pathology", "awaiting_pathology", "the pathology result is awaited"),
        ("benign_to_tell", "result_to_tell", "Tell the patient the result"),
        ("to_hand_over", "to_hand_over", "Arrange who takes over, and the first visit there"),
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


def test_a_result_to_tell_says_since_when_by_when_who_tells_it_and_the_patients_wish(
    client_for: ClientFor, navigator_nia: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, benign_to_tell=True)
    owner = get_site_staff(shadyside).radiologist
    set_result_wish(recall.patient, {"channel": ResultWish.Channel.PHONE, "not_before_weekend": True}, by=navigator_nia)
    address = reverse("queue_state", args=[State.RESULT_TO_TELL])
    page = page_text(client_for(navigator_nia).get(address))
    for said in (f"{owner.get_full_name()} signed it", "Result since", "By phone, not on a Friday", "1 day left"):
        assert said in page


def test_the_sites_deputy_tells_what_an_absent_author_signed(
    client_for: ClientFor, navigator_nia: User, shadyside: Site
) -> None:
    RecallFactory.create(site=shadyside, benign_to_tell=True)
    owner, address = get_site_staff(shadyside).radiologist, reverse("queue_state", args=[State.RESULT_TO_TELL])
    owner.away_until = calendar.local_day(shadyside, timezone.now()) + timedelta(days=3)
    owner.save()
    away = f"{owner.get_full_name()} is away: to be told by"
    assert f"{away} any radiologist or navigator" in page_text(client_for(navigator_nia).get(address))
    shadyside.results_deputy = navigator_nia
    shadyside.save()
    assert f"{away} {navigator_nia.get_full_name()}" in page_text(client_for(navigator_nia).get(address))


def test_same_day_results_stand_first(client_for: ClientFor, navigator_nia: User, shadyside: Site) -> None:
    benign, suspicious = (
        RecallFactory.create(site=shadyside, **{story: True}) for story in ("benign_to_tell", "suspicious_to_tell")
    )
    page: Any = client_for(navigator_nia).get(reverse("queue_state", args=[State.RESULT_TO_TELL]))
    assert [row.pk for row in [*page.context["due"], *page.context["not_due"]]] == [suspicious.pk, benign.pk]
    assert "5: Highly suggestive of malignancy" in page_text(page)


def test_a_navigator_who_told_a_result_is_led_to_the_next_one_and_may_book_at_once(
    client_for: ClientFor, navigator_nia: User, shadyside: Site
) -> None:
    """The visit that is booked with the answer is the visit that happens."""
    first, second = RecallFactory.create_batch(2, site=shadyside, suspicious_to_tell=True)
    browser, came_from = client_for(navigator_nia), reverse("queue_state", args=[State.RESULT_TO_TELL])
    answer = StepFormClient(browser, first, "result_told", came_from).send(method="phone")
    assert redirect_path(answer) == reverse("recall", args=[second.pk])
    page = page_text(browser.get(answer.headers["Location"]))
    assert "Result told. Now “Biopsy to book”" in page
    assert reverse("step", args=[first.pk, "book_biopsy"]) in page


def test_past_target_counts_and_filters_beside_late_in_every_queue(
    client_for: ClientFor, navigator_nia: User, shadyside: Site
) -> None:
    late, past = RecallFactory.create_batch(2, site=shadyside, attended=True)
    now = timezone.now()
    Recall.objects.filter(pk=late.pk).update(due_at=now - timedelta(hours=1), target_at=now + timedelta(days=1))
    Recall.objects.filter(pk=past.pk).update(due_at=now + timedelta(hours=1), target_at=now - timedelta(days=1))
    address = reverse("queue_state", args=[State.AWAITING_OUTCOME])
    page: Any = client_for(navigator_nia).get(f"{address}?why=past-target")
    assert [row.pk for row in [*page.context["due"], *page.context["not_due"]]] == [past.pk]
    counted = page.context["collapsed_tabs"].count
    assert (counted.total, counted.overdue, counted.past_target) == (2, 1, 1)
    page = client_for(navigator_nia).get(f"{address}?sort=target")
    assert [row.pk for row in page.context["due"]] == [past.pk, late.pk]


def test_a_patient_who_waits_longer_than_sixty_days_is_marked(
    client_for: ClientFor, navigator_nia: User, shadyside: Site
) -> None:
    ended = timezone.now() - timedelta(days=55)
    recall = RecallFactory.create(site=shadyside, missed=True, ended_at=ended)
    page: Any = client_for(navigator_nia).get(reverse("queue"))
    rows = [*page.context["due"], *page.context["not_due"]]
    assert len(rows) == 1
    row = rows[0]
    assert (row.pk, row.resolution.is_over, row.missed_visits) == (recall.pk, True, "1 missed visit")
    assert f"Day {row.resolution.days} of 60" in page_text(page)
