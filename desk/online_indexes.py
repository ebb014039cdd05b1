"""Makes an index of a large table while the clinic works: PostgreSQL builds it beside the writers, SQLite as ever."""

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
