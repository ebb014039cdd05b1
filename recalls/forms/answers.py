"""Builds the labels of radiologists' answers and the choices of a next visit by date."""

from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic import calendar
from recalls import deadlines
from recalls.actions.outcomes import last_visit_day
from recalls.models import Recall
from recalls.workflow import FOLLOW_UP_MONTHS

_FOLLOW_UP_CHOICES = (1, 2, 3, 4, 5, 6, 9, 12, 18, 24, 36)


def choice_label(key: str, label: Any, meaning: Any = "", leads_to: Any = "") -> Any:
    """The label of a choice; reading.js tells screen readers the hidden key by `aria-keyshortcuts`."""
    words = format_html('<kbd aria-hidden="true">{}</kbd> <strong>{}</strong>', key, label)
    if meaning:
        words = format_html('{} <span class="quiet">{}</span>', words, meaning)
    if leads_to:
        words = format_html('{} <span class="leads-to">→ {}</span>', words, leads_to)
    return words


def follow_up_choices(recall: Recall) -> tuple[list[tuple[Any, str]], int | None]:
    """The months until the next follow-up, each with its day, and the number the series of 6, 12, 24 and 36 wants.

    After the series there is no usual number: somebody chooses.
    """
    visited, round_number = last_visit_day(recall), recall.round + 1
    usual = standard_interval_months(recall.round)
    offered = {*_FOLLOW_UP_CHOICES} | ({usual} if usual else set())
    days = {months: deadlines.follow_up_date(visited, round_number, months) for months in offered}
    if usual is None:
        return [("", _("choose")), *_interval_choices(days)], None
    days[usual] = deadlines.follow_up_date(recall.follow_up_from or visited, round_number)
    words = dict(_interval_choices(days))
    words[usual] = _("%(when)s (as usual)") % {"when": words[usual]}
    return list(words.items()), usual


def _interval_choices(days: dict[int, date]) -> list[tuple[Any, str]]:
    return [(months, _format_interval_with_day(months, day)) for months, day in sorted(days.items())]


def follow_up_choices_from_today(recall: Recall) -> list[tuple[int, str]]:
    """The months after which the patient may be looked at again, each with its day, counted from today."""
    today = calendar.local_day(recall.site, timezone.now())
    return [
        (
            months,
            _("look again in %(when)s")
            % {"when": _format_interval_with_day(months, deadlines.follow_up_date(today, 1, months))},
        )
        for months in (3, 6, 12)
    ]


def _format_interval_with_day(months: int, day: date) -> str:
    return f"{_format_months(months)}: {format_date(day, 'D j M Y')}"


def _format_months(months: int) -> str:
    return ngettext("%(months)d month", "%(months)d months", months) % {"months": months}


def standard_interval_months(rounds_so_far: int) -> int | None:
    """Months from this visit to the next one of the short-interval series; None when the series is over."""
    series = (0, *FOLLOW_UP_MONTHS)
    if rounds_so_far + 1 >= len(series):
        return None
    return series[rounds_so_far + 1] - series[rounds_so_far]
