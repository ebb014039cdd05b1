"""What may be done with many recalls at once, what does it ask for, and for whom is it refused?"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.actors import actor_for
from clinic.models import User
from recalls import actions
from recalls.actions import Asked
from recalls.forms.base import NOTE_ROWS, day_field
from recalls.models import Recall
from recalls.permissions import StepRefused, why_not
from recalls.workflow import STEP

MOST = 100


class BulkForm(forms.Form):
    """`key` makes a form sent twice act once on each recall; `seen` holds "number.version" of each recall chosen."""

    key = forms.CharField(max_length=36, widget=forms.HiddenInput)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, initial={"key": str(uuid4())})

    def take(self, recall: Recall, asked: Asked) -> None:
        raise NotImplementedError

    @staticmethod
    def refused(recall: Recall, user: User) -> str:
        """Why it makes no sense for this recall, beyond the workflow's own rules."""
        return ""


class OptionalNote(BulkForm):
    note = forms.CharField(
        label=gettext_lazy("Note"), required=False, widget=forms.Textarea(attrs={"rows": NOTE_ROWS}), max_length=300
    )


class TakeOnMany(OptionalNote):
    def take(self, recall: Recall, asked: Asked) -> None:
        actions.take_on(recall, **asked)

    @staticmethod
    def refused(recall: Recall, user: User) -> str:
        return _("It is among yours already.") if recall.assigned_to_id == user.pk else ""


class NoteMany(BulkForm):
    note = forms.CharField(label=gettext_lazy("Note"), widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))

    def take(self, recall: Recall, asked: Asked) -> None:
        actions.add_note(recall, **asked)


class LetterMany(OptionalNote):
    def take(self, recall: Recall, asked: Asked) -> None:
        actions.ask_letter(recall, **asked)

    @staticmethod
    def refused(recall: Recall, user: User) -> str:
        return actions.why_no_letter(recall)


class PleaseCallMany(OptionalNote):
    def take(self, recall: Recall, asked: Asked) -> None:
        actions.ask_please_call(recall, **asked)

    @staticmethod
    def refused(recall: Recall, user: User) -> str:
        return actions.why_no_message(recall)


class HoldMany(BulkForm):
    until = day_field(gettext_lazy("Until"))
    note = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))

    def clean_until(self) -> Any:
        until = self.cleaned_data["until"]
        # One day's grace for sites whose tomorrow has begun: the action itself knows each site's today.
        if until <= timezone.now().date() - timedelta(days=1):
            raise ValidationError(_("Choose a day after today."))
        return until

    def take(self, recall: Recall, asked: Asked) -> None:
        actions.hold(recall, self.cleaned_data["until"], **asked)


BULK: dict[str, type[BulkForm]] = {
    "take_on": TakeOnMany,
    "add_note": NoteMany,
    "ask_letter": LetterMany,
    "ask_please_call": PleaseCallMany,
    "hold": HoldMany,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One chosen recall, and the sentence that keeps it from being acted on; empty when it is."""

    recall: Recall
    refused: str


def preview(name: str, recalls: Iterable[Recall], user: User) -> list[Line]:
    """For whom it will be done and for whom not, by the same sentences as on the page of each recall."""
    actor, refused = actor_for(user), BULK[name].refused
    return [Line(each, why_not(each, STEP[name], actor) or refused(each, user)) for each in recalls]


def run(form: BulkForm, recalls: Iterable[Recall], seen: dict[int, int], user: User) -> list[Line]:
    """Each recall in a transaction of its own: what one is refused does not undo the others."""
    key, note = form.cleaned_data["key"], form.cleaned_data.get("note", "")
    return [_run_one(form.take, each, Asked(by=user, seen=seen[each.pk], key=key, note=note)) for each in recalls]


def _run_one(take: Callable[[Recall, Asked], None], recall: Recall, asked: Asked) -> Line:
    try:
        take(recall, asked)
    except StepRefused as refusal:
        return Line(recall, str(refusal))
    except ValidationError as error:
        return Line(recall, " ".join(error.messages))
    return Line(recall, "")
