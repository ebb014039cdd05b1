"""What stands behind each `$placeholder` of a message? Facts of one recall, as a patient reads them.

Days and times are those of the place she comes to. A name is data, never markup: it is escaped for Markdown before it
goes into a text.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cached_property

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.models import OpeningHours, Site
from notifications import pagelink, texts
from notifications.facts import fact_placeholders
from notifications.kinds import Kind
from notifications.models import Notification
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
OF_A_VISIT = frozenset({"visit_day", "visit_time", "visit_place", "visit_length"})
OF_A_FOLLOW_UP = frozenset({"follow_up_month", "follow_up_by"})
OF_THE_REASONS = frozenset({"reasons", "figures"})
OF_HER_PAGE = frozenset({"my_page"})

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

_MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")  # all ASCII punctuation may be escaped (CommonMark 0.31, 2.4)


def known_placeholders(kind: Kind, *, detailed: bool) -> frozenset[str]:
    """What a text of that kind may ask for."""
    names = ALWAYS | OF_HER_PAGE if kind in pagelink.KINDS else ALWAYS
    if kind in ABOUT_A_VISIT:
        names |= OF_A_VISIT
    if kind in ABOUT_A_FOLLOW_UP:
        names |= OF_A_FOLLOW_UP
    if detailed:
        names |= frozenset(fact_placeholders())
    return names | OF_THE_REASONS if detailed and kind == Kind.RECALL_NOTICE else names


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
        if not self._page_token or not pagelink.belongs_into(self._row, self._known.site):
            return ""
        line = _("On your own page you can see what comes next. You open it with your birth date.")
        return f"{line}\n\n[{_('Open my page')}](<{pagelink.address(self._page_token)}>)"

    def visit_day(self) -> str:
        return escaped(formats.date_format(self._starts, "l, F j, Y"))

    def visit_time(self) -> str:
        return escaped(clock_time(self._starts))

    def visit_place(self) -> str:
        return f"{self.clinic_name()}, {self.clinic_address()}"

    def visit_length(self) -> str:
        return about(self._needed_visit.length_minutes)

    def follow_up_month(self) -> str:
        return escaped(formats.date_format(self._follow_up_on, "F Y"))

    def follow_up_by(self) -> str:
        """The last day of that month."""
        next_month = (self._follow_up_on.replace(day=28) + timedelta(days=4)).replace(day=1)
        return escaped(formats.date_format(next_month - timedelta(days=1), "F j, Y"))

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

    def _opening(self, name: str) -> str:
        return texts.opening(name, self._row.language)


_FILL: dict[str, Callable[[Values], str]] = {
    name: getattr(Values, name) for name in ALWAYS | OF_A_VISIT | OF_A_FOLLOW_UP | OF_THE_REASONS | OF_HER_PAGE
}


def clock_time(local: datetime) -> str:
    """ "9:00 am" and "1:30 pm"; noon and midnight by name, since 12:00 pm is often misread."""
    if (local.hour, local.minute) == (12, 0):
        return _("12 noon")
    half = _("am") if local.hour < 12 else _("pm")
    return f"{local.hour % 12 or 12}:{local.minute:02} {half}"


def about(minutes: int) -> str:
    """A length as one says it."""
    if minutes < 50:
        return _("about %(count)d minutes") % {"count": minutes}
    halves = round(minutes / 30)
    if halves == 2:
        return _("about an hour")
    if halves == 3:
        return _("about an hour and a half")
    hours = halves // 2
    if halves % 2:
        return _("about %(count)d and a half hours") % {"count": hours}
    return ngettext("about %(count)d hour", "about %(count)d hours", hours) % {"count": hours}


def opening_hours(site: Site) -> str:
    """ "Monday to Friday, 8 am to 5 pm"; neighbouring days with the same hours are said together."""
    runs: list[list[int]] = []
    for day in sorted(site.week):
        if runs and day == runs[-1][-1] + 1 and site.week[day] == site.week[runs[-1][0]]:
            runs[-1].append(day)
        else:
            runs.append([day])
    names = dict(OpeningHours.Weekday.choices)
    said = []
    for run in runs:
        opens, closes = (_hour(at.hour, at.minute) for at in site.week[run[0]])
        if len(run) == 1:
            days = str(names[run[0]])
        else:
            days = _("%(first)s to %(last)s") % {"first": names[run[0]], "last": names[run[-1]]}
        said.append(_("%(days)s, %(opens)s to %(closes)s") % {"days": days, "opens": opens, "closes": closes})
    return "; ".join(said) or _("during the day")


def _hour(hour: int, minute: int) -> str:
    half = _("am") if hour < 12 else _("pm")
    return f"{hour % 12 or 12}:{minute:02} {half}" if minute else f"{hour % 12 or 12} {half}"
