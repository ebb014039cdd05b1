"""What stands behind each `$placeholder` of a message? Facts of one recall, as a patient reads them.

Days and times are those of the place she comes to. A name is data, never markup: it is escaped for Markdown before it
goes into a text.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cached_property
from string import Template

from django.utils.translation import gettext as _

from notifications import lay_summary, pagelink, texts
from notifications.facts import fact_placeholders
from notifications.kinds import Kind
from notifications.models import Notification
from notifications.referrers import notice_of
from notifications.sayings import about, clock_time, day_of, long_day, month_of, opening_hours, short_day
from notifications.situation import Situation
from patients.contact import show_phone
from recalls.models import Appointment
from recalls.states import RecallKind

ALWAYS = frozenset(
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
OF_A_VISIT = frozenset({"visit_day", "visit_day_short", "visit_time", "visit_place", "visit_length"})
OF_A_REFERRAL = frozenset({"referrer_name", "notice", "clinic_name", "clinic_phone"})
OF_A_FOLLOW_UP = frozenset({"follow_up_month", "follow_up_by"})
OF_THE_REASONS = frozenset({"reasons", "figures"})
OF_HER_PAGE = frozenset({"my_page"})
OF_THE_EXAM = frozenset({"patient_name", "exam_day", "result", "next_step", "density_notice", "density_explained"})
IN_A_TEXT_MESSAGE = frozenset({"clinic_name", "clinic_phone"})

ABOUT_A_VISIT = frozenset(
    {
        Kind.APPOINTMENT_CONFIRMATION,
        Kind.APPOINTMENT_CHANGED,
        Kind.APPOINTMENT_CANCELLED,
        Kind.APPOINTMENT_REMINDER,
        Kind.MISSED_APPOINTMENT,
        Kind.BIOPSY_CONFIRMATION,
        Kind.BIOPSY_REMINDER,
    }
)
ABOUT_A_FOLLOW_UP = frozenset({Kind.OUTCOME_PROBABLY_BENIGN, Kind.FOLLOW_UP_DUE})

ABOUT_THE_EXAM = frozenset({Kind.LAY_SUMMARY})

_MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")  # all ASCII punctuation may be escaped (CommonMark 0.31, 2.4)


def known_placeholders(name: str) -> frozenset[str]:
    """What a text of that name (`recall_notice.letter.detailed`) may ask for."""
    if name.startswith(texts.EXPLAINER):
        return frozenset(fact_placeholders())
    kind, *variant = name.split(".")
    names = IN_A_TEXT_MESSAGE if "sms" in variant else ALWAYS
    if kind in pagelink.KINDS and not {"sms", "letter"} & set(variant):
        names |= OF_HER_PAGE
    if kind in ABOUT_A_VISIT:
        names |= {"visit_day_short", "visit_time"} if "sms" in variant else OF_A_VISIT
    if kind in ABOUT_A_FOLLOW_UP:
        names |= {"follow_up_month"} if "sms" in variant else OF_A_FOLLOW_UP
    if kind in ABOUT_THE_EXAM:
        names |= OF_THE_EXAM
    if kind == Kind.REFERRER_NOTICE:
        return OF_A_REFERRAL
    if {"detailed", "letter"} & set(variant):
        names |= frozenset(fact_placeholders())
    return names | OF_THE_REASONS if kind == Kind.RECALL_NOTICE and "detailed" in variant else names


def one_line(words: str) -> str:
    """Without line breaks and other control characters: fit for a mail header."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())


def escaped(words: str) -> str:
    """Somebody's words as Markdown that shows exactly them."""
    return _MARKDOWN.sub(r"\\\1", one_line(words))


class Values(Mapping[str, str]):
    """The placeholders of one message; each is worked out only if the text asks for it."""

    def __init__(self, row: Notification, situation: Situation, page_token: str = "") -> None:
        self._row, self._known, self._recall = row, situation, situation.recall
        self._page_token = page_token
        self.site = self._visit.site if self._visit else situation.site

    def __getitem__(self, name: str) -> str:
        """Raises KeyError for a placeholder nobody can fill."""
        if name in _FILL:
            return _FILL[name](self)
        if name in fact_placeholders():
            return fact_placeholders()[name]
        raise KeyError(name)

    @cached_property
    def _visit(self) -> Appointment | None:
        return next((v for v in self._known.appointments if v.pk == self._row.appointment_id), None)

    def __iter__(self) -> Iterator[str]:
        return iter([*_FILL, *fact_placeholders()])

    def __len__(self) -> int:
        return len(_FILL) + len(fact_placeholders())

    @cached_property
    def _starts(self) -> datetime:
        """In the clock of the place; of a cancelled visit the time that she was last told."""
        visit = self._needed_visit
        starts = visit.starts_at
        if self._row.kind == Kind.APPOINTMENT_CANCELLED:
            starts = self._known.time_she_knows(visit)
        return starts.astimezone(visit.site.zone)

    @property
    def _needed_visit(self) -> Appointment:
        if self._visit is None:
            raise LookupError("the message is about no visit")
        return self._visit

    @property
    def _follow_up_on(self) -> date:
        if self._recall.follow_up_on is None:
            raise LookupError("the recall has no short-interval visit")
        return self._recall.follow_up_on

    def first_name(self) -> str:
        return escaped(self._recall.patient.first_name)

    def clinic_name(self) -> str:
        return escaped(self.site.sender_name)

    def clinic_phone(self) -> str:
        """With spaces at which no line breaks: a number in two lines is hard to dial."""
        return escaped(show_phone(self.site.phone, self.site.country)).replace(" ", "\N{NO-BREAK SPACE}")

    def clinic_hours(self) -> str:
        return escaped(opening_hours(self.site))

    def clinic_address(self) -> str:
        return escaped(f"{self.site.address_line}, {self.site.city}")

    def signer(self) -> str:
        return escaped(self.site.contact_person or _("Your team"))

    def language_line(self) -> str:
        return _("Do you prefer another language? We have interpreters, and they are free. Please call us.")

    def my_page(self) -> str:
        """One line and the link; nothing where the message carries none."""
        opens = self._page_token and pagelink.belongs_into(self._row, self._known.site)
        return self.link_to_her_page(self._page_token) if opens else ""

    @staticmethod
    def link_to_her_page(token: str) -> str:
        line = _("On your own page you can see what comes next. You open it with your birth date.")
        button = _("Open my page")
        return f"{line}\n\n[{button}](<{pagelink.address(token)}>)"

    def visit_day(self) -> str:
        return escaped(long_day(self._starts))

    def visit_day_short(self) -> str:
        return escaped(short_day(self._starts))

    def visit_time(self) -> str:
        return escaped(clock_time(self._starts))

    def visit_place(self) -> str:
        return f"{self.clinic_name()}, {self.clinic_address()}"

    def visit_length(self) -> str:
        return about(self._needed_visit.length_minutes)

    def follow_up_month(self) -> str:
        return escaped(month_of(self._follow_up_on))

    def follow_up_by(self) -> str:
        """The last day of that month."""
        next_month = (self._follow_up_on.replace(day=28) + timedelta(days=4)).replace(day=1)
        return escaped(day_of(next_month - timedelta(days=1)))

    def what_to_bring(self) -> str:
        return self._opening("what_to_bring")

    def what_happens(self) -> str:
        return self._opening("what_happens")

    def cost_line(self) -> str:
        return self._opening("cost_line")

    def reasons(self) -> str:
        """Why she is called back: each kind of finding once; without a finding, what kind of recall it is."""
        kinds = list(dict.fromkeys(finding.kind for finding in self._recall.exam.findings.all()))
        if not kinds:
            by_recall = {RecallKind.TECHNICAL: "technical", RecallKind.CLINICAL: "symptom"}
            kinds = [by_recall.get(RecallKind(self._recall.kind), "other")]
        return "\n\n".join(self._opening(f"findings/{kind}") for kind in kinds)

    def figures(self) -> str:
        """Those of a first screen only where we know that it was one; the other ones count all screens."""
        return self._opening("figures/first_screen" if self._recall.exam.first_screen else "figures/later_screen")

    def patient_name(self) -> str:
        return escaped(self._recall.patient.full_name)

    def exam_day(self) -> str:
        return escaped(day_of(self._recall.exam.exam_date))

    def result(self) -> str:
        return self._opening(lay_summary.result_of(self._recall))

    def next_step(self) -> str:
        return texts.under_the_heading(lay_summary.result_of(self._recall), self._row.language, self.site)

    def density_notice(self) -> str:
        return escaped(texts.locked(f"density_{lay_summary.density_of(self._recall)}"))

    def density_explained(self) -> str:
        return self._opening(f"density_notice/{lay_summary.density_of(self._recall)}")

    def referrer_name(self) -> str:
        referrer = self._recall.exam.referrer
        if referrer is None:
            raise LookupError("the patient came without a referral")
        return escaped(referrer.name)

    def notice(self) -> str:
        """The doctor asks by a number made for this notice, which is in no other system."""
        notices = texts.message_text(
            Kind.REFERRER_NOTICE, self._row.language, detailed=False, site=self._known.site
        ).head["notices"]
        name = notice_of(self._row.occasion)
        return Template(notices[name]).substitute(reference=escaped(reference_of(self._row)))

    def _opening(self, name: str) -> str:
        return texts.opening(name, self._row.language, self.site)


_FILL: dict[str, Callable[[Values], str]] = {
    name: getattr(Values, name)
    for name in ALWAYS | OF_A_VISIT | OF_A_FOLLOW_UP | OF_THE_REASONS | OF_A_REFERRAL | OF_THE_EXAM | OF_HER_PAGE
}


def reference_of(row: Notification) -> str:
    """ "4F2A-91BC": by it the message, and through it the recall, is found in the admin's search."""
    digits = row.public_id.hex[:8].upper()
    return f"{digits[:4]}-{digits[4:]}"
