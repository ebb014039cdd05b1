from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from exchange.db_triggers import install_triggers, remove_triggers


def renew(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The cells of a settled row may be emptied."""
    remove_triggers(schema_editor.connection)
    install_triggers(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("exchange", "0013_parked_cancers")]
    operations = [migrations.RunPython(renew, migrations.RunPython.noop)]
