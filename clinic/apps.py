"""How Django finds the clinic package; after migrations the groups are made to say what `clinic.roles` says."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ClinicConfig(AppConfig):
    name = "clinic"
    verbose_name = _("Clinic")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from clinic.accounts import receivers
        from clinic.roles import sync_groups

        receivers.connect()
        post_migrate.connect(sync_groups, dispatch_uid="clinic.sync_groups")
