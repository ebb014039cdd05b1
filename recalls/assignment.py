"""Whose work a recall or a task is: the person it was given to; while they are away or gone, everybody's.

A task to help with a barrier ends with its recall, and comes back with it.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Protocol

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from clinic.models import Site, User
from clinic.roles import Role
from recalls.enums import WorkItemKind
from recalls.models import Barrier, Recall, WorkItem

_ASSIGNABLE_ROLES = (Role.SCHEDULER, Role.NAVIGATOR, Role.RADIOLOGIST)


class Assigned(Protocol):
    """A recall or a task."""

    @property
    def assigned_to(self) -> User | None: ...


def assignable_users(sites: Iterable[Site], today: date) -> QuerySet[User]:
    """Who works on recalls at one of these sites and is there that day, by name."""
    here = User.objects.filter(groups__name__in=_ASSIGNABLE_ROLES, sites__in=list(sites), is_active=True)
    return here.exclude(away_until__gte=today).distinct().order_by("last_name", "first_name", "username")


def current_assignee(work: Assigned, today: date) -> User | None:
    """None for work that is everybody's. No query where `assigned_to` was read with it."""
    person = work.assigned_to
    return None if person is None or person.is_away_on(today) else person


def is_everybodys(today: date) -> Q:
    """The same as a condition on the rows."""
    return Q(assigned_to=None) | Q(assigned_to__is_active=False) | Q(assigned_to__away_until__gte=today)


def check_assignee(site: Site, person: User | None, today: date) -> None:
    """Raise ValidationError unless the person works on recalls at the site and is there; None is always right."""
    if person is not None and not assignable_users([site], today).filter(pk=person.pk).exists():
        words = _("%(who)s does not work on recalls at %(site)s today.")
        raise ValidationError({"assignee": words % {"who": display_name(person), "site": site.name}})


def count_open_work(person: User) -> tuple[int, int]:
    """How many open recalls and open tasks are given to the person."""
    recalls, tasks = Recall.objects.still_open().filter(assigned_to=person), open_tasks_of(person)
    return recalls.count(), tasks.count()


def open_tasks_of(person: User) -> QuerySet[WorkItem]:
    return WorkItem.objects.filter(assigned_to=person, done_at=None)


def carry_barrier_task(recall: Recall, *, was_open: bool, now: datetime) -> None:
    """End the task with the recall that has just been closed; open it again with one that stands open again."""
    if was_open == recall.is_open:
        return
    tasks = WorkItem.objects.filter(recall=recall, kind=WorkItemKind.BARRIER)
    if was_open:
        tasks.filter(done_at=None).update(done_at=now)
    elif Barrier.objects.unsettled().filter(recall=recall).exists() and (last := tasks.order_by("pk").last()):
        tasks.filter(pk=last.pk).update(done_at=None, done_by=None)


def display_name(person: User) -> str:
    return person.get_full_name() or person.get_username()
