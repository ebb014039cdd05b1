"""How Django finds the package."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SiteSetupConfig(AppConfig):
    name = "site_setup"
    verbose_name = _("Set-up")
    default_auto_field = "django.db.models.BigAutoField"
