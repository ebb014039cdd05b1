"""Admin pages for sites, opening hours, closed days, deadlines and staff."""

from datetime import date
from itertools import pairwise
from typing import Any

from django.contrib import admin
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import models
from django.forms import CheckboxSelectMultiple, ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import calendar
from clinic.admin_base import LabelledFormSet, ReadOnlyAdmin, ScopedAdmin
from clinic.contact_ladder import LadderRung, build_ladder, validate_ladder
from clinic.models import Closure, DeadlinePolicy, Heartbeat, OpeningHours, Site, User
from clinic.roles import STAFF_ROLES, Role

admin.site.unregister(Group)  # what a group may do is written in clinic.roles, and nowhere else


class OpeningHoursFormSet(LabelledFormSet):
    """Stretches of one weekday must not overlap, and a site must open at some time of the week."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        kept = [form.cleaned_data for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        if not kept:
            raise ValidationError(_("Give the site at least one day on which it is open."))
        for earlier, later in pairwise(sorted(kept, key=lambda hours: (hours["weekday"], hours["opens"]))):
            if earlier["weekday"] == later["weekday"] and later["opens"] < earlier["closes"]:
                day = OpeningHours.Weekday(later["weekday"]).label
                raise ValidationError(_("Two stretches overlap on %(day)s.") % {"day": day})


class ClosedDayForm(ModelForm[Closure]):
    """A closed day is one to come: what was, was."""

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        site: Site = self.instance.site
        if "day" in self.changed_data and day < calendar.local_day(site, timezone.now()):
            raise ValidationError(_("This day is past. Choose today or a later one."))
        return day


class LadderRungFormSet(LabelledFormSet):
    """A ladder is whole or it is not there: a site without rungs has the one that Recall Desk comes with."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        kept = [form.cleaned_data for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        own = [LadderRung(**{name: row[name] for name in ("order", "day", "channel", "name")}) for row in kept]
        validate_ladder(build_ladder(own), self.instance.lost_after)


class OpeningHoursInline(admin.TabularInline[OpeningHours, Site]):
    model = OpeningHours
    formset = OpeningHoursFormSet
    extra = 1
    verbose_name_plural = gettext_lazy("Opening hours: a change counts from each recall's next step")


class ClosedDayInline(admin.TabularInline[Closure, Site]):
    model = Closure
    form = ClosedDayForm
    formset = LabelledFormSet
    extra = 1
    verbose_name_plural = gettext_lazy("Closed days beyond the public holidays")


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


@admin.register(Site)
class SiteAdmin(ScopedAdmin[Site]):
    site_lookup = ""
    logs_values = True
    list_display = ("name", "code", "time_zone", "phone")
    search_fields = ("name__istartswith", "code__istartswith")
    search_help_text = gettext_lazy("Beginning of a name or code")
    inlines = (OpeningHoursInline, ClosedDayInline, DeadlinePolicyInline, LadderRungInline)
    fieldsets = (
        (None, {"fields": ("code", "name", "sender_name", "contact_person", "phone")}),
        (gettext_lazy("Address"), {"fields": ("address_line", "city", "state", "postal_code")}),
        (
            gettext_lazy("Time"),
            {"fields": ("time_zone", "country", "subdivision", "send_from", "send_until")},
        ),
        (gettext_lazy("Contact"), {"fields": ("lost_after",)}),
        (
            gettext_lazy("Words of messages"),
            {"fields": ("reviewed_translations_only", "reviewed_english_only", "sends_lay_summaries")},
        ),
        (gettext_lazy("Files of results"), {"fields": ("assigning_authority", "date_order", "bare_zero")}),
    )


@admin.register(User)
class UserAdmin(ScopedAdmin[User], DjangoUserAdmin[User]):
    """Staff accounts. Nobody here can make an account more powerful than a role, or touch a superuser's."""

    site_lookup = ""
    logs_values = True
    list_display = ("username", "last_name", "first_name", "roles", "is_active", "last_login")
    list_filter = (("groups", admin.RelatedFieldListFilter), "is_active")
    search_fields = ("username__istartswith", "last_name__istartswith", "email__istartswith")
    search_help_text = gettext_lazy("Beginning of a user name, last name or email address")
    ordering = ("username",)
    filter_horizontal = ()
    formfield_overrides = {models.ManyToManyField: {"widget": CheckboxSelectMultiple}}
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (gettext_lazy("Person"), {"fields": ("first_name", "last_name", "email", "npi")}),
        (
            gettext_lazy("Work"),
            {
                "fields": ("is_active", "groups", "sites"),
                "description": gettext_lazy(
                    "The groups are the roles; the sites are those whose patients the user sees."
                ),
            },
        ),
        (gettext_lazy("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("username", "usable_password", "password1", "password2")}),
        (gettext_lazy("Work"), {"fields": ("first_name", "last_name", "groups", "sites")}),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return not above and super().has_change_permission(request, obj)

    @admin.display(description=gettext_lazy("roles"))
    def roles(self, user: User) -> str:
        names = {group.name for group in user.groups.all()}
        return ", ".join(str(role.label) for role in Role if role in STAFF_ROLES and role.value in names)


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
