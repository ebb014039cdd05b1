"""App configuration of the shared staff pages."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.utils.translation import gettext_lazy as _


class DeskConfig(AppConfig):
    name = "desk"
    verbose_name = _("Staff pages")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from desk.kept_forms import discard_forms_of_others, discard_own_forms

        user_logged_in.connect(discard_forms_of_others)
        user_logged_out.connect(discard_own_forms)
