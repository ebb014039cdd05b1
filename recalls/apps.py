"""App configuration of recalls."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class RecallsConfig(AppConfig):
    name = "recalls"
    verbose_name = _("Recalls")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from history.added_rows import watch_models
        from history.checks import register_check
        from recalls import db_triggers, list_exports
        from recalls.kept_facts import triggers
        from recalls.sealing.check import HistoryCheck
        from recalls.sealing.facts import RECALL_OF_FACT
        from recalls.selectors import search_indexes

        list_exports.register()
        watch_models(RECALL_OF_FACT)
        register_check("recall", HistoryCheck)
        post_migrate.connect(search_indexes.create_search_indexes, sender=self)
        pre_migrate.connect(triggers.remove_before_migration, sender=self)
        post_migrate.connect(triggers.install_after_migration, sender=self)
        post_migrate.connect(db_triggers.renew_state_trigger, sender=self, dispatch_uid="recalls.renew_state_trigger")
