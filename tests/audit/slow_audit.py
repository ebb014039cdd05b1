"""Computes the audit a second time, exam by exam and in plain words, without the product's queries."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

from django.db.models import Model

from recalls.models import Biopsy, CancerDiagnosis, Outcome, PathologyResult, Recall, RecallEvent, ScreeningExam

Counts = dict[str, tuple[int, int]]
FOURS_AND_FIVE = ("4", "4A", "4B", "4C", "5")
YEAR_LATER = timedelta(days=365)


class SlowScreening:
    """One screening with all that is known of it by now."""

    def __init__(self, exam: ScreeningExam) -> None:
        self.exam = exam
        everything = list(Recall.objects.filter(exam=exam))
        self.recalls = [one for one in everything if one.kind != "supplement"]
        self.is_technical = exam.recall_kind == "technical"
        self.outcomes = [one for one in self._of(Outcome) if not Outcome.objects.filter(amends=one).exists()]
        self.final = self._final()
        self.cancers = self._cancers()
        soon_outcomes = [one for one in self.outcomes if self._soon(one.read_at.date())]
        days = [one.done_on for one in self._of(Biopsy)]
        days += [one.performed_on for one in self._of(PathologyResult) if one.biopsy is None]
        self.done = any(self._soon(day) for day in days)
        answered = any(one.assessment != "0-AI" for one in soon_outcomes)
        self.advised = (
            self.done
            or any(one.assessment in FOURS_AND_FIVE for one in soon_outcomes)
            or (self.final in FOURS_AND_FIVE and not answered)
        )
        self.positive = self.final in ("0-AI", "3", *FOURS_AND_FIVE) and not self.is_technical
        self.negative = self.final in ("1", "2")

    def _of(self, model: type[Model]) -> list[Any]:
        return [row for recall in self.recalls for row in model._default_manager.filter(recall=recall).order_by("pk")]

    def _soon(self, day: date) -> bool:
        return self.exam.exam_date <= day <= self.exam.exam_date + YEAR_LATER

    def _final(self) -> str:
        if self.exam.assessment != "0-PRIOR":
            return self.exam.assessment
        steps = [one.step for recall in self.recalls for one in RecallEvent.objects.filter(recall=recall)]
        at_visit = [one for one in self.outcomes if one.basis != "priors"]
        if at_visit or self._of(Biopsy) or self._of(PathologyResult) or "need_imaging" in steps:
            return "0-AI"
        by_priors = [one.assessment for one in self.outcomes if one.basis == "priors"]
        return by_priors[-1] if by_priors else "0-PRIOR"

    def _cancers(self) -> list[tuple[str, int | None, str]]:
        """Kind, size and nodes of each cancer that speaks about this screening."""
        found = []
        for tissue in PathologyResult.objects.filter(recall__patient=self.exam.patient):
            if tissue.result in ("in_situ", "invasive") and tissue.performed_on is not None:
                own = tissue.recall.exam_id == self.exam.pk
                if self._soon(tissue.performed_on) and (own or self._is_last_before(tissue.performed_on)):
                    found.append((tissue.result, tissue.size_mm, tissue.nodes))
        for known in CancerDiagnosis.objects.filter(patient=self.exam.patient):
            if self._soon(known.diagnosed_on) and self._is_last_before(known.diagnosed_on):
                found.append((known.result, known.size_mm, known.nodes))
        for recall in Recall.objects.filter(patient=self.exam.patient, closure_reason="cancer_handed_over"):
            tissue_here = PathologyResult.objects.filter(recall=recall, result__in=("in_situ", "invasive"))
            day = recall.closed_at.date() if recall.closed_at else None
            is_meant = day is not None and (recall.exam_id == self.exam.pk or self._is_last_before(day))
            if day and is_meant and self._soon(day) and not tissue_here.exists():
                found.append(("unknown", None, ""))
        return found

    def _is_last_before(self, day: date) -> bool:
        others = ScreeningExam.objects.filter(patient=self.exam.patient, exam_date__lte=day)
        others = others.exclude(recall_kind="incidental")
        latest = max(others, key=lambda one: (one.exam_date, one.pk), default=None)
        return latest is not None and latest.pk == self.exam.pk

    @property
    def is_left_out(self) -> bool:
        if self.exam.recall_kind == "incidental" or self.exam.assessment in ("6", "MP"):
            return True
        void = bool(self.recalls) and all(one.closure_reason == "void" for one in self.recalls)
        return void and self.exam.assessment not in ("1", "2")

    @property
    def is_minimal(self) -> bool | None:
        kinds = {kind for kind, _size, _nodes in self.cancers}
        if kinds == {"in_situ"}:
            return True
        if "invasive" not in kinds:
            return None
        sizes = [size for kind, size, _nodes in self.cancers if kind == "invasive" and size is not None]
        return max(sizes) <= 10 if sizes else None

    @property
    def node_status(self) -> str:
        if not any(kind == "invasive" for kind, _size, _nodes in self.cancers):
            return ""
        known = [nodes for _kind, _size, nodes in self.cancers if nodes in ("pos", "neg")]
        return "pos" if "pos" in known else "neg" if known else ""


def count_slowly(exams: Iterable[ScreeningExam]) -> Counts:
    """Numerator and denominator of every measure about screenings."""
    seen = [found for exam in exams if not (found := SlowScreening(exam)).is_left_out]

    def ratio(among: Callable[[SlowScreening], bool], counts: Callable[[SlowScreening], bool]) -> tuple[int, int]:
        chosen = [one for one in seen if among(one)]
        return len([one for one in chosen if counts(one)]), len(chosen)

    def is_mqsa(one: SlowScreening) -> bool:
        return (one.final in ("0-AI", *FOURS_AND_FIVE) and not one.is_technical) or one.advised

    return {
        "recall_rate_mqsa": ratio(lambda one: True, lambda one: one.final == "0-AI" and not one.is_technical),
        "cdr_mqsa": ratio(lambda one: True, lambda one: is_mqsa(one) and bool(one.cancers)),
        "recall_rate_acr": ratio(
            lambda one: True, lambda one: one.exam.assessment in ("0-AI", "0-PRIOR") and not one.is_technical
        ),
        "air": ratio(lambda one: True, lambda one: one.positive),
        "cdr": ratio(lambda one: True, lambda one: one.positive and bool(one.cancers)),
        "ppv1": ratio(lambda one: one.positive, lambda one: bool(one.cancers)),
        "ppv2": ratio(lambda one: one.positive and one.advised, lambda one: bool(one.cancers)),
        "ppv3": ratio(lambda one: one.positive and one.done, lambda one: bool(one.cancers)),
        "sensitivity": ratio(
            lambda one: bool(one.cancers) and (one.positive or one.negative), lambda one: one.positive
        ),
        "specificity": ratio(lambda one: not one.cancers and (one.positive or one.negative), lambda one: one.negative),
        "false_negatives": ratio(lambda one: True, lambda one: one.negative and bool(one.cancers)),
        "minimal_cancers": ratio(
            lambda one: one.positive and bool(one.cancers) and one.is_minimal is not None,
            lambda one: bool(one.is_minimal),
        ),
        "node_negative": ratio(
            lambda one: one.positive and bool(one.node_status), lambda one: one.node_status == "neg"
        ),
        "technical_recalls": ratio(lambda one: True, lambda one: one.is_technical),
    }
