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

from clinic.models import Site
from notifications.content import loader
from notifications.content.education import lesson_markdown, lesson_number
from notifications.content.statistics import STATISTIC_PLACEHOLDERS
from notifications.enums import WRITTEN_RESULT_KINDS, Channel, NotificationKind
from notifications.models import Notification
from notifications.planning.lay_summaries.readings import owes_lay_summary
from notifications.planning.referrer_rules import get_notice_name
from notifications.planning.snapshot import RecallSnapshot
from notifications.rendering import patient_link, series_links
from notifications.rendering.blocks import (
    BIOPSY_BLOCKS,
    BLOCKS,
    EXPLAINED_BLOCKS,
    NEUTRAL_BLOCKS,
    RECALL_REASON_BLOCKS,
    VISIT_BLOCKS,
    BlockFacts,
    get_visit,
)
from notifications.rendering.formatting import (
    format_date,
    format_day_and_time_short,
    format_duration,
    format_long_date,
    format_month,
    format_opening_hours,
    format_part_times,
    format_reasons,
    format_short_date,
    format_time,
)
from notifications.rendering.summary_placeholders import SUMMARY_TEXT_PLACEHOLDERS
from patients.contact_validation import format_phone
from recalls.actions import listed_reasons, listed_times
from recalls.enums import OutcomeBasis
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
    }
)
APPOINTMENT_PLACEHOLDERS = frozenset({"visit_day", "visit_day_short", "visit_time", "visit_place", "visit_length"})
REFERRER_PLACEHOLDERS = frozenset({"referrer_name", "notice", "clinic_name", "clinic_phone"})
FOLLOW_UP_PLACEHOLDERS = frozenset({"follow_up_month", "follow_up_by"})
PATIENT_PAGE_PLACEHOLDERS = frozenset({"my_page"})
RESULT_PLACEHOLDERS = frozenset({"written_results_line"})
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
        NotificationKind.HELD_TIME,
        NotificationKind.EARLIER_OFFER,
        NotificationKind.EARLIER_TAKEN,
    }
)
REMINDER_TEXT_PLACEHOLDERS = frozenset({"change_line"})
HELD_TIME_PLACEHOLDERS = frozenset({"silence_line"})
SERIES_PLACEHOLDERS: Mapping[str, frozenset[str]] = {
    NotificationKind.EDUCATION_CONFIRM: frozenset({"confirm_series", "stop_series"}),
    NotificationKind.EDUCATION: frozenset({"lesson", "stop_series"}),
}
LIST_PLACEHOLDERS: Mapping[str, frozenset[str]] = {
    NotificationKind.OTHER_TIMES: frozenset({"times"}),
    NotificationKind.CANCEL_REASONS: frozenset({"cancel_reasons"}),
}
# The text that proves a phone number: no notification, but a text that is reviewed and changed like the others.
NUMBER_CODE_TEXT = "number_code.sms"
CODE_PLACEHOLDERS: Mapping[str, frozenset[str]] = {NUMBER_CODE_TEXT: frozenset({"code"})}
FOLLOW_UP_KINDS = frozenset({NotificationKind.OUTCOME_PROBABLY_BENIGN, NotificationKind.FOLLOW_UP_DUE})

# Only in the detailed texts of the kind.
_DETAILED_BLOCKS_BY_KIND: dict[str, frozenset[str]] = {
    NotificationKind.RECALL_NOTICE: RECALL_REASON_BLOCKS,
    NotificationKind.APPOINTMENT_CONFIRMATION: VISIT_BLOCKS,
    NotificationKind.APPOINTMENT_REMINDER: VISIT_BLOCKS,
    NotificationKind.BIOPSY_CONFIRMATION: VISIT_BLOCKS | BIOPSY_BLOCKS,
    NotificationKind.BIOPSY_REMINDER: VISIT_BLOCKS | BIOPSY_BLOCKS,
}

_MARKDOWN_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")  # all ASCII punctuation may be escaped (CommonMark 0.31, 2.4)


def allowed_placeholders(name: str) -> frozenset[str]:
    """The placeholders that a text of that name (`recall_notice.letter.detailed`) may use."""
    if name.startswith(loader.EXPLAINER_PREFIX):
        return frozenset(STATISTIC_PLACEHOLDERS)
    kind, *variant = name.split(".")
    if kind in SUMMARY_TEXT_PLACEHOLDERS:
        return SUMMARY_TEXT_PLACEHOLDERS[kind] | frozenset(STATISTIC_PLACEHOLDERS)
    names = SMS_PLACEHOLDERS if "sms" in variant else COMMON_PLACEHOLDERS | NEUTRAL_BLOCKS
    if kind in patient_link.PATIENT_LINK_KINDS and not {"sms", "letter"} & set(variant):
        names |= PATIENT_PAGE_PLACEHOLDERS
    if kind in APPOINTMENT_KINDS:
        names |= {"visit_day_short", "visit_time"} if "sms" in variant else APPOINTMENT_PLACEHOLDERS
    if kind == NotificationKind.APPOINTMENT_REMINDER and "sms" in variant:
        names |= REMINDER_TEXT_PLACEHOLDERS
    if kind == NotificationKind.HELD_TIME and "sms" not in variant:
        names |= HELD_TIME_PLACEHOLDERS
    names |= LIST_PLACEHOLDERS.get(kind, frozenset())
    names |= SERIES_PLACEHOLDERS.get(kind, frozenset()) | CODE_PLACEHOLDERS.get(name, frozenset())
    if kind in FOLLOW_UP_KINDS:
        names |= {"follow_up_month"} if "sms" in variant else FOLLOW_UP_PLACEHOLDERS
    if kind in WRITTEN_RESULT_KINDS and "sms" not in variant:
        names |= RESULT_PLACEHOLDERS
    if kind == NotificationKind.REFERRER_NOTICE:
        return REFERRER_PLACEHOLDERS
    if {"detailed", "letter"} & set(variant):
        names |= frozenset(STATISTIC_PLACEHOLDERS) | EXPLAINED_BLOCKS
    if "detailed" in variant:
        names |= _DETAILED_BLOCKS_BY_KIND.get(kind, frozenset())
    return names


def single_line(words: str) -> str:
    """The words without line breaks and other control characters, fit for a mail header."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())


def escape_markdown(words: str) -> str:
    """The words on one line, escaped so that Markdown shows them literally."""
    return _MARKDOWN_PUNCTUATION.sub(r"\\\1", single_line(words))


def format_clinic_phone(site: Site) -> str:
    """As Markdown, with no-break spaces, since a number in two lines is hard to dial."""
    return escape_markdown(format_phone(site.phone, site.country)).replace(" ", "\N{NO-BREAK SPACE}")


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
        if name in BLOCKS:
            return BLOCKS[name](self._block_facts)
        if name in STATISTIC_PLACEHOLDERS:
            return STATISTIC_PLACEHOLDERS[name]
        raise KeyError(name)

    @cached_property
    def _appointment(self) -> Appointment | None:
        return get_visit(self._notification, self._snapshot)

    def __iter__(self) -> Iterator[str]:
        return iter([*_PLACEHOLDERS, *BLOCKS, *STATISTIC_PLACEHOLDERS])

    def __len__(self) -> int:
        return len(_PLACEHOLDERS) + len(BLOCKS) + len(STATISTIC_PLACEHOLDERS)

    @property
    def _block_facts(self) -> BlockFacts:
        return BlockFacts(self._snapshot, self._appointment, self._notification.language, self.site)

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
        return format_clinic_phone(self.site)

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
        """The start; for a visit in several parts each start, except where an earlier time is told."""
        first, parts = format_time(self._local_start), self._required_appointment.further_parts
        if not parts or self._notification.kind == NotificationKind.APPOINTMENT_CANCELLED:
            return escape_markdown(first)
        return escape_markdown(format_part_times(first, self._required_appointment))

    def visit_place(self) -> str:
        place = self._required_appointment.place
        return escape_markdown(f"{place.name}, {place.address_line}, {place.city}")

    def visit_length(self) -> str:
        return format_duration(self._required_appointment.total_minutes)

    def follow_up_month(self) -> str:
        return escape_markdown(format_month(self._follow_up_on))

    def follow_up_by(self) -> str:
        """The last day of that month."""
        next_month = (self._follow_up_on.replace(day=28) + timedelta(days=4)).replace(day=1)
        return escape_markdown(format_date(next_month - timedelta(days=1)))

    def silence_line(self) -> str:
        """What becomes of the held time where the patient does not answer, by the rule of the site."""
        held = self._snapshot.held
        if held is not None and held.expires_at >= held.starts_at:
            return _("If we do not hear from you, the time stays yours. Please call us if you cannot come.")
        until = held.expires_at if held is not None else self._required_appointment.starts_at - timedelta(days=2)
        day = format_long_date(until.astimezone(self.site.zone))
        words = _("We hold it for you until %(day)s. After that we may give it to somebody else, and we call you.")
        return escape_markdown(words % {"day": day})

    def change_line(self) -> str:
        """How the visit is changed: by an answer too, where the patient may change it themselves; before the phone."""
        visit, policy = self._required_appointment, getattr(self._snapshot.site, "slot_policy", None)
        by_a_person = self._recall.suspicious or visit.part_count or visit.stop_id
        if policy is None or not policy.self_booking or by_a_person:
            return _("To change it, call")
        return escape_markdown(_("Reply MOVE, CAN'T COME or call"))

    def times(self) -> str:
        """ "4 for Thu Nov 12 9:30am, 5 for Fri Nov 13 9:00am": those of the newest list, each with its number."""
        event = self._snapshot.last_event("offer_times")
        if event is None:
            raise LookupError("no times were offered")
        listed = [
            _("%(number)s for %(time)s") % {"number": number, "time": format_day_and_time_short(starts_at)}
            for number, starts_at in listed_times(event.data).items()
        ]
        return escape_markdown(", ".join(listed))

    def cancel_reasons(self) -> str:
        """ "11 fear, 12 cost": those of the newest list, each with its number."""
        event = self._snapshot.last_event("ask_cancel_reason")
        if event is None:
            raise LookupError("no reasons were asked for")
        return escape_markdown(format_reasons(listed_reasons(event.data)))

    def lesson(self) -> str:
        """The whole text of the series that the message carries. Raises NotReviewed where it may not be sent."""
        return lesson_markdown(lesson_number(self._notification.occasion), self._notification.language, self.site)

    def confirm_series(self) -> str:
        return f"[{_('Yes, send me the emails')}](<{series_links.confirm_url(self._notification.public_id)}>)"

    def stop_series(self) -> str:
        line = _("You can stop these emails at any time. Our messages about your own visits go on.")
        return f"{line}\n\n[{_('Stop these emails')}](<{series_links.stop_url(self._notification.public_id)}>)"

    def written_results_line(self) -> str:
        """Says that the result comes in writing, where this program sends it; empty where it does not know."""
        outcome = self._snapshot.latest_outcome
        if outcome is None or outcome.basis == OutcomeBasis.OUTSIDE:
            return ""
        visits = (visit for visit in self._snapshot.appointments if visit.pk == outcome.appointment_id)
        site = next((visit.site for visit in visits), self._snapshot.site)
        if not owes_lay_summary(site, outcome.at):
            return ""
        if self._notification.channel == Channel.LETTER:
            return _("You will also get the official summary of your results.")
        return _("You will also get your results in writing.")

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
    | REFERRER_PLACEHOLDERS
    | RESULT_PLACEHOLDERS
    | HELD_TIME_PLACEHOLDERS
    | REMINDER_TEXT_PLACEHOLDERS
    | frozenset().union(*SERIES_PLACEHOLDERS.values(), *LIST_PLACEHOLDERS.values())
    | PATIENT_PAGE_PLACEHOLDERS
}


def referrer_reference(notification: Notification) -> str:
    """The reference of a notice, such as "4F2A-91BC"; the admin's search finds the message by it."""
    digits = notification.public_id.hex[:8].upper()
    return f"{digits[:4]}-{digits[4:]}"
