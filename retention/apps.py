"""How Django finds the retention package."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RetentionConfig(AppConfig):
    name = "retention"
    verbose_name = _("How long records are kept")
    default_auto_field = "django.db.models.BigAutoField"
