"""Admin page of supplemental screening, read only."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from clinic.admin_base import OwnSiteFilter, ReadOnlyAdmin
from recalls.models import SupplementalScreening


@admin.register(SupplementalScreening)
class SupplementalScreeningAdmin(ReadOnlyAdmin[SupplementalScreening]):
    patient_path = "exam.patient_id"
    private_search = True
    list_display = ("due_on", "exam", "site", "kind", "status", "done_on", "result", "recall")
    list_filter = ("status", "kind", OwnSiteFilter)
    list_select_related = ("exam", "site", "recall")
    search_fields = ("exam__accession__exact",)
    search_help_text = _("Whole accession")
    ordering = ("-pk",)
