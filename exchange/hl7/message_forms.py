"""Forms of the pages of HL7 messages."""

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.models import User
from exchange.models import Hl7Message, Hl7Sender

MAX_TRIAL_BYTES = 2 * 1024 * 1024


class MessageFilterForm(forms.Form):
    """Narrows the list by what names no patient."""

    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("all")), *Hl7Message.State.choices])
    sender = forms.ModelChoiceField(Hl7Sender.objects.none(), label=_("Sender"), required=False, empty_label=_("all"))
    type = forms.CharField(label=_("Type, such as ORU or SIU^S12"), required=False, max_length=30)

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            is_choice = isinstance(field, forms.ChoiceField)
            field.widget.attrs["class"] = "form-select" if is_choice else "form-control"
        self.fields["sender"].queryset = Hl7Sender.objects.filter(site__in=user.site_ids)  # type: ignore[attr-defined]

    def narrow(self, rows: QuerySet[Hl7Message]) -> QuerySet[Hl7Message]:
        if state := self.cleaned_data["state"]:
            rows = rows.filter(state=state)
        if sender := self.cleaned_data["sender"]:
            rows = rows.filter(sender=sender)
        if kind := self.cleaned_data["type"].strip().upper():
            rows = rows.filter(Q(message_type=kind) | Q(message_type__startswith=f"{kind}^"))
        return rows


class MessageForm(forms.Form):
    """The text of a message to be mended, and the reason to dismiss it."""

    text = forms.CharField(
        label=_("The message, a segment a line"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false", "class": "font-monospace"}),
    )
    note = forms.CharField(label=_("Reason to dismiss"), required=False, widget=forms.Textarea(attrs={"rows": 3}))


class TrialForm(forms.Form):
    """Messages, pasted or as a file."""

    file = forms.FileField(label=_("A file of messages"), required=False)
    text = forms.CharField(
        label=_("Or paste them"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false", "class": "font-monospace"}),
    )

    def clean(self) -> dict[str, object]:
        given = super().clean() or {}
        if not given.get("file") and not given.get("text"):
            raise forms.ValidationError(gettext("Choose a file or paste messages."))
        file = given.get("file")
        if file and file.size > MAX_TRIAL_BYTES:
            self.add_error("file", gettext("The file is too long to be tried here. Use ingest_hl7 --dry-run."))
        return given
