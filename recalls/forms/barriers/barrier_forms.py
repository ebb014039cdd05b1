"""Forms that note what is in the way of a visit, and the help with it."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from recalls import actions
from recalls.actions import ActionKwargs, HelpInput, StatedBarriers
from recalls.enums import WorkItemKind
from recalls.enums.barriers import BARRIER_ENDS_TO_CHOOSE, BarrierKind, BarrierSource
from recalls.forms.base import StepForm, choices_in_columns
from recalls.models import Barrier, BarrierResource, Recall, RecallEvent, WorkItem
from recalls.selectors.barriers import resources_for

# The page and the text message say so by themselves.
_SAID_TO_STAFF = tuple(source for source in BarrierSource if source not in (BarrierSource.PAGE, BarrierSource.TEXT))


class StateBarrierForm(StepForm):
    """What is in the way, who said it, and in which words."""

    kinds = forms.MultipleChoiceField(
        label=_("What is in the way?"), choices=BarrierKind.choices, widget=forms.CheckboxSelectMultiple
    )
    source = forms.ChoiceField(
        label=_("Who said it?"),
        choices=[(source.value, source.label) for source in _SAID_TO_STAFF],
        initial=BarrierSource.CALL,
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label=_("In their words"), required=False, max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )

    def get_layout(self) -> list[Any]:
        return [choices_in_columns("kinds"), choices_in_columns("source"), "words"]

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        cleaned = self.cleaned_data
        kinds = tuple(BarrierKind(kind) for kind in cleaned["kinds"])
        return actions.state_barrier(
            self.recall, StatedBarriers(kinds, BarrierSource(cleaned["source"]), cleaned["words"].strip()), **kwargs
        )


class HelpForm(StepForm):
    """Which barrier, what was offered of the site's list or in words, and what came of it."""

    barrier = forms.TypedChoiceField(label=_("What is in the way"), coerce=int, widget=forms.RadioSelect)
    resource = forms.ChoiceField(label=_("Help of this site"), required=False, widget=forms.RadioSelect)
    offered = forms.CharField(
        label=_("What was offered"),
        required=False,
        max_length=300,
        help_text=_("Such as: taxi ordered for Tuesday 9:30."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    outcome = forms.ChoiceField(label=_("What came of it"), required=False, widget=forms.RadioSelect)

    def init_fields(self) -> None:
        unsettled = [barrier for barrier in self.recall.barriers.all() if barrier.is_unsettled]
        self.resources = _resources(self.recall, unsettled)
        self.fields["barrier"].choices = [(row.pk, row.get_kind_display()) for row in unsettled]  # type: ignore[attr-defined]
        self.fields["resource"].choices = [  # type: ignore[attr-defined]
            ("", _("none of these")),
            *((str(one.pk), f"{one.get_kind_display()}: {one.text}") for one in self.resources.values()),
        ]
        self.fields["outcome"].choices = [  # type: ignore[attr-defined]
            ("", _("Still there: the help goes on")),
            *((end.value, end.label) for end in BARRIER_ENDS_TO_CHOOSE),
        ]
        asked = self.asked.get("barrier", "") if self.asked else ""
        numbers = {str(row.pk): row.pk for row in unsettled}
        self.initial["barrier"] = numbers.get(asked, unsettled[0].pk if unsettled else None)
        self.initial.setdefault("resource", "")
        self.initial.setdefault("outcome", "")
        if not self.resources:
            del self.fields["resource"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        chosen = self.resources.get(cleaned.get("resource", ""))
        kinds = {barrier.pk: barrier.kind for barrier in self.recall.barriers.all()}
        if chosen is not None and kinds.get(cleaned.get("barrier")) != chosen.kind:
            self.add_error("resource", _("This helps with something else that is in the way."))
        return cleaned

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        cleaned = self.cleaned_data
        given = HelpInput(
            barrier=cleaned["barrier"],
            resource=self.resources.get(cleaned.get("resource", "")),
            offered=cleaned["offered"],
            outcome=cleaned["outcome"],
        )
        return actions.help_with_barrier(self.recall, given, **kwargs)

    def settles_task(self, task: WorkItem) -> bool:
        """The task to help is done by the action, with the last barrier."""
        return task.kind != WorkItemKind.BARRIER and bool(self.cleaned_data["outcome"])

    def describe_saved(self) -> str:
        outcome = self.cleaned_data["outcome"]
        if not outcome:
            return gettext("The help is noted; the task stays open.")
        label = dict(self.fields["outcome"].choices)[outcome]  # type: ignore[attr-defined]
        return gettext("The barrier is closed: %(outcome)s.") % {"outcome": label}


def _resources(recall: Recall, unsettled: list[Barrier]) -> dict[str, BarrierResource]:
    """By number, what the site has against these barriers in the patient's language."""
    kinds = {barrier.kind for barrier in unsettled}
    return {str(one.pk): one for one in resources_for(recall) if one.kind in kinds}
