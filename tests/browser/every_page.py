"""Which pages are there, who opens each, and what is on them? A clinic with a recall in every telling situation."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from urllib.parse import urlsplit

import time_machine
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from clinic import calendar
from clinic.actors import actor_for
from clinic.factories import cast_of
from clinic.models import Closure, Site, User
from notifications import inbox, stop
from notifications.delivery import drain
from notifications.kinds import Kind, NotificationState
from notifications.models import Notification
from patients.factories import PatientFactory
from portal.requests import Ask
from recalls import actions
from recalls.actions import Slot
from recalls.factories import RecallFactory, RoomFactory
from recalls.forms import FORMS
from recalls.models import Recall
from recalls.permissions import why_not
from recalls.states import OPEN_STATES
from recalls.workflow import STEP

STORIES = (
    "to_contact", "suspicious_screen", "wrong_number", "ladder_complete", "booked", "attended", "awaiting_priors",
    "priors_received", "missed", "unreleased", "biopsy_to_book", "biopsy_booked", "awaiting_pathology",
    "awaiting_concordance", "closed_benign", "cancer", "on_hold", "lost",
)  # fmt: skip
# What a radiologist presses so that every field of the screen is in sight.
KEYS = {
    "record_outcome": "3t", "resolve_by_priors": "2", "sign_concordance": "1", "release_outcome": "t",
    "amend_outcome": "4",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stop:
    """One page of a walk: `keys` are pressed before it is looked at; `status` is what the server is to answer (0: any).

    `alike` is a page in Django's own dress as many others are: it is looked at on a phone, where most goes wrong.
    """

    address: str
    status: int = 200
    keys: str = ""
    alike: bool = False


@dataclass(frozen=True, slots=True)
class House:
    """The clinic of the walk."""

    site: Site
    recalls: dict[str, Recall]
    closed: date

    def recall(self, story: str) -> Recall:
        return self.recalls[story]


def furnish(site: Site) -> House:
    """Rooms, visits, recalls in every situation, messages sent and to come, a letter to print, a day that closed."""
    for name in ("Mammography 1", "Mammography 2"):
        RoomFactory.create(site=site, name=name)
    recalls = {
        story: RecallFactory.create(site=site, exam__reader=cast_of(site).radiologist, **{story: True})
        for story in STORIES
    }
    recalls["letter"] = RecallFactory.create(patient=PatientFactory.create(site=site, no_email=True))
    recalls["spanish"] = RecallFactory.create(site=site, patient__spanish_speaker=True)
    today = calendar.local_day(site, timezone.now())
    day = calendar.next_open_day(site, today + timedelta(days=1))
    for hour in (9, 10):
        slot = Slot(site, calendar.instant(site, day, time(hour)))
        actions.book_appointment(RecallFactory.create(site=site), slot, by=cast_of(site).scheduler)
    due = Notification.objects.filter(recall__in=[recalls["letter"], recalls["booked"]]).order_by("due_at")
    for row in due.filter(kind__in=[Kind.RECALL_NOTICE, Kind.APPOINTMENT_CONFIRMATION]):
        with time_machine.travel(max(row.due_at, timezone.now()), tick=False):
            drain(5)
    Closure.objects.create(site=site, day=day, reason="The water is off.")
    return House(site, recalls, day)


def steps_of(user: User, recalls: Iterable[Recall]) -> Iterator[Stop]:
    """The form of every step this person may take on one of them."""
    actor, rows = actor_for(user), list(Recall.objects.filter(pk__in=[recall.pk for recall in recalls]))
    for step in FORMS:
        recall = next((row for row in rows if not why_not(row, STEP[step], actor)), None)
        if recall is not None:
            yield Stop(reverse("step", args=[recall.pk, step]), keys=KEYS.get(step, ""))


def of_scheduler(house: House, user: User) -> list[Stop]:
    fresh, booked = house.recall("to_contact"), house.recall("booked")
    sent = Notification.objects.get(recall=booked, kind=Kind.APPOINTMENT_CONFIRMATION)
    letter = Notification.objects.get(recall=house.recall("letter"), kind=Kind.RECALL_NOTICE)
    coming = Notification.objects.filter(recall=booked, state=NotificationState.PLANNED).latest("due_at")
    found = [reverse(name) for name in ("queue", "work", "search", "keys", "password", "letters", "inbox")]
    found += [reverse("queue_state", args=[state]) for state in OPEN_STATES]
    found += [f"{reverse('bulk')}?do=hold&" + "&".join(f"recall={row.pk}" for row in house.recalls.values())]
    found += [reverse("recall", args=[recall.pk]) for recall in house.recalls.values()]
    found += [f"{reverse('step', args=[fresh.pk, 'book_appointment'])}?view=week"]
    found += [reverse("appointments"), reverse("appointments_tomorrow"), reverse("closed_day")]
    found += [f"{reverse('closed_day')}?site={house.site.pk}&day={house.closed}"]
    found += [reverse(name, args=[booked.pk]) for name in ("messages", "message_new")]
    found += [reverse("message", args=[row.pk]) for row in (sent, letter, coming)]
    found += [reverse("message_again", args=[sent.pk])]
    (shown, *_older), _ = inbox.letters_before(user, "")
    found += [reverse("inbox_message", args=[shown.kept.key])]
    refused = [Stop("/no-such-page/", 404), Stop(reverse("worklist"), 403)]
    return [*(Stop(address) for address in found), *steps_of(user, house.recalls.values()), *refused]


def of_radiologist(house: House, user: User) -> list[Stop]:
    at_her_desk = [Stop(reverse("worklist"), keys="j"), Stop(reverse("my_recalls")), Stop(reverse("queue"))]
    schedulers = {_step(one) for one in steps_of(cast_of(house.site).scheduler, house.recalls.values())}
    own = [one for one in steps_of(user, house.recalls.values()) if _step(one) not in schedulers]
    return [*at_her_desk, *own, Stop(reverse("recall", args=[house.recall("cancer").pk]))]


def _step(one: Stop) -> str:
    return one.address.rstrip("/").rpartition("/")[2]


def of_manager(house: House, user: User) -> list[Stop]:
    pages = [Stop(reverse(name)) for name in ("workflow_map", "downtime", "my_recalls", "admin:index")]
    others = (cast_of(house.site).scheduler, cast_of(house.site).radiologist)
    seen = {_step(one) for other in others for one in steps_of(other, house.recalls.values())}
    return pages + [one for one in steps_of(user, house.recalls.values()) if _step(one) not in seen]


def of_administrator(_house: House, _user: User) -> list[Stop]:
    """The board, every list of the admin, one row of each that has rows, and the forms for a new one."""
    found = [Stop(reverse("admin:index")), Stop(reverse("workflow_map"))]
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        row = model._default_manager.last()
        alike = model not in (Recall, Notification, Site, User)
        found.append(Stop(reverse(f"{name}_changelist"), 0, alike=alike))
        found += [Stop(reverse(f"{name}_change", args=[row.pk]), 0, alike=alike)] if row is not None else []
    added = ("clinic_user_add", "clinic_site_add", "messages_tomorrow", "notifications_messagetext_texts")
    return found + [Stop(reverse(f"admin:{name}")) for name in added]


def of_nobody(house: House, link: str) -> list[Stop]:
    """Who has not signed in, and a patient who stands before her page."""
    sent = Notification.objects.filter(recall=house.recall("booked"), kind=Kind.APPOINTMENT_CONFIRMATION).get()
    stopping = urlsplit(stop.address_of(sent)).path
    open_to_all = [Stop(reverse("sign_in")), Stop(stopping), Stop(reverse("stop_emails", args=["no-such"]), 404)]
    return [*open_to_all, Stop(link), Stop(f"{link}not-me/"), Stop("/my/", 0), Stop("/my/no-such-link/", 0)]


def of_patient() -> list[Stop]:
    asks = [reverse("portal:ask", args=[what]) for what in Ask.values]
    return [Stop(reverse(f"portal:{name}")) for name in ("page", "choices", "not_me")] + [Stop(one) for one in asks]
