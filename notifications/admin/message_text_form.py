"""Form of the admin for a new version of a clinic's own text, which accepts only what may be sent."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.models import Site, User
from notifications.content import loader
from notifications.models.message_text import MessageText, get_newest_version
from notifications.rendering import template_validation


class MessageTextForm(forms.ModelForm[MessageText]):
    """A new version of one text; its name and language come from the query string of the form."""

    base_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = MessageText
        fields = ("name", "language", "site", "subject", "body", "active", "reviewer", "reviewed_on")
        widgets = {
            "name": forms.HiddenInput,
            "language": forms.HiddenInput,
            "subject": forms.TextInput(attrs={"size": 80}),
            "body": forms.Textarea(attrs={"rows": 28, "cols": 90}),
        }

    user: User  # set by the admin for each request

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        site: Any = self.fields.get("site")
        if site is not None:
            site.queryset = Site.objects.filter(pk__in=self.user.site_ids)
            # Words for all sites are changed by whoever works at all of them.
            site.required = Site.objects.exclude(pk__in=self.user.site_ids).exists()
            site.empty_label = None if site.required else gettext_lazy("All sites")
        if "name" in self.fields and str(self["name"].value()).startswith(loader.EXPLAINER_PREFIX):
            self.fields["subject"].label = gettext_lazy("Title")

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        name, language = data.get("name", ""), data.get("language", "")
        if loader.get_shipped_text(name, language) is None:
            raise ValidationError(_("There is no such text. Begin again from the list of texts."))
        if not template_validation.has_subject(name):
            data["subject"] = ""
        if data.get("active"):
            for problem in template_validation.validate_text(
                name, language, data.get("subject", ""), data.get("body", "")
            ):
                self.add_error(problem.field, problem.message)
        self._check_review(data, get_newest_version(name, language, data.get("site")))
        return data

    def _check_review(self, data: dict[str, Any], newest: MessageText | None) -> None:
        """A review covers the words as they were read: changed words need a new one, with both reviewer and day."""
        if bool(data.get("reviewer")) != bool(data.get("reviewed_on")):
            self.add_error("reviewed_on", _("Give both the reviewer and the day, or neither."))
        if newest is None:
            return
        if data.get("base_version") is not None and data["base_version"] != newest.version:
            self.add_error(None, _("Somebody saved version %(version)d meanwhile. Look at it first.") % vars(newest))
        same_words = (newest.subject, newest.body) == (data.get("subject"), data.get("body"))
        same_review = newest.reviewed_on and newest.reviewed_on == data.get("reviewed_on")
        if not same_words and same_review:
            self.add_error(
                "reviewed_on", _("The words changed since that review. Give a new one, or leave both empty.")
            )
