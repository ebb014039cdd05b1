"""Opens a recall from a screening result that needs more work, or from a finding on an exam of another part."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.actors import Actor, actor_for
from clinic.models import Site
from patients.models import Patient
from recalls.actions.contact import ask_for_right_contacts
from recalls.actions.transition import Transition, UserOrActor, build_event, update_deadlines
from recalls.actions.trials.places import choose_first_call
from recalls.enums import (
    SUSPICIOUS_ASSESSMENTS,
    ActionableCategory,
    Assessment,
    FindingKind,
    OrderedImaging,
    RecallKind,
    Side,
    State,
)
from recalls.models import Finding, ImagingOrder, Recall, RecallEvent, ScreeningExam
from recalls.permissions import check_actor_permitted
from recalls.signals import recall_moved
from recalls.workflow import STEPS_BY_NAME


@dataclass(frozen=True, slots=True)
class RecommendedImaging:
    """What a report recommends: the imaging and its days, how soon it asks for action, the guideline it quotes."""

    imaging: OrderedImaging
    earliest_on: date
    latest_on: date
    category: ActionableCategory | None = None
    guideline: str = ""

    def build_order(self) -> ImagingOrder:
        """The order, not stored yet."""
        return ImagingOrder(
            imaging=self.imaging,
            earliest_on=self.earliest_on,
            latest_on=self.latest_on,
            category=self.category or "",
            guideline=self.guideline[:200],
        )


@dataclass(frozen=True, slots=True)
class IncidentalFinding:
    """A breast finding on another exam. Without an order a person has taken it over as it stands."""

    accession: str
    exam_date: date
    exam_name: str
    words: str
    reader_name: str = ""
    side: Side | None = None
    order: RecommendedImaging | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """A recall to be opened, as `open_recall` takes it."""

    exam: ScreeningExam
    order: RecommendedImaging | None = None
    note: str = ""
    supplemental_result: Assessment | None = None


def opening_step(exam: ScreeningExam) -> str:
    """The opening step: wait for prior images where only they are missing (21 CFR 900.12), else contact."""
    waits = exam.assessment == Assessment.NEED_PRIORS and exam.recall_kind == RecallKind.FINDING
    return "open_awaiting_priors" if waits else "open_recall"


def open_recall(
    exam: ScreeningExam,
    *,
    by: UserOrActor,
    note: str = "",
    supplemental_result: Assessment | None = None,
    order: RecommendedImaging | None = None,
) -> RecallEvent:
    """Open the one recall of this exam. An exam with an open recall keeps it: its last event is returned.

    `supplemental_result`: what a supplemental test after the exam showed, where that and not the exam is the reason;
    its deadlines run from now. `order` is what the report recommends.
    """
    try:
        with transaction.atomic():
            return open_recalls([Opening(exam, order, note, supplemental_result)], by=by)[0]
    except IntegrityError:
        standing = Recall.objects.filter(exam=exam).still_open().first()
        if standing is None:
            raise
        return RecallEvent.objects.filter(recall=standing).latest("pk")


def open_recalls(openings: Sequence[Opening], *, by: UserOrActor) -> list[RecallEvent]:
    """Open a recall of each of these exams, none of which has an open one, in a few statements; their first events.

    Call it inside a transaction. Raises IntegrityError where an exam has an open recall after all.
    """
    actor, now = actor_for(by), timezone.now()
    transitions = [_build_opening(one, actor, now) for one in openings]
    recalls = Recall.objects.bulk_create([transition.recall for transition in transitions])
    _save_orders(recall for recall, one in zip(recalls, openings, strict=True) if one.order is not None)
    events = [build_event(transition) for transition in transitions]
    _save_hashes(recalls)
    RecallEvent.objects.bulk_create(events)
    for recall in recalls:
        ask_for_right_contacts(recall)
        if recall.state == State.TO_CONTACT:
            choose_first_call(recall)
    if events:
        recall_moved.send(sender=Recall, events=events)
    return events


def _build_opening(one: Opening, actor: Actor, now: datetime) -> Transition:
    """The recall as it is opened, with its deadlines. Raises NotPermitted."""
    exam, supplemental = one.exam, one.supplemental_result
    step = STEPS_BY_NAME[opening_step(exam) if supplemental is None else "open_recall"]
    result = supplemental or exam.assessment
    recall = Recall(
        site=exam.site,
        patient=exam.patient,
        exam=exam,
        kind=RecallKind.SUPPLEMENTAL if supplemental else exam.recall_kind,
        suspicious=result in SUSPICIOUS_ASSESSMENTS,
        state=step.to_states[0],
        state_since=now,
        opened_at=now,
        changed_at=now,
        contact_since=now if step.to_states[0] == State.TO_CONTACT else None,
        clock_from=now if supplemental else exam.reported_at or now,
        version=1,
    )
    check_actor_permitted(recall, step, actor)
    note = one.note
    if one.order is not None:
        order = one.order.build_order()
        order.recall = recall  # its days set the target
        note = "\n".join(part for part in (note, describe_order(order)) if part)
    transition = Transition(recall, step, actor, now, note, step.to_states[0])
    transition.data = {"assessment": result, "kind": recall.kind}
    update_deadlines(transition)
    return transition


def _save_hashes(recalls: Iterable[Recall]) -> None:
    """In plain SQL: `bulk_update` spells out a case for each row, which was a twentieth of the time of a large file."""
    with connection.cursor() as cursor:
        hashes = [(recall.head_hash, recall.pk) for recall in recalls]
        cursor.executemany("UPDATE recalls_recall SET head_hash = %s WHERE id = %s", hashes)


def _save_orders(recalls: Iterable[Recall]) -> None:
    orders = [recall.imaging_order for recall in recalls]
    for order in orders:
        order.recall = order.recall  # which has its key only now
    ImagingOrder.objects.bulk_create(orders)


@transaction.atomic
def open_incidental_recall(patient: Patient, site: Site, finding: IncidentalFinding, *, by: UserOrActor) -> RecallEvent:
    """Store the other exam with its finding and open the recall; the report's recommendation becomes its order."""
    exam = ScreeningExam.objects.create(
        site=site,
        patient=patient,
        accession=finding.accession,
        exam_date=finding.exam_date,
        reported_at=timezone.now(),
        assessment=Assessment.NEED_IMAGING,
        recall_kind=RecallKind.INCIDENTAL,
        reader_name=finding.reader_name[:200],
        comment=f"{finding.exam_name}: {finding.words}"[:5000],
    )
    if finding.side:
        Finding.objects.create(exam=exam, kind=FindingKind.OTHER, side=finding.side)
    return open_recall(exam, by=by, note=f"{finding.exam_name}: {finding.words}"[:2000], order=finding.order)


def describe_order(order: ImagingOrder) -> str:
    """The order in one line of the history."""
    days = {"imaging": order.get_imaging_display(), "from": order.earliest_on, "by": order.latest_on}
    words = _("Recommended: %(imaging)s, from %(from)s to %(by)s.") % days
    return f"{words} {order.guideline}".strip()
