"""Admin pages of rooms with their weekly hours, and of visit lengths."""

from itertools import pairwise
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.admin_base import LabelledFormSet, M, OwnSiteFilter, ScopedAdmin
from clinic.models import OpeningHours, Site
from recalls.models import Room, RoomHours, VisitLength


class OwnSiteAdmin(ScopedAdmin[M]):
    """Rows that name a site: only the person's own can be chosen, and it stays what it was."""

    logs_values = True
    list_filter = (OwnSiteFilter,)
    list_select_related = ("site",)

    def formfield_for_foreignkey(self, db_field: "ForeignKey[Any, Any]", request: Any, **kwargs: Any) -> Any:
        if db_field.name == "site":
            kwargs["queryset"] = Site.objects.filter(pk__in=request.user.site_ids)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: M | None = None) -> Any:
        return ("site",) if obj is not None else ()


class RoomHoursFormSet(LabelledFormSet):
    """Stretches of one weekday must not overlap: a time would be offered twice."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        kept = [form.cleaned_data for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        for earlier, later in pairwise(sorted(kept, key=lambda hours: (hours["weekday"], hours["opens"]))):
            if earlier["weekday"] == later["weekday"] and later["opens"] < earlier["closes"]:
                day = OpeningHours.Weekday(later["weekday"]).label
                raise ValidationError(_("Two stretches overlap on %(day)s.") % {"day": day})


class RoomHoursInline(admin.TabularInline[RoomHours, Room]):
    model = RoomHours
    formset = RoomHoursFormSet
    extra = 5
    verbose_name_plural = gettext_lazy("Staffed hours: what is booked already stays booked")


@admin.register(Room)
class RoomAdmin(OwnSiteAdmin[Room]):
    list_display = ("name", "site", "modality", "grid_minutes", "in_use")
    ordering = ("site", "name")
    inlines = (RoomHoursInline,)


@admin.register(VisitLength)
class VisitLengthAdmin(OwnSiteAdmin[VisitLength]):
    """A kind of visit without a row here has the length that Recall Desk comes with."""

    list_display = ("site", "what", "minutes")
    ordering = ("site", "what")
