"""Waits of which some are not over yet: median, centile and shares by Kaplan and Meier."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Waits = Mapping[tuple[int, bool], int]  # how many waited so many days, and whether that is the end of the wait
_SLIGHTLY = 1e-9  # products of fractions miss a half by the last digit


@dataclass(frozen=True, slots=True)
class WaitCurve:
    """How many waited, how many reached the end, and after how many days which share had; None: not reached yet."""

    waiting: int
    reached: int
    median: int | None
    ninetieth: int | None
    shares: tuple[float | None, ...]


def fit_curve(waits: Waits, days: Iterable[int]) -> WaitCurve:
    """A wait that is not over counts among those at risk as long as it is known to have lasted.

    `days` are those whose share is wanted. The mean of the finished waits would leave out the longest.
    """
    wanted = tuple(days)
    if not waits:
        return WaitCurve(0, 0, None, None, tuple(None for _day in wanted))
    import numpy  # with scipy half a second: only a process that shows figures needs them
    from scipy.stats import CensoredData, ecdf

    counts = list(waits.values())
    lengths = numpy.repeat([float(day) for day, _ended in waits], counts)
    is_open = numpy.repeat([not ended for _day, ended in waits], counts)
    found = ecdf(CensoredData.right_censored(lengths, is_open)).sf
    steps = list(zip(found.quantiles.tolist(), found.probabilities.tolist(), strict=True))

    def reached_by(share: float) -> int | None:
        return next((int(day) for day, left in steps if left <= 1 - share + _SLIGHTLY), None)

    shares = tuple(1 - float(left) for left in found.evaluate(list(map(float, wanted)))) if wanted else ()
    reached = sum(count for (_day, ended), count in waits.items() if ended)
    return WaitCurve(len(lengths), reached, reached_by(0.5), reached_by(0.9), shares)
