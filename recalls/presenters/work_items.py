"""Rows of the work item list: due time, owner, phones, and the page on which each task is settled."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import calendar
from clinic.models import Site
from patients.channels import get_patient_channels
from patients.contact_validation import format_phone
from recalls.assignment import current_assignee, display_name
from recalls.enums import WorkItemKind as Kind
from recalls.models import WorkItem
from recalls.presenters.datetime_display import TimeRemaining, format_recent_day, time_remaining

# What settles a task, and where: "patient" with the patient's number, "recall" with the recall's, "step" with both the
# recall's and the name of a step; the others are lists.
SETTLED_BY: dict[Kind, tuple[Any, str, str]] = {
    Kind.VERIFY_CONTACT: (gettext_lazy("Correct the contact details"), "patient", ""),
    Kind.UNDELIVERABLE_MESSAGE: (gettext_lazy("Call and log it"), "step", "log_contact"),
    Kind.PRINT_LETTER: (gettext_lazy("Print letters"), "letters", ""),
    Kind.CALL_DELIVERY_FAILED: (gettext_lazy("Call and log it"), "step", "log_contact"),
    Kind.INTERPRETER: (gettext_lazy("Language and interpreter"), "patient", ""),
    Kind.MERGE_CONFLICT: (gettext_lazy("Compare the records"), "recall", ""),
    Kind.CORRECTED_RESULT: (gettext_lazy("Look at the result"), "recall", ""),
    Kind.SUPPLEMENTAL_RESULT: (gettext_lazy("Look at both"), "recall", ""),
    Kind.PATIENT_REQUEST: (gettext_lazy("Call and log it"), "step", "log_contact"),
    Kind.DOCTOR_QUESTION: (gettext_lazy("Call and log it"), "step", "log_contact"),
    Kind.LINK_LOCKED: (gettext_lazy("Call, then send a new link"), "message_new", ""),
    Kind.SEND_REPORT: (gettext_lazy("Look at the report"), "recall", ""),
    Kind.SUMMARY_DUE: (gettext_lazy("Send lay summaries"), "lay_summaries", ""),
    Kind.BARRIER: (gettext_lazy("Help, and say what came of it"), "step", "help_with_barrier"),
    Kind.REMINDER_CALL: (gettext_lazy("Call and log it"), "step", "log_contact"),
    Kind.CLOSED_DAY: (gettext_lazy("Move the visit"), "step", "reschedule"),
    Kind.STATUS_NOT_TOLD: (gettext_lazy("Look at the recall"), "recall", ""),
    Kind.PRIORS_TO_COMPARE: (gettext_lazy("Compare the images"), "step", "resolve_by_priors"),
}


@dataclass(frozen=True, slots=True)
class WorkItemPhone:
    href: str
    text: str


@dataclass(frozen=True, slots=True)
class WorkItemRow:
    """One open task; `url` leads to its recall, empty for a task about a patient without one.

    `settle_url` leads to the page that settles it, with `settle_label` as its words; both empty where there is none.
    """

    pk: int
    kind: str
    reason: str
    name: str
    mrn: str
    phones: list[WorkItemPhone]
    opened: str
    due: TimeRemaining
    assigned_to: str
    assigned_by: str
    url: str
    settle_url: str
    settle_label: Any
    done_url: str


def build_work_item_rows(items: Iterable[WorkItem], sites: dict[int, Site], now: datetime) -> list[WorkItemRow]:
    """Tasks in words, with their patients, contact points, consents and assignees already read."""
    return [_work_item_row(item, sites[item.site_id], now) for item in items]


def _work_item_row(item: WorkItem, site: Site, now: datetime) -> WorkItemRow:
    opened, today = (calendar.local_day(site, at) for at in (item.opened_at, now))
    person = current_assignee(item, today)
    url = reverse("recall", args=[item.recall_id]) if item.recall_id else ""
    settle_url = _settle_url(item)
    return WorkItemRow(
        pk=item.pk,
        kind=str(item.get_kind_display()),
        reason=item.reason,
        name=str(item.patient),
        mrn=item.patient.mrn,
        phones=[
            WorkItemPhone(f"tel:{number}", format_phone(number, site.country))
            for number in get_patient_channels(item.patient).phones
        ],
        opened=format_recent_day(opened, today),
        due=time_remaining(site, item.due_at, now),
        assigned_to=display_name(person) if person else "",
        assigned_by=_("given by %(who)s") % {"who": display_name(item.assigned_by)}
        if person and item.assigned_by
        else "",
        url=url,
        settle_url=settle_url,
        settle_label=SETTLED_BY[Kind(item.kind)][0] if settle_url else "",
        done_url=reverse("work_item_done", args=[item.pk]),
    )


def _settle_url(item: WorkItem) -> str:
    """Where the task is settled; the recall where that page does not take this task, empty without either."""
    _label, name, step = SETTLED_BY[Kind(item.kind)]
    recall = [item.recall_id] if item.recall_id else []
    wanted: dict[str, list[Any]] = {
        "patient": [item.patient_id],
        "recall": recall,
        "message_new": recall,
        "step": [*recall, step] if recall else [],
    }
    try:
        url = reverse(name, args=wanted.get(name, []))
        return f"{url}?task={item.pk}" if step else url  # saving that form closes the task
    except NoReverseMatch:
        return reverse("recall", args=recall) if recall else ""
