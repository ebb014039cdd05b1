"""Fills the placeholders that stand for whole paragraphs, each with the text that is true for this patient."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from clinic.models import Site
from notifications.content import loader, situation
from notifications.content.figures import biopsy_chance_explainer, recall_figures
from notifications.content.visits import VisitTexts, visit_texts
from notifications.enums import NotificationKind
from notifications.models import Notification
from notifications.planning.snapshot import RecallSnapshot, offer_occasion
from recalls.enums import AppointmentStatus, RecallKind
from recalls.models import Appointment, Recall

# Their words tell a stranger nothing, so that they may stand in every message.
NEUTRAL_BLOCKS: Final = frozenset(
    {"what_to_bring", "what_happens", "cost_line", "safety_check", "possible_answers", "questions"}
)
# For letters and for patients who agreed to detail.
EXPLAINED_BLOCKS: Final = frozenset({"called_back", "answers_explained"})
RECALL_REASON_BLOCKS: Final = frozenset({"reasons", "figures"})
VISIT_BLOCKS: Final = frozenset({"procedures", "get_ready"})
BIOPSY_BLOCKS: Final = frozenset({"biopsy_chance"})


def get_visit(notification: Notification, snapshot: RecallSnapshot) -> Appointment | None:
    """The visit that the message is about, None where it is about none; a held time as the visit that it may become."""
    held = snapshot.held
    if notification.kind == NotificationKind.HELD_TIME and held is not None:
        return Appointment(
            recall=snapshot.recall, site=snapshot.site, room=held.room, kind=held.kind, starts_at=held.starts_at,
            length_minutes=held.length_minutes,
        )  # fmt: skip
    if notification.kind == NotificationKind.EARLIER_OFFER:
        return _offered_visit(notification, snapshot)
    return next((visit for visit in snapshot.appointments if visit.pk == notification.appointment_id), None)


def _offered_visit(notification: Notification, snapshot: RecallSnapshot) -> Appointment | None:
    """The booked visit at the time that is offered."""
    visit = snapshot.active_appointment
    occasion = notification.occasion.partition(":")[0]
    offer = next((one for one in snapshot.earlier_offers if offer_occasion(one) == occasion), None)
    if visit is None or offer is None:
        return None
    return Appointment(
        recall=snapshot.recall, site=visit.site, kind=visit.kind, starts_at=offer.starts_at,
        length_minutes=visit.length_minutes,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class BlockFacts:
    """What the blocks depend on; `visit` where the message is about one."""

    snapshot: RecallSnapshot
    visit: Appointment | None
    language: str
    site: Site

    @property
    def recall(self) -> Recall:
        return self.snapshot.recall

    @property
    def visit_texts(self) -> VisitTexts:
        return visit_texts(self.visit.explained_kind if self.visit else "")

    @property
    def has_visited(self) -> bool:
        return any(visit.status == AppointmentStatus.ATTENDED for visit in self.snapshot.appointments)

    def paragraph(self, name: str) -> str:
        return loader.first_paragraph(name, self.language, self.site)

    def headed_paragraph(self, name: str) -> str:
        return f"{loader.bold_title(name, self.language, self.site)}\n\n{self.paragraph(name)}"

    def headed_section(self, name: str) -> str:
        section = loader.section_under_heading(name, self.language, self.site)
        return f"{loader.bold_title(name, self.language, self.site)}\n\n{section}"


def _reasons(facts: BlockFacts) -> str:
    """The explainers of the recall's findings, each kind once; without a finding, that of the kind of recall."""
    kinds = list(dict.fromkeys(finding.kind for finding in facts.recall.exam.findings.all()))
    if not kinds:
        by_recall = {RecallKind.TECHNICAL: "technical", RecallKind.CLINICAL: "symptom"}
        kinds = [by_recall.get(RecallKind(facts.recall.kind), "other")]
    return "\n\n".join(facts.paragraph(f"findings/{kind}") for kind in kinds)


def _figures(facts: BlockFacts) -> str:
    """Their title and the figures that are true for this patient; empty where none are."""
    found = recall_figures(facts.recall, visited=facts.has_visited)
    return facts.headed_paragraph(found.explainer) if found else ""


def _called_back(facts: BlockFacts) -> str:
    return facts.paragraph(situation.called_back_explainer(facts.recall, facts.snapshot.outcomes))


def _biopsy_chance(facts: BlockFacts) -> str:
    snapshot = facts.snapshot
    return facts.paragraph(
        biopsy_chance_explainer(facts.recall, snapshot.latest_outcome, biopsied=bool(snapshot.pathology))
    )


def _answers_await(facts: BlockFacts) -> bool:
    return situation.may_tell_possible_answers(facts.recall, facts.visit.kind if facts.visit else None)


def _possible_answers(facts: BlockFacts) -> str:
    """Their title and the answers in neutral words; empty where the visit has others."""
    return facts.headed_paragraph("possible_answers") if _answers_await(facts) else ""


def _answers_explained(facts: BlockFacts) -> str:
    """Their title and each answer with its name; empty where the visit has others."""
    return facts.headed_section("possible_answers") if _answers_await(facts) else ""


BLOCKS: Final[Mapping[str, Callable[[BlockFacts], str]]] = {
    "what_to_bring": lambda facts: facts.paragraph("what_to_bring"),
    "cost_line": lambda facts: facts.paragraph(facts.visit_texts.cost),
    "safety_check": lambda facts: facts.paragraph("safety_check"),
    "questions": lambda facts: facts.paragraph("questions"),
    "what_happens": lambda facts: facts.paragraph(facts.visit_texts.what_happens),
    "get_ready": lambda facts: facts.paragraph(facts.visit_texts.preparation),
    "procedures": lambda facts: "\n\n".join(facts.paragraph(name) for name in facts.visit_texts.procedures),
    "possible_answers": _possible_answers,
    "answers_explained": _answers_explained,
    "called_back": _called_back,
    "reasons": _reasons,
    "figures": _figures,
    "biopsy_chance": _biopsy_chance,
}
