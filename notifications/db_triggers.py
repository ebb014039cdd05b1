"""Names the tables of notifications that database triggers, installed by migrations 0002 and 0003, keep append-only."""

APPEND_ONLY = (
    "notifications_deliveryattempt",
    "notifications_deliveryreport",
    "notifications_messagetext",
    "notifications_laysummaryevent",
)
