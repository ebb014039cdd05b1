"""Plays a year many times with a plan and beside it with the clinic's own, and compares the latter with the history."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.audit.simulation.history import ClinicHistory
from reports.audit.simulation.model import Plan, PlayedYear, play_again, play_year
from reports.audit.waits.survival import Waits, fit_curve
from reports.rates import format_share

OPEN_DAYS = 250  # of a year
MOST_RUNS = 50
_MOST_RECALLS = 12_000  # played for one page with one plan: of a large clinic fewer runs, then fewer days
_FEWEST_RUNS, _FEWEST_DAYS = 5, 40
_LOW, _HIGH = 0.05, 0.95  # of the runs

Value = float | None
SimulationDocument = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PlayedFigure:
    """One figure of a played year, and of the history where that has it."""

    name: str
    label: Any
    of_year: Callable[[PlayedYear], Value]
    of_history: Callable[[ClinicHistory], Value] | None = None


def _median(waits: Waits) -> Value:
    return fit_curve(waits, ()).median


def _within(waits: Waits, days: int) -> Value:
    share = fit_curve(waits, (days,)).shares[0]
    return None if share is None else float(format_share(share))


# What the plan with held dates and earlier times rests on: what others measured, not what this clinic did.
ASSUMPTIONS = (
    gettext_lazy(
        "A date is held within a week for each recall, and its letter or text says so. Of those whom no call "
        "brings, 10 in 100 keep it: in a trial of 26,054 people 22.3 % came with a fixed date that may be changed "
        "and 12.3 % when asked to call; that was an invitation to screening, so for recalls it is a guess."
    ),
    gettext_lazy("Held dates that nobody keeps are free again in time for others."),
    gettext_lazy(
        "A time freed at least 72 hours ahead is offered to the five who would gain most days. Each takes it with "
        "a chance of 10 in 100, as about one in ten offers is taken elsewhere, a median of 14 days sooner there; "
        "here the days gained follow from the clinic's own bookings. Whoever moves frees a time that is offered in "
        "turn."
    ),
    gettext_lazy("As today is played without either, whatever the clinic has switched on."),
)

PLAYED_FIGURES = (
    PlayedFigure(
        "recalls_a_day", gettext_lazy("Recalls an open day"), lambda year: round(year.recalls / year.open_days, 2),
    ),
    PlayedFigure("calls", gettext_lazy("Phone calls"), lambda year: year.calls),
    PlayedFigure("visits", gettext_lazy("Visits kept"), lambda year: year.visits),
    PlayedFigure("missed", gettext_lazy("Visits missed"), lambda year: year.missed),
    PlayedFigure("moved_earlier", gettext_lazy("Visits moved to a freed time"), lambda year: year.moved_earlier),
    PlayedFigure("days_gained", gettext_lazy("Open days gained by that"), lambda year: year.days_gained),
    PlayedFigure(
        "called_next_day", gettext_lazy("Called by the next open day, per cent"),
        lambda year: _within(year.call_waits, 1), lambda history: _within(history.call_waits, 1),
    ),
    PlayedFigure(
        "visit_median", gettext_lazy("Median open days to the visit"),
        lambda year: _median(year.visit_waits), lambda history: _median(history.visit_waits),
    ),
    PlayedFigure(
        "visit_in_5", gettext_lazy("Seen within 5 open days, per cent"),
        lambda year: _within(year.visit_waits, 5), lambda history: _within(history.visit_waits, 5),
    ),
    PlayedFigure(
        "visit_in_10", gettext_lazy("Seen within 10 open days, per cent"),
        lambda year: _within(year.visit_waits, 10), lambda history: _within(history.visit_waits, 10),
    ),
    PlayedFigure(
        "visit_in_20", gettext_lazy("Seen within 20 open days, per cent"),
        lambda year: _within(year.visit_waits, 20), lambda history: _within(history.visit_waits, 20),
    ),
    PlayedFigure(
        "visit_in_60", gettext_lazy("Seen within 60 open days, per cent"), lambda year: _within(year.visit_waits, 60),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spread:
    """Median of the runs, and between which values nine of ten lie; None where no run has it."""

    middle: Value
    low: Value
    high: Value

    def holds(self, value: Value) -> bool:
        return value is not None and self.low is not None and self.high is not None and self.low <= value <= self.high


def own_plan(history: ClinicHistory) -> Plan:
    """As the clinic works today."""
    return Plan(history.schedulers, history.slots_a_day)


def size_for_page(history: ClinicHistory) -> tuple[int, int]:
    """Runs and open days of each, as many as a page has time for; the command plays whole years."""
    fitting = _MOST_RECALLS / max(history.recalls_a_day, 0.01)  # open days, of all runs together
    runs = int(max(min(MOST_RUNS, fitting / OPEN_DAYS), _FEWEST_RUNS))
    return runs, int(max(min(OPEN_DAYS, fitting / runs), _FEWEST_DAYS))


def spread_of(years: Sequence[PlayedYear], of_year: Callable[[PlayedYear], Value]) -> Spread:
    values = sorted(value for year in years if (value := of_year(year)) is not None)
    if not values:
        return Spread(None, None, None)
    low, middle, high = (values[round(share * (len(values) - 1))] for share in (_LOW, 0.5, _HIGH))
    return Spread(middle, low, high)


def simulate(
    history: ClinicHistory, plan: Plan, *, seed: int, runs: int, open_days: int = OPEN_DAYS
) -> SimulationDocument:
    """The plan beside the clinic's own, and the clinic's own with the recalls of its history beside that history."""
    base = own_plan(history)
    seeds = [seed * 1000 + number for number in range(runs)]
    as_today = [play_year(history, base, open_days, one) for one in seeds]
    as_planned = as_today if plan == base else [play_year(history, plan, open_days, one) for one in seeds]
    as_was = [play_again(history, base, one) for one in seeds]
    return {
        "seed": seed,
        "runs": runs,
        "open_days": open_days,
        "history_days": history.arrival_days,
        "history_recalls": history.recalls,
        "today": _describe_plan(base),
        "plan": _describe_plan(plan),
        "assumptions": [str(words) for words in ASSUMPTIONS],
        "figures": [
            {"name": one.name, "label": str(one.label), "today": _describe(spread_of(as_today, one.of_year)),
             "plan": _describe(spread_of(as_planned, one.of_year))}
            for one in PLAYED_FIGURES
        ],
        "checks": [_check(one, one.of_history(history), as_was) for one in PLAYED_FIGURES if one.of_history],
    }  # fmt: skip


def _check(answer: PlayedFigure, value: Value, years: Sequence[PlayedYear]) -> dict[str, Any]:
    spread = spread_of(years, answer.of_year)
    agrees = spread.holds(value) or (value is None and spread.middle is None)
    words = _("within the spread") if agrees else _("outside the spread")
    return {
        "name": answer.name, "label": str(answer.label), "history": _text(value), "played": _describe(spread),
        "agrees": agrees, "words": words,
    }  # fmt: skip


def _describe_plan(plan: Plan) -> dict[str, Any]:
    return {
        "schedulers": plan.schedulers,
        "slots_a_day": plan.slots_a_day,
        "same_day_percent": round(100 * plan.same_day_share),
        "holds_dates": plan.holds_dates,
        "offers_earlier": plan.offers_earlier,
    }


def _describe(spread: Spread) -> dict[str, str]:
    return {"middle": _text(spread.middle), "low": _text(spread.low), "high": _text(spread.high)}


def _text(value: Value) -> str:
    return "" if value is None else f"{value:g}"


def changed_plan(
    history: ClinicHistory, schedulers: int, slots: int, same_day_percent: int, *, holds_dates: bool = False,
    offers_earlier: bool = False,
) -> Plan:  # fmt: skip
    """So many schedulers and places a day more or fewer; never fewer than one."""
    base = own_plan(history)
    return replace(
        base, schedulers=max(base.schedulers + schedulers, 1), slots_a_day=max(base.slots_a_day + slots, 1),
        same_day_share=same_day_percent / 100, holds_dates=holds_dates, offers_earlier=offers_earlier,
    )  # fmt: skip
