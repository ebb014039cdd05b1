"""Forms that give a recall, several recalls or tasks to a person, or back to everybody."""

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from clinic import calendar
from clinic.models import Site, User
from recalls import actions
from recalls.actions import ActionKwargs
from recalls.assignment import assignable_users, current_assignee, display_name
from recalls.forms.base import NOTE_ROWS, StepForm
from recalls.forms.bulk import BulkForm
from recalls.models import Recall, RecallEvent
from recalls.workflow import Step

EVERYBODY = "everybody"


class AssigneeField(forms.ChoiceField):
    """A person of the sites, or everybody: cleaned to a user or None; nothing is chosen beforehand."""

    def set_sites(self, sites: Iterable[Site], apart_from: User | None = None) -> None:
        """One query."""
        own = list(sites)
        today = calendar.today(own[0]) if own else calendar.earliest_today()
        self._people = {str(user.pk): user for user in assignable_users(own, today) if user != apart_from}
        names = [(number, display_name(user)) for number, user in self._people.items()]
        self.choices = [("", _("Choose a person")), (EVERYBODY, _("Back to everybody")), *names]

    def clean(self, value: Any) -> User | None:
        return self._people.get(super().clean(value))


def _assignee_field() -> AssigneeField:
    return AssigneeField(label=_("Give to"))


def _note_field() -> forms.CharField:
    return forms.CharField(
        label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": NOTE_ROWS}), max_length=300
    )


def _offer_people(form: forms.Form, sites: Iterable[Site]) -> AssigneeField:
    field = cast(AssigneeField, form.fields["assignee"])
    field.set_sites(sites)
    return field


class AssignForm(StepForm):
    assignee = _assignee_field()
    note = _note_field()

    def init_fields(self) -> None:
        site = self.recall.site
        person = current_assignee(self.recall, calendar.today(site))
        _offer_people(self, [site]).initial = str(person.pk) if person else ""

    def perform(self, kwargs: ActionKwargs) -> RecallEvent:
        return actions.assign(self.recall, self.cleaned_data["assignee"], **kwargs)


class BulkAssignForm(BulkForm):
    assignee = _assignee_field()
    note = _note_field()

    def __init__(self, step: Step, user: User, data: Any = None) -> None:
        super().__init__(step, user, data)
        _offer_people(self, user.own_sites)

    def perform(self, recall: Recall, kwargs: ActionKwargs) -> None:
        actions.assign(recall, self.cleaned_data["assignee"], **kwargs)


class AssignTasksForm(forms.Form):
    """For several tasks of the user's sites."""

    assignee = _assignee_field()

    def __init__(self, user: User, data: Any = None) -> None:
        super().__init__(data)
        _offer_people(self, user.own_sites)
