"""How does an administrator look through messages and their tries? All is shown, nothing is changed by hand."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from clinic.admin_base import ShownRows
from notifications.kinds import NotificationState
from notifications.models import DeliveryAttempt, Notification
from notifications.text_admin import MessageTextAdmin
from recalls.admin import OfRecallAdmin

__all__ = ["DeliveryAttemptAdmin", "MessageTextAdmin", "NotificationAdmin"]


class DueFilter(admin.SimpleListFilter):
    title = _("due")
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("overdue", _("Overdue")), ("later", _("Later")), ("retry", _("Tried, to be tried again"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Notification]) -> QuerySet[Notification]:
        waiting = queryset.filter(state=NotificationState.PLANNED)
        if self.value() == "overdue":
            return waiting.filter(not_before__lte=timezone.now())
        if self.value() == "later":
            return waiting.filter(not_before__gt=timezone.now())
        return waiting.filter(first_failed_at__isnull=False) if self.value() == "retry" else queryset


class Tries(ShownRows):
    model = DeliveryAttempt
    fields = ("number", "at", "result", "smtp_code", "detail")


@admin.register(Notification)
class NotificationAdmin(OfRecallAdmin[Notification]):
    list_display = ("__str__", "of_recall", "channel", "due_at", "state", "why", "attempt_count", "accepted_at")
    list_filter = ("state", DueFilter, "kind", "channel", "may_have_arrived_twice")
    list_select_related = ("recall",)
    readonly_fields = ("public_id", "message_id", "lease_until")
    inlines = (Tries,)

    @admin.display(description=_("recall"))
    def of_recall(self, row: Notification) -> str:
        return format_html('<a href="{}">{}</a>', reverse("recall", args=[row.recall_id]), row.recall)

    @admin.display(description=_("why"))
    def why(self, row: Notification) -> str:
        return str(row.get_reason_display())


@admin.register(DeliveryAttempt)
class DeliveryAttemptAdmin(OfRecallAdmin[DeliveryAttempt]):
    site_path = "notification__recall__site"
    patient_path = "notification.patient_id"
    search_fields = ("notification__recall__exam__accession",)
    list_display = ("at", "notification", "number", "result", "smtp_code", "detail")
    list_filter = ("result",)
    list_select_related = ("notification",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[DeliveryAttempt], search_term: str
    ) -> tuple[QuerySet[DeliveryAttempt], bool]:
        rows, _more = NotificationAdmin(Notification, self.admin_site).get_search_results(
            request, Notification.objects.all(), search_term
        )
        return (queryset.filter(notification__in=rows) if search_term else queryset), False
