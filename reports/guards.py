"""Which tables of this package does the database keep as they were written? The log of changed settings."""

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from recalls.guards import install_append_only, remove_append_only

APPEND_ONLY = ("django_admin_log",)


def install(connection: BaseDatabaseWrapper) -> None:
    install_append_only(connection, APPEND_ONLY)


def remove(connection: BaseDatabaseWrapper) -> None:
    remove_append_only(connection, APPEND_ONLY)


def migrate_forwards(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    install(schema_editor.connection)


def migrate_backwards(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    remove(schema_editor.connection)
