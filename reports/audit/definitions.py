"""Every measure of the audit once, as data: figures, help on the page and docs/audit-measures.md come from it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from recalls.enums import SUSPICIOUS_ASSESSMENTS, Assessment
from recalls.enums.lesions import NodeStatus
from reports.audit.cases import INCOMPLETE, WINDOW_DAYS, AuditCase

# Below so many in the denominator one case more moves a rate by more than three in a hundred.
SMALL_DENOMINATOR = 30


@dataclass(frozen=True, slots=True)
class MeasureSource:
    """Where a definition comes from."""

    name: str
    edition: str

    def __str__(self) -> str:
        return f"{self.name} ({self.edition})"


MQSA = MeasureSource("21 CFR 900.12(f)", "MQSA, as amended by 88 FR 15126, in force since 2024-09-10")
ACR = MeasureSource("ACR audit definitions, table 1", "positive without category 3")
BIRADS = MeasureSource("BI-RADS Atlas, follow-up and outcome monitoring", "5th edition, 2013")
BCSC = MeasureSource("BCSC screening performance measures", "2017 to 2021: category 3 counts as positive")
BCSC_DIAGNOSTIC = MeasureSource("BCSC diagnostic benchmarks", "1996 to 2005")
NHSBSP = MeasureSource("NHS Breast Screening Programme", "repeat and recall for technical reasons")

_KNOWN_ONLY = _("Only cancers known here count: those of this clinic and those entered from a registry or elsewhere.")
_NO_VOID = _(
    "Left out: exams read as 6 or as post-procedure mammograms, findings on other exams, positive exams whose recall "
    "was voided. A technical repeat is a screening, and no positive one."
)
_ONE_YEAR = _("Cancers diagnosed within 365 days after the exam, before the patient's next screening.")
_FIRST_REPORT = _("None: what the reports say.")


@dataclass(frozen=True, slots=True)
class MeasureDefinition:
    """One measure. What `counts` picks is looked for among what `among` picks alone.

    `waits` says that cancers may still come: before the window is over the figure is not mature. `needs_negatives` says
    that it is untrue where the negative exams do not all come in.
    """

    name: str
    label: Any
    numerator: Any
    denominator: Any
    among: Callable[[AuditCase], bool]
    counts: Callable[[AuditCase], bool]
    sources: tuple[MeasureSource, ...]
    of_screening: bool = True
    of_diagnostic: bool = False
    per: int = 100
    waits: bool = True
    needs_negatives: bool = False
    exclusions: Any = _NO_VOID
    yardstick: Any = ""
    window_days: int = WINDOW_DAYS

    @property
    def window(self) -> Any:
        return _ONE_YEAR if self.waits else _FIRST_REPORT

    @property
    def source(self) -> str:
        return "; ".join(map(str, self.sources))


def _every(_case: AuditCase) -> bool:
    return True


def _has_cancer(case: AuditCase) -> bool:
    return case.cancer is not None


def _is_mqsa_marked(case: AuditCase) -> bool:
    """0 for additional imaging, 4 or 5 at the screening or at the work-up."""
    is_marked = case.final == Assessment.NEED_IMAGING or case.final in SUSPICIOUS_ASSESSMENTS
    return (is_marked and not case.is_technical) or case.biopsy_advised


def _is_found_cancer(case: AuditCase) -> bool:
    return case.cancer is not None and case.is_positive


SCREENING_MEASURES: tuple[MeasureDefinition, ...] = (
    MeasureDefinition(
        "recall_rate_mqsa", _("Recall rate (MQSA)"),
        _("Screenings read as “incomplete, need additional imaging evaluation”, also after the comparison with prior "
          "images."),
        _("All screenings."),
        _every, lambda case: case.final == Assessment.NEED_IMAGING and not case.is_technical,
        (MQSA,), waits=False, needs_negatives=True, yardstick=_("5 to 12 % (all recalls)"),
    ),
    MeasureDefinition(
        "cdr_mqsa", _("Cancer detection rate (MQSA)"),
        _("Of these, marked 0 for additional imaging, 4 or 5 at the screening or its work-up, with cancer."),
        _("All screenings."),
        _every, lambda case: _is_mqsa_marked(case) and _has_cancer(case),
        (MQSA,), per=1000, needs_negatives=True, yardstick=_("2.5 or more per 1,000"),
    ),
    MeasureDefinition(
        "recall_rate_acr", _("Category 0 (ACR)"),
        _("Screenings whose first report is a 0 of either kind."), _("All screenings."),
        _every, lambda case: case.first in INCOMPLETE and not case.is_technical,
        (ACR,), waits=False, needs_negatives=True,
    ),
    MeasureDefinition(
        "air", _("Abnormal interpretation rate"),
        _("Screenings read as 0 for additional imaging, 3, 4 or 5."), _("All screenings."),
        _every, lambda case: case.is_positive,
        (BIRADS, BCSC), waits=False, needs_negatives=True, yardstick=_("5 to 12 %; 11.6 % in Lehman 2017"),
    ),
    MeasureDefinition(
        "cdr", _("Cancer detection rate"),
        _("Of these, positive (0 for additional imaging, 3, 4, 5) and with cancer."), _("All screenings."),
        _every, _is_found_cancer,
        (BIRADS, BCSC), per=1000, needs_negatives=True,
        yardstick=_("2.5 or more per 1,000; 5.1 per 1,000 in Lehman 2017"),
    ),
    MeasureDefinition(
        "ppv1", _("Cancers among positive screenings (PPV1)"),
        _("Of these, with cancer."), _("Positive screenings: 0 for additional imaging, 3, 4 or 5."),
        lambda case: case.is_positive, _has_cancer,
        (BIRADS, BCSC), yardstick=_("3 to 8 %; 4.4 % in Lehman 2017"),
    ),
    MeasureDefinition(
        "ppv2", _("Cancers among biopsies advised (PPV2)"),
        _("Of these, with cancer."),
        _("Positive screenings after which a biopsy was advised: 4 or 5 at the screening or at its work-up."),
        lambda case: case.is_positive and case.biopsy_advised, _has_cancer,
        (BIRADS, BCSC), yardstick=_("20 to 40 %; 25.6 % in Lehman 2017"),
    ),
    MeasureDefinition(
        "ppv3", _("Cancers among biopsies done (PPV3)"),
        _("Of these, with cancer."), _("Positive screenings after which a biopsy was advised and done."),
        lambda case: case.is_positive and case.biopsy_advised and case.biopsy_done, _has_cancer,
        (BIRADS, BCSC), yardstick=_("28.6 % in Lehman 2017"),
    ),
    MeasureDefinition(
        "sensitivity", _("Sensitivity (cancers known here)"),
        _("Of these, read as positive."), _("Screenings with cancer, read as positive or as negative."),
        lambda case: _has_cancer(case) and (case.is_positive or case.is_negative), lambda case: case.is_positive,
        (BIRADS, BCSC), yardstick=_("75 % or more; 86.9 % in Lehman 2017"),
    ),
    MeasureDefinition(
        "specificity", _("Specificity (cancers known here)"),
        _("Of these, read as negative."), _("Screenings without cancer, read as positive or as negative."),
        lambda case: not _has_cancer(case) and (case.is_positive or case.is_negative), lambda case: case.is_negative,
        (BIRADS, BCSC), needs_negatives=True, yardstick=_("88 to 95 %; 88.9 % in Lehman 2017"),
    ),
    MeasureDefinition(
        "false_negatives", _("False negatives (cancers known here)"),
        _("Of these, read as negative, with cancer."), _("All screenings."),
        _every, lambda case: case.is_negative and _has_cancer(case),
        (BIRADS, BCSC), per=1000, needs_negatives=True, yardstick=_("0.8 per 1,000 in Lehman 2017"),
    ),
    MeasureDefinition(
        "minimal_cancers", _("Minimal cancers"),
        _("Of these, in situ, or invasive and no larger than 10 mm."),
        _("Cancers found by a positive screening, in situ or with a known size."),
        lambda case: _is_found_cancer(case) and case.cancer is not None and case.cancer.is_minimal is not None,
        lambda case: case.cancer is not None and bool(case.cancer.is_minimal),
        (BIRADS,),
    ),
    MeasureDefinition(
        "node_negative", _("Node-negative invasive cancers"),
        _("Of these, with negative lymph nodes."),
        _("Invasive cancers found by a positive screening, with lymph nodes known to be negative or positive."),
        lambda case: _is_found_cancer(case) and case.cancer is not None and bool(case.cancer.is_invasive)
        and case.cancer.nodes in (NodeStatus.NEGATIVE, NodeStatus.POSITIVE),
        lambda case: case.cancer is not None and case.cancer.nodes == NodeStatus.NEGATIVE,
        (BIRADS,),
    ),
    MeasureDefinition(
        "technical_recalls", _("Technical repeats"),
        _("Screenings called back for a technical reason alone."), _("All screenings."),
        _every, lambda case: case.is_technical,
        (NHSBSP,), waits=False, needs_negatives=True, yardstick=_("less than 3 %"),
    ),
)  # fmt: skip

DIAGNOSTIC_MEASURES: tuple[MeasureDefinition, ...] = (
    MeasureDefinition(
        "diagnostic_air", _("Abnormal interpretation rate"),
        _("Of these, last read as 0, 4 or 5."), _("Work-ups with a mammogram."),
        _every, lambda case: case.is_positive,
        (BIRADS, BCSC_DIAGNOSTIC), of_screening=False, of_diagnostic=True, waits=False,
        yardstick=_("12.6 % in Sprague 2017"),
    ),
    MeasureDefinition(
        "diagnostic_cdr", _("Cancer diagnosis rate"),
        _("Of these, positive and with cancer."), _("Work-ups with a mammogram."),
        _every, _is_found_cancer,
        (BIRADS, BCSC_DIAGNOSTIC), of_screening=False, of_diagnostic=True, per=1000,
        yardstick=_("34.7 per 1,000 in Sprague 2017"),
    ),
    MeasureDefinition(
        "diagnostic_ppv1", _("Cancers among positive work-ups (PPV1)"),
        _("Of these, with cancer."), _("Work-ups last read as 0, 4 or 5."),
        lambda case: case.is_positive, _has_cancer,
        (BCSC_DIAGNOSTIC,), of_screening=False, of_diagnostic=True,
    ),
    MeasureDefinition(
        "diagnostic_ppv2", _("Cancers among biopsies advised (PPV2)"),
        _("Of these, with cancer."), _("Work-ups last read as 4 or 5."),
        lambda case: case.is_suspicious, _has_cancer,
        (BIRADS, BCSC_DIAGNOSTIC), of_screening=False, of_diagnostic=True, yardstick=_("27.5 % in Sprague 2017"),
    ),
    MeasureDefinition(
        "diagnostic_ppv3", _("Cancers among biopsies done (PPV3)"),
        _("Of these, with cancer."), _("Work-ups last read as 4 or 5 after which a biopsy was done."),
        lambda case: case.is_suspicious and case.biopsy_done, _has_cancer,
        (BIRADS, BCSC_DIAGNOSTIC), of_screening=False, of_diagnostic=True, yardstick=_("30.4 % in Sprague 2017"),
    ),
    MeasureDefinition(
        "diagnostic_sensitivity", _("Sensitivity (cancers known here)"),
        _("Of these, read as 0, 4 or 5."), _("Work-ups with cancer."),
        lambda case: _has_cancer(case) and (case.is_positive or case.is_negative), lambda case: case.is_positive,
        (BIRADS,), of_screening=False, of_diagnostic=True,
    ),
    MeasureDefinition(
        "diagnostic_specificity", _("Specificity (cancers known here)"),
        _("Of these, read as 1, 2 or 3."), _("Work-ups without cancer."),
        lambda case: not _has_cancer(case) and (case.is_positive or case.is_negative), lambda case: case.is_negative,
        (BIRADS,), of_screening=False, of_diagnostic=True,
    ),
    MeasureDefinition(
        "ppv_mqsa", _("Positive predictive value (MQSA)"),
        _("Of these, with cancer."),
        _("Mammograms read as suspicious or highly suggestive of malignancy (4 or 5): screenings and work-ups."),
        lambda case: case.is_suspicious, _has_cancer,
        (MQSA,), of_diagnostic=True,
    ),
)  # fmt: skip

MEASURES = (*SCREENING_MEASURES, *DIAGNOSTIC_MEASURES)
MEASURES_BY_NAME = {measure.name: measure for measure in MEASURES}
KNOWN_CANCERS_NOTE = _KNOWN_ONLY
