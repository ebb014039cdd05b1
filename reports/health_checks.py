"""Judges mail, worker, beat and broker when the board is read, from the marks they last left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from desk.datetime_display import format_clock_time, format_datetime
from notifications.enums import AttemptResult
from notifications.models import SendingState
from recalls.kept_facts import upkeep
from recalls.sealing import nightly
from reports.current_counts import OVERDUE_GRACE

# Each part leaves a mark every minute: two missed marks are late, ten are down.
LATE_AFTER = timedelta(minutes=2, seconds=30)
DOWN_AFTER = timedelta(minutes=10)
LISTENER_NAME = "hl7_listener"  # leaves its mark three times a minute
WATCH_NAME = "watch"
BACKUP_NAME = "backup"  # made once a day
BACKUP_LATE_AFTER = timedelta(hours=26)
BACKUP_DOWN_AFTER = timedelta(hours=50)
# The check for recalls without a next step runs every hour, the first time an hour after the scheduler service began.
STUCK_CHECK_NAME = "loop"
STUCK_CHECK_PERIOD = timedelta(hours=1)
STUCK_CHECK_FIRST_GRACE = timedelta(minutes=5)
STUCK_CHECK_LATE_AFTER = timedelta(hours=2, minutes=30)
STUCK_CHECK_DOWN_AFTER = timedelta(hours=25)

# The history is compared with its seals each night.
HISTORY_LATE_AFTER, HISTORY_DOWN_AFTER = timedelta(hours=26), timedelta(hours=50)


class Health(models.TextChoices):
    UP = "up", gettext_lazy("up")
    LATE = "late", gettext_lazy("late")
    DOWN = "down", gettext_lazy("down")
    FROZEN = "frozen", gettext_lazy("frozen")
    UNKNOWN = "unknown", gettext_lazy("not used yet")
    NOT_RUN_YET = "not-run-yet", gettext_lazy("not run yet")


@dataclass(frozen=True, slots=True)
class ComponentHealth:
    """One part of the machinery: "Beat", late, "last tick 4 minutes ago"."""

    name: Any
    health: Health
    detail: str

    @property
    def sentence(self) -> str:
        words = [str(self.health.label), self.detail] if self.detail else [str(self.health.label)]
        return f"{self.name}: {', '.join(words)}."


# The names under which the workers leave their marks, the words for them, and after how long they are late and down.
_COMPONENTS: tuple[tuple[str, Any, Any, timedelta, timedelta], ...] = (
    ("worker", gettext_lazy("Worker"), gettext_lazy("last task %(ago)s ago"), LATE_AFTER, DOWN_AFTER),
    ("beat", gettext_lazy("Scheduler service"), gettext_lazy("last run %(ago)s ago"), LATE_AFTER, DOWN_AFTER),
    ("sweep", gettext_lazy("Delivery check"), gettext_lazy("last run %(ago)s ago"), LATE_AFTER, DOWN_AFTER),
    (
        STUCK_CHECK_NAME,
        gettext_lazy("Next-step check"),
        gettext_lazy("last run %(ago)s ago"),
        STUCK_CHECK_LATE_AFTER,
        STUCK_CHECK_DOWN_AFTER,
    ),
)


def check_components(
    marks: Mapping[str, datetime | None],
    tries: Mapping[str, datetime | None],
    *,
    since: Mapping[str, datetime | None],
    broker_answers: bool,
    overdue: int,
    now: datetime,
    zone: ZoneInfo,
) -> list[ComponentHealth]:
    """`marks`: last mark by part; `tries`: last try at handing over mail by its result; `zone`: for times of day.

    `since`: "mail" is set while the workers cannot reach the mail server at all: then there are no tries to judge;
    "beat" is when the scheduler service left its first mark.
    """
    parts = [
        _check_first_run(name, marks.get("beat"), since.get("beat"), now, zone)
        if key == STUCK_CHECK_NAME and marks.get(key) is None
        else _check_heartbeat(name, words, marks.get(key), limits, now, zone)
        for key, name, words, *limits in _COMPONENTS
    ]
    broker = (
        ComponentHealth(_("Broker"), Health.UP, "")
        if broker_answers
        else ComponentHealth(_("Broker"), Health.DOWN, _("no answer"))
    )
    mail_away_since = since.get("mail")
    if mail_away_since is not None:
        words = _("since %(when)s") % {"when": format_datetime(mail_away_since.astimezone(zone))}
        return [ComponentHealth(_("Mail"), Health.DOWN, words), *parts, broker]
    return [_check_mail(tries, overdue, now), *parts, broker]


def check_optional_parts(marks: Mapping[str, datetime | None], now: datetime, zone: ZoneInfo) -> list[ComponentHealth]:
    """Whether HL7 listener, watch and back-up are alive and the history whole; nothing of one never set up."""
    words, limits = gettext_lazy("last sign of life %(ago)s ago"), (LATE_AFTER, DOWN_AFTER)
    names = {LISTENER_NAME: _("HL7 listener"), WATCH_NAME: _("Watch that calls the operator")}
    parts = [
        _check_heartbeat(name, words, marks[key], limits, now, zone) for key, name in names.items() if key in marks
    ]
    parts += _check_history(marks, now, zone)
    if BACKUP_NAME not in marks and not settings.BACKUP_RECIPIENTS:
        return parts
    words, limits = gettext_lazy("last one %(ago)s ago"), (BACKUP_LATE_AFTER, BACKUP_DOWN_AFTER)
    return [*parts, _check_heartbeat(_("Back-up"), words, marks.get(BACKUP_NAME), limits, now, zone)]


def check_recount(since: Mapping[str, datetime | None], zone: ZoneInfo) -> list[ComponentHealth]:
    """Nothing as long as the kept numbers equal a recount; a difference was mended and is a fault all the same."""
    found_at = since.get(upkeep.RECOUNT_NAME)
    if found_at is None:
        return []
    words = _("differed from a recount on %(when)s and were mended. Please report it")
    return [
        ComponentHealth(_("Kept numbers"), Health.LATE, words % {"when": format_datetime(found_at.astimezone(zone))})
    ]


def _check_history(marks: Mapping[str, datetime | None], now: datetime, zone: ZoneInfo) -> list[ComponentHealth]:
    """Whether the history matched its seals last night; nothing before the first night is over."""
    name, broken_since = _("History"), marks.get(nightly.BROKEN_NAME)
    if broken_since is not None:
        when = {"when": format_datetime(broken_since.astimezone(zone))}
        why = _("it does not match its seals since %(when)s. Run verify_history") % when
        return [ComponentHealth(name, Health.DOWN, why)]
    if marks.get(nightly.HEARTBEAT_NAME) is None:
        return []
    last, words = marks[nightly.HEARTBEAT_NAME], gettext_lazy("last checked %(ago)s ago")
    return [_check_heartbeat(name, words, last, (HISTORY_LATE_AFTER, HISTORY_DOWN_AFTER), now, zone)]


def check_feeds(feeds: Sequence[tuple[str, datetime | None, bool]], zone: ZoneInfo) -> list[ComponentHealth]:
    """Whether each sender of HL7 messages that is watched still sends."""
    return [
        ComponentHealth(
            _("HL7 messages of %(sender)s") % {"sender": name},
            Health.DOWN if is_silent else Health.UP,
            _describe_silence(last_at, zone) if is_silent else "",
        )
        for name, last_at, is_silent in feeds
    ]


def _describe_silence(last_at: datetime | None, zone: ZoneInfo) -> str:
    if last_at is None:
        return _("none has come yet")
    return _("none since %(when)s. Ask whoever runs the sending system") % {
        "when": format_datetime(last_at.astimezone(zone))
    }


def _check_first_run(
    name: Any, beat_mark: datetime | None, beat_since: datetime | None, now: datetime, zone: ZoneInfo
) -> ComponentHealth:
    """Nothing to worry about until the hour is over; while the scheduler service never ran, its own line is red."""
    if beat_mark is None:
        return ComponentHealth(name, Health.NOT_RUN_YET, "")
    if beat_since is None:
        return ComponentHealth(name, Health.DOWN, _("no sign of life yet"))
    due_by = beat_since + STUCK_CHECK_PERIOD
    when = {"when": format_clock_time(due_by.astimezone(zone))}
    if now <= due_by + STUCK_CHECK_FIRST_GRACE:
        return ComponentHealth(name, Health.NOT_RUN_YET, _("first due by %(when)s") % when)
    return ComponentHealth(name, Health.DOWN, _("never ran, was due by %(when)s") % when)


def _check_heartbeat(
    name: Any, words: Any, last: datetime | None, limits: Sequence[timedelta], now: datetime, zone: ZoneInfo
) -> ComponentHealth:
    if last is None:
        return ComponentHealth(name, Health.DOWN, _("no sign of life yet"))
    age, (late_after, down_after) = now - last, limits
    if age > down_after:
        return ComponentHealth(
            name, Health.DOWN, _("since %(when)s") % {"when": format_datetime(last.astimezone(zone))}
        )
    health = Health.LATE if age > late_after else Health.UP
    return ComponentHealth(name, health, words % {"ago": format_age(last, now)} if health == Health.LATE else "")


def _check_mail(tries: Mapping[str, datetime | None], overdue: int, now: datetime) -> ComponentHealth:
    """Down when the last word of the mail server was none at all; late when messages wait and none was taken lately."""
    name = _("Mail")
    if not tries and not overdue:
        return ComponentHealth(name, Health.UNKNOWN, "")
    accepted, hung_up = tries.get(AttemptResult.ACCEPTED), tries.get(AttemptResult.CONNECTION_FAILED)
    detail = (
        _("last accepted %(ago)s ago") % {"ago": format_age(accepted, now)} if accepted else _("nothing accepted yet")
    )
    if hung_up and (accepted is None or hung_up > accepted):
        return ComponentHealth(name, Health.DOWN, detail)
    if overdue and (accepted is None or now - accepted > OVERDUE_GRACE):
        return ComponentHealth(name, Health.LATE, detail)
    return ComponentHealth(name, Health.UP, detail)


def sending_frozen(frozen: Mapping[str, datetime | None], zone: ZoneInfo) -> list[ComponentHealth]:
    """Nothing while messages may leave; `frozen`: since when, by the reason."""
    return [
        ComponentHealth(
            _("Sending"),
            Health.FROZEN,
            _("since %(when)s, because %(why)s. No message leaves until a person unfreezes it below")
            % {"when": format_datetime(since.astimezone(zone)), "why": SendingState.FreezeReason(why).label},
        )
        for why, since in frozen.items()
        if since is not None
    ]


def overdue_sentence(count: int, oldest: datetime | None, now: datetime) -> str:
    if not count or oldest is None:
        return _("No message is overdue.")
    words = ngettext(
        "%(count)d message is overdue, by %(ago)s.", "%(count)d messages are overdue, the oldest by %(ago)s.", count
    )
    return words % {"count": count, "ago": format_age(oldest, now)}


def format_age(instant: datetime, now: datetime) -> str:
    """The time between in its largest unit: "4 minutes"."""
    return timesince(instant, now, depth=1)
