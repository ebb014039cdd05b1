"""Database triggers that keep delivery attempts, delivery reports and clinic texts append-only."""

from django.db.backends.base.base import BaseDatabaseWrapper

from recalls import db_triggers

APPEND_ONLY = ("notifications_deliveryattempt", "notifications_deliveryreport", "notifications_messagetext")


def install_triggers(connection: BaseDatabaseWrapper) -> None:
    """Create the triggers of this app's append-only tables, as migration 0002 does; for tests."""
    db_triggers.install_append_only(connection, APPEND_ONLY)


def remove_triggers(connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers that `install_triggers` created."""
    db_triggers.remove_append_only(connection, APPEND_ONLY)
