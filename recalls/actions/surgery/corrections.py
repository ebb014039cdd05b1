"""Actions about the report of a surgery that turns out wrong: put the right one in its place, or take it back."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Unpack

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.roles import Role
from recalls.actions.outside_reports import OutsideReportInput, add_surgery, request_report, validate_report
from recalls.actions.pathology import PathologyInput
from recalls.actions.progress import go_on
from recalls.actions.telling import is_newest_result_urgent, owe_result, retract_disclosure
from recalls.actions.transition import ActionKwargs, Transition, apply_step
from recalls.enums import DisclosureMethod, OutsideReportKind, ReportSource
from recalls.lesion_stages import is_malignant, load_lesion_statuses
from recalls.models import OutsideReport, OutsideReportRetraction, Recall, RecallEvent
from recalls.permissions import NotPermitted, surgeries_recorded

_NEVER = datetime.min.replace(tzinfo=UTC)


def amend_surgery(
    recall: Recall,
    pathology: PathologyInput,
    *,
    reason: str,
    report_id: int | None = None,
    performed_on: date | None = None,
    **kwargs: Unpack[ActionKwargs],
) -> RecallEvent:
    """Put a corrected report in the place of one of a surgery; the old rows stay, and the patient is told what holds.

    `report_id`: which report; the only one where None. `performed_on`: the right day, that of the old report where
    None. Raises ValidationError without a reason, for a day that cannot be, and where it is not plain which is meant.
    """
    _require_reason("reason", reason)

    def amend(transition: Transition) -> None:
        old = _recorded_surgery(transition.recall, report_id)
        tissue = old.pathology
        meant = replace(pathology, lesion_id=pathology.lesion_id or (tissue.lesion_id if tissue else None))
        report = OutsideReportInput(
            OutsideReportKind.SURGERY, old.facility, performed_on or old.performed_on, ReportSource(old.source),
            text=pathology.text, pathology=meant,
        )  # fmt: skip
        validate_report(transition.recall, report)
        transition.note = transition.note or reason
        _take_back(transition, old)
        row = add_surgery(transition, report)
        transition.data |= {"report": row.pk, "kind": OutsideReportKind.SURGERY.value, "amends": old.pk}
        go_on(transition)

    return apply_step(recall, "amend_surgery", amend, **kwargs)


def surgery_in_error(recall: Recall, report_id: int | None = None, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Take back the report of a surgery that the patient did not have; the recall goes back to what is owed.

    `note` says why. Who was asked and answered by it is asked again from the next open day on. `report_id`: which
    report; the only one where None. Raises ValidationError without a reason, and where it is not plain which is meant;
    NotPermitted where somebody else than a radiologist would take a cancer back by it.
    """
    _require_reason("note", kwargs.get("note", ""))

    def take_back(transition: Transition) -> None:
        report = _recorded_surgery(transition.recall, report_id)
        was_malignant = _is_any_malignant(transition.recall)
        _take_back(transition, report)
        if was_malignant and not _is_any_malignant(transition.recall):
            _check_may_lower(transition)
        _owe_what_holds(transition, report)
        _ask_again(transition, report)
        transition.data |= {"taken_back": report.pk, "facility": report.facility}
        go_on(transition)

    return apply_step(recall, "surgery_in_error", take_back, **kwargs)


def _require_reason(field: str, words: str) -> None:
    if not words.strip():
        raise ValidationError({field: _("Say why, in a few words.")})


def _recorded_surgery(recall: Recall, report_id: int | None) -> OutsideReport:
    recorded = [row for row in surgeries_recorded(recall) if report_id in (None, row.pk)]
    if len(recorded) != 1:
        raise ValidationError({"report": _("Say which report is meant.")})
    return recorded[0]


def _take_back(transition: Transition, report: OutsideReport) -> None:
    OutsideReportRetraction.objects.create(report=report, **transition.signature)


def _is_any_malignant(recall: Recall) -> bool:
    return any(is_malignant(status) for status in load_lesion_statuses(recall))


def _check_may_lower(transition: Transition) -> None:
    if Role.RADIOLOGIST not in transition.actor.roles:
        raise NotPermitted(_("This report alone says cancer: a radiologist takes it back."))


def _owe_what_holds(transition: Transition, report: OutsideReport) -> None:
    """Whoever was told since hears that it was not so; what only this report made owed is owed no more.

    What the report said was told there is taken back with it: nobody there has told this patient anything.
    """
    recall = transition.recall
    told = list(recall.disclosures.filter(at__gte=report.at))
    with_report = [row for row in told if row.at == report.at and row.method == DisclosureMethod.OUTSIDE]
    for row in with_report:
        retract_disclosure(transition, row.pk)
    is_owed_by_this = recall.result_since == report.at
    if len(told) > len(with_report) or (with_report and _newest_result_at(recall) > _last_told_at(recall)):
        owe_result(transition, since=transition.now, urgent=is_newest_result_urgent(recall))
    elif is_owed_by_this and _newest_result_at(recall) < report.at:
        recall.result_since, recall.tell_by, recall.result_owner = None, None, None


def _newest_result_at(recall: Recall) -> datetime:
    results = (recall.outcomes, recall.concordances, recall.pathology_results)
    return max((row.at for rows in results for row in rows.all()), default=_NEVER)


def _last_told_at(recall: Recall) -> datetime:
    return max((row.at for row in recall.disclosures.all()), default=_NEVER)


def _ask_again(transition: Transition, report: OutsideReport) -> None:
    """The questions to other institutions that the report had answered."""
    recall, site = transition.recall, transition.recall.site
    if recall.patient.deceased_on is not None:
        return
    ask_on = calendar.next_open_day(site, calendar.local_day(site, transition.now))
    for asked in recall.report_requests.filter(received=True, closed_at=report.at):
        request_report(transition, OutsideReportKind(asked.kind), asked.facility, asked.phone, ask_on=ask_on)
