"""Seals what a step adds into its event: the rows, and the recall and its exam as the step left them.

The event is part of its recall's hash chain, so that a fact changed, deleted or put in past the steps shows in
`verify_history`. Rows must be saved one by one: `bulk_create` passes unseen.
"""

from collections.abc import Iterable

from django.db.models import Model

from history.row_seals import key_code, seal_row, shape_code
from recalls.models import (
    Barrier,
    BarrierHelp,
    Biopsy,
    BiopsyRetraction,
    Concordance,
    ContactAttempt,
    DisclosureRetraction,
    LesionAssessment,
    Outcome,
    OutcomeRelease,
    OutcomeRetraction,
    OutsideReport,
    OutsideReportRetraction,
    PathologyResult,
    Recall,
    Referral,
    ReferralRetraction,
    Refusal,
    ResultDisclosure,
    ScreeningExam,
)

# How a row of each fact leads to its recall.
RECALL_OF_FACT: dict[type[Model], str] = {
    ContactAttempt: "recall",
    Outcome: "recall",
    OutcomeRelease: "outcome__recall",
    OutcomeRetraction: "outcome__recall",
    LesionAssessment: "lesion__recall",
    Biopsy: "recall",
    BiopsyRetraction: "biopsy__recall",
    PathologyResult: "recall",
    Concordance: "recall",
    ResultDisclosure: "recall",
    DisclosureRetraction: "disclosure__recall",
    Refusal: "recall",
    Referral: "recall",
    ReferralRetraction: "referral__recall",
    OutsideReport: "recall",
    OutsideReportRetraction: "report__recall",
    Barrier: "recall",
    BarrierHelp: "barrier__recall",
}
KEY = "key"  # names the key of the seals beside it

Seals = dict[str, dict[str, str] | str]


def seal_facts(recall: Recall, added: Iterable[Model]) -> Seals:
    """By the code of the table's shape and the number of the row; not for a reader, but for `verify_history`."""
    seals: Seals = {KEY: key_code()} if key_code() else {}
    for row in (recall, recall.exam, *added):
        of_table = seals.setdefault(shape_code(type(row)), {})
        if isinstance(of_table, dict):
            of_table[str(row.pk)] = seal_row(row)
    return seals


def seal_exam(exam: ScreeningExam) -> str:
    """Its reading as it stands, in one text: shape, key and seal."""
    return ":".join([shape_code(ScreeningExam), key_code(), seal_row(exam)])
