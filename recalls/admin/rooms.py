"""Admin pages of rooms with their weekly hours, stops of mobile units, visit lengths, and how a site offers times."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import ForeignKey
from django.http import HttpRequest

from clinic.admin_base import M, OwnSiteFilter, ReadOnlyAdmin, ReadOnlyInline, ScopedAdmin
from clinic.models import Site
from recalls.models import LanePolicy, ReminderCallPolicy, Room, RoomHours, RoomStop, SlotPolicy, VisitLength
from recalls.scheduling.mobile_stops import booked_reason, closed_day_reason, not_mobile_reason


class OwnSiteAdmin(ScopedAdmin[M]):
    """Rows that name a site: only the person's own can be chosen, and it stays what it was."""

    logs_values = True
    list_filter: ClassVar[tuple[Any, ...]] = (OwnSiteFilter,)
    list_select_related = ("site",)

    def formfield_for_foreignkey(self, db_field: "ForeignKey[Any, Any]", request: Any, **kwargs: Any) -> Any:
        if db_field.name == "site":
            kwargs["queryset"] = Site.objects.filter(pk__in=request.user.site_ids)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: M | None = None) -> Any:
        return ("site",) if obj is not None else ()

    def get_fields(self, request: HttpRequest, obj: M | None = None) -> Any:
        """Whose it is stands first, also where it cannot be changed."""
        return ["site", *(name for name in super().get_fields(request, obj) if name != "site")]


class RoomHoursInline(ReadOnlyInline):
    model = RoomHours
    fields = ("weekday", "opens", "closes")


@admin.register(Room)
class RoomAdmin(ReadOnlyAdmin[Room]):
    """Rooms are changed under Set-up, which shows first whose visit a change touches."""

    list_display = ("name", "site", "modality", "grid_minutes", "is_mobile", "in_use")
    list_filter = (OwnSiteFilter,)
    list_select_related = ("site",)
    ordering = ("site", "name")
    inlines = (RoomHoursInline,)


class RoomStopForm(forms.ModelForm[RoomStop]):
    """A stop lies on a day the site is open, and stays what it was while patients are booked for it."""

    class Meta:
        model = RoomStop
        fields = ("room", "day", "opens", "closes", "place", "address_line", "city")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        room, day = cleaned.get("room"), cleaned.get("day")
        if room and day and (shut := closed_day_reason(room, day)):
            self.add_error("day", shut)
        if room and (fixed := not_mobile_reason(room)):
            self.add_error("room", fixed)
        if self.has_changed() and (booked := booked_reason(self.instance)):
            self.add_error(None, booked)
        return cleaned


@admin.register(RoomStop)
class RoomStopAdmin(ScopedAdmin[RoomStop]):
    """Where a mobile unit stands on which day; a room without weekly hours that gets a stop is a mobile unit."""

    form = RoomStopForm
    site_lookup = "room__site"
    logs_values = True
    list_display = ("day", "room", "opens", "closes", "place", "address_line", "city")
    list_select_related = ("room",)
    ordering = ("-day", "room")

    def formfield_for_foreignkey(self, db_field: "ForeignKey[Any, Any]", request: Any, **kwargs: Any) -> Any:
        if db_field.name == "room":
            kwargs["queryset"] = Room.objects.filter(site__in=request.user.site_ids, in_use=True).select_related("site")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: RoomStop, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        Room.objects.filter(pk=obj.room_id).update(is_mobile=True)


@admin.register(VisitLength)
class VisitLengthAdmin(OwnSiteAdmin[VisitLength]):
    """A kind of visit without a row here has the length that Recall Desk comes with."""

    list_display = ("site", "what", "minutes")
    ordering = ("site", "what")


@admin.register(SlotPolicy)
class SlotPolicyAdmin(OwnSiteAdmin[SlotPolicy]):
    """A site without a row here offers no time by itself."""

    list_display = (
        "site",
        "holds_slots",
        "holds_since",
        "hold_days",
        "letter_days",
        "notice_hours",
        "silence",
        "self_booking",
        "offers_earlier",
        "offers_never_booked",
    )
    ordering = ("site",)


@admin.register(LanePolicy)
class LanePolicyAdmin(OwnSiteAdmin[LanePolicy]):
    """A site without a row here keeps no times for the day of the screening."""

    list_display = ("site", "is_on", "least_places", "most_places", "minutes", "release_at", "waits_minutes")
    ordering = ("site",)


@admin.register(ReminderCallPolicy)
class ReminderCallPolicyAdmin(OwnSiteAdmin[ReminderCallPolicy]):
    """A site without a row here calls nobody by an estimate."""

    list_display = ("site", "is_on", "calls_a_day", "days_ahead", "least_visits")
    ordering = ("site",)
