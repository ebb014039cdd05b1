"""Admin pages of webhooks: where they lead, the key that signs them, and what became of each message."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import CheckboxSelectMultiple, ModelForm, MultipleChoiceField
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.admin_base import ReadOnlyAdmin, ScopedAdmin
from desk.views import current_user
from exchange.fhir.models import ServiceClient, WebhookDelivery, WebhookSubscription
from exchange.fhir.models.webhooks import WebhookKind
from exchange.fhir.webhooks.delivery import send_again
from exchange.fhir.webhooks.signing import get_secret


class WebhookSubscriptionForm(ModelForm[WebhookSubscription]):
    kinds = MultipleChoiceField(
        label=gettext_lazy("Is told of"), choices=WebhookKind.choices, widget=CheckboxSelectMultiple
    )

    class Meta:
        model = WebhookSubscription
        fields = ("client", "url", "kinds", "active")


@admin.register(WebhookSubscription)
class WebhookSubscriptionAdmin(ScopedAdmin[WebhookSubscription]):
    """Addresses that are told when a recall moves; they learn its number and nothing of the patient."""

    site_lookup = "client__account__sites"
    logs_values = True
    form = WebhookSubscriptionForm
    list_display = ("client", "url", "active", "created_by")
    list_select_related = ("client", "created_by")
    fields = ("client", "url", "kinds", "active", "created_at", "created_by")
    readonly_fields = ("created_at", "created_by")
    actions = ("show_secrets",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookSubscription]:
        return super().get_queryset(request).distinct()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        clients = ServiceClient.objects.filter(account__sites__in=current_user(request).site_ids, revoked_at=None)
        return super().formfield_for_foreignkey(db_field, request, queryset=clients.distinct(), **kwargs)

    def save_model(self, request: HttpRequest, obj: WebhookSubscription, form: Any, change: bool) -> None:
        obj.created_by = obj.created_by or current_user(request)
        super().save_model(request, obj, form, change)

    @admin.action(description=gettext_lazy("Show the key that signs the messages"), permissions=["change"])
    def show_secrets(self, request: HttpRequest, queryset: QuerySet[WebhookSubscription]) -> HttpResponse:
        chosen = list(queryset.select_related("client"))
        for one in chosen:
            self.log_change(request, one, "show_secrets")
        given = [(one.client, get_secret(one)) for one in chosen]
        context = {**self.admin_site.each_context(request), "title": _("Write it down now"), "given": given}
        return TemplateResponse(request, "fhir/secrets.html", context)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin[WebhookDelivery]):
    """What was told to whom; a message that was given up can be sent again."""

    site_lookup = "event__recall__site"
    patient_path = "event.recall.patient_id"
    list_display = ("created_at", "subscription", "kind", "state", "attempts", "last_answer", "not_before")
    list_filter = ("state",)
    list_select_related = ("subscription",)
    fields = ("subscription", "kind", "public_id", "state", "attempts", "last_answer", "not_before", "delivered_at")
    actions = ("send_again",)

    @admin.action(description=gettext_lazy("Send again"), permissions=["change_webhooks"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> None:
        count = send_again(list(queryset))
        self.message_user(request, _("%(count)d are sent again.") % {"count": count}, messages.SUCCESS)

    def has_change_webhooks_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("fhir.change_webhooksubscription")
