"""Configuration of the FHIR app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from recalls.signals import recall_moved


class FhirConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "exchange.fhir"
    label = "fhir"
    verbose_name = _("Other systems (FHIR)")

    def ready(self) -> None:
        """Let each move of a recall be written down for those who are told of it."""
        from exchange.fhir.webhooks.plan import plan_webhooks  # loaded late: models are not ready before

        recall_moved.connect(plan_webhooks, dispatch_uid="fhir.plan_webhooks")
