"""What does the form for a clinic's own text accept? Only what may be sent, with the reason at the field."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.models import Site, User
from notifications import lint, texts
from notifications.clinic_texts import MessageText, newest_of


class TextForm(forms.ModelForm[MessageText]):
    """A new version of one text, whose name and language came with the address of the form."""

    base = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = MessageText
        fields = ("name", "language", "site", "subject", "body", "active", "reviewer", "reviewed_on")
        widgets = {
            "name": forms.HiddenInput,
            "language": forms.HiddenInput,
            "subject": forms.TextInput(attrs={"size": 80}),
            "body": forms.Textarea(attrs={"rows": 28, "cols": 90}),
        }

    viewer: User  # set by the admin for each request

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        site: Any = self.fields.get("site")
        if site is not None:
            site.queryset = Site.objects.filter(pk__in=self.viewer.site_ids)
            site.empty_label = gettext_lazy("All sites")
        if "name" in self.fields and str(self["name"].value()).startswith(texts.EXPLAINER):
            self.fields["subject"].label = gettext_lazy("Title")

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        name, language = data.get("name", ""), data.get("language", "")
        if texts.shipped(name, language) is None:
            raise ValidationError(_("There is no such text. Begin again from the list of texts."))
        if not lint.has_subject(name):
            data["subject"] = ""
        if data.get("active"):
            for objection in lint.objections(name, language, data.get("subject", ""), data.get("body", "")):
                self.add_error(objection.field, objection.words)
        self._check_review(data, newest_of(name, language, data.get("site")))
        return data

    def _check_review(self, data: dict[str, Any], newest: MessageText | None) -> None:
        """A review is of the words that were read: changed words need a new one, and both parts or none."""
        if bool(data.get("reviewer")) != bool(data.get("reviewed_on")):
            self.add_error("reviewed_on", _("Give both the reviewer and the day, or neither."))
        if newest is None:
            return
        if data.get("base") is not None and data["base"] != newest.version:
            self.add_error(None, _("Somebody saved version %(version)d meanwhile. Look at it first.") % vars(newest))
        same_words = (newest.subject, newest.body) == (data.get("subject"), data.get("body"))
        same_review = newest.reviewed_on and newest.reviewed_on == data.get("reviewed_on")
        if not same_words and same_review:
            self.add_error(
                "reviewed_on", _("The words changed since that review. Give a new one, or leave both empty.")
            )
