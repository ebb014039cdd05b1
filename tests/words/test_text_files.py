"""Holds that every text exists, is whole, and uses only placeholders that are filled."""

import re

import pytest

from notifications.content.education import LESSONS
from notifications.content.sources import SOURCES
from notifications.content.statistics import STATISTIC_PLACEHOLDERS, STATISTICS
from notifications.content.visits import VISIT_TEXTS
from recalls.enums import Assessment, FindingKind, VisitKind
from tests.words.language_phrases import LANGUAGES
from tests.words.text_files import (
    ALL_EXPLAINERS,
    ALL_MESSAGES,
    BLOCKS,
    EMAILS,
    KINDS,
    LETTERS,
    LETTERS_ONLY,
    NEUTRAL_BLOCKS,
    PAGE_KINDS,
    REFERRER_NOTICES,
    ROOT,
    SERIES,
    TEXT_MESSAGES,
    TEXTS_ONLY,
    TO_REFERRERS,
    VISIT_KINDS,
    TextFile,
    allowed_values,
    fill_explainer,
    fill_message,
    fill_placeholders,
)

in_each_language = pytest.mark.parametrize("language", LANGUAGES)

# Texts for a situation of the patient, beside the usual text of their kind.
SITUATIONS = {
    "outcome_normal.symptom",
    "outcome_normal.technical",
    "outcome_benign.symptom",
    "no_visit_needed.symptom",
    "appointment_cancelled.not_needed",
    "last_letter.suspicious",
}
DETAILED = {
    "recall_notice",
    "appointment_confirmation",
    "appointment_reminder",
    "outcome_normal",
    "outcome_benign",
    "outcome_probably_benign",
    "biopsy_confirmation",
    "biopsy_reminder",
    "follow_up_due",
    "result_withdrawn",
}
LETTERS_OF_THEIR_OWN = {
    "held_time",
    "recall_notice",
    "please_call",
    "please_call_results",
    "outcome_normal",
    "outcome_benign",
    "outcome_probably_benign",
    "result_withdrawn",
}
RESULTS_BESIDE_ASSESSMENTS = {
    "technical_repeat",
    "symptom_visit",
    "symptom_more_pictures",
    "symptom_doctor",
    "probably_benign_screening",
    "need_imaging_again",
}
PROCEDURES = {
    "diagnostic_mammogram",
    "spot_magnification",
    "tomosynthesis",
    "repeat_view",
    "contrast_mammogram",
    "ultrasound",
    "mri",
    "core_biopsy",
    "vacuum_biopsy",
    "aspiration",
    "clinical_exam",
    "surgical_consult",
}
OUTCOMES = {
    "normal",
    "normal.symptom",
    "normal.technical",
    "benign",
    "benign.symptom",
    "probably_benign",
    "biopsy_advised",
}
VISITS_TO_COME = VISIT_KINDS - {"appointment_cancelled", "missed_appointment"}
ABOUT_THE_VISIT = NEUTRAL_BLOCKS | {"priors", "both_breasts", "implants"}


def explained(language: str, folder: str = "") -> set[str]:
    start = f"{language}/{folder}/" if folder else f"{language}/"
    return {name.removeprefix(start) for name in ALL_EXPLAINERS if name.startswith(start)}


def kinds_of(texts: list[TextFile], language: str) -> set[str]:
    return {text.kind for text in texts if text.language == language}


@in_each_language
def test_every_kind_of_message_has_an_email_and_a_text_message(language: str) -> None:
    plain = [message for message in EMAILS if not message.detailed]
    assert kinds_of(plain, language) == KINDS
    assert kinds_of(TEXT_MESSAGES, language) == KINDS | TEXTS_ONLY


@in_each_language
def test_a_letter_of_its_own_stands_where_it_says_more_than_the_email(language: str) -> None:
    assert kinds_of(LETTERS, language) == LETTERS_OF_THEIR_OWN | LETTERS_ONLY
    assert kinds_of(REFERRER_NOTICES, language) == TO_REFERRERS


@in_each_language
def test_every_detailed_text_has_a_plain_one_beside_it(language: str) -> None:
    detailed = {message.name for message in ALL_MESSAGES.values() if message.detailed and message.language == language}
    in_situations = {f"{name}.detailed" for name in SITUATIONS if name.split(".")[0] in DETAILED}
    assert detailed == {f"{kind}.detailed" for kind in DETAILED} | {"recall_notice.letter.detailed"} | in_situations
    assert {f"{language}/{name.removesuffix('.detailed')}" for name in detailed} <= ALL_MESSAGES.keys()


@in_each_language
def test_a_text_for_a_situation_is_whole_on_every_channel_on_which_its_kind_has_words_of_its_own(language: str) -> None:
    names = {name.removeprefix(f"{language}/") for name in ALL_MESSAGES if name.startswith(f"{language}/")}
    assert {name.rpartition(".")[0] if name.endswith((".sms", ".letter", ".detailed")) else name for name in names} >= (
        SITUATIONS
    )
    for situation in SITUATIONS:
        kind = situation.split(".")[0]
        usual = {name.removeprefix(kind) for name in names if name.split(".")[0] == kind and name.count(".") < 2}
        own = {name.removeprefix(situation) for name in names if name.startswith(situation)}
        channels = {variant for variant in usual if variant in ("", ".sms", ".letter", ".detailed")}
        assert own == channels - ({".sms"} if situation == "outcome_normal.technical" else set()), situation


@in_each_language
def test_every_kind_of_finding_is_explained(language: str) -> None:
    assert explained(language, "findings") == set(FindingKind.values)


@in_each_language
def test_every_assessment_has_its_result_in_plain_words(language: str) -> None:
    names = {str(assessment.name).lower() for assessment in Assessment}
    names -= {"suspicious_a", "suspicious_b", "suspicious_c"}
    assert explained(language, "lay_results") == names | RESULTS_BESIDE_ASSESSMENTS


@in_each_language
def test_every_procedure_outcome_and_part_of_the_visit_is_explained(language: str) -> None:
    assert explained(language, "procedures") == PROCEDURES
    assert explained(language, "outcomes") == OUTCOMES
    assert explained(language, "figures") == {"first_screen", "later_screen", "developing_asymmetry"}
    assert explained(language, "biopsy_chance") == {"figure", "ask"}
    assert explained(language, "density_notice") == {"dense", "not_dense"}
    assert explained(language, "called_back") == {"finding", "technical", "symptom", "again"}
    assert explained(language) >= ABOUT_THE_VISIT


@in_each_language
def test_every_kind_of_visit_says_what_happens_how_to_get_ready_and_what_is_done(language: str) -> None:
    assert {str(kind) for kind in VisitKind} <= VISIT_TEXTS.keys()
    for kind, texts in VISIT_TEXTS.items():
        names = {texts.what_happens, texts.preparation, *texts.procedures}
        assert names <= explained(language), kind
        assert texts.preparation.startswith("preparation/"), kind
        assert texts.procedures, kind
    named = {name for texts in VISIT_TEXTS.values() for name in (texts.what_happens, texts.preparation)}
    for folder in ("preparation", "visits"):
        assert {f"{folder}/{name}" for name in explained(language, folder)} <= named


def test_a_message_says_its_subject_its_version_and_who_reviewed_it(subtests: pytest.Subtests) -> None:
    for message in ALL_MESSAGES.values():
        with subtests.test(message.id):
            wanted = {"reviewer", "reviewed_on", "version"}
            wanted |= set() if message.channel == "sms" else {"subject"}
            wanted |= {"notices"} if message.kind in TO_REFERRERS else set()
            wanted |= set() if message.language == "en" else {"status", "translates"}
            assert set(message.metadata) == wanted
            assert isinstance(message.metadata["version"], int)
            assert (message.metadata["reviewer"] is None) == (message.metadata["reviewed_on"] is None)


def test_an_explainer_says_its_title_its_version_and_its_sources(subtests: pytest.Subtests) -> None:
    for explainer in ALL_EXPLAINERS.values():
        with subtests.test(explainer.id):
            wanted = {"title", "reviewer", "reviewed_on", "version", "sources"}
            assert set(explainer.metadata) == wanted | (
                set() if explainer.language == "en" else {"status", "translates"}
            )
            assert isinstance(explainer.metadata["version"], int)
            assert (explainer.metadata["reviewer"] is None) == (explainer.metadata["reviewed_on"] is None)
            sources = explainer.metadata["sources"]
            assert isinstance(sources, list)
            assert set() < set(sources) <= SOURCES.keys()


def test_a_message_asks_only_for_what_its_kind_can_fill(subtests: pytest.Subtests) -> None:
    for message in ALL_MESSAGES.values():
        with subtests.test(message.id):
            assert message.placeholders <= allowed_values(message).keys()
            assert "$" not in fill_message(message)


def test_an_explainer_asks_only_for_sourced_figures(subtests: pytest.Subtests) -> None:
    for explainer in ALL_EXPLAINERS.values():
        with subtests.test(explainer.id):
            assert explainer.placeholders <= STATISTIC_PLACEHOLDERS.keys()
            assert "$" not in fill_explainer(explainer)


def test_an_unknown_placeholder_is_an_error() -> None:
    with pytest.raises(KeyError):
        fill_placeholders("Hello $frist_name", allowed_values(ALL_MESSAGES["en/please_call"]))


def test_blocks_stand_alone_in_their_paragraph(subtests: pytest.Subtests) -> None:
    for message in ALL_MESSAGES.values():
        with subtests.test(message.id):
            for paragraph in message.body.split("\n\n"):
                for block in BLOCKS:
                    assert not re.search(rf"\${block}\b", paragraph) or paragraph.strip() == f"${block}"


def test_every_email_greets_signs_and_says_whom_to_call_and_how_to_stop_emails(subtests: pytest.Subtests) -> None:
    for message in EMAILS:
        with subtests.test(message.id):
            paragraphs = message.body.split("\n\n")
            assert paragraphs[0] == LANGUAGES[message.language].greeting
            assert paragraphs[-3] == "$signer"
            assert {"$clinic_name", "$clinic_phone"} <= set(re.findall(r"\$\w+", paragraphs[-2]))
            assert paragraphs[-1] == LANGUAGES[message.language].stop_emails
            assert "$language_line" in paragraphs


def test_a_message_of_the_series_greets_signs_says_whom_to_call_and_how_to_stop_the_series(
    subtests: pytest.Subtests,
) -> None:
    for message in SERIES:
        with subtests.test(message.id):
            paragraphs = message.body.split("\n\n")
            assert paragraphs[0] == LANGUAGES[message.language].greeting
            assert paragraphs[-2] == "$signer"
            assert {"$clinic_name", "$clinic_phone"} <= set(re.findall(r"\$\w+", paragraphs[-1]))
            assert {"$language_line", "$stop_series"} <= set(paragraphs)


@in_each_language
def test_the_series_has_six_texts(language: str) -> None:
    assert explained(language, "education") == set(LESSONS)
    assert len(LESSONS) == 6


def test_the_link_to_the_page_stands_where_the_page_has_something_to_show(subtests: pytest.Subtests) -> None:
    for message in EMAILS:
        with subtests.test(message.id):
            assert ("$my_page" in message.body.split("\n\n")) == (message.kind in PAGE_KINDS)


def test_a_message_about_a_visit_to_come_shows_when_where_and_the_phone_in_one_block(subtests: pytest.Subtests) -> None:
    for message in (email for email in EMAILS if email.kind in VISITS_TO_COME):
        with subtests.test(message.id):
            block = "\n".join(line for line in message.body.splitlines() if line.startswith(">"))
            for wanted in ("$visit_day", "$visit_time", "$visit_place", "$clinic_phone"):
                assert wanted in block


def test_every_message_but_the_short_ones_shows_the_phone_in_a_large_block(subtests: pytest.Subtests) -> None:
    for message in ALL_MESSAGES.values():
        with subtests.test(message.id):
            assert message.channel == "sms" or re.search(r"^> .*\$clinic_phone", message.body, flags=re.MULTILINE)


def test_the_first_paragraph_of_an_explainer_can_stand_alone(subtests: pytest.Subtests) -> None:
    for explainer in ALL_EXPLAINERS.values():
        with subtests.test(explainer.id):
            opening = explainer.first_paragraph
            assert "\n" not in opening.strip()
            assert not opening.startswith(("#", "-", ">"))
            assert 2 <= len(re.findall(r"[.?](\*\*)?( |$)", opening)) <= 6
            assert "\n## " in explainer.body


def test_every_figure_is_used_in_a_text() -> None:
    used = set[str]().union(*(text.placeholders for text in (ALL_MESSAGES | ALL_EXPLAINERS).values()))
    assert STATISTICS.keys() <= used


def test_every_source_is_named_by_a_text_or_a_figure() -> None:
    named = {source for fact in STATISTICS.values() for source in fact.sources}
    for explainer in ALL_EXPLAINERS.values():
        sources = explainer.metadata["sources"]
        assert isinstance(sources, list)
        named |= set(sources)
    assert named == SOURCES.keys()


def test_the_guide_lists_every_placeholder_and_every_figure() -> None:
    guide = (ROOT.parent / "docs" / "writing-messages.md").read_text(encoding="utf-8")
    names = set(STATISTICS).union({"reference"}, *(allowed_values(message) for message in ALL_MESSAGES.values()))
    assert [name for name in sorted(names) if f"`${name}`" not in guide] == []
