"""Tests that a patient reads a figure only where it is true, and the same one in messages and on the page."""

from typing import Any, Final

import pytest
from django.utils import timezone

from clinic.factories import get_site_staff
from clinic.models import Site
from notifications.content.statistics import STATISTICS
from notifications.enums import NotificationKind
from recalls import actions
from recalls.actions import DisclosureInput, OutcomeInput, Slot
from recalls.enums import Assessment, DisclosureMethod, FindingKind, RecallKind, Side, VisitKind
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock, at
from tests.notifications.rendering.every_channel import (
    DETAILED,
    DETAILED_LETTER,
    words_on_every_channel,
    words_on_the_page,
)

pytestmark = pytest.mark.django_db

WITHOUT_A_FIGURE: Final[dict[str, dict[str, Any]]] = {
    "a blurred picture": {"exam__recall_kind": RecallKind.TECHNICAL, "exam__findings": []},
    "a symptom": {"exam__recall_kind": RecallKind.CLINICAL, "exam__findings": []},
    "a change in the skin": {"exam__findings": [(FindingKind.SKIN, Side.LEFT)]},
    "a distortion": {"exam__findings": [(FindingKind.ARCHITECTURAL_DISTORTION, Side.LEFT)]},
    "a distortion beside a mass": {
        "exam__findings": [(FindingKind.MASS, Side.LEFT), (FindingKind.ARCHITECTURAL_DISTORTION, Side.RIGHT)]
    },
}
GENERAL: Final = str(STATISTICS["called_back_not_cancer_per_100"].value)
OF_ALL_BIOPSIES: Final = str(STATISTICS["biopsy_not_cancer_per_100"].value)


@pytest.mark.parametrize("reason", WITHOUT_A_FIGURE)
def test_no_figure_stands_where_none_is_true_neither_in_the_mail_nor_on_the_page(reason: str, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, **WITHOUT_A_FIGURE[reason])
    said = words_on_every_channel(recall, NotificationKind.RECALL_NOTICE) | {"page": words_on_the_page(recall)}
    for channel, words in said.items():
        assert GENERAL not in words, channel
        assert "How often this turns out fine" not in words, channel


@pytest.mark.parametrize(("first", "called_back"), [(True, "21"), (False, "10"), (None, "10")])
def test_mail_letter_and_page_show_the_same_figure_and_say_that_ones_own_chance_may_differ(
    first: bool | None, called_back: str, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, exam__first_screen=first)
    said = words_on_every_channel(recall, NotificationKind.RECALL_NOTICE)
    for words in (said[DETAILED], said[DETAILED_LETTER], words_on_the_page(recall)):
        assert f"about {called_back} are called back" in words
        assert f"about {GENERAL} do not have cancer" in words
        assert "after a first mammogram or a later one. Your own chance may be higher or lower." in words


def test_a_developing_asymmetry_has_its_own_figure_in_the_mail_and_on_the_page(shadyside: Site) -> None:
    findings = [(FindingKind.DEVELOPING_ASYMMETRY, Side.LEFT), (FindingKind.MASS, Side.LEFT)]
    recall = RecallFactory.create(site=shadyside, exam__findings=findings)
    said = words_on_every_channel(recall, NotificationKind.RECALL_NOTICE)
    for words in (said[DETAILED], said[DETAILED_LETTER], words_on_the_page(recall)):
        assert "about 87 did not have cancer. About 13 did. Your own chance may be higher or lower." in words
        assert GENERAL not in words


@pytest.mark.parametrize("story", ["suspicious_screen", "next_round", "more_imaging"])
def test_the_general_figure_is_not_shown_once_it_counts_other_people(story: str, shadyside: Site) -> None:
    assert GENERAL not in words_on_the_page(RecallFactory.create(site=shadyside, **{story: True}))


def _biopsy_booked(site: Site, outcome: Assessment, **exam: Any) -> Recall:
    """Read after a visit and told, and the biopsy is to be booked."""
    staff = get_site_staff(site)
    recall = RecallFactory.create(site=site, attended=True, **exam)
    actions.record_outcome(recall, OutcomeInput(outcome), by=staff.radiologist)
    actions.result_told(recall, DisclosureInput(DisclosureMethod.PHONE), by=staff.radiologist)
    return recall


def _told_of_the_biopsy(recall: Recall) -> dict[str, str]:
    """On the page before the biopsy is booked, and in the message about the booking."""
    page = words_on_the_page(recall)
    slot = Slot(recall.site, at("2026-11-24", "10:30"), VisitKind.BIOPSY)
    actions.book_biopsy(recall, slot, by=get_site_staff(recall.site).scheduler)
    return words_on_every_channel(recall, NotificationKind.BIOPSY_CONFIRMATION) | {"page": page}


@pytest.mark.parametrize("outcome", [Assessment.SUSPICIOUS, Assessment.SUSPICIOUS_A, Assessment.SUSPICIOUS_B])
def test_the_figure_of_all_biopsies_stands_after_a_4_a_4a_or_a_4b_with_its_caution_beside_it(
    outcome: Assessment, clock: Clock, shadyside: Site
) -> None:
    said = _told_of_the_biopsy(_biopsy_booked(shadyside, outcome))
    for channel in (DETAILED, "page"):
        assert f"about {OF_ALL_BIOPSIES} do not have cancer. Your own chance may be higher or lower." in said[channel]


@pytest.mark.parametrize(
    ("outcome", "exam"),
    [
        (Assessment.SUSPICIOUS_C, {}),
        (Assessment.HIGHLY_SUGGESTIVE, {}),
        (Assessment.SUSPICIOUS_A, {"exam__assessment": Assessment.HIGHLY_SUGGESTIVE}),
        (Assessment.SUSPICIOUS_B, {"exam__recall_kind": RecallKind.CLINICAL}),
    ],
)
def test_nobody_with_a_4c_or_a_5_is_told_how_many_biopsies_find_no_cancer(
    outcome: Assessment, exam: dict[str, Any], clock: Clock, shadyside: Site
) -> None:
    said = _told_of_the_biopsy(_biopsy_booked(shadyside, outcome, **exam))
    for channel, words in said.items():
        assert f"{OF_ALL_BIOPSIES} do not have cancer" not in words, channel
        assert "does not mean that you have cancer" not in words, channel
    for channel in (DETAILED, "page"):
        assert "Only the biopsy can tell for sure what we saw. Ask the doctor what it means for you." in said[channel]


def test_a_second_biopsy_is_not_counted_in_the_figure_of_first_ones(clock: Clock, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, discordant=True, ended_at=timezone.now())
    slot = Slot(recall.site, at("2026-11-24", "10:30"), VisitKind.BIOPSY)
    actions.book_biopsy(recall, slot, by=get_site_staff(recall.site).scheduler)
    said = words_on_every_channel(recall, NotificationKind.BIOPSY_CONFIRMATION)
    assert f"{OF_ALL_BIOPSIES} do not" not in said[DETAILED]
    assert "Only the biopsy can tell for sure" in said[DETAILED]
