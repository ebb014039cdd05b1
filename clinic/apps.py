"""How Django finds the clinic package; after migrations the groups are made to say what `clinic.roles` says."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.dispatch import Signal
from django.utils.translation import gettext_lazy as _

# Sent with `account=User` before an account is deactivated in the administration. A receiver that knows of work that
# would be left lying returns the sentence that refuses.
account_ending = Signal()


class ClinicConfig(AppConfig):
    name = "clinic"
    verbose_name = _("Clinic")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from clinic.roles import sync_groups

        post_migrate.connect(sync_groups, dispatch_uid="clinic.sync_groups")
