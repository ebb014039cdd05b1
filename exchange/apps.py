"""Configuration of the exchange app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExchangeConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "exchange"
    verbose_name = _("Results from outside")

    def ready(self) -> None:
        from exchange.hl7.awaited_finals import describe_missing_finals  # models are loaded only now
        from exchange.hl7.named_readers import find_named_reader
        from exchange.hl7.order_sources import find_order_sources
        from exchange.views import list_exports
        from recalls import timeline_registry
        from recalls.signals import worklist_warnings_wanted

        list_exports.register()
        worklist_warnings_wanted.connect(describe_missing_finals, dispatch_uid="exchange.missing_finals")
        timeline_registry.register_order_source("hl7", find_order_sources)
        timeline_registry.register_reader_source("hl7", find_named_reader)
