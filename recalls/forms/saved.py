"""Form that saves the filters of a queue page under a name."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.models import User
from recalls.enums import OPEN_STATES
from recalls.models import SavedView

MAX_SAVED_VIEWS = 20


class SavedViewForm(forms.Form):
    """`query` is the query string that the queue page wrote."""

    name = forms.CharField(label=gettext_lazy("Name of this view"), max_length=60)
    state = forms.ChoiceField(choices=[(state.value, state.label) for state in OPEN_STATES], widget=forms.HiddenInput)
    query = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)

    def __init__(self, user: User, data: Any) -> None:
        self.user = user
        super().__init__(data)

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        names = set(self.user.saved_views.values_list("name", flat=True))
        if name in names:
            raise ValidationError(_("You have a view of this name already. Choose another one."))
        if len(names) >= MAX_SAVED_VIEWS:
            raise ValidationError(_("You have twenty views. Delete one first."))
        return name

    def save(self) -> SavedView:
        words = self.cleaned_data
        return SavedView.objects.create(user=self.user, name=words["name"], state=words["state"], query=words["query"])
