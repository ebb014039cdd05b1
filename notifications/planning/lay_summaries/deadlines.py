"""Computes when a lay summary leaves, when somebody is alarmed that it has not, and its time limit.

Domain fact: 21 CFR 900.12(c)(2): within 30 calendar days of the report, within 7 where the assessment is suspicious or
highly suggestive. The days are those of the site. What leaves on paper must still travel within the limit.
"""

from datetime import date, datetime, time, timedelta

from clinic import calendar
from clinic.calendar import SendWindow
from notifications.planning.lay_summaries.readings import Reading
from recalls.enums import WRITTEN_RESULT_ASSESSMENTS, Assessment
from recalls.undo_snapshot import UNDO_WINDOW

LIMIT_DAYS, SUSPICIOUS_LIMIT_DAYS = 30, 7
ALARM_DAYS_BEFORE, SUSPICIOUS_ALARM_DAYS_BEFORE = 7, 2
POSTAL_DAYS = 3  # first-class mail within the country, mostly
TALK_BUSINESS_DAYS = 3  # so long a person has time to talk with the patient before they read of a biopsy
_MAX_DAYS_SHUT = 31  # a site that is shut for longer is alarmed on the day itself


def time_limit(reading: Reading) -> datetime:
    """Closing time on the last day of the limit (UTC)."""
    limit = SUSPICIOUS_LIMIT_DAYS if reading.is_suspicious else LIMIT_DAYS
    return calendar.add_days(reading.site, reading.read_at, limit)


def alarm_time(reading: Reading, due_by: datetime) -> datetime:
    """The start of the open day on which somebody must look, when nothing is proven sent by then (UTC)."""
    before = SUSPICIOUS_ALARM_DAYS_BEFORE if reading.is_suspicious else ALARM_DAYS_BEFORE
    return calendar.instant(reading.site, _last_open_day(reading, due_by, before), time(0))


def leave_time(reading: Reading, due_by: datetime) -> datetime:
    """When the summary leaves, in sending hours (UTC): early enough for the post to bring it within the limit."""
    latest = calendar.instant(reading.site, _last_open_day(reading, due_by, POSTAL_DAYS), reading.site.send_from)
    leave = max(min(_wanted_leave(reading, latest), latest), reading.read_at)
    return calendar.next_send_time(SendWindow.OPEN_DAYS, reading.site, leave)


def _wanted_leave(reading: Reading, latest: datetime) -> datetime:
    """A result of 4, 5 or 6 waits for a talk, an outcome for the radiologist's release; `latest` is the end of it."""
    if reading.is_suspicious or reading.assessment == Assessment.KNOWN_MALIGNANCY:
        return calendar.send_hours_start_after(reading.site, reading.read_at, TALK_BUSINESS_DAYS)
    if reading.outcome is None:
        return reading.read_at
    if reading.assessment in WRITTEN_RESULT_ASSESSMENTS:
        return max(reading.released_at, reading.read_at + UNDO_WINDOW) if reading.released_at else latest
    return reading.read_at + UNDO_WINDOW


def _last_open_day(reading: Reading, due_by: datetime, days_before: int) -> date:
    """So many days before the limit, or the last open day before that; never before the report."""
    site, first_day = reading.site, calendar.local_day(reading.site, reading.read_at)
    day = calendar.local_day(site, due_by) - timedelta(days=days_before)
    open_days = (day - timedelta(days=back) for back in range(_MAX_DAYS_SHUT))
    return max(first_day, next((candidate for candidate in open_days if calendar.is_open_day(site, candidate)), day))
