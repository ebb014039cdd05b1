"""Makes and drops indexes of large tables while the clinic works: PostgreSQL does it beside those who write."""

from typing import Any

from django.db import migrations


class AddIndexOnline(migrations.AddIndex):
    """`AddIndex` with CONCURRENTLY where the database knows it; its migration says `atomic = False`.

    A build that was cut off leaves an index that serves nobody: the next run drops it and begins again.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.remove_index(model, self.index, concurrently=True)
            schema_editor.add_index(model, self.index, concurrently=True)


class DropForeignKeyIndex(migrations.AlterField):
    """Takes the index of a foreign key away that a longer one covers; the table is not written anew.

    On PostgreSQL its migration says `atomic = False`.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        column, named = model._meta.get_field(self.name).column, {index.name for index in model._meta.indexes}
        found = schema_editor._constraint_names(
            model, [column], index=True, unique=False, primary_key=False, exclude=named
        )
        online = "CONCURRENTLY " if schema_editor.connection.vendor == "postgresql" else ""
        for name in found:
            schema_editor.execute(f"DROP INDEX {online}IF EXISTS {schema_editor.quote_name(name)}")

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        online = {"concurrently": True} if schema_editor.connection.vendor == "postgresql" else {}
        field = model._meta.get_field(self.name)
        schema_editor.execute(schema_editor._create_index_sql(model, fields=[field], **online))
