"""The SQL that says what `RecallFacts` holds of each recall, in the words that both databases know."""

from enum import StrEnum

from patients.channels import PHONE_KINDS
from patients.models import ContactPoint
from recalls.enums import (
    ACTIVE_APPOINTMENT_STATUSES,
    SUSPICIOUS_ASSESSMENTS,
    Assessment,
    ClosureReason,
    ContactChannel,
    ContactResult,
    PathologyClass,
    RecallKind,
    State,
    WorkItemKind,
)
from recalls.enums.barriers import MANY_CALLS

_UNDELIVERABLE = (ContactPoint.UnusableReason.BOUNCED, ContactPoint.UnusableReason.COMPLAINED)
# A positive screening in BI-RADS: called back for more pictures, or 3, 4 or 5 at once; not "earlier pictures needed".
POSITIVE_ASSESSMENTS = (Assessment.NEED_IMAGING, Assessment.PROBABLY_BENIGN, *SUSPICIOUS_ASSESSMENTS)
MALIGNANT_RESULTS = (PathologyClass.IN_SITU, PathologyClass.INVASIVE)
TABLE = "recalls_recallfacts"


def quoted(*values: StrEnum | str) -> str:
    """The values as a list of SQL, which come from this program's own enumerations."""
    return ", ".join(f"'{value!s}'" for value in values)


def _to_contact(condition: str) -> str:
    return f"CASE WHEN r.state = '{State.TO_CONTACT}' THEN {condition} ELSE FALSE END"


_POINTS = "SELECT 1 FROM patients_contactpoint c WHERE c.patient_id = r.patient_id AND"
# The tries of this ladder that were not taken back.
_STANDING_TRY = (
    "a.recall_id = r.id AND a.retracts_id IS NULL "
    "AND NOT EXISTS (SELECT 1 FROM recalls_contactattempt b WHERE b.retracts_id = a.id)"
)
_NEWEST_TRY = (
    f"SELECT a.result = '{ContactResult.REACHED_WILL_BOOK}' AND a.at >= r.contact_since FROM recalls_contactattempt a "
    f"WHERE {_STANDING_TRY} ORDER BY a.id DESC LIMIT 1"
)
_CALLS = (
    f"SELECT count(*) FROM recalls_contactattempt a WHERE {_STANDING_TRY} AND a.at >= r.contact_since "
    f"AND a.channel = '{ContactChannel.PHONE}'"
)
_NEWEST_EMAIL_CONSENT = (
    "SELECT NOT s.granted FROM patients_consent s WHERE s.patient_id = r.patient_id AND s.subject = 'email' "
    "ORDER BY s.id DESC LIMIT 1"
)
_STANDING_SUSPICION = (
    f"SELECT 1 FROM recalls_outcome o WHERE o.recall_id = r.id AND o.assessment IN ({quoted(*SUSPICIOUS_ASSESSMENTS)}) "
    "AND NOT EXISTS (SELECT 1 FROM recalls_outcome n WHERE n.amends_id = o.id) "
    "AND NOT EXISTS (SELECT 1 FROM recalls_outcomeretraction t WHERE t.outcome_id = o.id)"
)
NEWEST_SOURCE = "recalls_outsidereportretraction"  # the table that the newest migration made of those read here
# Without that of surgeries whose report was taken back.
_TISSUE = (
    "SELECT 1 FROM recalls_pathologyresult t WHERE t.recall_id = r.id AND NOT EXISTS (SELECT 1 FROM "
    "recalls_outsidereport s JOIN recalls_outsidereportretraction x ON x.report_id = s.id WHERE s.pathology_id = t.id)"
)
_CANCER = f"{_TISSUE} AND t.result IN ({quoted(*MALIGNANT_RESULTS)})"

# Each column but the key, with its value out of the recall (r), its patient (p) and its exam (e).
COLUMNS: dict[str, str] = {
    "site_id": "r.site_id",
    "state": "r.state",
    "due_at": "r.due_at",
    "target_at": "r.target_at",
    "opened_at": "r.opened_at",
    "suspicious": "r.suspicious",
    "language": "p.language",
    "ready_to_book": _to_contact(f"COALESCE(({_NEWEST_TRY}), FALSE)"),
    "no_phone": _to_contact(
        f"p.do_not_call OR NOT EXISTS ({_POINTS} c.kind IN ({quoted(*PHONE_KINDS)}) AND c.unusable = '')"
    ),
    "many_calls": _to_contact(f"({_CALLS}) >= {MANY_CALLS}"),
    "bounced": _to_contact(f"EXISTS ({_POINTS} c.kind = 'email' AND c.unusable IN ({quoted(*_UNDELIVERABLE)}))"),
    "opted_out": _to_contact(f"p.do_not_call OR COALESCE(({_NEWEST_EMAIL_CONSENT}), FALSE)"),
    "interpreter": _to_contact("p.interpreter_needed"),
    "letter_to_print": _to_contact(
        "EXISTS (SELECT 1 FROM recalls_workitem w WHERE w.recall_id = r.id AND w.done_at IS NULL "
        f"AND w.kind = '{WorkItemKind.PRINT_LETTER}')"
    ),
    "visit_at": (
        "(SELECT v.starts_at FROM recalls_appointment v WHERE v.recall_id = r.id "
        f"AND v.status IN ({quoted(*ACTIVE_APPOINTMENT_STATUSES)}) LIMIT 1)"
    ),
    "reader_id": f"CASE WHEN r.kind <> '{RecallKind.SUPPLEMENTAL}' THEN e.reader_id END",
    "exam_site_id": "e.site_id",
    "exam_date": "e.exam_date",
    "closure_reason": "r.closure_reason",
    "later_round": "r.round > 0",
    "positive": f"e.assessment IN ({quoted(*POSITIVE_ASSESSMENTS)})",
    "biopsy_advised": (
        f"EXISTS ({_STANDING_SUSPICION}) OR EXISTS (SELECT 1 FROM recalls_recallevent v WHERE v.recall_id = r.id "
        "AND v.step = 'advise_biopsy')"
    ),
    "has_tissue": f"EXISTS ({_TISSUE})",
    "has_cancer": f"EXISTS ({_CANCER}) OR r.closure_reason = '{ClosureReason.CANCER_HANDED_OVER}'",
}  # fmt: skip
# What a change of a recall's own row may alter.
RECALL_COLUMNS = (
    "site_id", "patient_id", "exam_id", "kind", "suspicious", "state", "due_at", "target_at", "opened_at",
    "contact_since", "closure_reason", "round",
)  # fmt: skip
SOURCE = (
    "recalls_recall r JOIN patients_patient p ON p.id = r.patient_id JOIN recalls_screeningexam e ON e.id = r.exam_id"
)


def select_facts(condition: str) -> str:
    """What should be kept of the recalls (r) that meet the condition."""
    values = ", ".join(f"{value} AS {column}" for column, value in COLUMNS.items())
    return f"SELECT r.id AS recall_id, {values} FROM {SOURCE} WHERE {condition}"


def write_facts(vendor: str, condition: str) -> str:
    """Write the facts of those recalls anew; a row that says the same stays untouched."""
    names = ", ".join(COLUMNS)
    differs = "IS NOT" if vendor == "sqlite" else "IS DISTINCT FROM"
    new, old = (", ".join(f"{table}.{column}" for column in COLUMNS) for table in ("excluded", TABLE))
    changes = ", ".join(f"{column} = excluded.{column}" for column in COLUMNS)
    return (
        f"INSERT INTO {TABLE} (recall_id, {names}) {select_facts(condition)} "
        f"ON CONFLICT (recall_id) DO UPDATE SET {changes} WHERE ({old}) {differs} ({new})"
    )
