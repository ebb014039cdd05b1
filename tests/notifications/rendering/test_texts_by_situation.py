"""Tests that what a patient is told fits why they were called back, on every channel and on the page alike."""

from typing import Any, Final

import pytest

from clinic.models import Site, User
from notifications.content import loader
from notifications.enums import Channel, NotificationKind
from recalls import actions
from recalls.actions import DisclosureInput, OutcomeInput
from recalls.enums import Assessment, DisclosureMethod, FindingKind, RecallKind, Side
from recalls.models import Recall
from recalls.testing.factories import ExamFactory, RecallFactory
from tests.notifications.rendering.every_channel import (
    DETAILED,
    LETTER,
    PLAIN,
    TEXT_MESSAGE,
    words_on_every_channel,
    words_on_the_page,
)

pytestmark = pytest.mark.django_db

LUMP: Final[dict[str, Any]] = {
    "exam__recall_kind": RecallKind.CLINICAL,
    "exam__assessment": Assessment.NEGATIVE,
    "exam__findings": [],
}
BLURRED: Final[dict[str, Any]] = {"exam__recall_kind": RecallKind.TECHNICAL, "exam__findings": []}
STILL_NEEDS_THE_DOCTOR: Final[dict[str, dict[str, Any]]] = {
    "lump": LUMP,
    "skin": {"exam__findings": [(FindingKind.SKIN, Side.LEFT)]},
    "nipple": {"exam__findings": [(FindingKind.MASS, Side.LEFT), (FindingKind.NIPPLE, Side.LEFT)]},
    "duct": {"exam__findings": [(FindingKind.DUCT, Side.RIGHT)]},
}
GOOD_RESULTS: Final = {
    "closed_normal": NotificationKind.OUTCOME_NORMAL,
    "closed_benign": NotificationKind.OUTCOME_BENIGN,
}
FALSE_CALM: Final = (
    "you do not need more tests",
    "you do not need another visit",
    "nothing that you need to do",
    "it is good news",
    "go back to your usual",
    "no necesita más pruebas",
    "no necesita otra cita",
    "son buenas noticias",
    "es una buena noticia",
    "puede seguir con sus",
)


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("result", GOOD_RESULTS)
@pytest.mark.parametrize("reason", STILL_NEEDS_THE_DOCTOR)
def test_a_patient_with_a_lump_a_leak_or_a_skin_change_is_never_told_that_all_is_done(
    reason: str, result: str, language: str, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, **{result: True}, **STILL_NEEDS_THE_DOCTOR[reason])
    said = words_on_every_channel(recall, GOOD_RESULTS[result], language)
    said["page"] = words_on_the_page(recall, language)
    for channel, words in said.items():
        assert [calm for calm in FALSE_CALM if calm in words.lower()] == [], channel
    for channel in (PLAIN, DETAILED, LETTER, "page"):
        assert {"en": "your doctor", "es": "su médico"}[language] in said[channel], channel
        assert {"en": "even now", "es": "de todos modos"}[language] in said[channel], channel
    assert {"en": "one more step", "es": "falta un paso"}[language] in said[TEXT_MESSAGE]


@pytest.mark.parametrize("result", GOOD_RESULTS)
def test_only_a_patient_who_agreed_to_detail_reads_what_the_change_is(result: str, shadyside: Site) -> None:
    said = words_on_every_channel(RecallFactory.create(site=shadyside, **{result: True}, **LUMP), GOOD_RESULTS[result])
    assert "The lump, leak or skin change" in said[DETAILED]
    for channel in (PLAIN, LETTER, TEXT_MESSAGE):
        assert "lump" not in said[channel]


@pytest.mark.parametrize("result", GOOD_RESULTS)
def test_a_patient_with_a_finding_in_the_pictures_alone_hears_that_nothing_is_left_to_do(
    result: str, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, **{result: True})
    said = words_on_every_channel(recall, GOOD_RESULTS[result])
    assert all("good news" in words for words in said.values())
    assert "it is good news" in words_on_the_page(recall)


def test_earlier_pictures_do_not_answer_for_a_lump(shadyside: Site) -> None:
    findings = [(FindingKind.SYMPTOM, Side.LEFT)]
    recall = RecallFactory.create(site=shadyside, resolved_by_priors=True, exam__findings=findings)
    said = words_on_every_channel(recall, NotificationKind.NO_VISIT_NEEDED) | {"page": words_on_the_page(recall)}
    assert [channel for channel, words in said.items() if "good news" in words.lower()] == []
    for channel in (PLAIN, LETTER, "page"):
        assert "see your doctor about the change" in said[channel]


@pytest.mark.parametrize("language", ["en", "es"])
def test_after_a_blurred_picture_a_normal_result_speaks_of_the_picture_and_not_of_a_question(
    language: str, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, closed_normal=True, **BLURRED)
    said = words_on_every_channel(recall, NotificationKind.OUTCOME_NORMAL, language)
    said["page"] = words_on_the_page(recall, language)
    for words in said.values():
        for untrue in ("raised a question", "overlap", "una duda", "se encima"):
            assert untrue not in words.lower()
    for channel in (DETAILED, LETTER):
        assert {"en": "one picture had not come out well", "es": "una imagen no había salido bien"}[language] in (
            said[channel]
        )
    assert {"en": "clear, and they are normal", "es": "salieron claras y son normales"}[language] in said["page"]


def test_a_probably_benign_result_sends_a_patient_with_a_lump_to_their_doctor_too(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, probably_benign=True, **LUMP)
    said = words_on_every_channel(recall, NotificationKind.OUTCOME_PROBABLY_BENIGN)
    for channel in (PLAIN, DETAILED, LETTER):
        assert "please see your doctor about it now too" in said[channel]
    assert "please see your doctor about it now too" in words_on_the_page(recall)
    assert all("do not need anything more" not in words for words in said.values())


def test_a_visit_that_earlier_pictures_made_needless_is_taken_back_without_asking_for_a_new_day(
    shadyside: Site, scheduler_ana: User, radiologist_rao: User
) -> None:
    recall = RecallFactory.create(site=shadyside, booked_ahead=True)
    assert loader.get_text_name(recall, NotificationKind.APPOINTMENT_CANCELLED, Channel.EMAIL) == (
        "appointment_cancelled"
    )
    actions.resolve_by_priors(recall, OutcomeInput(Assessment.BENIGN), by=radiologist_rao)
    actions.result_told(recall, DisclosureInput(DisclosureMethod.PHONE), by=radiologist_rao)
    for channel, name in ((Channel.EMAIL, ""), (Channel.SMS, ".sms")):
        chosen = loader.get_text_name(recall, NotificationKind.APPOINTMENT_CANCELLED, channel)
        assert chosen == f"appointment_cancelled.not_needed{name}"


@pytest.mark.parametrize("assessment", [Assessment.SUSPICIOUS_A, Assessment.HIGHLY_SUGGESTIVE])
def test_the_certified_letter_after_a_4_or_5_asks_to_come_soon_and_opens_no_easy_door(
    assessment: Assessment, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, exam__assessment=assessment)
    for language, wanted, unwanted in (
        ("en", ("take it soon", "today or tomorrow", "speak with the doctor first"), ("stop writing", "cannot tell")),
        ("es", ("darlo pronto", "hoy o mañana", "hable primero con"), ("dejaremos de escribirle", "no podemos")),
    ):
        name = loader.get_text_name(recall, NotificationKind.LAST_LETTER, Channel.LETTER)
        text = loader.get_shipped_text(name, language)
        assert text is not None
        assert [words for words in wanted if words not in text.body.template] == []
        assert [words for words in unwanted if words in text.body.template] == []


def test_the_certified_letter_after_a_0_says_nothing_of_pictures_that_nobody_may_explain(shadyside: Site) -> None:
    name = loader.get_text_name(RecallFactory.create(site=shadyside), NotificationKind.LAST_LETTER, Channel.LETTER)
    assert name == "last_letter.letter"
    text = loader.get_shipped_text(name, "en")
    assert text is not None
    assert "cannot tell you what the pictures show" not in text.body.template


def test_a_text_without_words_for_a_situation_uses_those_of_its_kind(shadyside: Site) -> None:
    blurred = Recall(exam=ExamFactory.create(findings=[]), kind=RecallKind.TECHNICAL)
    assert loader.get_text_name(blurred, NotificationKind.OUTCOME_BENIGN, Channel.EMAIL) == "outcome_benign"
    assert loader.get_text_name(blurred, NotificationKind.OUTCOME_NORMAL, Channel.SMS) == "outcome_normal.sms"
    assert loader.get_text_name(blurred, NotificationKind.OUTCOME_NORMAL, Channel.LETTER) == (
        "outcome_normal.technical.letter"
    )
