"""Names the tables of notifications that database triggers, installed by migration 0002, keep append-only."""

APPEND_ONLY = ("notifications_deliveryattempt", "notifications_deliveryreport", "notifications_messagetext")
