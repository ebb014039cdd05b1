"""Judges mail, worker, beat and broker when the board is read, from the marks they last left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.utils import formats
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from notifications.enums import AttemptResult
from notifications.models import SendingState
from reports.current_counts import OVERDUE_GRACE

# Each part leaves a mark every minute: two missed marks are late, ten are down.
LATE_AFTER = timedelta(minutes=2, seconds=30)
DOWN_AFTER = timedelta(minutes=10)
# The check for recalls without a next step runs every hour.
STUCK_CHECK_LATE_AFTER = timedelta(hours=2, minutes=30)
STUCK_CHECK_DOWN_AFTER = timedelta(hours=25)


class Health(models.TextChoices):
    UP = "up", gettext_lazy("up")
    LATE = "late", gettext_lazy("late")
    DOWN = "down", gettext_lazy("down")
    FROZEN = "frozen", gettext_lazy("frozen")
    UNKNOWN = "unknown", gettext_lazy("not used yet")


@dataclass(frozen=True, slots=True)
class ComponentHealth:
    """One part of the machinery: "Beat", late, "last tick 4 minutes ago"."""

    name: Any
    health: Health
    detail: str

    @property
    def sentence(self) -> str:
        words = [str(self.health.label), self.detail] if self.detail else [str(self.health.label)]
        return f"{self.name}: {', '.join(words).rstrip('.')}."  # "9 a.m." brings a full stop of its own


# The names under which the workers leave their marks, the words for them, and after how long they are late and down.
_COMPONENTS: tuple[tuple[str, Any, Any, timedelta, timedelta], ...] = (
    ("worker", gettext_lazy("Worker"), gettext_lazy("last task %(ago)s ago"), LATE_AFTER, DOWN_AFTER),
    ("beat", gettext_lazy("Scheduler service"), gettext_lazy("last run %(ago)s ago"), LATE_AFTER, DOWN_AFTER),
    ("sweep", gettext_lazy("Delivery check"), gettext_lazy("last run %(ago)s ago"), LATE_AFTER, DOWN_AFTER),
    (
        "loop",
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
    mail_away_since: datetime | None = None,
    broker_answers: bool,
    overdue: int,
    now: datetime,
    zone: ZoneInfo,
) -> list[ComponentHealth]:
    """`marks`: last mark by part; `tries`: last try at handing over mail by its result; `zone`: for times of day.

    `mail_away_since` is set while the workers cannot reach the mail server at all: then there are no tries to judge.
    """
    parts = [
        _check_heartbeat(name, words, marks.get(key), limits, now, zone) for key, name, words, *limits in _COMPONENTS
    ]
    broker = (
        ComponentHealth(_("Broker"), Health.UP, "")
        if broker_answers
        else ComponentHealth(_("Broker"), Health.DOWN, _("no answer"))
    )
    if mail_away_since is not None:
        since = _("since %(when)s") % {"when": format_datetime(mail_away_since, zone)}
        return [ComponentHealth(_("Mail"), Health.DOWN, since), *parts, broker]
    return [_check_mail(tries, overdue, now), *parts, broker]


def _check_heartbeat(
    name: Any, words: Any, last: datetime | None, limits: Sequence[timedelta], now: datetime, zone: ZoneInfo
) -> ComponentHealth:
    if last is None:
        return ComponentHealth(name, Health.DOWN, _("no sign of life yet"))
    age, (late_after, down_after) = now - last, limits
    if age > down_after:
        return ComponentHealth(name, Health.DOWN, _("since %(when)s") % {"when": format_datetime(last, zone)})
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
            % {"when": format_datetime(since, zone), "why": SendingState.FreezeReason(why).label},
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


def format_datetime(instant: datetime, zone: ZoneInfo) -> str:
    return formats.date_format(instant.astimezone(zone), "DATETIME_FORMAT")
