"""Forms of the first account and of further staff."""

from typing import Any

from django import forms
from django.contrib.auth.forms import BaseUserCreationForm
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.accounts.requests import is_whole_reach
from clinic.models import Site, User
from clinic.roles import STAFF_ROLES, Role
from recalls.assignment import count_open_work
from recalls.forms.assigning import AssigneeField
from site_setup import access_code

_ROLE_CHOICES = [(role.value, role.label) for role in Role if role in STAFF_ROLES]


class FirstAccountForm(BaseUserCreationForm[User]):
    """The administrator of an empty installation, made by whoever reads the code on the terminal."""

    code = forms.CharField(
        label=gettext_lazy("Set-up code"),
        help_text=gettext_lazy("It stands on the terminal where Recall Desk was started, such as ab2cd-ef3gh-jk4mn."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
    field_order = ("code", "first_name", "last_name", "email", "username", "password1", "password2")

    class Meta:
        model = User
        fields = ("first_name", "last_name", "email", "username")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("first_name", "last_name", "email"):
            self.fields[name].required = True
        self.fields["username"].widget.attrs.pop("autofocus", None)
        self.fields["username"].help_text = gettext_lazy("With which you sign in, such as your first name.")

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        with transaction.atomic():
            is_right = access_code.is_code_right(code)
        if not is_right:
            raise forms.ValidationError(
                _("This is not the code, or it was mistyped too often. Start Recall Desk again for a new one.")
            )
        return code

    def save(self, commit: bool = True) -> User:
        with transaction.atomic():
            user = super().save(commit=False)
            user.is_staff = True
            user.save()
            user.groups.set(Group.objects.filter(name=Role.ADMINISTRATOR))
            access_code.end_code()
        return user


class LeavingForm(forms.Form):
    """To whom the open work of a person who leaves goes; nothing is asked where there is none."""

    assignee = AssigneeField(label=gettext_lazy("Their open work goes to"))

    def __init__(self, person: User, data: Any = None) -> None:
        super().__init__(data)
        field = self.fields["assignee"]
        if not any(count_open_work(person)):
            del self.fields["assignee"]
        elif isinstance(field, AssigneeField):
            field.set_sites(person.sites.all(), apart_from=person)


class StaffForm(forms.ModelForm[User]):
    """A new colleague: a role and a site are required, for without them the account opens no page."""

    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Roles"), choices=_ROLE_CHOICES, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = User
        fields = ("first_name", "last_name", "email", "username", "npi", "sites")
        widgets = {"sites": forms.CheckboxSelectMultiple}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("first_name", "last_name", "sites"):
            self.fields[name].required = True
        sites: Any = self.fields["sites"]
        sites.queryset = Site.objects.filter(pk__in=user.permanent_site_ids)
        if len(user.permanent_site_ids) == 1:
            self.initial.setdefault("sites", list(user.permanent_site_ids))
        self.fields["sites"].help_text = gettext_lazy("Whose patients they see.")
        self.fields["npi"].help_text = gettext_lazy("Radiologists: ten digits; files of results name them by it.")
        self.fields["email"].help_text = gettext_lazy("The invitation goes there. Without one you hand over the link.")
        self.fields["username"].help_text = gettext_lazy("With which they sign in, such as their first name.")

    def save(self, commit: bool = True) -> User:
        """The account without password, roles and sites: these are asked for, and confirmed."""
        user = super().save(commit=False)
        user.set_unusable_password()
        user.save()
        return user


class AccountForm(forms.Form):
    """Roles, own sites and address of a colleague, as they are to be."""

    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Roles"), choices=_ROLE_CHOICES, widget=forms.CheckboxSelectMultiple, required=False
    )
    sites = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Sites"), queryset=Site.objects.none(), widget=forms.CheckboxSelectMultiple, required=False
    )
    email = forms.EmailField(
        label=gettext_lazy("Email address"),
        required=False,
        help_text=gettext_lazy("One-time links go there, so a change waits for a second administrator too."),
    )

    def __init__(self, account: User, by: User, data: Any = None) -> None:
        self.account, self.by = account, by
        self.had_roles = {group.name for group in account.groups.all()}
        self.had_sites = {site.pk for site in account.sites.all() if site.pk in by.permanent_site_ids}
        initial = {"roles": sorted(self.had_roles), "sites": sorted(self.had_sites), "email": account.email}
        super().__init__(data, initial=initial)
        sites: Any = self.fields["sites"]
        sites.queryset = Site.objects.filter(pk__in=by.permanent_site_ids)
        if not is_whole_reach(by, account):
            for name in ("roles", "email"):
                self.fields[name].disabled = True
                self.fields[name].help_text = gettext_lazy("Works at a site that is not yours too: left as it is.")

    @property
    def added_roles(self) -> set[str]:
        return set(self.cleaned_data["roles"]) - self.had_roles

    @property
    def removed_roles(self) -> set[str]:
        return self.had_roles - set(self.cleaned_data["roles"])

    @property
    def added_sites(self) -> set[int]:
        return {site.pk for site in self.cleaned_data["sites"]} - self.had_sites

    @property
    def removed_sites(self) -> set[int]:
        return self.had_sites - {site.pk for site in self.cleaned_data["sites"]}

    @property
    def new_email(self) -> str:
        email: str = self.cleaned_data["email"]
        return email if email.lower() != self.account.email.lower() else ""
