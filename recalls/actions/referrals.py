"""Actions of the hand-over to treatment: name who takes over, and what is known of the first visit there."""

from datetime import date, timedelta
from typing import Unpack

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from recalls.actions.outside_reports import close_requests, is_same_place, request_report, which_place_error
from recalls.actions.progress import go_on
from recalls.actions.transition import ActionKwargs, Transition, apply_step
from recalls.enums import OutsideReportKind
from recalls.models import (
    OutsideReport,
    OutsideReportRetraction,
    Recall,
    RecallEvent,
    Referral,
    ReferralRetraction,
    ReportRequest,
)
from recalls.permissions import first_visits_recorded, places_asked_after_visit

_MAX_REFERRAL_DAYS = 183


def hand_over(
    recall: Recall, *, clinician: str, facility: str, first_visit_on: date, phone: str = "",
    **kwargs: Unpack[ActionKwargs],
) -> RecallEvent:  # fmt: skip
    """Name who takes over a patient with a malignant or high-risk result, where, and when they are seen first.

    After that day the place is asked whether the patient came, until somebody has an answer. Raises ValidationError
    without a name or for a visit that lies more than half a year away from today.
    """
    _validate_referral(recall, clinician, facility, first_visit_on)

    def refer(transition: Transition) -> None:
        row = Referral.objects.create(
            recall=transition.recall,
            clinician=clinician.strip(),
            facility=facility.strip(),
            phone=phone.strip(),
            first_visit_on=first_visit_on,
            **transition.signature,
        )
        transition.data = {"referral": row.pk}
        site = transition.recall.site
        last_day = max(first_visit_on, calendar.local_day(site, transition.now))
        ask_on = calendar.next_open_day(site, last_day + timedelta(days=1))
        request_report(transition, OutsideReportKind.FIRST_VISIT, facility, phone, ask_on=ask_on)
        go_on(transition)

    return apply_step(recall, "hand_over", refer, **kwargs)


def not_seen_there(recall: Recall, facility: str = "", **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Take back a referral: the patient was not seen, so nobody has taken over; `note` says how it is known.

    The recall is open again, and a referral is owed anew. `facility`: the place. Raises ValidationError where several
    are asked whether the patient came and it is none of them: nobody may guess which one waited in vain.
    """
    if not kwargs.get("note", "").strip():
        raise ValidationError({"note": _("Say how it is known, in a few words.")})

    def take_back(transition: Transition) -> None:
        place = _place_asked(transition.recall, facility)
        newest_first = list(transition.recall.referrals.order_by("-pk"))
        referral = next((row for row in newest_first if is_same_place(row.facility, place)), newest_first[0])
        ReferralRetraction.objects.create(referral=referral, **transition.signature)
        transition.data = {"not_kept": referral.pk}
        close_requests(transition, received=False, kinds=(OutsideReportKind.FIRST_VISIT,), facility=place)
        go_on(transition)

    return apply_step(recall, "not_seen_there", take_back, **kwargs)


def seen_in_error(recall: Recall, report_id: int | None = None, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Take back that the patient was seen at the treatment, and ask the place again from the next open day on.

    `note` says why; the report's row stays. `report_id`: which report; the only one where None. Raises ValidationError
    without a reason, and where it is not plain which report is meant.
    """
    if not kwargs.get("note", "").strip():
        raise ValidationError({"note": _("Say why, in a few words.")})

    def take_back(transition: Transition) -> None:
        recorded = [row for row in first_visits_recorded(transition.recall) if report_id in (None, row.pk)]
        if len(recorded) != 1:
            raise ValidationError({"report": _("Say which report is taken back.")})
        (report,) = recorded
        OutsideReportRetraction.objects.create(report=report, **transition.signature)
        transition.data = {"taken_back": report.pk}
        site = transition.recall.site
        asked = _request_answered_by(transition.recall, report)
        place, phone = (asked.facility, asked.phone) if asked else (report.facility, "")
        ask_on = calendar.next_open_day(site, calendar.local_day(site, transition.now))
        request_report(transition, OutsideReportKind.FIRST_VISIT, place, phone, ask_on=ask_on)

    return apply_step(recall, "seen_in_error", take_back, **kwargs)


def _request_answered_by(recall: Recall, report: OutsideReport) -> ReportRequest | None:
    """The question that the report has answered, of its own place first; None where nobody had asked."""
    answered = recall.report_requests.filter(kind=OutsideReportKind.FIRST_VISIT, received=True).order_by("-closed_at")
    rows = list(answered)
    return next((row for row in rows if is_same_place(row.facility, report.facility)), rows[0] if rows else None)


def _place_asked(recall: Recall, facility: str) -> str:
    """The only one that is asked whether the patient came, or the one that was named."""
    asked = places_asked_after_visit(recall)
    if len(asked) == 1:
        return asked[0]
    if not any(is_same_place(place, facility) for place in asked):
        raise which_place_error(asked)
    return facility


def _validate_referral(recall: Recall, clinician: str, facility: str, first_visit_on: date) -> None:
    if not clinician.strip():
        raise ValidationError({"clinician": _("Name the clinician who takes over.")})
    if not facility.strip():
        raise ValidationError({"facility": _("Name the hospital or practice.")})
    days = (first_visit_on - calendar.local_day(recall.site, timezone.now())).days
    if abs(days) > _MAX_REFERRAL_DAYS:
        raise ValidationError({"first_visit_on": _("Check the date: it is more than half a year away.")})
