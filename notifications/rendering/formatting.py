"""Formats dates, times, durations and opening hours for patients, in the active language."""

from collections.abc import Mapping
from datetime import date, datetime

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext, pgettext_lazy

from clinic.models import OpeningHours, Site
from recalls.enums import CancelReason
from recalls.models import Appointment

# A text message with one of these letters holds only 70 characters.
_UNACCENTED_VOWELS = str.maketrans("áíóú", "aiou")
# One or two words each: all of them stand in one text message.
_SHORT_REASONS = {
    CancelReason.FEAR: pgettext_lazy("reason in a text message", "fear"),
    CancelReason.COST: pgettext_lazy("reason in a text message", "cost"),
    CancelReason.RIDE: pgettext_lazy("reason in a text message", "ride"),
    CancelReason.WORK: pgettext_lazy("reason in a text message", "work"),
    CancelReason.CARE: pgettext_lazy("reason in a text message", "care for someone"),
    CancelReason.OTHER: pgettext_lazy("reason in a text message", "other"),
}


def format_long_date(day: date) -> str:
    """ "Thursday, November 26, 2026"; the order of the parts is the language's own."""
    return formats.date_format(day, pgettext("format of a day with its weekday", "l, F j, Y"))


def format_short_date(day: date) -> str:
    """ "Thu, Nov 26", in letters of the GSM alphabet: for text messages."""
    formatted = formats.date_format(day, pgettext("format of a day in a text message", "D, M j"))
    return formatted.translate(_UNACCENTED_VOWELS)


def format_day_and_time_short(local: datetime) -> str:
    """ "Thu Nov 26 9:00am", in letters of the GSM alphabet: for a list of times in one text message."""
    day = formats.date_format(local, pgettext("format of a day in a list of times", "D M j"))
    hour = f"{local.hour % 12 or 12}:{local.minute:02}{_am_pm(local.hour)}"
    return f"{day} {hour}".translate(_UNACCENTED_VOWELS)


def format_date(day: date) -> str:
    """ "November 26, 2026"."""
    return formats.date_format(day, pgettext("format of a day", "F j, Y"))


def format_month(day: date) -> str:
    """ "November 2026"."""
    return formats.date_format(day, pgettext("format of a month", "F Y"))


def format_time(local: datetime) -> str:
    """ "9:00 am" and "1:30 pm"; noon and midnight by name, since 12:00 pm is often misread."""
    if (local.hour, local.minute) == (12, 0):
        return _("12 noon")
    suffix = _am_pm(local.hour)
    return f"{local.hour % 12 or 12}:{local.minute:02} {suffix}"


def _am_pm(hour: int) -> str:
    """Without periods, so that a sentence can end with it and a text message stays short."""
    return pgettext("half of the day", "am") if hour < 12 else pgettext("half of the day", "pm")


def format_part_times(first: str, visit: Appointment) -> str:
    """ "9:00 am, second part at 10:30 am": the start, already in words, with those of the further parts."""
    words = (_("second part at %(time)s"), _("third part at %(time)s"))
    starts = [format_time(part.starts_at.astimezone(visit.site.zone)) for part in visit.further_parts]
    return ", ".join([first, *(word % {"time": start} for word, start in zip(words, starts, strict=False))])


def format_reasons(listed: Mapping[str, CancelReason]) -> str:
    """ "11 fear, 12 cost": reasons to cancel a visit, each with its number, as short as one text message asks."""
    return ", ".join(f"{number} {_SHORT_REASONS[reason]}" for number, reason in listed.items())


def format_duration(minutes: int) -> str:
    """A duration in minutes, rounded as people say it: "about an hour and a half"."""
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


def format_opening_hours(site: Site) -> str:
    """ "Monday to Friday, 8 am to 5 pm"; neighbouring days with the same hours are joined."""
    runs: list[list[int]] = []
    for day in sorted(site.hours_by_weekday):
        if runs and day == runs[-1][-1] + 1 and site.hours_by_weekday[day] == site.hours_by_weekday[runs[-1][0]]:
            runs[-1].append(day)
        else:
            runs.append([day])
    names = dict(OpeningHours.Weekday.choices)
    parts = []
    for run in runs:
        opens, closes = (_format_hour(at.hour, at.minute) for at in site.hours_by_weekday[run[0]])
        if len(run) == 1:
            days = str(names[run[0]])
        else:
            days = _("%(first)s to %(last)s") % {"first": names[run[0]], "last": names[run[-1]]}
        parts.append(_("%(days)s, %(opens)s to %(closes)s") % {"days": days, "opens": opens, "closes": closes})
    return "; ".join(parts) or _("during the day")


def _format_hour(hour: int, minute: int) -> str:
    suffix = _am_pm(hour)
    return f"{hour % 12 or 12}:{minute:02} {suffix}" if minute else f"{hour % 12 or 12} {suffix}"
