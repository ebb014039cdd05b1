"""Opens a recall from a screening result that needs more work, or from a finding on an exam of another part."""

from dataclasses import dataclass
from datetime import date

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.actors import actor_for
from clinic.models import Site
from patients.models import Patient
from recalls.actions.contact import ask_for_right_contacts
from recalls.actions.transition import Transition, UserOrActor, record_event, update_deadlines
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
    name = opening_step(exam) if supplemental_result is None else "open_recall"
    result = supplemental_result or exam.assessment
    step, actor, now = STEPS_BY_NAME[name], actor_for(by), timezone.now()
    recall = Recall(
        site=exam.site,
        patient=exam.patient,
        exam=exam,
        kind=RecallKind.SUPPLEMENTAL if supplemental_result else exam.recall_kind,
        suspicious=result in SUSPICIOUS_ASSESSMENTS,
        state=step.to_states[0],
        state_since=now,
        opened_at=now,
        contact_since=now if step.to_states[0] == State.TO_CONTACT else None,
        clock_from=now if supplemental_result else exam.reported_at or now,
    )
    wanted = order.build_order() if order else None
    if wanted is not None:
        wanted.recall = recall  # its days set the target
        note = "\n".join(part for part in (note, describe_order(wanted)) if part)
    check_actor_permitted(recall, step, actor)
    try:
        with transaction.atomic():
            event = _create_recall(Transition(recall, step, actor, now, note, step.to_states[0]), result)
            if wanted is not None:
                wanted.recall = recall
                wanted.save()
            return event
    except IntegrityError:
        standing = Recall.objects.filter(exam=exam).still_open().first()
        if standing is None:
            raise
        return RecallEvent.objects.filter(recall=standing).latest("pk")


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


def _create_recall(transition: Transition, result: str) -> RecallEvent:
    recall = transition.recall
    transition.data = {"assessment": result, "kind": recall.kind}
    update_deadlines(transition)
    recall.version = 0
    recall.save(force_insert=True)
    event = record_event(transition)
    ask_for_right_contacts(recall)
    if recall.state == State.TO_CONTACT:
        choose_first_call(recall)
    recall_moved.send(sender=Recall, event=event)
    return event
