"""The record of a case as plain values: its lesions, what was told, refusals, referral, reports and signatures."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinic import calendar
from recalls.enums import DeclineReason, Listener
from recalls.lesion_stages import LesionStage, LesionStatus, lesion_statuses
from recalls.models import (
    Biopsy,
    Concordance,
    OutsideReport,
    PathologyResult,
    Recall,
    Referral,
    Refusal,
    ReportRequest,
    ResultDisclosure,
    SignOffRequest,
)
from recalls.permissions import open_report_requests, pending_sign_offs
from recalls.presenters.datetime_display import DisplayDateTime, display_datetime, format_day
from recalls.workflow import STEPS_BY_NAME

LESION_STAGE_LABELS: dict[LesionStage, Any] = {
    LesionStage.TO_SIGN: gettext_lazy("Pathology to sign"),
    LesionStage.REFERRAL_OWED: gettext_lazy("Referral to arrange"),
    LesionStage.TO_BIOPSY: gettext_lazy("Biopsy to do"),
    LesionStage.PATHOLOGY_AWAITED: gettext_lazy("Pathology awaited"),
    LesionStage.FOLLOW_UP: gettext_lazy("Short-interval follow-up"),
    LesionStage.SETTLED: gettext_lazy("Settled"),
}


@dataclass(frozen=True, slots=True)
class LesionRow:
    """One lesion; what has not happened yet is empty."""

    name: str
    stage: str
    is_settled: bool
    assessment: str
    biopsy: str
    pathology: str
    pathology_text: str
    concordance: str
    surgery: str


@dataclass(frozen=True, slots=True)
class RecordEntry:
    """What was told, refused or arranged, and when; `lines` are further sentences."""

    time: DisplayDateTime
    title: str
    by: str
    lines: list[str]
    url: str = ""


@dataclass(frozen=True, slots=True)
class PendingSignature:
    """A step that waits for a second person; `url` leads to the form as the first one filled it in."""

    label: Any
    text: str
    note: str
    url: str
    refuse_url: str


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """Each list is newest first; lesions stand by number."""

    lesions: list[LesionRow]
    disclosures: list[RecordEntry]
    refusals: list[RecordEntry]
    referrals: list[RecordEntry]
    outside_reports: list[RecordEntry]
    report_requests: list[str]
    signatures: list[PendingSignature]


def build_case_record(recall: Recall, now: datetime) -> CaseRecord:
    """No query when the recall came from `selectors.recall_detail`."""
    return CaseRecord(
        lesions=[_lesion_row(recall, status, now) for status in lesion_statuses(recall)],
        disclosures=[_disclosure_entry(recall, row, now) for row in _newest_first(recall.disclosures.all())],
        refusals=[_refusal_entry(recall, row, now) for row in _newest_first(recall.refusals.all())],
        referrals=[_referral_entry(recall, row, now) for row in _newest_first(recall.referrals.all())],
        outside_reports=[_report_entry(recall, row, now) for row in _newest_first(recall.outside_reports.all())],
        report_requests=[_report_request_text(recall, row, now) for row in open_report_requests(recall)],
        signatures=[_pending_signature(recall, row, now) for row in pending_sign_offs(recall)],
    )


def _lesion_row(recall: Recall, status: LesionStatus, now: datetime) -> LesionRow:
    return LesionRow(
        name=str(status.lesion),
        stage=_stage_text(status),
        is_settled=status.stage == LesionStage.SETTLED,
        assessment=str(status.assessment) if status.assessment else "",
        biopsy=_format_biopsy(recall, status.biopsy, now) if status.biopsy else "",
        pathology=format_pathology(status.pathology) if status.pathology else "",
        pathology_text=status.pathology.text if status.pathology else "",
        concordance=_format_concordance(recall, status.concordance, now) if status.concordance else "",
        surgery=format_pathology(status.surgery) if status.surgery else "",
    )


def _stage_text(status: LesionStatus) -> str:
    """ "Pathology to sign, newer tissue awaited"."""
    label = str(LESION_STAGE_LABELS[status.stage])
    is_more_awaited = status.is_tissue_awaited and status.stage != LesionStage.PATHOLOGY_AWAITED
    return _("%(stage)s, newer tissue awaited") % {"stage": label} if is_more_awaited else label


def _format_biopsy(recall: Recall, row: Biopsy, now: datetime) -> str:
    """ "Tue 24 Nov, core needle, ultrasound, clip: coil"."""
    parts: list[Any] = [row.get_device_display(), row.get_guidance_display()]
    clip = [_("clip: %(clip)s") % {"clip": row.clip}] if row.clip else []
    day = format_day(row.done_on, calendar.local_day(recall.site, now))
    return ", ".join([day, *(str(part).lower() for part in parts if part), *clip, *filter(None, [row.facility])])


def format_pathology(row: PathologyResult) -> str:
    """ "Malignant, invasive: Invasive lobular carcinoma, grade 2, 14 mm, ER positive"."""
    receptors = (("ER", row.get_er_display()), ("PR", row.get_pr_display()), ("HER2", row.get_her2_display()))
    more: list[str] = [str(row.get_histology_display())] if row.histology else []
    more += [_("grade %(grade)s") % {"grade": row.get_grade_display()}] if row.grade else []
    more += [_("%(size)d mm") % {"size": row.size_mm}] if row.size_mm else []
    more += [_("lymph nodes %(nodes)s") % {"nodes": row.get_nodes_display()}] if row.nodes else []
    more += [f"{name} {value}" for name, value in receptors if value]
    more += [part for part in (row.specimen, row.facility) if part]
    return f"{row.get_result_display()}: {', '.join(more)}" if more else str(row.get_result_display())


def _format_concordance(recall: Recall, row: Concordance, now: datetime) -> str:
    """The verdict, who signed it and when."""
    signed = {"by": row.by, "when": display_datetime(recall.site, row.at, now)}
    parts = [str(row.get_verdict_display()), _("signed by %(by)s, %(when)s") % signed]
    return ", ".join(parts) + (f": {row.text}" if row.text else "")


def _disclosure_entry(recall: Recall, row: ResultDisclosure, now: datetime) -> RecordEntry:
    return RecordEntry(
        display_datetime(recall.site, row.told_at, now),
        str(row.get_method_display()),
        row.told_by,
        disclosure_lines(row),
    )


def disclosure_lines(row: ResultDisclosure) -> list[str]:
    """To whom, with whom, what was understood and agreed."""
    listener = str(Listener(row.told_to).label)
    to_whom = f"{listener}: {row.told_to_name}" if row.told_to_name else listener
    lines = [_("told to: %(to_whom)s") % {"to_whom": to_whom}] if row.told_to != Listener.PATIENT else []
    lines += [_("with an interpreter")] if row.interpreter else []
    lines += [_("understood: %(words)s") % {"words": row.understood}] if row.understood else []
    lines += [_("agreed next: %(words)s") % {"words": row.next_step}] if row.next_step else []
    return lines


def _refusal_entry(recall: Recall, row: Refusal, now: datetime) -> RecordEntry:
    today = calendar.local_day(recall.site, now)
    lines = [row.words] if row.words else []
    if row.explained_by or row.risk_explained:
        lines.append(_("%(who)s explained: %(what)s") % {"who": row.explained_by, "what": row.risk_explained})
    lines += [_("with an interpreter")] if row.interpreter else []
    lines += [_("a letter confirms it")] if row.letter_sent else []
    if row.offer_again_on:
        lines.append(_("offered again on %(day)s") % {"day": format_day(row.offer_again_on, today)})
    labels: dict[str, Any] = dict(DeclineReason.choices)
    title = str(labels.get(row.reason, row.reason))
    return RecordEntry(display_datetime(recall.site, row.at, now), title, row.by, lines)


def _referral_entry(recall: Recall, row: Referral, now: datetime) -> RecordEntry:
    first = _("first visit there %(day)s") % {
        "day": format_day(row.first_visit_on, calendar.local_day(recall.site, now))
    }
    lines = [*filter(None, [row.phone]), first]
    return RecordEntry(display_datetime(recall.site, row.at, now), f"{row.clinician}, {row.facility}", row.by, lines)


def _report_entry(recall: Recall, row: OutsideReport, now: datetime) -> RecordEntry:
    done = format_day(row.performed_on, calendar.local_day(recall.site, now))
    lines = [_("done on %(day)s, came by: %(source)s") % {"day": done, "source": row.get_source_display()}]
    lines += [row.text] if row.text else []
    url = reverse("outside_report", args=[recall.pk, row.pk]) if row.file_name else ""
    title = f"{row.get_kind_display()}, {row.facility}"
    return RecordEntry(display_datetime(recall.site, row.at, now), title, row.by, lines, url)


def _report_request_text(recall: Recall, row: ReportRequest, now: datetime) -> str:
    today = calendar.local_day(recall.site, now)
    who = ", ".join(part for part in (row.facility, row.phone) if part)
    asked = format_times_asked(row.times_asked)
    then = _("ask again %(day)s") % {"day": format_day(row.ask_on, today)}
    return f"{row.get_kind_display()}: {who}. {asked}, {then}"


def format_times_asked(times: int) -> str:
    return (
        ngettext("asked %(times)d time", "asked %(times)d times", times) % {"times": times}
        if times
        else _("not asked yet")
    )


def _pending_signature(recall: Recall, row: SignOffRequest, now: datetime) -> PendingSignature:
    who = row.requested_by.get_full_name() or row.requested_by.get_username()
    when = display_datetime(recall.site, row.requested_at, now)
    return PendingSignature(
        label=STEPS_BY_NAME[row.step].label,
        text=_("Asked for by %(who)s, %(when)s") % {"who": who, "when": when},
        note=row.note,
        url=reverse("step", args=[recall.pk, row.step]),
        refuse_url=reverse("step", args=[recall.pk, "refuse_sign_off"]),
    )


def _newest_first(rows: Iterable[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: row.pk, reverse=True)
