"""Rules of trials: two people, a frozen definition, fair chance, never a 4 or 5, one outcome, a result that is kept."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, transaction

from clinic.factories import UserFactory, get_site_staff
from clinic.models import Site, User
from clinic.roles import Role
from notifications.delivery.worker import send_due
from notifications.models import MessageText, RenderedMessage
from recalls import actions
from recalls.actions import ContactAttemptInput
from recalls.actions.time_offers import offer_earlier_times
from recalls.actions.trials.places import arm_of
from recalls.enums import Assessment, ContactChannel, ContactResult
from recalls.models import EarlierOffer, Recall, SlotPolicy, Trial, TrialEnd, TrialPlace, TrialResult
from recalls.presenters import describe_next_action
from recalls.testing.factories import RecallFactory, RoomFactory
from reports.trials.definition import draft_trial, end_by_hand, start_trial
from reports.trials.results import difference_interval, review_trials
from tests.notifications.clock import at
from tests.trials.conftest import StartTrial, make_draft

pytestmark = pytest.mark.django_db
NOW = at("2026-11-10", "08:15")


@pytest.fixture
def traveller(db: None) -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as found:
        yield found


def reasons() -> list[str]:
    return list(TrialEnd.objects.order_by("pk").values_list("reason", flat=True))


def test_nobody_starts_what_they_drafted_and_only_a_manager_or_the_audit_physician_does_either(
    traveller: time_machine.Traveller, shadyside: Site, manager: User, physician: User
) -> None:
    for outsider in (get_site_staff(shadyside).scheduler, UserFactory.create(role=Role.MANAGER, sites=[])):
        with pytest.raises(PermissionDenied):
            draft_trial(shadyside, make_draft(), by=outsider)
    trial = draft_trial(shadyside, make_draft(), by=manager)
    with pytest.raises(ValidationError, match="a colleague does"):
        start_trial(trial, by=manager)
    with pytest.raises(PermissionDenied):
        start_trial(trial, by=UserFactory.create(role=Role.RADIOLOGIST, sites=[shadyside]))
    RecallFactory.create(site=shadyside)
    assert not TrialPlace.objects.exists()
    start_trial(trial, by=physician)
    another = draft_trial(shadyside, make_draft(), by=physician)
    with pytest.raises(ValidationError, match="runs at this site"):
        start_trial(another, by=manager)


def test_what_could_not_be_answered_is_not_drafted(
    traveller: time_machine.Traveller, shadyside: Site, manager: User
) -> None:
    for wrong in (
        {"size": 39}, {"size": 42}, {"size": 36}, {"ends_on": date(2026, 11, 10)},
        {"outcome": Trial.Outcome.OFFER_TAKEN}, {"arms": {"a": "morning", "b": "morning"}},
    ):  # fmt: skip
        with pytest.raises(ValidationError):
            draft_trial(shadyside, make_draft(**wrong), by=manager)


def test_a_definition_a_place_and_a_result_can_be_neither_changed_nor_deleted(
    traveller: time_machine.Traveller, start: StartTrial, shadyside: Site
) -> None:
    trial = start()
    RecallFactory.create(site=shadyside)
    for row in (Trial.objects.filter(pk=trial.pk), TrialPlace.objects.all()):
        with pytest.raises(DatabaseError), transaction.atomic():
            row.delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        Trial.objects.update(size=80)


def test_chance_is_balanced_in_blocks_of_four_and_repeats_from_the_seed() -> None:
    for seed in (1, 2**52, 77):
        arms = [arm_of(seed, number) for number in range(400)]
        assert arms == [arm_of(seed, number) for number in range(400)]
        assert all(sorted(arms[at : at + 4]) == ["a", "a", "b", "b"] for at in range(0, 400, 4))
    assert [arm_of(1, number) for number in range(40)] != [arm_of(2, number) for number in range(40)]


def test_each_recall_is_taken_in_once_and_never_after_a_4_or_5(
    traveller: time_machine.Traveller, start: StartTrial, shadyside: Site, foothills: Site
) -> None:
    trial = start()
    taken = [RecallFactory.create(site=shadyside) for _number in range(8)]
    RecallFactory.create(site=shadyside, exam__assessment=Assessment.HIGHLY_SUGGESTIVE)
    RecallFactory.create(site=shadyside, exam__assessment=Assessment.NEED_PRIORS)
    RecallFactory.create(site=foothills)
    places = TrialPlace.objects.order_by("number")
    assert [place.recall_id for place in places] == [recall.pk for recall in taken]
    assert [place.arm for place in places] == [arm_of(trial.seed, number) for number in range(8)]
    assert Counter(place.arm for place in places) == {"a": 4, "b": 4}


def test_the_caller_reads_the_part_of_the_day_until_the_first_call_or_a_5(
    traveller: time_machine.Traveller, start: StartTrial, shadyside: Site
) -> None:
    start()
    recall = RecallFactory.create(site=shadyside)
    part = recall.trial_place.call_part
    fresh = Recall.objects.select_related("trial_place", "exam", "site", "patient").get(pk=recall.pk)
    assert f"try the {part}" in describe_next_action(fresh)
    fresh.suspicious = True
    assert "try the" not in describe_next_action(fresh)


def test_without_a_trial_there_is_no_row_and_no_other_word(traveller: time_machine.Traveller, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    fresh = Recall.objects.select_related("trial_place", "exam", "site", "patient").get(pk=recall.pk)
    assert "try the" not in describe_next_action(fresh)
    assert not TrialPlace.objects.exists()


def test_two_texts_go_each_to_their_arm_and_the_usual_one_to_all_others(
    traveller: time_machine.Traveller, start: StartTrial, shadyside: Site, manager: User
) -> None:
    usual = "Hello $first_name. $clinic_name, $clinic_phone. {words}"
    versions = [
        MessageText.objects.create(
            name="recall_notice", language="en", version=number, subject="A message from $clinic_name",
            body=usual.replace("{words}", words), active=False, reviewer="Testa Sample-Oak, MD",
            reviewed_on=date(2026, 11, 2), edited_by=manager,
        )
        for number, words in ((1, "Words of A."), (2, "Words of B."))
    ]  # fmt: skip
    arms = {"kind": "recall_notice", "channel": "email", "language": "en"}
    arms |= {"a": str(versions[0].pk), "b": str(versions[1].pk)}
    start(subject=Trial.Subject.TEXT, arms=arms, outcome=Trial.Outcome.VISIT_20)
    ours = [RecallFactory.create(site=shadyside, patient__email=f"testa{n}@example.org") for n in range(4)]
    grave = RecallFactory.create(site=shadyside, exam__assessment=Assessment.HIGHLY_SUGGESTIVE)
    assert not TrialPlace.objects.exists()  # nobody is taken in before their message leaves
    traveller.move_to(at("2026-11-10", "10:00"))
    send_due(10)
    for place in TrialPlace.objects.all():
        said = RenderedMessage.objects.get(notification__recall=place.recall, notification__kind="recall_notice").text
        assert f"Words of {place.arm.upper()}." in said
    assert {place.recall_id for place in TrialPlace.objects.all()} == {recall.pk for recall in ours}
    said = RenderedMessage.objects.get(notification__recall=grave, notification__kind="recall_notice").text
    assert "Words of" not in said


def test_an_offer_goes_to_as_many_as_the_arm_says(
    traveller: time_machine.Traveller, start: StartTrial, shadyside: Site
) -> None:
    policy = SlotPolicy.objects.create(site=shadyside, offers_earlier=True, offers_never_booked=True, offer_batch=2)
    room, ana = RoomFactory.create(site=shadyside), get_site_staff(shadyside).scheduler
    start(subject=Trial.Subject.OFFER_SIZE, arms={"a": 1, "b": 3}, outcome=Trial.Outcome.OFFER_TAKEN)
    for number in range(8):
        recall = RecallFactory.create(site=shadyside)
        slot = actions.Slot(shadyside, at("2026-11-25", f"{8 + number % 8:02}:30"), room=room)
        actions.book_appointment(recall, slot, by=ana)
        actions.ask_earlier(recall, by=ana)
    assert policy.offer_batch == 2
    offer_earlier_times()
    by_time = Counter(EarlierOffer.objects.values_list("starts_at", flat=True))
    leads = TrialPlace.objects.count()
    assert leads >= 2
    assert set(by_time.values()) <= {1, 2, 3}
    first = TrialPlace.objects.get(number=0)
    mine = EarlierOffer.objects.get(entry__appointment__recall=first.recall)
    assert by_time[mine.starts_at] == {"a": 1, "b": 3}[first.arm]


def test_it_ends_when_all_are_taken_in_and_is_counted_when_the_last_outcome_is_known(
    traveller: time_machine.Traveller, start: StartTrial, shadyside: Site
) -> None:
    trial, ana = start(), get_site_staff(shadyside).scheduler
    recalls = [RecallFactory.create(site=shadyside) for _number in range(41)]
    assert TrialPlace.objects.count() == 40
    for place in TrialPlace.objects.select_related("recall"):
        answer = ContactResult.REACHED_CALLS_BACK if place.arm == "b" else ContactResult.NO_ANSWER
        actions.log_contact(place.recall, ContactAttemptInput(ContactChannel.PHONE, answer), by=ana)
    assert not hasattr(recalls[-1], "trial_place")
    assert review_trials() == 1
    assert reasons() == [TrialEnd.Reason.FULL]
    traveller.shift(timedelta(days=9))
    assert review_trials() == 0
    traveller.shift(timedelta(days=2))
    assert (review_trials(), review_trials()) == (1, 0)
    found = TrialResult.objects.get(trial=trial).document
    assert found["arms"]["a"] == {
        "recalls": 20, "with_outcome": 0, "percent": 0.0, "low": 0.0, "high": 16.1,
    }  # fmt: skip
    assert found["arms"]["b"]["with_outcome"] == 20
    assert (found["difference"]["points"], found["difference"]["found"]) == (100.0, True)


def test_its_last_day_and_a_person_end_it_and_a_result_without_a_finding_is_kept(
    traveller: time_machine.Traveller, start: StartTrial, shadyside: Site, manager: User
) -> None:
    trial = start(ends_on=date(2026, 11, 20))
    for _number in range(4):
        RecallFactory.create(site=shadyside)
    traveller.move_to(at("2026-11-21", "09:00"))
    RecallFactory.create(site=shadyside)
    assert TrialPlace.objects.count() == 4
    review_trials()
    traveller.shift(timedelta(days=1))
    review_trials()
    assert TrialResult.objects.get(trial=trial).document["difference"]["found"] is False
    second = start(title="Again")
    with pytest.raises(ValidationError):
        end_by_hand(second, "  ", by=manager)
    end_by_hand(second, "The ward is closed for building.", by=manager)
    draft = draft_trial(shadyside, make_draft(), by=manager)
    end_by_hand(draft, "The question changed.", by=manager)
    assert reasons() == [TrialEnd.Reason.DATE, TrialEnd.Reason.BY_HAND, TrialEnd.Reason.WITHDRAWN]
    review_trials()
    assert TrialResult.objects.get(trial=second).document["taken_in"] == 0
    assert not TrialResult.objects.filter(trial=draft).exists()


def test_the_program_stops_it_where_one_arm_does_clearly_worse(
    traveller: time_machine.Traveller, start: StartTrial, shadyside: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from reports.trials import results

    start(size=80)
    for _number in range(12):
        RecallFactory.create(site=shadyside)
    monkeypatch.setattr(results, "SAFETY_LEAST", 6)
    came = {place.recall_id for place in TrialPlace.objects.filter(arm="a")}
    monkeypatch.setattr(results, "recalls_with_outcome", lambda outcome, places: came)
    review_trials()
    assert reasons() == []  # their days are not over
    traveller.shift(timedelta(days=21))
    monkeypatch.setattr(results, "SAFETY_LEVEL", 0.95)
    review_trials()
    assert reasons() == [TrialEnd.Reason.SAFETY]


def test_the_interval_is_newcombes() -> None:
    """Newcombe 1998, table II: 56 of 70 against 48 of 80 is 0.2000, 0.0524 to 0.3339 by method 10."""
    low, high = difference_interval(48, 80, 56, 70, level=0.95)
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)


def test_the_interval_holds_the_true_difference_in_about_95_of_100_trials() -> None:
    chance, held, runs = Random(5), 0, 300
    for _run in range(runs):
        yes = [sum(chance.random() < share for _one in range(100)) for share in (0.5, 0.6)]
        low, high = difference_interval(yes[0], 100, yes[1], 100, level=0.95)
        held += low <= 0.1 <= high
    assert 0.92 * runs <= held <= 0.98 * runs
