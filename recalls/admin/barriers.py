"""Admin pages of the help of a site against barriers, and of how many cases a navigator may have."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin

from recalls.admin.rooms import OwnSiteAdmin
from recalls.models import BarrierResource, NavigationPolicy


class BarrierResourceForm(forms.ModelForm[BarrierResource]):
    """Changed words are reviewed anew: with them the review goes, unless a new one is given."""

    SAID: ClassVar = frozenset({"kind", "language", "text", "phone", "link"})

    class Meta:
        model = BarrierResource
        fields = ("site", "kind", "language", "text", "phone", "link", "reviewer", "reviewed_on", "in_use")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance.pk and self.SAID & set(self.changed_data) and "reviewed_on" not in self.changed_data:
            cleaned |= {"reviewer": "", "reviewed_on": None}
        return cleaned


@admin.register(BarrierResource)
class BarrierResourceAdmin(OwnSiteAdmin[BarrierResource]):
    """What callers say and patients see where something is in the way; only what is reviewed and in use."""

    form = BarrierResourceForm
    list_display = ("site", "kind", "language", "text", "phone", "reviewer", "reviewed_on", "in_use")
    list_filter = (*OwnSiteAdmin.list_filter, "kind", "language", "in_use")
    ordering = ("site", "kind", "language")


@admin.register(NavigationPolicy)
class NavigationPolicyAdmin(OwnSiteAdmin[NavigationPolicy]):
    """A site without a row here allows 25 open cases to each navigator."""

    list_display = ("site", "most_cases")
    ordering = ("site",)
