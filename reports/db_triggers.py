"""Database triggers that keep the log of changed settings append-only."""

from django.db.backends.base.base import BaseDatabaseWrapper

from recalls import db_triggers

APPEND_ONLY = ("django_admin_log",)


def install_triggers(connection: BaseDatabaseWrapper) -> None:
    db_triggers.install_append_only(connection, APPEND_ONLY)


def remove_triggers(connection: BaseDatabaseWrapper) -> None:
    db_triggers.remove_append_only(connection, APPEND_ONLY)
