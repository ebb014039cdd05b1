"""Fills the `$placeholders` of a message's text with the facts of one recall.

Days and times are in the time zone of the visit's site. A name is data, never markup: it is escaped for Markdown
before it goes into a text.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cached_property
from string import Template

from django.utils.translation import gettext as _

from notifications.content import loader
from notifications.content.statistics import STATISTIC_PLACEHOLDERS
from notifications.enums import NotificationKind
from notifications.models import Notification
from notifications.planning import lay_summary
from notifications.planning.referrer_rules import get_notice_name
from notifications.planning.snapshot import RecallSnapshot
from notifications.rendering import patient_link
from notifications.rendering.formatting import (
    format_date,
    format_duration,
    format_long_date,
    format_month,
    format_opening_hours,
    format_short_date,
    format_time,
)
from patients.contact_validation import format_phone
from recalls.enums import RecallKind
from recalls.models import Appointment

COMMON_PLACEHOLDERS = frozenset(
    {
        "first_name",
        "clinic_name",
        "clinic_phone",
        "clinic_hours",
        "clinic_address",
        "signer",
        "language_line",
        "what_to_bring",
        "what_happens",
        "cost_line",
    }
)
APPOINTMENT_PLACEHOLDERS = frozenset({"visit_day", "visit_day_short", "visit_time", "visit_place", "visit_length"})
REFERRER_PLACEHOLDERS = frozenset({"referrer_name", "notice", "clinic_name", "clinic_phone"})
FOLLOW_UP_PLACEHOLDERS = frozenset({"follow_up_month", "follow_up_by"})
RECALL_REASON_PLACEHOLDERS = frozenset({"reasons", "figures"})
PATIENT_PAGE_PLACEHOLDERS = frozenset({"my_page"})
EXAM_PLACEHOLDERS = frozenset(
    {"patient_name", "exam_day", "result", "next_step", "density_notice", "density_explained"}
)
SMS_PLACEHOLDERS = frozenset({"clinic_name", "clinic_phone"})

APPOINTMENT_KINDS = frozenset(
    {
        NotificationKind.APPOINTMENT_CONFIRMATION,
        NotificationKind.APPOINTMENT_CHANGED,
        NotificationKind.APPOINTMENT_CANCELLED,
        NotificationKind.APPOINTMENT_REMINDER,
        NotificationKind.MISSED_APPOINTMENT,
        NotificationKind.BIOPSY_CONFIRMATION,
        NotificationKind.BIOPSY_REMINDER,
    }
)
FOLLOW_UP_KINDS = frozenset({NotificationKind.OUTCOME_PROBABLY_BENIGN, NotificationKind.FOLLOW_UP_DUE})

EXAM_KINDS = frozenset({NotificationKind.LAY_SUMMARY})

_MARKDOWN_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")  # all ASCII punctuation may be escaped (CommonMark 0.31, 2.4)


def allowed_placeholders(name: str) -> frozenset[str]:
    """The placeholders that a text of that name (`recall_notice.letter.detailed`) may use."""
    if name.startswith(loader.EXPLAINER_PREFIX):
        return frozenset(STATISTIC_PLACEHOLDERS)
    kind, *variant = name.split(".")
    names = SMS_PLACEHOLDERS if "sms" in variant else COMMON_PLACEHOLDERS
    if kind in patient_link.PATIENT_LINK_KINDS and not {"sms", "letter"} & set(variant):
        names |= PATIENT_PAGE_PLACEHOLDERS
    if kind in APPOINTMENT_KINDS:
        names |= {"visit_day_short", "visit_time"} if "sms" in variant else APPOINTMENT_PLACEHOLDERS
    if kind in FOLLOW_UP_KINDS:
        names |= {"follow_up_month"} if "sms" in variant else FOLLOW_UP_PLACEHOLDERS
    if kind in EXAM_KINDS:
        names |= EXAM_PLACEHOLDERS
    if kind == NotificationKind.REFERRER_NOTICE:
        return REFERRER_PLACEHOLDERS
    if {"detailed", "letter"} & set(variant):
        names |= frozenset(STATISTIC_PLACEHOLDERS)
    return (
        names | RECALL_REASON_PLACEHOLDERS
        if kind == NotificationKind.RECALL_NOTICE and "detailed" in variant
        else names
    )


def single_line(words: str) -> str:
    """The words without line breaks and other control characters, fit for a mail header."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())


def escape_markdown(words: str) -> str:
    """The words on one line, escaped so that Markdown shows them literally."""
    return _MARKDOWN_PUNCTUATION.sub(r"\\\1", single_line(words))


class MessageContext(Mapping[str, str]):
    """The values of the placeholders of one message, each computed only when the text uses it."""

    def __init__(self, notification: Notification, snapshot: RecallSnapshot, page_token: str = "") -> None:
        self._notification, self._snapshot, self._recall = notification, snapshot, snapshot.recall
        self._page_token = page_token
        self.site = self._appointment.site if self._appointment else snapshot.site

    def __getitem__(self, name: str) -> str:
        """Raises KeyError for an unknown placeholder, LookupError for a fact that this recall lacks."""
        if name in _PLACEHOLDERS:
            return _PLACEHOLDERS[name](self)
        if name in STATISTIC_PLACEHOLDERS:
            return STATISTIC_PLACEHOLDERS[name]
        raise KeyError(name)

    @cached_property
    def _appointment(self) -> Appointment | None:
        return next(
            (visit for visit in self._snapshot.appointments if visit.pk == self._notification.appointment_id), None
        )

    def __iter__(self) -> Iterator[str]:
        return iter([*_PLACEHOLDERS, *STATISTIC_PLACEHOLDERS])

    def __len__(self) -> int:
        return len(_PLACEHOLDERS) + len(STATISTIC_PLACEHOLDERS)

    @cached_property
    def _local_start(self) -> datetime:
        """In the time zone of the site; for a cancelled visit the time that the patient was last notified of."""
        visit = self._required_appointment
        starts = visit.starts_at
        if self._notification.kind == NotificationKind.APPOINTMENT_CANCELLED:
            starts = self._snapshot.last_communicated_start(visit)
        return starts.astimezone(visit.site.zone)

    @property
    def _required_appointment(self) -> Appointment:
        if self._appointment is None:
            raise LookupError("the message is about no visit")
        return self._appointment

    @property
    def _follow_up_on(self) -> date:
        if self._recall.follow_up_on is None:
            raise LookupError("the recall has no short-interval visit")
        return self._recall.follow_up_on

    def first_name(self) -> str:
        return escape_markdown(self._recall.patient.first_name)

    def clinic_name(self) -> str:
        return escape_markdown(self.site.sender_name)

    def clinic_phone(self) -> str:
        """With no-break spaces, since a number in two lines is hard to dial."""
        return escape_markdown(format_phone(self.site.phone, self.site.country)).replace(" ", "\N{NO-BREAK SPACE}")

    def clinic_hours(self) -> str:
        return escape_markdown(format_opening_hours(self.site))

    def clinic_address(self) -> str:
        return escape_markdown(f"{self.site.address_line}, {self.site.city}")

    def signer(self) -> str:
        return escape_markdown(self.site.contact_person or _("Your team"))

    def language_line(self) -> str:
        return _("Do you prefer another language? We have interpreters, and they are free. Please call us.")

    def my_page(self) -> str:
        """A line and the link to the patient's page; empty where the message carries none."""
        has_link = self._page_token and patient_link.includes_patient_link(self._notification, self._snapshot.site)
        return self.patient_page_link(self._page_token) if has_link else ""

    @staticmethod
    def patient_page_link(token: str) -> str:
        line = _("On your own page you can see what comes next. You open it with your birth date.")
        button = _("Open my page")
        return f"{line}\n\n[{button}](<{patient_link.patient_link_url(token)}>)"

    def visit_day(self) -> str:
        return escape_markdown(format_long_date(self._local_start))

    def visit_day_short(self) -> str:
        return escape_markdown(format_short_date(self._local_start))

    def visit_time(self) -> str:
        return escape_markdown(format_time(self._local_start))

    def visit_place(self) -> str:
        return f"{self.clinic_name()}, {self.clinic_address()}"

    def visit_length(self) -> str:
        return format_duration(self._required_appointment.length_minutes)

    def follow_up_month(self) -> str:
        return escape_markdown(format_month(self._follow_up_on))

    def follow_up_by(self) -> str:
        """The last day of that month."""
        next_month = (self._follow_up_on.replace(day=28) + timedelta(days=4)).replace(day=1)
        return escape_markdown(format_date(next_month - timedelta(days=1)))

    def what_to_bring(self) -> str:
        return self._first_paragraph("what_to_bring")

    def what_happens(self) -> str:
        return self._first_paragraph("what_happens")

    def cost_line(self) -> str:
        return self._first_paragraph("cost_line")

    def reasons(self) -> str:
        """The explainers of the recall's findings, each kind once; without a finding, that of the kind of recall."""
        kinds = list(dict.fromkeys(finding.kind for finding in self._recall.exam.findings.all()))
        if not kinds:
            by_recall = {RecallKind.TECHNICAL: "technical", RecallKind.CLINICAL: "symptom"}
            kinds = [by_recall.get(RecallKind(self._recall.kind), "other")]
        return "\n\n".join(self._first_paragraph(f"findings/{kind}") for kind in kinds)

    def figures(self) -> str:
        """The figures for a first screen only where it is known to be one; the others count all screens."""
        return self._first_paragraph(
            "figures/first_screen" if self._recall.exam.first_screen else "figures/later_screen"
        )

    def patient_name(self) -> str:
        return escape_markdown(self._recall.patient.full_name)

    def exam_day(self) -> str:
        return escape_markdown(format_date(self._recall.exam.exam_date))

    def result(self) -> str:
        return self._first_paragraph(lay_summary.result_explainer_name(self._recall))

    def next_step(self) -> str:
        return loader.section_under_heading(
            lay_summary.result_explainer_name(self._recall), self._notification.language, self.site
        )

    def density_notice(self) -> str:
        return escape_markdown(loader.get_locked_text(f"density_{lay_summary.density_category(self._recall)}"))

    def density_explained(self) -> str:
        return self._first_paragraph(f"density_notice/{lay_summary.density_category(self._recall)}")

    def referrer_name(self) -> str:
        referrer = self._recall.exam.referrer
        if referrer is None:
            raise LookupError("the patient came without a referral")
        return escape_markdown(referrer.name)

    def notice(self) -> str:
        """The notice with its reference, a number made for this notice that is in no other system."""
        notices = loader.get_message_text(
            NotificationKind.REFERRER_NOTICE, self._notification.language, detailed=False, site=self._snapshot.site
        ).metadata["notices"]
        name = get_notice_name(self._notification.occasion)
        return Template(notices[name]).substitute(reference=escape_markdown(referrer_reference(self._notification)))

    def _first_paragraph(self, name: str) -> str:
        return loader.first_paragraph(name, self._notification.language, self.site)


_PLACEHOLDERS: dict[str, Callable[[MessageContext], str]] = {
    name: getattr(MessageContext, name)
    for name in COMMON_PLACEHOLDERS
    | APPOINTMENT_PLACEHOLDERS
    | FOLLOW_UP_PLACEHOLDERS
    | RECALL_REASON_PLACEHOLDERS
    | REFERRER_PLACEHOLDERS
    | EXAM_PLACEHOLDERS
    | PATIENT_PAGE_PLACEHOLDERS
}


def referrer_reference(notification: Notification) -> str:
    """The reference of a notice, such as "4F2A-91BC"; the admin's search finds the message by it."""
    digits = notification.public_id.hex[:8].upper()
    return f"{digits[:4]}-{digits[4:]}"
