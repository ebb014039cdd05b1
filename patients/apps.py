"""How Django finds the patients package."""

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save
from django.utils.translation import gettext_lazy as _


class PatientsConfig(AppConfig):
    name = "patients"
    verbose_name = _("Patients")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from patients import models, search_index

        post_save.connect(search_index.refresh_saved_patient, sender=models.Patient)
        post_save.connect(search_index.refresh_contact_owner, sender=models.ContactPoint)
        post_delete.connect(search_index.refresh_contact_owner, sender=models.ContactPoint)
