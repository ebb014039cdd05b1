"""Counts the work-ups of an audit a second time, reading by reading and in plain words."""

from collections.abc import Callable
from datetime import timedelta

from recalls.models import Biopsy, CancerDiagnosis, Outcome, PathologyResult, Recall
from tests.audit.slow_audit import FOURS_AND_FIVE, Counts

YEAR_LATER = timedelta(days=365)


class SlowWorkUp:
    """One reading after a visit."""

    def __init__(self, outcome: Outcome) -> None:
        recall = outcome.recall
        self.day = outcome.read_at.astimezone(recall.site.zone).date()
        self.assessment = outcome.assessment
        elsewhere = PathologyResult.objects.filter(recall=recall, biopsy=None)
        days = [one.done_on for one in Biopsy.objects.filter(recall=recall)]
        days += [one.performed_on for one in elsewhere if one.performed_on]
        self.done = any(self.day <= day <= self.day + YEAR_LATER for day in days)
        self.has_cancer = self._has_cancer(recall)
        self.positive = self.assessment in ("0-AI", *FOURS_AND_FIVE)
        self.negative = self.assessment in ("1", "2", "3")
        self.suspicious = self.assessment in FOURS_AND_FIVE

    def _has_cancer(self, recall: Recall) -> bool:
        malignant = PathologyResult.objects.filter(recall__patient=recall.patient, result__in=("in_situ", "invasive"))
        days = [one.performed_on for one in malignant if one.performed_on]
        days += [one.diagnosed_on for one in CancerDiagnosis.objects.filter(patient=recall.patient)]
        for ended in Recall.objects.filter(patient=recall.patient, closure_reason="cancer_handed_over"):
            if ended.closed_at and not malignant.filter(recall=ended).exists():
                days.append(ended.closed_at.astimezone(ended.site.zone).date())
        return any(self.day <= day <= self.day + YEAR_LATER for day in days)


def count_work_ups_slowly(year: int) -> Counts:
    """Numerator and denominator of every measure about work-ups alone."""
    seen = []
    for recall in Recall.objects.all():
        standing = [one for one in Outcome.objects.filter(recall=recall, basis="visit").order_by("pk")
                    if not Outcome.objects.filter(amends=one).exists()]  # fmt: skip
        last = {one.round: one for one in standing}
        seen += [SlowWorkUp(one) for one in last.values() if one.assessment not in ("6", "MP")]
    seen = [one for one in seen if one.day.year == year]

    def ratio(among: Callable[[SlowWorkUp], bool], counts: Callable[[SlowWorkUp], bool]) -> tuple[int, int]:
        chosen = [one for one in seen if among(one)]
        return len([one for one in chosen if counts(one)]), len(chosen)

    return {
        "diagnostic_air": ratio(lambda one: True, lambda one: one.positive),
        "diagnostic_cdr": ratio(lambda one: True, lambda one: one.positive and one.has_cancer),
        "diagnostic_ppv1": ratio(lambda one: one.positive, lambda one: one.has_cancer),
        "diagnostic_ppv2": ratio(lambda one: one.suspicious, lambda one: one.has_cancer),
        "diagnostic_ppv3": ratio(lambda one: one.suspicious and one.done, lambda one: one.has_cancer),
        "diagnostic_sensitivity": ratio(
            lambda one: one.has_cancer and (one.positive or one.negative), lambda one: one.positive
        ),
        "diagnostic_specificity": ratio(
            lambda one: not one.has_cancer and (one.positive or one.negative), lambda one: one.negative
        ),
    }
