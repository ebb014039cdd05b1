"""Names the models whose rows are only ever added: one line here makes a table append-only and seals its rows.

Nothing else is to be done, no migration either: the triggers are installed after the next `migrate`. The model needs a
primary key `id` that grows; a column that was sealed once is never dropped or renamed.
"""

from django.apps import apps
from django.db.models import Model

SEALED_MODELS = (
    "history.TableShape",
    "history.MinimisedRow",
    "recalls.RecallEvent",
    "recalls.ContactAttempt",
    "recalls.Outcome",
    "recalls.OutcomeRelease",
    "recalls.OutcomeRetraction",
    "recalls.LesionAssessment",
    "recalls.Biopsy",
    "recalls.BiopsyRetraction",
    "recalls.PathologyResult",
    "recalls.Concordance",
    "recalls.CancerDiagnosis",
    "recalls.ResultDisclosure",
    "recalls.DisclosureRetraction",
    "recalls.Refusal",
    "recalls.Referral",
    "recalls.ReferralRetraction",
    "recalls.OutsideReport",
    "recalls.OutsideReportRetraction",
    "recalls.Barrier",
    "recalls.BarrierHelp",
    "recalls.SupersededReading",
    "recalls.Trial",
    "recalls.TrialStart",
    "recalls.TrialPlace",
    "recalls.TrialEnd",
    "recalls.TrialResult",
    "recalls.NoShowFit",
    "patients.Consent",
    "patients.PatientChange",
    "notifications.DeliveryAttempt",
    "notifications.DeliveryReport",
    "notifications.MessageText",
    "notifications.LaySummaryEvent",
    "exchange.Hl7SenderVersion",
    "exchange.RowMend",
    "reports.ExportLog",
    "reports.SignedAudit",
    "reports.CaseRating",
    "reports.CaseReview",
    "clinic.AccessLog",
    "clinic.SecurityEvent",
    "admin.LogEntry",
    "retention.LegalHold",
    "retention.LegalHoldLift",
    "retention.Minimisation",
)
# The ledger itself: append-only, and sealed by its own chain.
LEDGER_MODELS = ("history.LedgerBlock",)
# Rows that do change: what they say now is compared with the newest seal that an event or a try holds of them.
WATCHED_MODELS = ("recalls.Recall", "recalls.ScreeningExam", "notifications.RenderedMessage")


def sealed_models() -> list[type[Model]]:
    return [apps.get_model(label) for label in SEALED_MODELS]


def watched_models() -> list[type[Model]]:
    return [apps.get_model(label) for label in WATCHED_MODELS]


def personal_columns(model: type[Model]) -> tuple[str, ...]:
    """The columns that hold a person's words or numbers, and that are emptied when the person's data is minimised."""
    columns: tuple[str, ...] = getattr(model, "PERSONAL_COLUMNS", ())
    return columns


def personal_columns_by_table() -> dict[str, tuple[str, ...]]:
    """Of the append-only tables that have some."""
    named = {str(model._meta.db_table): personal_columns(model) for model in sealed_models()}
    return {table: columns for table, columns in named.items() if columns}


def append_only_tables() -> list[str]:
    return [apps.get_model(label)._meta.db_table for label in (*SEALED_MODELS, *LEDGER_MODELS)]
