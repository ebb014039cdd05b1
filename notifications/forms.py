"""What does a person say when she stops or sends a message? Why, on a form that acts once."""

from typing import Self

from recalls.actions import Asked
from recalls.forms.base import ReasonForm
from recalls.models import Recall


class ByHandForm(ReasonForm):
    """The reason stands in the recall's story."""

    def asked(self) -> Asked:
        cleaned = self.cleaned_data
        return Asked(by=self.user, seen=cleaned["version"], key=cleaned["key"], note=self.noted())

    def on(self, recall: Recall) -> Self:
        """The same words on a form for the recall as it stands now."""
        fresh = type(self)(recall, self.user).initial
        form = type(self)(recall, self.user, {**fresh, "note": self.noted()})
        form.is_valid()
        return form
