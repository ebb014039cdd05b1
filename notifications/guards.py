"""Which rows of this package does the database itself keep unchanged?"""

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from recalls import guards

APPEND_ONLY = ("notifications_deliveryattempt", "notifications_deliveryreport", "notifications_messagetext")


def install(connection: BaseDatabaseWrapper) -> None:
    guards.install_append_only(connection, APPEND_ONLY)


def remove(connection: BaseDatabaseWrapper) -> None:
    guards.remove_append_only(connection, APPEND_ONLY)


def migrate_forwards(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    install(schema_editor.connection)


def migrate_backwards(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    remove(schema_editor.connection)
