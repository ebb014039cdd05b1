"""Admin pages of HL7: senders with what their codes mean, receivers of status messages, and what they are owed."""

import json
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from clinic.admin_base import ReadOnlyAdmin, ReadOnlyInline, ScopedAdmin
from desk.views import current_user
from exchange.hl7.sender_forms import Hl7SenderForm
from exchange.hl7.sender_history import record_version
from exchange.models import Hl7Peer, Hl7Sender, Hl7SenderVersion, Hl7StatusMessage


class Hl7SenderVersionInline(ReadOnlyInline):
    """Earlier settings, newest first."""

    model = Hl7SenderVersion
    fields = ("number", "changed_at", "changed_by", "settings_then")

    def settings_then(self, version: Hl7SenderVersion) -> SafeString:
        words = json.dumps(version.values, indent=1, ensure_ascii=False, sort_keys=True)
        return format_html("<details><summary>{}</summary><pre>{}</pre></details>", version.number, words)

    settings_then.short_description = gettext_lazy("settings")  # type: ignore[attr-defined]


class Hl7SenderAdmin(ScopedAdmin[Hl7Sender]):
    """How the messages of each system are read."""

    form = Hl7SenderForm
    logs_values = True
    change_form_template = "exchange/hl7_sender_admin.html"
    list_display = ("name", "application", "facility", "site", "is_active")
    list_select_related = ("site",)
    inlines = (Hl7SenderVersionInline,)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(db_field, request, queryset=current_user(request).sites.all(), **kwargs)

    def save_model(self, request: HttpRequest, obj: Hl7Sender, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        record_version(obj, current_user(request))


class Hl7PeerAdmin(ScopedAdmin[Hl7Peer]):
    """Systems that are told how recalls stand."""

    logs_values = True
    list_display = ("name", "site", "host", "port", "is_active", "last_sent_at")
    list_select_related = ("site",)
    readonly_fields = ("last_sent_at",)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(db_field, request, queryset=current_user(request).sites.all(), **kwargs)

    def save_model(self, request: HttpRequest, obj: Hl7Peer, form: Any, change: bool) -> None:
        """A receiver is told what happens from now on, and not what happened while it was switched off."""
        if "is_active" in form.changed_data and obj.is_active:
            obj.planned_until = timezone.now()
        super().save_model(request, obj, form, change)


class Hl7StatusMessageAdmin(ReadOnlyAdmin[Hl7StatusMessage]):
    """What each receiver was told, and what it is still owed."""

    site_lookup = "peer__site"
    patient_path = "recall.patient_id"
    list_display = ("control_id", "peer", "kind", "state", "planned_at", "sent_at", "attempts", "answer")
    list_filter = ("state", "kind")
    list_select_related = ("peer",)
    search_fields = ("control_id__exact",)
    fields = (
        "peer", "recall", "kind", "control_id", "state", "planned_at", "not_before", "attempts", "first_failed_at",
        "may_have_arrived_twice", "answer", "sent_at",
    )  # fmt: skip
