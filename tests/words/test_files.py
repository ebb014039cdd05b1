"""Is every text there, whole, and free of placeholders that nobody fills?"""

import re

import pytest

from notifications.facts import FACTS, fact_placeholders
from notifications.sources import SOURCES
from recalls.states import FindingKind
from tests.words.texts import (
    ALL_EXPLAINERS,
    ALL_MESSAGES,
    BLOCKS,
    KINDS,
    ROOT,
    VISIT_KINDS,
    Text,
    allowed_values,
    as_sent,
    as_shown,
    fill,
)

messages = pytest.mark.parametrize("message", ALL_MESSAGES.values(), ids=ALL_MESSAGES.keys())
explainers = pytest.mark.parametrize("explainer", ALL_EXPLAINERS.values(), ids=ALL_EXPLAINERS.keys())

DETAILED = {
    "recall_notice",
    "appointment_reminder",
    "outcome_normal",
    "outcome_benign",
    "outcome_probably_benign",
    "biopsy_confirmation",
    "biopsy_reminder",
    "follow_up_due",
}
PROCEDURES = {
    "diagnostic_mammogram",
    "spot_magnification",
    "tomosynthesis",
    "ultrasound",
    "mri",
    "core_biopsy",
    "vacuum_biopsy",
}
OUTCOMES = {"normal", "benign", "probably_benign", "biopsy_advised"}


def explained(folder: str) -> set[str]:
    return {name.removeprefix(f"{folder}/") for name in ALL_EXPLAINERS if name.startswith(f"{folder}/")}


def test_every_kind_of_message_has_a_plain_text() -> None:
    assert {message.kind for message in ALL_MESSAGES.values() if not message.detailed} == KINDS


def test_every_detailed_text_has_a_plain_one_beside_it() -> None:
    assert {message.kind for message in ALL_MESSAGES.values() if message.detailed} == DETAILED <= KINDS


def test_every_kind_of_finding_is_explained() -> None:
    assert explained("findings") == set(FindingKind.values)


def test_every_procedure_outcome_and_part_of_the_visit_is_explained() -> None:
    assert explained("procedures") == PROCEDURES
    assert explained("outcomes") == OUTCOMES
    assert explained("figures") == {"first_screen", "later_screen"}
    assert {"what_to_bring", "what_happens", "cost_line", "priors"} <= ALL_EXPLAINERS.keys()


@messages
def test_a_message_says_its_subject_its_version_and_who_reviewed_it(message: Text) -> None:
    assert set(message.head) == {"subject", "reviewer", "reviewed_on", "version"}
    assert isinstance(message.head["version"], int)
    assert (message.head["reviewer"] is None) == (message.head["reviewed_on"] is None)


@explainers
def test_an_explainer_says_its_title_its_version_and_its_sources(explainer: Text) -> None:
    assert set(explainer.head) == {"title", "reviewer", "reviewed_on", "version", "sources"}
    assert isinstance(explainer.head["version"], int)
    assert (explainer.head["reviewer"] is None) == (explainer.head["reviewed_on"] is None)
    sources = explainer.head["sources"]
    assert isinstance(sources, list)
    assert set() < set(sources) <= SOURCES.keys()


@messages
def test_a_message_asks_only_for_what_its_kind_can_fill(message: Text) -> None:
    assert message.placeholders <= allowed_values(message.kind, detailed=message.detailed).keys()
    assert "$" not in as_sent(message)


@explainers
def test_an_explainer_asks_only_for_sourced_figures(explainer: Text) -> None:
    assert explainer.placeholders <= fact_placeholders().keys()
    assert "$" not in as_shown(explainer)


def test_an_unknown_placeholder_is_an_error() -> None:
    with pytest.raises(KeyError):
        fill("Hello $frist_name", allowed_values("please_call", detailed=False))


@messages
def test_blocks_stand_alone_in_their_paragraph(message: Text) -> None:
    paragraphs = message.body.split("\n\n")
    for block in BLOCKS:
        assert all(paragraph.strip() == f"${block}" for paragraph in paragraphs if f"${block}" in paragraph)


@messages
def test_every_message_greets_signs_and_says_whom_to_call_and_how_to_stop_emails(message: Text) -> None:
    paragraphs = message.body.split("\n\n")
    assert paragraphs[0] == "Hello $first_name,"
    assert paragraphs[-3] == "$signer"
    assert {"$clinic_name", "$clinic_phone"} <= set(re.findall(r"\$\w+", paragraphs[-2]))
    assert paragraphs[-1] == "Reply or call to stop emails. We will call or write instead."
    assert "$language_line" in paragraphs


@messages
def test_a_message_about_a_visit_to_come_shows_when_where_and_the_phone_in_one_block(message: Text) -> None:
    if message.kind not in VISIT_KINDS - {"appointment_cancelled", "missed_appointment"}:
        return
    block = "\n".join(line for line in message.body.splitlines() if line.startswith(">"))
    for wanted in ("$visit_day", "$visit_time", "$visit_place", "$clinic_phone"):
        assert wanted in block


@messages
def test_every_message_shows_the_phone_in_a_large_block(message: Text) -> None:
    assert re.search(r"^> .*\$clinic_phone", message.body, flags=re.MULTILINE)


@explainers
def test_the_first_paragraph_of_an_explainer_can_stand_alone(explainer: Text) -> None:
    opening = explainer.first_paragraph
    assert "\n" not in opening.strip()
    assert not opening.startswith(("#", "-", ">"))
    assert 2 <= opening.count(". ") + 1 <= 6
    assert "\n## " in explainer.body


def test_every_figure_is_used_in_a_text() -> None:
    used = set[str]().union(*(text.placeholders for text in (ALL_MESSAGES | ALL_EXPLAINERS).values()))
    assert FACTS.keys() <= used


def test_every_source_is_named_by_a_text_or_a_figure() -> None:
    named = {source for fact in FACTS.values() for source in fact.sources}
    for explainer in ALL_EXPLAINERS.values():
        sources = explainer.head["sources"]
        assert isinstance(sources, list)
        named |= set(sources)
    assert named == SOURCES.keys()


def test_the_guide_lists_every_placeholder_and_every_figure() -> None:
    guide = (ROOT.parent / "docs" / "writing-messages.md").read_text(encoding="utf-8")
    names = set(FACTS).union(*(allowed_values(kind, detailed=True) for kind in KINDS))
    assert [name for name in sorted(names) if f"`${name}`" not in guide] == []
