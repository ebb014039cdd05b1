"""Tests that a patient is told how to get ready for their own kind of visit, and is asked for what could harm them."""

import re
from typing import Final

import pytest

from clinic.models import Site, User
from notifications.content import loader
from notifications.content.banned_words import CLINICAL_DETAIL
from notifications.content.visits import VISIT_TEXTS
from notifications.enums import NotificationKind
from recalls import actions
from recalls.actions import Slot
from recalls.enums import VisitKind
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock, at
from tests.notifications.rendering.every_channel import (
    DETAILED,
    PLAIN,
    TEXT_MESSAGE,
    words_on_every_channel,
    words_on_the_page,
)

pytestmark = pytest.mark.django_db

ABOUT_THE_VISIT: Final = (NotificationKind.APPOINTMENT_CONFIRMATION, NotificationKind.APPOINTMENT_REMINDER)
# What must be asked before the day, by kind of visit, in words that stand in the message itself.
ASKED_FIRST: Final = {
    "mri": ("pacemaker", "clip in the brain", "ear implant", "pump for medicine", "kidney", "dye", "pregnant"),
    "cem": ("kidney", "thyroid", "dye", "metformin", "pregnant", "breastfeeding"),
    "ultrasound": ("pregnant", "eat and drink as usual"),
    "aspiration": ("blood thinners", "allergies", "Do not stop any medicine"),
    "clinical_exam": ("only take off the top", "when the change began"),
    "surgical_consult": ("medicines and allergies", "reports from other clinics", "bring someone"),
    "diagnostic": ("pregnant", "breastfeeding", "breast implants", "deodorant", "only take off the top"),
    "diagnostic_us": ("pregnant", "breast implants", "deodorant"),
    "repeat_view": ("pregnant", "breast implants", "deodorant"),
    "follow_up": ("pregnant", "breast implants", "deodorant"),
}
NEUTRAL_CHECK: Final = {
    "en": ("metal or a device in your body", "kidney", "dye", "pregnant", "breastfeeding", "blood thinners"),
    "es": ("metal o un aparato en el cuerpo", "riñones", "contraste", "embarazo", "amamanta", "coágulos"),
}
VISITS: Final = sorted(VISIT_TEXTS.keys() - {"biopsy"})


@pytest.fixture
def booked_recall(clock: Clock, shadyside: Site, scheduler_ana: User) -> Recall:
    recall = RecallFactory.create(site=shadyside)
    actions.book_appointment(recall, Slot(shadyside, at("2026-11-24", "10:30")), by=scheduler_ana)
    return recall


@pytest.mark.parametrize("message", ABOUT_THE_VISIT)
@pytest.mark.parametrize("kind", VISITS)
def test_a_patient_who_agreed_to_detail_is_asked_for_what_matters_before_that_kind_of_visit(
    kind: str, message: NotificationKind, booked_recall: Recall
) -> None:
    booked_recall.appointments.update(kind=kind)
    words = words_on_every_channel(booked_recall, message)[DETAILED]
    assert [asked for asked in ASKED_FIRST[kind] if asked not in words] == []


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("message", ABOUT_THE_VISIT)
@pytest.mark.parametrize("kind", VISITS)
def test_every_other_patient_is_asked_the_safety_questions_in_words_that_name_no_test(
    kind: str, message: NotificationKind, language: str, booked_recall: Recall
) -> None:
    booked_recall.appointments.update(kind=kind)
    words = words_on_every_channel(booked_recall, message, language)[PLAIN]
    assert [asked for asked in NEUTRAL_CHECK[language] if asked not in words] == []
    assert CLINICAL_DETAIL[language].findall(words) == []


@pytest.mark.parametrize("message", [NotificationKind.BIOPSY_CONFIRMATION, NotificationKind.BIOPSY_REMINDER])
def test_before_a_biopsy_medicines_food_and_allergies_are_talked_about_and_nothing_is_stopped_alone(
    message: NotificationKind, clock: Clock, shadyside: Site, scheduler_ana: User
) -> None:
    with_biopsy = RecallFactory.create(site=shadyside, biopsy_to_book=True)
    slot = Slot(shadyside, at("2026-11-24", "10:30"), VisitKind.BIOPSY)
    actions.book_biopsy(with_biopsy, slot, by=scheduler_ana)
    said = words_on_every_channel(with_biopsy, message)
    for asked in ("blood thinners", "allergies", "Do not stop any medicine until we have talked"):
        assert asked in said[PLAIN]
        assert asked in said[DETAILED]
    for told in ("Eat a light meal, and drink as usual.", "loose top", "no deodorant", "pregnant", "metal or a"):
        assert told in said[DETAILED]


@pytest.mark.parametrize("kind", ["mri", "cem", "aspiration"])
def test_a_text_message_about_a_visit_that_needs_a_safety_check_asks_for_a_call_before_the_day(
    kind: str, booked_recall: Recall
) -> None:
    booked_recall.appointments.update(kind=kind)
    for message, asks in zip(
        ABOUT_THE_VISIT, ("Please call us before the day", "Not talked with us yet?"), strict=True
    ):
        assert asks in words_on_every_channel(booked_recall, message)[TEXT_MESSAGE]
    booked_recall.appointments.update(kind="diagnostic")
    assert "before the day" not in words_on_every_channel(booked_recall, ABOUT_THE_VISIT[0])[TEXT_MESSAGE]


def test_nobody_is_promised_pictures_at_a_talk_or_an_answer_on_the_day_of_an_mri(booked_recall: Recall) -> None:
    for kind, promised in (
        ("clinical_exam", "We take a few pictures"),
        ("surgical_consult", "We take a few pictures"),
        ("mri", "we will tell you the answer"),
    ):
        booked_recall.appointments.update(kind=kind)
        for words in words_on_every_channel(booked_recall, NotificationKind.APPOINTMENT_CONFIRMATION).values():
            assert promised not in words


@pytest.mark.parametrize("language", ["en", "es"])
def test_what_to_eat_before_a_biopsy_is_said_in_one_place(language: str) -> None:
    for name in ("core_biopsy", "vacuum_biopsy"):
        text = loader.get_shipped_text(f"explainers/procedures/{name}", language)
        assert text is not None
        assert not re.search(r"\b(eat|meal|drink|coma|comer|beber)\b", text.body.template, re.IGNORECASE)


def test_a_clip_in_the_breast_frightens_nobody_away_from_an_mri() -> None:
    text = loader.get_shipped_text("explainers/preparation/mri", "en")
    assert text is not None
    assert "clip in the brain" in text.body.template
    assert "A tiny clip in the breast from a biopsy is safe." in text.body.template


@pytest.mark.parametrize("kind", VISITS)
def test_the_page_says_how_to_get_ready_for_that_kind_of_visit(kind: str, booked_recall: Recall) -> None:
    booked_recall.appointments.update(kind=kind)
    page = words_on_the_page(booked_recall)
    assert [asked for asked in ASKED_FIRST[kind] if asked not in page] == []


def test_a_kind_of_visit_without_texts_of_its_own_asks_the_general_safety_questions(booked_recall: Recall) -> None:
    booked_recall.appointments.update(kind="new_kind")
    said = words_on_every_channel(booked_recall, NotificationKind.APPOINTMENT_CONFIRMATION)
    for words in (said[PLAIN], said[DETAILED], words_on_the_page(booked_recall)):
        assert [asked for asked in NEUTRAL_CHECK["en"] if asked not in words] == []
