"""Steps on many recalls at once: the form of each, for whom it is refused, and how it is carried out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import calendar
from clinic.actors import actor_for
from clinic.models import User
from recalls import actions
from recalls.actions import ActionKwargs, get_action
from recalls.actions.closing import HOLD_DAYS_ALONE
from recalls.forms.base import NOTE_ROWS, date_field
from recalls.models import Recall
from recalls.permissions import StepRefused, StepUnavailable, is_at_risk, step_blocked_reason
from recalls.workflow import Step

MAX_BULK_RECALLS = 100


class BulkForm(forms.Form):
    """`key` makes a form sent twice act once on each recall; `seen` holds "number.version" of each recall chosen."""

    key = forms.CharField(max_length=36, widget=forms.HiddenInput)

    def __init__(self, step: Step, user: User, data: Any = None) -> None:
        self.step, self.user = step, user
        super().__init__(data, initial={"key": str(uuid4())})

    def perform(self, recall: Recall, kwargs: ActionKwargs) -> None:
        """Call the action of the step's own name."""
        get_action(self.step.name)(recall, **kwargs)

    @staticmethod
    def refusal_reason(recall: Recall, user: User) -> str:
        """Why the step is of no use for this recall, beyond the workflow's own rules; empty when it is."""
        return ""

    @staticmethod
    def remark(recall: Recall) -> str:
        """What is to be known of this recall before it is done, beside its name; empty for most."""
        return ""


class BulkNoteForm(BulkForm):
    note = forms.CharField(
        label=gettext_lazy("Note"), required=False, widget=forms.Textarea(attrs={"rows": NOTE_ROWS}), max_length=300
    )


class BulkTakeOnForm(BulkNoteForm):
    @staticmethod
    def refusal_reason(recall: Recall, user: User) -> str:
        return _("It is among yours already.") if recall.assigned_to_id == user.pk else ""


class BulkAddNoteForm(BulkForm):
    note = forms.CharField(label=gettext_lazy("Note"), widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))


class BulkLetterForm(BulkNoteForm):
    @staticmethod
    def refusal_reason(recall: Recall, user: User) -> str:
        return actions.letter_blocked_reason(recall)


class BulkPleaseCallForm(BulkNoteForm):
    @staticmethod
    def refusal_reason(recall: Recall, user: User) -> str:
        return actions.message_blocked_reason(recall)


class BulkHoldForm(BulkForm):
    until = date_field(gettext_lazy("Until"))
    note = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": NOTE_ROWS}))

    def clean_until(self) -> Any:
        until = self.cleaned_data["until"]
        # The sites of the chosen recalls may lie in several zones: the action itself knows each site's today.
        if until <= calendar.earliest_today():
            raise ValidationError(_("Choose a day after today."))
        return until

    @staticmethod
    def remark(recall: Recall) -> str:
        if not is_at_risk(recall):
            return ""
        words = _("for more than %(days)d days a second person must sign: it is then left out here")
        return words % {"days": HOLD_DAYS_ALONE}

    def perform(self, recall: Recall, kwargs: ActionKwargs) -> None:
        until = self.cleaned_data["until"]
        is_long = (until - calendar.today(recall.site)).days > HOLD_DAYS_ALONE
        if is_long and is_at_risk(recall):
            words = _("A hold of more than %(days)d days needs a second person here: ask for it on the recall's page.")
            raise StepUnavailable(words % {"days": HOLD_DAYS_ALONE})
        actions.hold(recall, until, **kwargs)


@dataclass(frozen=True, slots=True)
class BulkActionResult:
    """One chosen recall, the sentence that keeps it from being acted on (empty when it is), and a remark about it."""

    recall: Recall
    refusal_reason: str
    remark: str = ""


def preview_bulk_action(form: BulkForm, recalls: Iterable[Recall], user: User) -> list[BulkActionResult]:
    """For whom it will be done and for whom not, with the sentences of each recall's own page; writes nothing."""
    actor = actor_for(user)
    return [
        BulkActionResult(
            each, step_blocked_reason(each, form.step, actor) or form.refusal_reason(each, user), form.remark(each)
        )
        for each in recalls
    ]


def run_bulk_action(
    form: BulkForm, recalls: Iterable[Recall], seen: dict[int, int], user: User
) -> list[BulkActionResult]:
    """Each recall in a transaction of its own: what one is refused does not undo the others."""
    key, note = form.cleaned_data["key"], form.cleaned_data.get("note", "")
    return [
        _apply_to_recall(form.perform, each, ActionKwargs(by=user, seen=seen[each.pk], key=key, note=note))
        for each in recalls
    ]


def _apply_to_recall(
    perform: Callable[[Recall, ActionKwargs], None], recall: Recall, kwargs: ActionKwargs
) -> BulkActionResult:
    try:
        perform(recall, kwargs)
    except StepRefused as refusal:
        return BulkActionResult(recall, str(refusal))
    except ValidationError as error:
        return BulkActionResult(recall, " ".join(error.messages))
    return BulkActionResult(recall, "")
