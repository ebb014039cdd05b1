"""What does a person say who stops or sends a message? Why, on a form that acts once."""

from typing import Any, Self

from clinic.models import User
from recalls.actions import ActionKwargs
from recalls.forms.base import ReasonForm
from recalls.models import Recall
from recalls.workflow import STEPS_BY_NAME


class ManualMessageForm(ReasonForm):
    """The reason stands in the recall's story."""

    def __init__(self, recall: Recall, user: User, data: Any = None) -> None:
        super().__init__(STEPS_BY_NAME["message_by_hand"], recall, user, data)

    def get_action_kwargs(self) -> ActionKwargs:
        cleaned = self.cleaned_data
        return ActionKwargs(by=self.user, seen=cleaned["version"], key=cleaned["key"], note=self.get_note())

    def rebind(self, recall: Recall) -> Self:
        """The same words on a form for the recall as it stands now."""
        fresh = type(self)(recall, self.user).initial
        form = type(self)(recall, self.user, {**fresh, "note": self.get_note()})
        form.is_valid()
        return form
