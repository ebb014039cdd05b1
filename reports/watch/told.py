"""Remembers what a receiver of alerts was told, so that it hears of each fault once, of its end, and each six hours."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reports.health_checks import ComponentHealth, Health

REPEAT_AFTER = timedelta(hours=6)


@dataclass(slots=True)
class AlertBook:
    """What one receiver was told and when; a fault counts once it was seen twice in a row, and so does its end."""

    told: dict[str, tuple[Health, datetime]] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _missed: set[str] = field(default_factory=set)

    def news(self, faults: Sequence[ComponentHealth], now: datetime) -> tuple[list[ComponentHealth], list[str]]:
        """The faults to tell (new, worse, or told six hours ago), and the names of those that are over."""
        names = {str(part.name) for part in faults}
        held, self._seen = names & self._seen, names
        gone = {name for name in self.told if name not in names}
        over, self._missed = gone & self._missed, gone
        return [part for part in faults if str(part.name) in held and self._is_due(part, now)], sorted(over)

    def record(self, faults: Iterable[ComponentHealth], over: Iterable[str], now: datetime) -> None:
        """The receiver took it; what was not taken comes again in the next round."""
        for part in faults:
            self.told[str(part.name)] = (part.health, now)
        for name in over:
            del self.told[name]

    def _is_due(self, part: ComponentHealth, now: datetime) -> bool:
        if str(part.name) not in self.told:
            return True
        health, at = self.told[str(part.name)]
        return (health == Health.LATE and part.health != Health.LATE) or now - at >= REPEAT_AFTER
