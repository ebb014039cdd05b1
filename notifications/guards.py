"""Which rows of this package does the database itself keep unchanged?"""

from django.db.backends.base.base import BaseDatabaseWrapper

from recalls import guards

APPEND_ONLY = ("notifications_deliveryattempt", "notifications_deliveryreport", "notifications_messagetext")


def install(connection: BaseDatabaseWrapper) -> None:
    guards.install_append_only(connection, APPEND_ONLY)


def remove(connection: BaseDatabaseWrapper) -> None:
    guards.remove_append_only(connection, APPEND_ONLY)
