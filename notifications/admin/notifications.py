"""Admin pages of notifications and delivery attempts, read-only, and the switch that freezes sending."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from clinic.admin_base import ReadOnlyInline, ScopedAdmin
from notifications.delivery import restore_guard
from notifications.enums import NotificationState
from notifications.models import DeliveryAttempt, DeliveryReport, Notification, SendingState
from recalls.admin.recalls import RecallRelatedAdmin


class NotificationDueFilter(admin.SimpleListFilter):
    """Filters planned notifications by when they are due."""

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


class AttemptInline(ReadOnlyInline):
    model = DeliveryAttempt
    fields = ("number", "at", "channel", "result", "smtp_code", "detail")


class DeliveryReportInline(ReadOnlyInline):
    model = DeliveryReport
    fields = ("at", "result", "detail")


@admin.register(Notification)
class NotificationAdmin(RecallRelatedAdmin[Notification]):
    """Notifications with their attempts and reports, read-only."""

    list_display = (
        "__str__",
        "recall_link",
        "channel",
        "due_at",
        "state",
        "reason_label",
        "attempt_count",
        "accepted_at",
    )
    list_filter = ("state", NotificationDueFilter, "kind", "channel", "may_have_arrived_twice")
    list_select_related = ("recall",)
    readonly_fields = ("public_id", "message_id", "lease_until")
    inlines = (AttemptInline, DeliveryReportInline)

    @admin.display(description=_("recall"))
    def recall_link(self, row: Notification) -> str:
        return format_html('<a href="{}">{}</a>', reverse("recall", args=[row.recall_id]), row.recall)

    @admin.display(description=_("why"))
    def reason_label(self, row: Notification) -> str:
        return str(row.get_reason_display())


@admin.register(DeliveryAttempt)
class DeliveryAttemptAdmin(RecallRelatedAdmin[DeliveryAttempt]):
    """Delivery attempts, read-only."""

    site_lookup = "notification__recall__site"
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


class SendingForm(forms.ModelForm[SendingState]):
    """Whether messages may be sent; saved through `restore_guard`, which records who decided."""

    may_leave = forms.BooleanField(
        required=False,
        label=_("Messages may leave"),
        help_text=_(
            "After a restore, first enter what happened since the copy was made: messages that left meanwhile and are "
            "still true leave once more, under the same Message-ID."
        ),
    )

    class Meta:
        model = SendingState
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["may_leave"].initial = self.instance.frozen_at is None


@admin.register(SendingState)
class SendingAdmin(ScopedAdmin[SendingState]):
    """The only row; whoever may change it freezes sending or lets messages be sent again."""

    site_lookup = ""
    form = SendingForm
    list_display = ("__str__", "frozen_at", "freeze_reason", "changed_at", "changed_by")
    list_select_related = ("changed_by",)
    fields = ("may_leave", "frozen_at", "freeze_reason", "changed_at", "changed_by")
    readonly_fields = ("frozen_at", "freeze_reason", "changed_at", "changed_by")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: SendingState, form: Any, change: bool) -> None:
        user: Any = request.user
        (restore_guard.unfreeze_sending if form.cleaned_data["may_leave"] else restore_guard.freeze_sending)(by=user)
