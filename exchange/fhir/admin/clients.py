"""Admin pages of service clients: made with a secret that is shown once, renewed, revoked, never deleted."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import CheckboxSelectMultiple, ModelForm, ModelMultipleChoiceField, MultipleChoiceField
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.admin_base import ScopedAdmin
from clinic.models import Site, User
from desk.views import current_user
from exchange.fhir.access.clients import (
    LASTING_TOKEN_LIFETIME,
    create_client,
    issue_token,
    renew_secret,
    revoke_client,
)
from exchange.fhir.models import ServiceClient
from exchange.fhir.scopes import ALL_SCOPES


class ServiceClientForm(ModelForm[ServiceClient]):
    """What a client may do, and at which of the person's own sites."""

    scopes = MultipleChoiceField(
        label=gettext_lazy("Scopes"), choices=[(scope, scope) for scope in ALL_SCOPES], widget=CheckboxSelectMultiple
    )
    sites = ModelMultipleChoiceField(
        label=gettext_lazy("Sites"), queryset=Site.objects.none(), widget=CheckboxSelectMultiple
    )

    class Meta:
        model = ServiceClient
        fields = ("name", "scopes", "mrn_system", "requests_per_minute", "expires_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["sites"].initial = list(self.instance.account.sites.all())


@admin.register(ServiceClient)
class ServiceClientAdmin(ScopedAdmin[ServiceClient]):
    """Programs that read and write by themselves."""

    site_lookup = "account__sites"
    logs_values = True
    form = ServiceClientForm
    list_display = ("name", "site_names", "last_used_at", "expires_at", "revoked_at", "created_by")
    list_select_related = ("created_by", "account")
    fields = (
        "name", "client_id", "sites", "scopes", "mrn_system", "requests_per_minute", "expires_at", "revoked_at",
        "last_used_at", "created_at", "created_by",
    )  # fmt: skip
    readonly_fields = ("client_id", "revoked_at", "last_used_at", "created_at", "created_by")
    actions = ("renew_secrets", "issue_bearer_tokens", "revoke")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ServiceClient]:
        return super().get_queryset(request).prefetch_related("account__sites").distinct()

    def get_form(
        self, request: HttpRequest, obj: ServiceClient | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The person's own sites are offered: nobody lets a program see more than they see themselves."""
        form: Any = super().get_form(request, obj, change, **kwargs)
        if "sites" in form.base_fields:
            form.base_fields["sites"].queryset = Site.objects.filter(pk__in=current_user(request).site_ids)
        return form

    @admin.display(description=gettext_lazy("sites"))
    def site_names(self, client: ServiceClient) -> str:
        return ", ".join(site.name for site in client.account.sites.all())

    def save_model(self, request: HttpRequest, obj: ServiceClient, form: Any, change: bool) -> None:
        chosen = form.cleaned_data["sites"]
        if change:
            super().save_model(request, obj, form, change)
            elsewhere = obj.account.sites.exclude(pk__in=current_user(request).site_ids)
            obj.account.sites.set([*elsewhere, *chosen])
            User.objects.filter(pk=obj.account_id).update(first_name=obj.name)
            return
        made, secret = create_client(obj.name, chosen, obj.scopes, by=current_user(request), expires_at=obj.expires_at)
        own = {"requests_per_minute": obj.requests_per_minute, "mrn_system": obj.mrn_system}
        ServiceClient.objects.filter(pk=made.pk).update(**own)
        obj.__dict__.update(made.__dict__)
        request.META["fhir.secrets"] = [(made, secret)]

    def response_add(
        self, request: HttpRequest, obj: ServiceClient, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._show_secrets(request, request.META.pop("fhir.secrets"))

    @admin.action(description=gettext_lazy("Give a new secret: the old one and all tokens end"), permissions=["change"])
    def renew_secrets(self, request: HttpRequest, queryset: QuerySet[ServiceClient]) -> HttpResponse:
        return self._show_secrets(request, [(client, renew_secret(client)) for client in self._log(request, queryset)])

    @admin.action(description=gettext_lazy("Give a bearer token for a year"), permissions=["change"])
    def issue_bearer_tokens(self, request: HttpRequest, queryset: QuerySet[ServiceClient]) -> HttpResponse:
        person = current_user(request)
        clients = self._log(request, queryset.filter(revoked_at=None))
        given = [(one, issue_token(one, by=person, lifetime=LASTING_TOKEN_LIFETIME)[1]) for one in clients]
        return self._show_secrets(request, given)

    @admin.action(description=gettext_lazy("Revoke: it cannot come in any more"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ServiceClient]) -> None:
        for client in self._log(request, queryset):
            revoke_client(client)
        self.message_user(request, _("Revoked."), messages.SUCCESS)

    def _log(self, request: HttpRequest, queryset: QuerySet[ServiceClient]) -> list[ServiceClient]:
        """The clients, with a line of the admin's log for each: which action it was, never a secret."""
        clients = list(queryset.select_related("account"))
        for client in clients:
            self.log_change(request, client, str(request.POST.get("action", "")))
        return clients

    def _show_secrets(self, request: HttpRequest, given: list[tuple[ServiceClient, str]]) -> HttpResponse:
        """In the answer itself: a redirect would have to keep them somewhere."""
        context = {**self.admin_site.each_context(request), "title": _("Write it down now"), "given": given}
        return TemplateResponse(request, "fhir/secrets.html", context)
