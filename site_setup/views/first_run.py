"""Pages without a sign-in: the first account of an empty installation, and a colleague's invitation."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from clinic.accounts.link_views import ChooseByLinkView
from clinic.accounts.sign_in import sign_in
from site_setup.access_code import is_installation_empty
from site_setup.forms.accounts import FirstAccountForm


@method_decorator([login_not_required, never_cache, sensitive_post_parameters()], name="dispatch")
class FirstAccountView(View):
    """Open only while there is no account, and only to who knows the code; afterwards it leads to signing in."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not is_installation_empty():
            return redirect("home")
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "site_setup/first_account.html", {"form": FirstAccountForm()})

    def post(self, request: HttpRequest) -> HttpResponse:
        form = FirstAccountForm(request.POST)
        if not form.is_valid():
            return render(request, "site_setup/first_account.html", {"form": form})
        return sign_in(request, form.save(), reverse("setup"))


class InvitationView(ChooseByLinkView):
    """A new colleague's link, or one that two administrators had sent; it lasts three days."""

    template_name = "site_setup/invitation.html"
