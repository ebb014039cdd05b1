"""Every page with the role that opens it, on a clinic with a recall in each situation."""

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
from clinic.factories import get_site_staff
from clinic.models import Closure, Site, User
from notifications.delivery.worker import send_due
from notifications.enums import NotificationKind, NotificationState
from notifications.models import Notification
from notifications.presenters import demo_inbox
from notifications.rendering.email import unsubscribe_url
from patients.factories import PatientFactory
from portal.patient_requests import PatientRequestKind
from recalls import actions
from recalls.actions import Slot
from recalls.enums import OPEN_STATES
from recalls.forms import STEP_FORMS
from recalls.models import Recall
from recalls.permissions import step_blocked_reason
from recalls.testing.factories import RecallFactory, RoomFactory
from recalls.workflow import STEPS_BY_NAME

SCENARIOS = (
    "to_contact", "suspicious_screen", "wrong_number", "ladder_complete", "booked", "attended", "awaiting_priors",
    "priors_received", "missed", "unreleased", "biopsy_to_book", "biopsy_booked", "awaiting_pathology",
    "awaiting_concordance", "closed_benign", "cancer", "on_hold", "lost",
)  # fmt: skip
# What a radiologist presses so that every field of the screen is in sight.
KEYS_BY_STEP = {
    "record_outcome": "3t", "resolve_by_priors": "2", "sign_concordance": "1", "release_outcome": "t",
    "amend_outcome": "4",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PageCheck:
    """One page of a walk: `keys` are pressed before it is looked at; `status` is what the server is to answer (0: any).

    `alike` is a page in Django's own dress as many others are: it is looked at on a phone, where most goes wrong.
    """

    address: str
    status: int = 200
    keys: str = ""
    is_standard_admin: bool = False


@dataclass(frozen=True, slots=True)
class ClinicData:
    """The clinic of the walk."""

    site: Site
    recalls: dict[str, Recall]
    closed_day: date

    def recall(self, story: str) -> Recall:
        return self.recalls[story]


def create_clinic_data(site: Site) -> ClinicData:
    """Rooms, visits, recalls in every situation, messages sent and to come, a letter to print, a day that closed."""
    for name in ("Mammography 1", "Mammography 2"):
        RoomFactory.create(site=site, name=name)
    recalls = {
        story: RecallFactory.create(site=site, exam__reader=get_site_staff(site).radiologist, **{story: True})
        for story in SCENARIOS
    }
    recalls["letter"] = RecallFactory.create(patient=PatientFactory.create(site=site, no_email=True))
    recalls["spanish"] = RecallFactory.create(site=site, patient__spanish_speaker=True)
    today = calendar.local_day(site, timezone.now())
    day = calendar.next_open_day(site, today + timedelta(days=1))
    for hour in (9, 10):
        slot = Slot(site, calendar.instant(site, day, time(hour)))
        actions.book_appointment(RecallFactory.create(site=site), slot, by=get_site_staff(site).scheduler)
    due = Notification.objects.filter(recall__in=[recalls["letter"], recalls["booked"]]).order_by("due_at")
    for row in due.filter(kind__in=[NotificationKind.RECALL_NOTICE, NotificationKind.APPOINTMENT_CONFIRMATION]):
        with time_machine.travel(max(row.due_at, timezone.now()), tick=False):
            send_due(5)
    Closure.objects.create(site=site, day=day, reason="The water is off.")
    return ClinicData(site, recalls, day)


def step_pages(user: User, recalls: Iterable[Recall]) -> Iterator[PageCheck]:
    """The form of every step this person may take on one of them."""
    actor, rows = actor_for(user), list(Recall.objects.filter(pk__in=[recall.pk for recall in recalls]))
    for step in STEP_FORMS:
        recall = next((row for row in rows if not step_blocked_reason(row, STEPS_BY_NAME[step], actor)), None)
        if recall is not None:
            yield PageCheck(reverse("step", args=[recall.pk, step]), keys=KEYS_BY_STEP.get(step, ""))


def scheduler_pages(house: ClinicData, user: User) -> list[PageCheck]:
    fresh, booked = house.recall("to_contact"), house.recall("booked")
    sent = Notification.objects.get(recall=booked, kind=NotificationKind.APPOINTMENT_CONFIRMATION)
    letter = Notification.objects.get(recall=house.recall("letter"), kind=NotificationKind.RECALL_NOTICE)
    coming = Notification.objects.filter(recall=booked, state=NotificationState.PLANNED).latest("due_at")
    found = [
        reverse(name)
        for name in ("queue", "work_items", "search", "keyboard_shortcuts", "password_change", "letters", "inbox")
    ]
    found += [reverse("queue_state", args=[state]) for state in OPEN_STATES]
    found += [f"{reverse('bulk')}?do=hold&" + "&".join(f"recall={row.pk}" for row in house.recalls.values())]
    found += [reverse("recall", args=[recall.pk]) for recall in house.recalls.values()]
    found += [f"{reverse('step', args=[fresh.pk, 'book_appointment'])}?view=week"]
    found += [reverse("appointments"), reverse("appointments_tomorrow"), reverse("close_day")]
    found += [f"{reverse('close_day')}?site={house.site.pk}&day={house.closed_day}"]
    found += [reverse(name, args=[booked.pk]) for name in ("messages", "message_new")]
    found += [reverse("message", args=[row.pk]) for row in (sent, letter, coming)]
    found += [reverse("message_resend", args=[sent.pk])]
    (shown, *_older), _ = demo_inbox.get_inbox_page(user, "")
    found += [reverse("inbox_message", args=[shown.mail.key])]
    refused = [PageCheck("/no-such-page/", 404), PageCheck(reverse("worklist"), 403)]
    return [*(PageCheck(address) for address in found), *step_pages(user, house.recalls.values()), *refused]


def radiologist_pages(house: ClinicData, user: User) -> list[PageCheck]:
    at_the_desk = [
        PageCheck(reverse("worklist"), keys="j"),
        PageCheck(reverse("my_recalls")),
        PageCheck(reverse("queue")),
    ]
    schedulers = {_step_name(one) for one in step_pages(get_site_staff(house.site).scheduler, house.recalls.values())}
    own = [one for one in step_pages(user, house.recalls.values()) if _step_name(one) not in schedulers]
    return [*at_the_desk, *own, PageCheck(reverse("recall", args=[house.recall("cancer").pk]))]


def _step_name(one: PageCheck) -> str:
    return one.address.rstrip("/").rpartition("/")[2]


def manager_pages(house: ClinicData, user: User) -> list[PageCheck]:
    pages = [PageCheck(reverse(name)) for name in ("workflow_map", "downtime", "my_recalls", "admin:index")]
    others = (get_site_staff(house.site).scheduler, get_site_staff(house.site).radiologist)
    seen = {_step_name(one) for other in others for one in step_pages(other, house.recalls.values())}
    return pages + [one for one in step_pages(user, house.recalls.values()) if _step_name(one) not in seen]


def administrator_pages(_house: ClinicData, _user: User) -> list[PageCheck]:
    """The board, every list of the admin, one row of each that has rows, and the forms for a new one."""
    found = [PageCheck(reverse("admin:index")), PageCheck(reverse("workflow_map"))]
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        row = model._default_manager.last()
        alike = model not in (Recall, Notification, Site, User)
        found.append(PageCheck(reverse(f"{name}_changelist"), 0, is_standard_admin=alike))
        found += (
            [PageCheck(reverse(f"{name}_change", args=[row.pk]), 0, is_standard_admin=alike)] if row is not None else []
        )
    added = ("clinic_user_add", "clinic_site_add", "message_forecast", "notifications_messagetext_texts")
    return found + [PageCheck(reverse(f"admin:{name}")) for name in added]


def anonymous_pages(house: ClinicData, link: str) -> list[PageCheck]:
    """Who has not signed in, and a patient before the page is opened."""
    sent = Notification.objects.filter(
        recall=house.recall("booked"), kind=NotificationKind.APPOINTMENT_CONFIRMATION
    ).get()
    stopping = urlsplit(unsubscribe_url(sent)).path
    open_to_all = [
        PageCheck(reverse("sign_in")),
        PageCheck(stopping),
        PageCheck(reverse("unsubscribe", args=["no-such"]), 404),
    ]
    return [
        *open_to_all,
        PageCheck(link),
        PageCheck(f"{link}not-me/"),
        PageCheck("/my/", 0),
        PageCheck("/my/no-such-link/", 0),
    ]


def patient_pages() -> list[PageCheck]:
    asks = [reverse("portal:patient_request", args=[what]) for what in PatientRequestKind.values]
    return [PageCheck(reverse(f"portal:{name}")) for name in ("page", "preferences", "stop_emails")] + [
        PageCheck(one) for one in asks
    ]
