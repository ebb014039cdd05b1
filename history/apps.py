"""App configuration of history; after migrations each table has its triggers, shape and rights."""

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class HistoryConfig(AppConfig):
    name = "history"
    verbose_name = _("History")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from history.checks import register_check
        from history.ledger_check import LedgerCheck

        register_check("block", LedgerCheck)
        post_migrate.connect(prepare_tables, sender=self, dispatch_uid="history.prepare_tables")


def prepare_tables(using: str = "default", **_kwargs: Any) -> None:
    from history.append_only import install_append_only
    from history.database_roles import grant_rights
    from history.sealed_tables import append_only_tables, sealed_models, watched_models
    from history.shapes import record_shapes

    record_shapes([*sealed_models(), *watched_models()], using)
    install_append_only(connections[using], append_only_tables())
    grant_rights(connections[using])
