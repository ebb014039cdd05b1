"""Tests of a site's own contact ladder, and that a ladder that loses patients is refused."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from time_machine import TimeMachineFixture

from clinic import calendar
from clinic.contact_ladder import DEFAULT_LADDER, LOST_AFTER_DAYS, ContactChannel, LadderRung
from clinic.factories import get_site_staff
from clinic.models import Site, User
from notifications.models import Notification
from patients.factories import ReferringProviderFactory
from recalls import actions, contact_ladder
from recalls.actions import RESULTS_BY_CHANNEL, ContactAttemptInput
from recalls.enums import ContactResult, State
from recalls.models import Recall
from recalls.permissions import StepUnavailable
from recalls.presenters import describe_next_action
from recalls.testing.factories import RecallFactory
from tests.rules.step_actions import MONDAY
from tests.support.admin_pages import change_url, signed_in_client, site_form_data

SHORT_LADDER = (
    ("Call the patient", 0, ContactChannel.PHONE),
    ("Call once more", 2, ContactChannel.PHONE),
    ("Certified letter", 9, ContactChannel.CERTIFIED_LETTER),
)

pytestmark = pytest.mark.django_db


def _set_ladder(
    site: Site, rungs: Sequence[tuple[str, int, ContactChannel]], lost_after: int = LOST_AFTER_DAYS
) -> Site:
    LadderRung.objects.bulk_create(
        LadderRung(site=site, order=order, name=name, day=day, channel=channel)
        for order, (name, day, channel) in enumerate(rungs, start=1)
    )
    Site.objects.filter(pk=site.pk).update(lost_after=lost_after)
    return Site.objects.get(pk=site.pk)


@pytest.fixture
def short_ladder_site(shadyside: Site, time_machine: TimeMachineFixture) -> Site:
    """Three rungs, and lost after twenty days."""
    time_machine.move_to(MONDAY, tick=False)
    return _set_ladder(shadyside, SHORT_LADDER, 20)


def _log_contact(recall: Recall, channel: ContactChannel) -> None:
    actions.log_contact(
        recall, ContactAttemptInput(channel, RESULTS_BY_CHANNEL[channel][-1]), by=get_site_staff(recall.site).navigator
    )


def _no_answer(recall: Recall) -> None:
    contact = ContactAttemptInput(ContactChannel.PHONE, ContactResult.NO_ANSWER)
    actions.log_contact(recall, contact, by=get_site_staff(recall.site).navigator)


def test_a_site_without_rungs_of_its_own_has_the_default_ladder(shadyside: Site) -> None:
    assert (shadyside.contact_ladder.rungs, shadyside.contact_ladder.lost_after) == (DEFAULT_LADDER, 60)


def test_the_next_attempt_uses_the_sites_own_day_and_text(short_ladder_site: Site) -> None:
    recall = RecallFactory.create(site=short_ladder_site)
    assert describe_next_action(recall).startswith("Call the patient")
    _no_answer(recall)
    assert describe_next_action(recall).startswith("Call once more")
    assert recall.due_at is not None
    assert calendar.local_day(short_ladder_site, recall.due_at) == calendar.local_day(
        short_ladder_site, MONDAY
    ) + timedelta(days=2)


def test_another_site_keeps_the_default_ladder(short_ladder_site: Site, foothills: Site) -> None:
    recall = RecallFactory.create(site=foothills)
    _no_answer(recall)
    assert describe_next_action(recall).startswith("Second call, at another time of day")


def test_a_patient_is_lost_after_the_sites_own_rungs_and_days(
    short_ladder_site: Site, manager_mo: User, time_machine: TimeMachineFixture
) -> None:
    recall = RecallFactory.create(site=short_ladder_site)
    for channel in (ContactChannel.PHONE, ContactChannel.PHONE, ContactChannel.CERTIFIED_LETTER):
        _log_contact(recall, channel)
    assert contact_ladder.open_rungs(recall, list(recall.contact_attempts.all())) == []
    time_machine.move_to(MONDAY + timedelta(days=19))
    with pytest.raises(StepUnavailable, match="ladder is not complete"):
        actions.close_lost(recall, by=manager_mo, note="Nobody got through.")
    time_machine.move_to(MONDAY + timedelta(days=21))
    actions.close_lost(recall, by=manager_mo, note="Nobody got through.")
    assert recall.state == State.CLOSED


def _notification_due_at(recall: Recall, kind: str, occasion: str = "") -> datetime:
    return Notification.objects.get(recall=recall, kind=kind, occasion__startswith=occasion).due_at


def test_the_last_letter_is_planned_on_the_sites_own_day(short_ladder_site: Site) -> None:
    recall = RecallFactory.create(site=short_ladder_site)
    assert calendar.local_day(short_ladder_site, _notification_due_at(recall, "last_letter")) == calendar.local_day(
        short_ladder_site, MONDAY
    ) + timedelta(9)


def test_a_ladder_without_a_certified_letter_plans_none(shadyside: Site, time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(MONDAY, tick=False)
    site = _set_ladder(shadyside, [*SHORT_LADDER[:2], ("Letter", 9, ContactChannel.LETTER)])
    recall = RecallFactory.create(site=site)
    assert not Notification.objects.filter(recall=recall, kind="last_letter").exists()


@pytest.mark.parametrize(
    ("rungs", "day"),
    [
        (SHORT_LADDER, 9),
        ([*SHORT_LADDER, ("Navigator", 11, ContactChannel.NAVIGATOR), ("Once more", 14, ContactChannel.PHONE)], 11),
    ],
)
def test_the_referrer_is_notified_on_the_navigators_day_or_else_on_the_last(
    rungs: Sequence[tuple[str, int, ContactChannel]], day: int, shadyside: Site, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(MONDAY, tick=False)
    site = _set_ladder(shadyside, rungs)
    doctor = ReferringProviderFactory.create(name="Dr. Referra Example", email="referrer@example.com")
    recall = RecallFactory.create(site=site, exam__referrer=doctor)
    told = calendar.local_day(site, _notification_due_at(recall, "referrer_notice", "unreachable"))
    assert told == calendar.next_open_day(site, calendar.local_day(site, MONDAY) + timedelta(day))


def _ladder_form_data(site: Site, rungs: Sequence[tuple[int, str, int, str]], lost_after: int) -> dict[str, str]:
    """The site's page with these rungs (order, name, day, channel) typed in."""
    typed = {
        f"ladder_rungs-{at}-{field}": str(value)
        for at, rung in enumerate(rungs)
        for field, value in zip(("order", "name", "day", "channel"), rung, strict=True)
    }
    return site_form_data(site, **typed, lost_after=str(lost_after), **{"ladder_rungs-TOTAL_FORMS": str(len(rungs))})


@pytest.fixture
def admin_client(administrator_ada: User, shadyside: Site) -> Client:
    shadyside.policy.save()
    return signed_in_client(administrator_ada)


VALID_RUNGS = [(1, "Call the patient", 0, "phone"), (2, "Ring again", 3, "phone"), (3, "Write", 7, "letter")]


def test_an_administrator_sets_the_ladder_and_the_change_is_logged(admin_client: Client, shadyside: Site) -> None:
    assert admin_client.post(change_url(shadyside), _ladder_form_data(shadyside, VALID_RUNGS, 30)).status_code == 302
    site = Site.objects.get(pk=shadyside.pk)
    assert [(rung.label, rung.day, rung.channel) for rung in site.contact_ladder.rungs] == [
        row[1:] for row in VALID_RUNGS
    ]
    said = LogEntry.objects.latest("pk").get_change_message()
    assert "lost after, in days: from 60 to 30" in said
    assert "step of the contact ladder: added, Order 2, What the desk reads Ring again, From day 3, How Phone" in said


@pytest.mark.parametrize(
    ("rungs", "lost_after", "why"),
    [
        ([VALID_RUNGS[0], (2, "Ring again", 9, "phone"), (3, "Write", 7, "letter")], 60, "The days must ascend"),
        ([VALID_RUNGS[0], VALID_RUNGS[2]], 60, "needs two attempts"),
        (VALID_RUNGS[:2], 60, "needs a letter"),
        (VALID_RUNGS, 6, "the patient would count as lost after 6 days"),
        ([], 30, "The last step is on day 45"),
        ([VALID_RUNGS[0], (1, "Ring again", 3, "phone"), VALID_RUNGS[2]], 60, "duplicate"),
    ],
)
def test_a_ladder_that_would_lose_people_is_refused(
    rungs: list[tuple[int, str, int, str]], lost_after: int, why: str, admin_client: Client, shadyside: Site
) -> None:
    page = admin_client.post(change_url(shadyside), _ladder_form_data(shadyside, rungs, lost_after))
    assert page.status_code == 200
    assert why in page.text
    assert not LadderRung.objects.exists()


def test_only_an_administrator_sets_it(manager_mo: User, shadyside: Site) -> None:
    assert "ladder_rungs-0-name" not in signed_in_client(manager_mo).get(change_url(shadyside)).text
