"""Admin pages for sites, opening hours, closed days, deadlines and staff."""

from datetime import date, timedelta
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import calendar
from clinic.admin_base import LabelledFormSet, ReadOnlyAdmin, ReadOnlyInline, ScopedAdmin
from clinic.contact_ladder import LadderRung, build_ladder, validate_ladder
from clinic.models import Closure, DeadlinePolicy, Heartbeat, OpeningHours, Site, User
from clinic.roles import STAFF_ROLES, Role
from clinic.site_rules import MAX_DAYS_BACK

_RESULT_TELLERS = (Role.RADIOLOGIST.value, Role.NAVIGATOR.value)


class LadderRungFormSet(LabelledFormSet):
    """A ladder is whole or it is not there: a site without rungs has the one that Recall Desk comes with."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        kept = [form.cleaned_data for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        own = [LadderRung(**{name: row[name] for name in ("order", "day", "channel", "name")}) for row in kept]
        validate_ladder(build_ladder(own), self.instance.lost_after)


class OpeningHoursInline(ReadOnlyInline):
    model = OpeningHours
    fields = ("weekday", "opens", "closes")
    verbose_name_plural = gettext_lazy("Opening hours: changed under Set-up, which shows first whom it touches")


class ClosedDayInline(ReadOnlyInline):
    model = Closure
    fields = ("day", "reason", "is_worked")
    verbose_name_plural = gettext_lazy("Closed days beyond the public holidays: changed under Set-up")


class LadderRungInline(admin.TabularInline[LadderRung, Site]):
    model = LadderRung
    formset = LadderRungFormSet
    extra = 2
    verbose_name_plural = gettext_lazy(
        "Contact ladder of its own: without steps here, the one that Recall Desk comes with; a change counts "
        "from each recall's next step"
    )


class DeadlinePolicyInline(admin.StackedInline[DeadlinePolicy, Site]):
    model = DeadlinePolicy
    can_delete = False
    verbose_name = gettext_lazy("Deadlines in days: a change counts from each recall's next step")


class SiteForm(ModelForm[Site]):
    """A site; a slip in the day from which lay summaries are owed must not print years of letters."""

    def clean_lay_summaries_from(self) -> date | None:
        day: date | None = self.cleaned_data["lay_summaries_from"]
        earliest = calendar.today(self.instance) - timedelta(days=MAX_DAYS_BACK)
        if day is not None and "lay_summaries_from" in self.changed_data and day < earliest:
            raise ValidationError(_("Choose a day of the last 30 days: earlier summaries are past their time limit."))
        return day


@admin.register(Site)
class SiteAdmin(ScopedAdmin[Site]):
    """Rules of a site. What patients hang on is changed under Set-up alone: a change there asks first."""

    site_lookup = "pk"
    form = SiteForm
    readonly_fields = ("code", "assigning_authority", "time_zone", "country", "subdivision")
    logs_values = True
    list_display = ("name", "code", "time_zone", "phone")
    search_fields = ("name__istartswith", "code__istartswith")
    search_help_text = gettext_lazy("Beginning of a name or code")
    inlines = (OpeningHoursInline, ClosedDayInline, DeadlinePolicyInline, LadderRungInline)
    fieldsets = (
        (None, {"fields": ("code", "name", "legal_name", "sender_name", "contact_person", "phone")}),
        (gettext_lazy("Address"), {"fields": ("address_line", "city", "state", "postal_code")}),
        (
            gettext_lazy("Time"),
            {"fields": ("time_zone", "country", "subdivision", "send_from", "send_until")},
        ),
        (gettext_lazy("Contact"), {"fields": ("lost_after", "results_deputy")}),
        (
            gettext_lazy("Words of messages"),
            {
                "fields": ("page_link", "asks_contact_plan", "reviewed_translations_only", "reviewed_english_only"),
                "description": gettext_lazy(
                    "Turn the link to the patient's page on: without it a patient who agreed to no health details in "
                    "email learns neither why they were called back nor how often it turns out fine."
                ),
            },
        ),
        (gettext_lazy("Lay summaries"), {"fields": ("sends_lay_summaries", "lay_summaries_from")}),
        (
            gettext_lazy("Readings and files of results"),
            {"fields": ("birads_edition", "assigning_authority", "date_order", "bare_zero")},
        ),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Site, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not obj.page_link:
            words = _(
                "Emails of this site carry no link to the patient's page. Most patients agree to no health details in "
                "email: they learn why they were called back, and how often it turns out fine, on that page alone."
            )
            self.message_user(request, words, messages.WARNING)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only who may tell a result can be the deputy, at one of the sites of the person who chooses."""
        if db_field.name == "results_deputy":
            own = getattr(request.user, "site_ids", ())
            tellers = User.objects.filter(groups__name__in=_RESULT_TELLERS, sites__in=own, is_active=True)
            kwargs["queryset"] = tellers.distinct().order_by("last_name", "first_name")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(User)
class UserAdmin(ScopedAdmin[User]):
    """Staff accounts of the own sites: names, and until when somebody is away.

    Roles, sites, addresses and passwords are two people's, and are asked for under Set-up.
    """

    site_lookup = "sites"
    logs_values = True
    list_display = ("username", "last_name", "first_name", "roles", "is_active", "away_until", "last_login")
    list_filter = (("groups", admin.RelatedFieldListFilter), "is_active")
    search_fields = ("username__istartswith", "last_name__istartswith", "email__istartswith")
    search_help_text = gettext_lazy("Beginning of a user name, last name or email address")
    ordering = ("username",)
    readonly_fields = ("username", "email", "is_active", "roles", "site_names", "last_login", "date_joined")
    fieldsets = (
        (gettext_lazy("Person"), {"fields": ("username", "first_name", "last_name", "email", "npi")}),
        (
            gettext_lazy("Work"),
            {
                "fields": ("is_active", "roles", "site_names", "away_until"),
                "description": gettext_lazy(
                    "Roles, sites, the email address and a new password are asked for under Set-up, Staff: a second "
                    "administrator confirms them."
                ),
            },
        ),
        (gettext_lazy("Dates"), {"fields": ("last_login", "date_joined")}),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        own = super().get_queryset(request).distinct()
        return own.prefetch_related("groups", "sites")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return not above and super().has_change_permission(request, obj)

    @admin.display(description=gettext_lazy("roles"))
    def roles(self, user: User) -> str:
        names = {group.name for group in user.groups.all()}
        return ", ".join(str(role.label) for role in Role if role in STAFF_ROLES and role.value in names)

    @admin.display(description=gettext_lazy("sites"))
    def site_names(self, user: User) -> str:
        return ", ".join(site.name for site in user.sites.all())


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyAdmin[LogEntry]):
    """Who changed which setting from what to what. The database lets nobody rewrite it."""

    site_lookup = ""
    list_display = ("action_time", "user", "setting_kind", "object_repr", "change_text")
    list_filter = (("content_type", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("user", "content_type")
    search_fields = ("object_repr__istartswith", "user__username__istartswith")
    search_help_text = gettext_lazy("Beginning of the name of what was changed, or of who changed it")
    ordering = ("-pk",)
    fields = ("action_time", "user", "setting_kind", "object_repr", "change_text")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Settings only: what was done with patients stands in their own histories."""
        told = [
            ContentType.objects.get_for_model(model).pk
            for model, model_admin in self.admin_site._registry.items()
            if isinstance(model_admin, ScopedAdmin) and model_admin.logs_values
        ]
        return super().get_queryset(request).filter(content_type__in=told)

    @admin.display(description=gettext_lazy("what"))
    def setting_kind(self, entry: LogEntry) -> str:
        return str(entry.content_type.name) if entry.content_type else ""

    @admin.display(description=gettext_lazy("change_text"))
    def change_text(self, entry: LogEntry) -> str:
        words = entry.get_change_message()
        return _("Added. %(words)s") % {"words": words} if entry.action_flag == ADDITION else words


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin[Heartbeat]):
    site_lookup = ""
    list_display = ("name", "started_at", "finished_at", "counts")
    ordering = ("name",)
