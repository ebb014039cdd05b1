"""Marks of a case on lists and pages: assessment, days waited, risk, missed visits, and who tells a result."""

from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic import calendar
from clinic.models import Site, User
from recalls.enums import Assessment, RecallKind, State
from recalls.models import Outcome, Recall, ScreeningExam
from recalls.presenters.datetime_display import format_days_since, time_remaining

_WITHOUT_RESOLUTION_LINE = (State.FOLLOW_UP, State.CLOSED)


@dataclass(frozen=True, slots=True)
class ResolutionProgress:
    """How long the patient has waited since the result; `is_over` once that is longer than the site's line.

    `limit`: the line in days (`DeadlinePolicy.resolution`, 60 by default); None where it does not count: a follow-up,
    a later round of one, a closed recall.
    """

    days: int
    limit: int | None

    @property
    def is_over(self) -> bool:
        return self.limit is not None and self.days > self.limit

    @property
    def short_text(self) -> str:
        """ "Day 23 of 60", or the days alone."""
        if self.limit is None:
            return ngettext("%(days)d day", "%(days)d days", self.days) % {"days": self.days}
        return _("Day %(days)d of %(limit)d") % {"days": self.days, "limit": self.limit}

    @property
    def day_text(self) -> str:
        """ "Day 23", or the days alone."""
        return self.short_text if self.limit is None else _("Day %(days)d") % {"days": self.days}

    @property
    def text(self) -> str:
        if self.limit is None:
            return _("%(short)s since the result") % {"short": self.short_text}
        if self.is_over:
            words = _("Day %(days)d since the result: past the line of %(limit)d days")
            return words % {"days": self.days, "limit": self.limit}
        return _("%(short)s since the result") % {"short": self.short_text}


@dataclass(frozen=True, slots=True)
class Lateness:
    """By how much a recall is late, in words: past its target, with its next action, or both; empty where it is not."""

    past_target: str
    overdue: str

    @property
    def text(self) -> str:
        """ "Past target: 59 days late. Next action: 3 days late"."""
        parts = ((_("Past target: %(late)s"), self.past_target), (_("Next action: %(late)s"), self.overdue))
        return ". ".join(words % {"late": late} for words, late in parts if late)

    def __bool__(self) -> bool:
        return bool(self.past_target or self.overdue)


def measure_lateness(recall: Recall, site: Site, now: datetime) -> Lateness:
    """What the manager's lists and the recall's page say alike. No query."""

    def words(at: datetime | None) -> str:
        return time_remaining(site, at, now).text if at is not None and at < now and recall.is_open else ""

    return Lateness(words(recall.target_at), words(recall.due_at))


def resolution_progress(recall: Recall, site: Site, today: date) -> ResolutionProgress:
    """No query where the site's deadlines were read."""
    since = _result_day(recall, site)
    counts = recall.round == 0 and recall.state not in _WITHOUT_RESOLUTION_LINE
    return ResolutionProgress(max((today - since).days, 0), site.policy.resolution if counts else None)


def _result_day(recall: Recall, site: Site) -> date:
    """The day of the result that opened the recall: the screening's, or that of a supplemental test."""
    at = recall.opened_at if recall.kind == RecallKind.SUPPLEMENTAL else recall.exam.reported_at
    return calendar.local_day(site, at) if at else recall.exam.exam_date


def format_since_screening(recall: Recall, today: date) -> str:
    """ "23 days since the screening", or that it was today."""
    if recall.exam.exam_date >= today:
        return _("screened today")
    return _("%(days)s since the screening") % {"days": format_days_since(recall.exam.exam_date, today)}


def format_risk(recall: Recall, worst_category: str | None) -> str:
    """The category of the worst open lesion, and the mark of a 4 or 5; empty for neither."""
    if worst_category:
        return str(Assessment(worst_category).label)
    return _("result of 4 or 5") if recall.suspicious else ""


def format_missed_visits(count: int) -> str:
    return ngettext("%(count)d missed visit", "%(count)d missed visits", count) % {"count": count} if count else ""


def result_teller(recall: Recall, site: Site, today: date) -> str:
    """Who tells the result: whoever signed it; while they are away the site's deputy, else any of those who may."""
    owner = recall.result_owner
    if owner is not None and not owner.is_away_on(today):
        return _("%(who)s signed it") % {"who": _name(owner)}
    deputy = site.results_deputy
    teller = _name(deputy) if deputy and not deputy.is_away_on(today) else _("any radiologist or navigator")
    if owner is None:
        return _("To be told by %(teller)s") % {"teller": teller}
    return _("%(who)s is away: to be told by %(teller)s") % {"who": _name(owner), "teller": teller}


def format_result_wish(recall: Recall) -> str:
    """How the patient wants to hear a result; empty where nobody asked."""
    wish = getattr(recall.patient, "result_wish", None)
    return str(wish) if wish else ""


def _name(user: User) -> str:
    return user.get_full_name() or user.get_username()


def describe_assessment(reading: ScreeningExam | Outcome, site: Site) -> str:
    """ "2: Benign", or "2: Benign (BI-RADS v2025)" at a site that reads by the fifth edition."""
    assessment = str(reading.get_assessment_display())
    is_usual = reading.birads_edition == site.birads_edition
    return assessment if is_usual else f"{assessment} ({reading.get_birads_edition_display()})"
