"""Holds what the estimate said against what happened, on visits that it had not seen: in ten groups and by language."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from recalls.no_show.logistic import fit_logistic, predict

FOLDS = 5
GROUPS = 10
LEAST_SHOWN = 20  # visits of a language; smaller ones are shown together, for a few say nothing and may be known
OTHER_LANGUAGES = ""


@dataclass(frozen=True, slots=True)
class PastVisit:
    """One visit that is over: whose, in which language, its values in the order of the features, what came of it."""

    patient: int
    language: str
    values: tuple[float, ...]
    missed: bool


def calibrate(visits: Sequence[PastVisit]) -> dict[str, Any]:
    """Groups of the least to the most likely missed, languages, and the mean squared error beside the average's.

    Each visit is estimated by a fit without a fifth of the patients, theirs among them.
    """
    said = sorted(_predict_unseen(visits), key=lambda one: (one[0], one[1].patient, one[1].values))
    rate = sum(visit.missed for visit in visits) / len(visits)
    by_language: defaultdict[str, list[tuple[float, PastVisit]]] = defaultdict(list)
    for one in said:
        by_language[one[1].language].append(one)
    small = [one for found in by_language.values() if len(found) < LEAST_SHOWN for one in found]
    shown = {name: found for name, found in sorted(by_language.items()) if len(found) >= LEAST_SHOWN}
    edges = [round(number * len(said) / GROUPS) for number in range(GROUPS + 1)]
    return {
        "groups": [_compare(said[begin:end]) for begin, end in pairwise(edges)],
        "languages": [{"language": name} | _compare(found) for name, found in shown.items()]
        + ([{"language": OTHER_LANGUAGES} | _compare(small)] if small else []),
        "error": _mean_square((share, visit.missed) for share, visit in said),
        "error_of_average": _mean_square((rate, visit.missed) for visit in visits),
    }


def _predict_unseen(visits: Sequence[PastVisit]) -> Iterable[tuple[float, PastVisit]]:
    for fold in range(FOLDS):
        seen = [(visit.values, visit.missed) for visit in visits if visit.patient % FOLDS != fold]
        unseen = [visit for visit in visits if visit.patient % FOLDS == fold]
        if unseen:
            coefficients = fit_logistic(seen)
            yield from ((predict(coefficients, visit.values), visit) for visit in unseen)


def _compare(found: Sequence[tuple[float, PastVisit]]) -> dict[str, Any]:
    """How many, the share that was expected to be missed, and the share that was."""
    number = len(found)
    return {
        "visits": number,
        "expected": round(sum(share for share, _visit in found) / number, 4) if number else None,
        "missed": round(sum(visit.missed for _share, visit in found) / number, 4) if number else None,
    }


def _mean_square(pairs: Iterable[tuple[float, bool]]) -> float:
    squares = [(share - missed) ** 2 for share, missed in pairs]
    return round(sum(squares) / len(squares), 6)


def is_better_than_average(calibration: dict[str, Any]) -> bool:
    """Whether the estimate said more than that every visit is missed as often as all are."""
    return bool(calibration) and calibration["error"] < calibration["error_of_average"]
