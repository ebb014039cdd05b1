"""Admin pages of patients, of referring providers and of the log of opened pages."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from clinic.access.page_views import views_of_patients
from clinic.admin_base import OwnSiteFilter, ReadOnlyAdmin, ReadOnlyInline, ScopedAdmin, ValueFilter
from clinic.models import AccessLog, User
from patients.models import Consent, ContactPoint, Patient, ReferringProvider

_MOST_DIGITS = 18  # of a number that a database holds


class ContactPointInline(ReadOnlyInline):
    model = ContactPoint
    fields = ("kind", "value", "unusable", "changed_at")


class ConsentInline(ReadOnlyInline):
    model = Consent
    fields = ("subject", "granted", "at", "source", "by")


class LanguageFilter(ValueFilter):
    title = _("language")
    parameter_name = "language"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        return list(settings.LANGUAGES)


@admin.register(Patient)
class PatientAdmin(ReadOnlyAdmin[Patient]):
    patient_path = "pk"
    private_search = True
    list_display = ("__str__", "mrn", "birth_date", "site", "language", "deceased_on", "merged_into")
    list_filter = (OwnSiteFilter, LanguageFilter, "interpreter_needed", ("merged_into", admin.EmptyFieldListFilter))
    list_select_related = ("site", "merged_into")
    search_fields = ("mrn__exact", "family_name__istartswith")
    search_help_text = _("Whole record number, or the beginning of the family name, or “family, given”")
    ordering = ("-pk",)
    inlines = (ContactPointInline, ConsentInline)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Patient], search_term: str
    ) -> tuple[QuerySet[Patient], bool]:
        """The words are taken as they are: a family name may have several."""
        family, _comma, given = (words.strip() for words in search_term.partition(","))
        named = Q(family_name__istartswith=family, given_name__istartswith=given)
        return (queryset.filter(Q(mrn=search_term.strip()) | named) if family else queryset), False


@admin.register(ReferringProvider)
class ReferringProviderAdmin(ScopedAdmin[ReferringProvider]):
    site_lookup = ""
    logs_values = True
    list_display = ("name", "npi", "phone", "email")
    search_fields = ("npi__exact", "name__istartswith")
    search_help_text = _("Whole NPI, or the beginning of the name")
    ordering = ("name", "pk")


@admin.register(AccessLog)
class AccessLogAdmin(ReadOnlyAdmin[AccessLog]):
    """Who opened what about whom; a patient's number is the one in the address of the page."""

    site_lookup = ""
    list_display = ("at", "who", "page", "shown", "why", "address")
    list_select_related = ("user",)
    fields = ("at", "who", "page", "shown", "why", "address", "session", "alarm")
    search_fields = ("user__username__exact", "user__first_name__icontains")
    search_help_text = _("Number of a patient's record, a whole user name, or part of the name of a program")
    ordering = ("-pk",)

    @admin.display(description=_("who"), ordering="user")
    def who(self, view: AccessLog) -> str:
        """A program has a name, and a user name that says nothing."""
        name = view.user.get_full_name()
        return f"{name} ({view.user.username})" if name else view.user.username

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccessLog]:
        user: Any = request.user
        at_own_sites = Patient.objects.filter(site__in=user.site_ids)
        colleagues = User.objects.filter(sites__in=user.site_ids)
        by_itself = Q(patient_id__in=at_own_sites.values("pk"))
        rows = super().get_queryset(request)
        return rows.filter(by_itself | Q(patient_id=None, user__in=colleagues.values("pk")))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AccessLog], search_term: str
    ) -> tuple[QuerySet[AccessLog], bool]:
        """A number is a patient's, by itself or on a list."""
        words = search_term.strip()
        if words.isdecimal() and len(words) <= _MOST_DIGITS:
            return queryset.filter(pk__in=views_of_patients([int(words)]).values("pk")), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description=_("patient numbers"))
    def shown(self, view: AccessLog) -> str:
        numbers = view.patient_ids or [view.patient_id]
        return view.subject or ", ".join(str(number) for number in numbers)
