"""Actions about what was done elsewhere: record its result, ask for its report, sign that it is not to be had."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Unpack

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.roles import Role
from desk.datetime_display import format_day
from recalls.actions.lesions import (
    LesionReading,
    assess_lesions,
    lesion_of_side,
    sides_found,
)
from recalls.actions.outcomes import OutcomeInput, add_outcome, plan_follow_up, validate_outcome
from recalls.actions.pathology import PathologyInput, add_pathology, validate_pathology
from recalls.actions.progress import go_on
from recalls.actions.telling import DisclosureInput, owe_result, tell_results
from recalls.actions.transition import ActionKwargs, Transition, apply_step
from recalls.assessment_consistency import LESION_ASSESSMENTS
from recalls.enums import (
    MALIGNANT_CLASSES,
    SAME_DAY_ASSESSMENTS,
    SUSPICIOUS_ASSESSMENTS,
    WRITTEN_RESULT_ASSESSMENTS,
    Assessment,
    DisclosureMethod,
    OutcomeBasis,
    OutsideReportKind,
    ReportSource,
    Side,
)
from recalls.enums.lesions import PathologySource
from recalls.lesion_stages import LesionStatus, is_malignant, load_lesion_statuses
from recalls.models import Lesion, OutsideReport, Recall, RecallEvent, ReportRequest
from recalls.next_state import newest_outcome
from recalls.permissions import NotPermitted, open_report_requests, places_asked_after_visit

# How long another institution is given before it is asked again, in days; a patient who was not seen waits in vain.
ASK_AGAIN_DAYS = 14
_ASK_AGAIN_DAYS_OF_VISIT = 3


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A scanned report."""

    name: str
    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class OutsideReportInput:
    """What was done elsewhere, on which day, and how we know; `outcome` or `pathology` is the result it gives.

    `told_there`: who told the patient there; empty where nobody did. `lesion_id`: which lesion the tissue is of; None
    for one that is not known here yet.
    """

    kind: OutsideReportKind
    facility: str
    performed_on: date
    source: ReportSource
    text: str = ""
    file: ReportFile | None = None
    outcome: OutcomeInput | None = None
    pathology: PathologyInput | None = None
    told_there: str = ""


def record_outside(recall: Recall, report: OutsideReportInput, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Record a result from elsewhere, also after the recall was closed; it goes on as the result asks for.

    Raises ValidationError for a report older than the screening exam or dated in the future, and without a result;
    NotPermitted where somebody else than a radiologist would settle a 4, a 5 or a cancer by it.
    """
    validate_report(recall, report)

    def record(transition: Transition) -> None:
        _check_may_lower(transition, report)
        row = OutsideReport(
            recall=transition.recall,
            kind=report.kind,
            facility=report.facility.strip(),
            performed_on=report.performed_on,
            source=report.source,
            text=report.text,
            file_name=report.file.name if report.file else "",
            content_type=report.file.content_type if report.file else "",
            content=report.file.content if report.file else None,
            **transition.signature,
        )
        _RECORD_BY_KIND[report.kind](transition, report, row)
        row.save(force_insert=True)
        transition.data |= {"report": row.pk, "kind": report.kind}
        _close_answered(transition, report)
        go_on(transition)

    return apply_step(recall, "record_outside", record, **kwargs)


def add_surgery(transition: Transition, report: OutsideReportInput) -> OutsideReport:
    """The report of a surgery in the place of one that was taken back."""
    row = OutsideReport(
        recall=transition.recall, kind=report.kind, facility=report.facility, performed_on=report.performed_on,
        source=report.source, text=report.text, **transition.signature,
    )  # fmt: skip
    _record_surgery(transition, report, row)
    row.save(force_insert=True)
    return row


def ask_report(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Log that the other institution was asked for its report once more; `note` says whom and how."""

    def ask(transition: Transition) -> None:
        today = calendar.local_day(transition.recall.site, transition.now)
        for request in open_report_requests(transition.recall):
            request.asked_on, request.times_asked = today, request.times_asked + 1
            request.ask_on = today + timedelta(days=_ask_again_days(request.kind))
            request.save(update_fields=["asked_on", "times_asked", "ask_on"])
            transition.data = {"facility": request.facility, "times": request.times_asked}

    return apply_step(recall, "ask_report", ask, **kwargs)


def close_report_request(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Sign that the report is not to be had; `note` says what was tried."""
    if not kwargs.get("note", "").strip():
        raise ValidationError({"note": _("Say why, in a few words.")})
    return apply_step(
        recall, "close_report_request", lambda transition: close_requests(transition, received=False), **kwargs
    )


def request_report(
    transition: Transition, kind: OutsideReportKind, facility: str, phone: str, ask_on: date | None = None
) -> None:
    """Put the report on the list of those that other institutions owe; one already asked for is kept up to date.

    Whether the patient came is asked of each place they were handed over to: a second one replaces none.
    `ask_on`: the day at the site on which to ask first; in two weeks where None.
    """
    recall = transition.recall
    ask_on = ask_on or calendar.local_day(recall.site, transition.now) + timedelta(days=ASK_AGAIN_DAYS)
    values = {"facility": facility.strip(), "phone": phone.strip(), "ask_on": ask_on, "site": recall.site}
    known: dict[str, Any] = {"recall": recall, "kind": kind, "closed_at": None}
    if kind == OutsideReportKind.FIRST_VISIT:
        known["facility"] = facility.strip()
    request, is_new = ReportRequest.objects.update_or_create(**known, defaults=values)
    transition.data |= {"facility": facility.strip()} | ({"report_request": request.pk} if is_new else {})


def close_requests(
    transition: Transition, *, received: bool, kinds: Sequence[OutsideReportKind] = tuple(OutsideReportKind),
    facility: str = "",
) -> None:  # fmt: skip
    """Take the requests for reports of these kinds off the list: the report came, or is not to be had.

    `facility`: of this place alone, however it is written in upper or lower case; of all where empty.
    """
    for request in open_report_requests(transition.recall):
        if request.kind in kinds and (not facility or is_same_place(request.facility, facility)):
            request.closed_at, request.closed_by, request.received = transition.now, transition.actor.name, received
            request.save(update_fields=["closed_at", "closed_by", "received"])
            transition.data |= {"facility": request.facility}


def is_same_place(one: str, other: str) -> bool:
    return one.casefold().split() == other.casefold().split()


def which_place_error(places: Sequence[str]) -> ValidationError:
    words = _("More than one place is asked whether the patient came: enter one of them: %(places)s.")
    return ValidationError({"facility": words % {"places": "; ".join(places)}})


def _close_answered(transition: Transition, report: OutsideReportInput) -> None:
    """A place answers for itself where several are asked whether the patient came.

    Raises ValidationError where a first visit is at none of them: nobody may guess which one has answered.
    """
    came = OutsideReportKind.FIRST_VISIT
    kinds = _ANSWERED_BY_KIND.get(report.kind, (report.kind,))
    asked = places_asked_after_visit(transition.recall)
    is_clear = len(asked) < 2 or any(is_same_place(place, report.facility) for place in asked)
    if report.kind == came and not is_clear:
        raise which_place_error(asked)
    close_requests(transition, received=True, kinds=[kind for kind in kinds if kind != came])
    if came in kinds and is_clear:
        close_requests(transition, received=True, kinds=(came,), facility=report.facility if len(asked) > 1 else "")


def _check_may_lower(transition: Transition, report: OutsideReportInput) -> None:
    """Raise NotPermitted where the desk alone would settle a 4, a 5 or a cancer by a lesser report from elsewhere."""
    outcome, pathology = report.outcome, report.pathology
    is_lesser_image = outcome is not None and outcome.assessment in WRITTEN_RESULT_ASSESSMENTS
    is_benign_surgery = report.kind == OutsideReportKind.SURGERY and (
        pathology is not None and pathology.result not in MALIGNANT_CLASSES
    )
    says_less = transition.recall.suspicious and (is_lesser_image or is_benign_surgery)
    if says_less and Role.RADIOLOGIST not in transition.actor.roles:
        raise NotPermitted(_("A 4, a 5 or a cancer stands here: a radiologist records a report that says less."))


def _record_imaging(transition: Transition, report: OutsideReportInput, row: OutsideReport) -> None:
    reading = report.outcome
    if reading is None:
        raise ValidationError({"assessment": _("Enter the final assessment of the report.")})
    outcome = add_outcome(
        transition, reading, basis=OutcomeBasis.OUTSIDE, facility=row.facility, performed_on=row.performed_on
    )
    row.outcome = outcome
    assess_lesions(transition, reading.lesion_reading, outcome, outcome.read_at)
    if reading.assessment == Assessment.PROBABLY_BENIGN:
        plan_follow_up(transition, reading.follow_up_months, report.performed_on)
    _see_to_telling(transition, report, urgent=reading.assessment in SAME_DAY_ASSESSMENTS)


def _record_biopsy(transition: Transition, report: OutsideReportInput, row: OutsideReport) -> None:
    """The tissue's result is signed here like any other: whether it explains the images."""
    pathology = _required_pathology(report)
    lesion = _reported_lesion(transition, pathology).lesion
    row.pathology = add_pathology(
        transition, lesion, pathology, source=PathologySource.OUTSIDE_BIOPSY, facility=row.facility,
        performed_on=row.performed_on,
    )  # fmt: skip


def _record_surgery(transition: Transition, report: OutsideReportInput, row: OutsideReport) -> None:
    """The surgeon tells what was taken out; an unknown cancer that it shows is owed to the patient by us as well."""
    pathology = _required_pathology(report)
    status = _reported_lesion(transition, pathology)
    row.pathology = add_pathology(
        transition, status.lesion, pathology, source=PathologySource.SURGERY, facility=row.facility,
        performed_on=row.performed_on,
    )  # fmt: skip
    is_upgrade = pathology.result in MALIGNANT_CLASSES and not is_malignant(status)
    transition.data |= {"upgrade": is_upgrade}
    _see_to_telling(transition, report, urgent=is_upgrade)


def _record_first_visit(transition: Transition, _report: OutsideReportInput, _row: OutsideReport) -> None:
    """The patient was seen by whom they were handed over to: nothing more is owed."""
    if not transition.recall.referrals.exists():
        raise ValidationError({"kind": _("The patient has not been handed over to a treatment.")})


_RECORD_BY_KIND = {
    OutsideReportKind.IMAGING: _record_imaging,
    OutsideReportKind.BIOPSY: _record_biopsy,
    OutsideReportKind.SURGERY: _record_surgery,
    OutsideReportKind.FIRST_VISIT: _record_first_visit,
}
# Who was operated on was seen there.
_ANSWERED_BY_KIND = {OutsideReportKind.SURGERY: (OutsideReportKind.SURGERY, OutsideReportKind.FIRST_VISIT)}


def _ask_again_days(kind: str) -> int:
    return _ASK_AGAIN_DAYS_OF_VISIT if kind == OutsideReportKind.FIRST_VISIT else ASK_AGAIN_DAYS


def _see_to_telling(transition: Transition, report: OutsideReportInput, *, urgent: bool) -> None:
    if report.told_there.strip():
        disclosure = DisclosureInput(DisclosureMethod.OUTSIDE, told_by=report.told_there.strip())
        tell_results(transition, disclosure)
    else:
        owe_result(transition, since=transition.now, urgent=urgent)


def _required_pathology(report: OutsideReportInput) -> PathologyInput:
    if report.pathology is None:
        raise ValidationError({"result": _("Enter the pathology result of the report.")})
    return report.pathology


def _reported_lesion(transition: Transition, pathology: PathologyInput) -> LesionStatus:
    """The lesion that the tissue is of; where none is known here, one is made from the screening reading."""
    statuses = load_lesion_statuses(transition.recall)
    chosen = [status for status in statuses if pathology.lesion_id in (None, status.lesion.pk)]
    if pathology.lesion_id is not None and not chosen:
        raise ValidationError({"lesion": _("This recall has no such lesion. Choose another.")})
    if len(chosen) > 1:
        raise ValidationError({"lesion": _("Say which lesion this result is about.")})
    if not chosen:
        side = _make_lesions(transition, pathology.side)
        chosen = [status for status in load_lesion_statuses(transition.recall) if status.lesion.side in (side, "")]
    return chosen[0]


def _make_lesions(transition: Transition, stated_side: str) -> str:
    """A lesion of what tissue was taken from, and the breast it is in where that is known.

    After a screening of 4 or 5 the other breast's finding has one too: tissue of one breast answers for one breast.
    """
    recall, exam = transition.recall, transition.recall.exam
    findings = list(exam.findings.all())
    found = sides_found(findings)
    if len(found) < 2:
        assess_lesions(transition, LesionReading(Assessment.SUSPICIOUS), None, transition.now)
        return str(recall.lesions.get().side)
    if stated_side not in found:
        raise ValidationError({"side": _("Say which breast this result is about.")})
    results = {side: Assessment.SUSPICIOUS for side in found if side == stated_side}
    if exam.assessment in SUSPICIOUS_ASSESSMENTS and newest_outcome(recall) is None:
        given = {Side.RIGHT: exam.assessment_right, Side.LEFT: exam.assessment_left}
        said = {side: Assessment(given[side] or exam.assessment) for side in found}
        results |= {side: result for side, result in said.items() if result in LESION_ASSESSMENTS}
    lesions = tuple(lesion_of_side(findings, side, result) for side, result in results.items())
    assess_lesions(transition, LesionReading(Assessment.SUSPICIOUS, lesions=lesions), None, transition.now)
    return stated_side


def validate_report(recall: Recall, report: OutsideReportInput) -> None:
    if not report.facility.strip():
        raise ValidationError({"facility": _("Name the institution.")})
    if report.performed_on > calendar.local_day(recall.site, timezone.now()):
        raise ValidationError({"performed_on": _("This day has not come yet. Enter the day on which it was done.")})
    if report.performed_on < recall.exam.exam_date:
        words = _("This is before the screening exam of %(day)s: it cannot answer it. Check the date.")
        raise ValidationError(
            {
                "performed_on": words
                % {"day": format_day(recall.exam.exam_date, calendar.local_day(recall.site, timezone.now()))}
            }
        )
    if report.outcome is not None:
        validate_outcome(recall, report.outcome)
    if report.pathology is not None:
        validate_pathology(report.pathology)


def known_lesions(recall: Recall) -> list[Lesion]:
    """The lesions that a report can be about."""
    return [status.lesion for status in load_lesion_statuses(recall)]
