"""Loads the texts that patients get and fills them for an invented patient."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template
from typing import Final

import frontmatter

from notifications.content.statistics import STATISTIC_PLACEHOLDERS
from notifications.enums import NotificationKind
from tests.words.language_phrases import LANGUAGES

ROOT: Final = Path(__file__).resolve().parents[2] / "notifications"
NEUTRAL_BLOCKS: Final = frozenset(
    {"what_to_bring", "what_happens", "cost_line", "safety_check", "possible_answers", "questions"}
)
"""Those that may stand in a message that anyone might see."""

BLOCKS: Final = (
    *sorted(NEUTRAL_BLOCKS),
    "called_back",
    "answers_explained",
    "procedures",
    "get_ready",
    "reasons",
    "figures",
    "biopsy_chance",
    "result",
    "next_step",
    "notice",
    "my_page",
    "lesson",
    "confirm_series",
    "stop_series",
    "density_explained",
    "state_notice",
    "report_line",
    "replaces_line",
)
"""Placeholders that stand alone in a paragraph and are filled with whole paragraphs."""

SUMMARIES: Final = frozenset({"lay_summary", "visit_summary"})
"""Of a mammogram and of other images: the longest result that each may tell stands in a sample."""

LETTERS_ONLY: Final = frozenset({"last_letter"}) | SUMMARIES
TO_REFERRERS: Final = frozenset({"referrer_notice"})
EDUCATION: Final = frozenset({"education", "education_confirm"})
"""The series that a patient asked for: by email alone, with a way out of its own."""

TEXTS_ONLY: Final = frozenset({"other_times", "cancel_reasons", "number_code"})
"""What answers a text message, and the code that proves a number: by text message alone."""

KINDS: Final = frozenset(str(kind) for kind in NotificationKind) - LETTERS_ONLY - TO_REFERRERS - EDUCATION - TEXTS_ONLY
"""Kinds that go to a patient by any channel; those above go one way only."""

VISIT_KINDS: Final = frozenset(
    {
        "appointment_confirmation",
        "appointment_changed",
        "appointment_cancelled",
        "appointment_reminder",
        "missed_appointment",
        "biopsy_confirmation",
        "biopsy_reminder",
        "held_time",
        "earlier_offer",
        "earlier_taken",
    }
)
BIOPSY_KINDS: Final = frozenset({"biopsy_confirmation", "biopsy_reminder"})
PAGE_KINDS: Final = (
    KINDS - BIOPSY_KINDS - {"please_call_results", "no_visit_needed", "result_withdrawn", "sent_in_error"}
)
"""Their emails carry the link to the patient's own page: a biopsy and what a person tells have no place there."""
FOLLOW_UP_KINDS: Final = frozenset({"outcome_probably_benign", "follow_up_due"})
RESULT_KINDS: Final = frozenset({"outcome_normal", "outcome_benign", "outcome_probably_benign", "no_visit_needed"})


@dataclass(frozen=True)
class TextFile:
    """One file: ``name`` is its path in the folder of its language, without ``.md``; ``head`` is the front matter."""

    language: str
    name: str
    metadata: Mapping[str, object]
    body: str

    @property
    def id(self) -> str:
        return f"{self.language}/{self.name}"

    @property
    def kind(self) -> str:
        return self.name.split(".")[0]

    @property
    def channel(self) -> str:
        return next((channel for channel in ("sms", "letter") if f".{channel}" in self.name), "email")

    @property
    def detailed(self) -> bool:
        return self.name.endswith(".detailed")

    @property
    def placeholders(self) -> set[str]:
        return set(Template(self.body).get_identifiers())

    @property
    def first_paragraph(self) -> str:
        return self.body.split("\n\n", 1)[0]

    @property
    def notices(self) -> Mapping[str, str]:
        notices = self.metadata.get("notices", {})
        assert isinstance(notices, dict)
        return notices


def _load(folder: Path) -> dict[str, TextFile]:
    found = {}
    for path in sorted(folder.rglob("*.md")):
        post = frontmatter.loads(path.read_text(encoding="utf-8"))
        language, name = path.relative_to(folder).with_suffix("").as_posix().split("/", 1)
        text = TextFile(language, name, post.metadata, post.content)
        found[text.id] = text
    return found


ALL_MESSAGES: Final = _load(ROOT / "messages")
ALL_EXPLAINERS: Final = _load(ROOT / "explainers")
EMAILS: Final = [
    text for text in ALL_MESSAGES.values() if text.channel == "email" and text.kind not in TO_REFERRERS | EDUCATION
]
SERIES: Final = [text for text in ALL_MESSAGES.values() if text.kind in EDUCATION]
TEXT_MESSAGES: Final = [text for text in ALL_MESSAGES.values() if text.channel == "sms"]
LETTERS: Final = [text for text in ALL_MESSAGES.values() if text.channel == "letter"]
REFERRER_NOTICES: Final = [text for text in ALL_MESSAGES.values() if text.kind in TO_REFERRERS]


def fill_placeholders(source: str, values: Mapping[str, str]) -> str:
    """Strict: a placeholder without a value is a KeyError, a stray dollar sign a ValueError."""
    return Template(source).substitute(values)


def get_locked_text(name: str) -> str:
    return frontmatter.loads((ROOT / "locked" / f"{name}.md").read_text(encoding="utf-8")).content


def get_first_paragraph(language: str, name: str) -> str:
    return fill_placeholders(ALL_EXPLAINERS[f"{language}/{name}"].first_paragraph, STATISTIC_PLACEHOLDERS)


def get_bold_title(language: str, name: str) -> str:
    return f"**{ALL_EXPLAINERS[f'{language}/{name}'].metadata['title']}**"


def get_headed_paragraph(language: str, name: str) -> str:
    return f"{get_bold_title(language, name)}\n\n{get_first_paragraph(language, name)}"


def section_under_heading(language: str, name: str) -> str:
    """What stands under the only heading of an explainer."""
    body = ALL_EXPLAINERS[f"{language}/{name}"].body.split("\n## ", 1)[1]
    return fill_placeholders(body.split("\n\n", 1)[1], STATISTIC_PLACEHOLDERS)


@cache
def block_values(language: str) -> Mapping[str, str]:
    """The blocks as a patient with two findings after a first screen gets them before an MRI: the longest there are."""
    reasons = (
        get_first_paragraph(language, f"findings/{kind}") for kind in ("architectural_distortion", "calcifications")
    )
    return {
        "what_to_bring": get_first_paragraph(language, "what_to_bring"),
        "what_happens": get_first_paragraph(language, "visits/after_a_safety_check"),
        "cost_line": get_first_paragraph(language, "cost_line"),
        "safety_check": get_first_paragraph(language, "safety_check"),
        "questions": get_first_paragraph(language, "questions"),
        "possible_answers": get_headed_paragraph(language, "possible_answers"),
        "answers_explained": f"{get_bold_title(language, 'possible_answers')}\n\n"
        + section_under_heading(language, "possible_answers"),
        "called_back": get_first_paragraph(language, "called_back/finding"),
        "procedures": get_first_paragraph(language, "procedures/mri"),
        "get_ready": get_first_paragraph(language, "preparation/mri"),
        "reasons": "\n\n".join(reasons),
        "figures": get_headed_paragraph(language, "figures/first_screen"),
        "biopsy_chance": get_first_paragraph(language, "biopsy_chance/figure"),
    }


def allowed_values(text: TextFile) -> dict[str, str]:
    """Every placeholder that a message of this kind may use on its channel, with a sample value."""
    samples, blocks = LANGUAGES[text.language], block_values(text.language)
    if text.kind in TO_REFERRERS:
        notice = fill_placeholders(text.notices["unreachable"], {"reference": "7F3A-22"})
        return {**samples.referrer, "notice": notice}
    if text.channel == "sms":
        return _sms_values(text)
    if text.kind in SUMMARIES:
        return _summary_values(text)
    values = {
        **samples.always_values,
        **{name: blocks[name] for name in NEUTRAL_BLOCKS},
    }
    if text.kind in VISIT_KINDS:
        values |= samples.appointment_values
    if text.kind in PAGE_KINDS and text.channel == "email":
        values |= samples.patient_page_values
    if text.kind in EDUCATION:
        values |= _series_values(text)
    if text.kind in FOLLOW_UP_KINDS:
        values |= samples.follow_up_values
    if text.detailed or text.channel == "letter":
        values |= STATISTIC_PLACEHOLDERS
        values |= {name: blocks[name] for name in ("called_back", "answers_explained")}
    if text.detailed and text.kind == "recall_notice":
        values |= {"reasons": blocks["reasons"], "figures": blocks["figures"]}
    if text.detailed and text.kind in {*BIOPSY_KINDS, "appointment_confirmation", "appointment_reminder"}:
        values |= {name: blocks[name] for name in ("procedures", "get_ready")}
    if text.detailed and text.kind in BIOPSY_KINDS:
        values |= {"biopsy_chance": blocks["biopsy_chance"]}
    if text.kind in RESULT_KINDS:
        values |= {"written_results_line": samples.written_results_line}
    if text.kind == "held_time" and text.channel != "sms":
        values |= {"silence_line": samples.silence_line}
    return values


def _series_values(text: TextFile) -> dict[str, str]:
    if text.kind == "education_confirm":
        return dict(LANGUAGES[text.language].series)
    lesson = ALL_EXPLAINERS[f"{text.language}/education/your_normal"]
    title = f"**{lesson.metadata['title']}**"
    return {
        "stop_series": LANGUAGES[text.language].series["stop_series"],
        "lesson": f"{title}\n\n{fill_explainer(lesson)}",
    }


_VALUES_OF_ONE_TEXT: Final = {
    "appointment_reminder": {"change_line"},
    "other_times": {"times"},
    "cancel_reasons": {"cancel_reasons"},
    "number_code": {"code"},
}


def _sms_values(text: TextFile) -> dict[str, str]:
    names = {"clinic_name", "clinic_phone"}
    names |= {"visit_day_short", "visit_time"} if text.kind in VISIT_KINDS else set()
    names |= _VALUES_OF_ONE_TEXT.get(text.kind, set())
    names |= {"follow_up_month"} if text.kind in FOLLOW_UP_KINDS else set()
    return {name: value for name, value in LANGUAGES[text.language].sms_values.items() if name in names}


def _summary_values(text: TextFile) -> dict[str, str]:
    language = text.language
    always = LANGUAGES[language].always_values
    values = {
        **{name: always[name] for name in ("clinic_name", "clinic_phone", "clinic_hours", "signer", "language_line")},
        **LANGUAGES[language].lay_summary,
        "result": get_first_paragraph(language, "lay_results/suspicious"),
        "next_step": section_under_heading(language, "lay_results/suspicious"),
    }
    if text.kind == "visit_summary":
        del values["state_notice"]
        return values
    return values | {
        "density_notice": get_locked_text("density_dense"),
        "density_explained": get_first_paragraph(language, "density_notice/dense"),
    }


def fill_message(message: TextFile) -> str:
    return fill_placeholders(message.body, allowed_values(message))


def fill_explainer(explainer: TextFile) -> str:
    return fill_placeholders(explainer.body, STATISTIC_PLACEHOLDERS)
