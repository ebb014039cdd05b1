"""Waits of which some are not over yet: median, centile and shares by Kaplan and Meier."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_SLIGHTLY = 1e-9  # products of fractions miss a half by the last digit


@dataclass(frozen=True, slots=True)
class WaitCurve:
    """How many waited, how many reached the end, and after how many days which share had; None: not reached yet."""

    waiting: int
    reached: int
    median: int | None
    ninetieth: int | None
    shares: tuple[float | None, ...]


def fit_curve(waits: Sequence[tuple[int, bool]], days: Iterable[int]) -> WaitCurve:
    """`waits`: days, and whether that is the end of the wait or only as long as it is known to last.

    `days` are those whose share is wanted. An open wait counts among those at risk as long as it lasts; the mean of the
    finished ones would leave out the longest.
    """
    wanted = tuple(days)
    if not waits:
        return WaitCurve(0, 0, None, None, tuple(None for _day in wanted))
    from scipy.stats import CensoredData, ecdf  # half a second: only a process that shows figures needs it

    lengths, ends = zip(*waits, strict=True)
    found = ecdf(CensoredData.right_censored(list(map(float, lengths)), [not ended for ended in ends])).sf
    steps = list(zip(found.quantiles.tolist(), found.probabilities.tolist(), strict=True))

    def reached_by(share: float) -> int | None:
        return next((int(day) for day, left in steps if left <= 1 - share + _SLIGHTLY), None)

    shares = tuple(1 - float(left) for left in found.evaluate(list(map(float, wanted)))) if wanted else ()
    return WaitCurve(len(waits), sum(ends), reached_by(0.5), reached_by(0.9), shares)
