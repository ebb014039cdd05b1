"""Every page with the role that opens it, on a clinic with a recall in each situation."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from urllib.parse import urlsplit

import time_machine
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic import calendar
from clinic.actors import actor_for
from clinic.factories import get_site_staff
from clinic.models import Closure, Site, User
from exchange.models import Hl7Message, ParkedRow, ResultUpload
from exchange.uploads import upload_load
from notifications.delivery.worker import send_due
from notifications.enums import NotificationKind, NotificationState
from notifications.models import LaySummary, LaySummaryBatch, LetterBatch, Notification
from notifications.planning.education.schedule import plan_confirmation
from notifications.planning.education.series import ask_for_series
from notifications.planning.lay_summaries import walk
from notifications.presenters import demo_inbox
from notifications.rendering.email import unsubscribe_url
from notifications.rendering.series_links import confirm_url, stop_url
from patients.factories import PatientFactory
from patients.models import Patient
from portal.patient_requests import PatientRequestKind
from recalls import actions
from recalls.actions import Slot
from recalls.enums import OPEN_STATES
from recalls.forms import STEP_FORMS
from recalls.models import Recall, RoomStop, SupplementalScreening, Trial
from recalls.permissions import step_blocked_reason
from recalls.testing.factories import ExamFactory, RecallFactory, RoomFactory
from recalls.workflow import STEPS_BY_NAME
from reports.manager.recall_lists import RecallList
from reports.models import ExportLog
from tests.browser.seldom_rows import fill_seldom_pages, invitation_words

SCENARIOS = (
    "to_contact", "suspicious_screen", "wrong_number", "ladder_complete", "booked", "attended", "awaiting_priors",
    "priors_received", "missed", "benign_to_tell", "suspicious_to_tell", "to_hand_over", "transferred",
    "biopsy_to_book", "biopsy_booked", "awaiting_pathology", "awaiting_concordance", "closed_benign", "cancer",
    "on_hold", "lost", "navigator_case",
)  # fmt: skip
# What a radiologist presses so that every field of the screen is in sight.
KEYS_BY_STEP = {
    "record_outcome": "3t", "resolve_by_priors": "2", "sign_concordance": "1", "release_outcome": "t",
    "amend_outcome": "4", "result_told": "i",
}  # fmt: skip
_LOOKED_AT_WHOLE = 6  # of the pages of one dress every sixth is looked at in every way, the others on a phone


@dataclass(frozen=True, slots=True)
class PageCheck:
    """One page of a walk: `keys` are pressed before it is looked at; `status` is what the server is to answer (0: any).

    `is_alike` is a page in the dress of many others: it is looked at on a phone, where most goes wrong.
    """

    address: str
    status: int = 200
    keys: str = ""
    is_alike: bool = False


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
    _owe_lay_summaries(site)
    _bring_results(site)
    RoomStop.objects.create(
        room=RoomFactory.create(site=site, name="Mobile unit", is_mobile=True), day=day + timedelta(days=1),
        opens=time(9), closes=time(15), place="Hillside Mall", address_line="5 Sample Road", city="Millvale",
    )  # fmt: skip
    ExportLog.objects.create(user=get_site_staff(site).manager, name="late", reason="Audit.")
    fill_seldom_pages(site)
    return ClinicData(site, recalls, day)


def _owe_lay_summaries(site: Site) -> None:
    """One waits for the printer, one is in a PDF, one lacks a fact."""
    site.sends_lay_summaries = site.asks_contact_plan = True
    # A report is an hour on its way: in the first hour of a day those that come are yesterday's.
    site.lay_summaries_from = calendar.today(site) - timedelta(days=1)
    site.save()
    for density in ("b", "c", ""):
        ExamFactory.create(patient=PatientFactory.create(site=site), negative=True, density=density)
    walk.plan_new_readings(60)
    printed = LaySummary.objects.filter(density="c").order_by("pk").last()
    assert printed is not None
    batch = LaySummaryBatch.objects.create(site=site, made_by=get_site_staff(site).scheduler, letter_count=1)
    LaySummary.objects.filter(pk=printed.pk).update(batch=batch)


def _bring_results(site: Site) -> None:
    """An upload whose columns are not confirmed yet, one that is loaded, and a row of it that is parked."""
    browser = Client()
    browser.force_login(get_site_staff(site).manager)
    for family in ("Sample-Ash", "Sample-Elm"):
        head = "mrn;family_name;given_name;birth_date;accession;exam_date;assessment"
        content = f"{head}\r\nU1;{family};Testa;1961-03-04;UA1;2026-11-02;0"
        sent = {"site": site.pk, "file": SimpleUploadedFile("week.csv", content.encode())}
        assert browser.post(reverse("uploads"), sent).status_code == 302
    first = ResultUpload.objects.earliest("pk")
    columns = {f"column_{number}": name for number, name in enumerate(first.columns)}
    browser.post(reverse("upload_columns", args=[first.pk]), {**columns, "load": ""})
    upload_load.load_slice(first.pk)


def record_pages(house: ClinicData) -> list[PageCheck]:
    """A patient's record with its forms, an exam, and how contact details are corrected."""
    recall = house.recall("cancer")
    patient, other = recall.patient_id, house.recall("letter").patient_id
    found = [reverse(name, args=[patient]) for name in ("patient", "patient_edit", "patient_copy")]
    found += [reverse("contact_plan", args=[patient])]
    found += [reverse("exam", args=[recall.exam_id]), reverse("contact_details", args=[recall.pk])]
    return [PageCheck(one) for one in found] + [PageCheck(reverse("patient", args=[other]), is_alike=True)]


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
        for name in (
            "queue",
            "work_items",
            "supplemental",
            "supplemental_add",
            "search",
            "keyboard_shortcuts",
            "password_change",
            "letters",
            "messages_coming",
            "inbox",
            "report_requests",
            "entry",
        )
    ]
    found += [f"{reverse('bulk')}?do=hold&" + "&".join(f"recall={row.pk}" for row in house.recalls.values())]
    found += [f"{reverse('step', args=[fresh.pk, 'book_appointment'])}?view=week"]
    found += [
        reverse(name)
        for name in ("appointments", "appointments_tomorrow", "arrivals", "earlier_times", "close_day", "lane")
    ]
    found += [reverse("lane_day", args=[house.site.pk, calendar.today(house.site)])]
    found += [f"{reverse('close_day')}?site={house.site.pk}&day={house.closed_day}"]
    found += [reverse(name, args=[booked.pk]) for name in ("messages", "message_new")]
    found += [reverse("message", args=[row.pk]) for row in (sent, letter, coming)]
    found += [reverse("message_resend", args=[sent.pk])]
    found += [reverse("letter_batch", args=[LetterBatch.objects.latest("pk").pk])]
    found += [reverse("supplemental_test", args=[SupplementalScreening.objects.latest("pk").pk])]
    found += [reverse("lay_summaries"), reverse("lay_summary_batch", args=[LaySummaryBatch.objects.latest("pk").pk])]
    found += [reverse("lay_summary", args=[LaySummary.objects.latest("pk").pk])]
    (shown, *_older), _ = demo_inbox.get_inbox_page(user, "")
    found += [reverse("inbox_message", args=[shown.mail.key])]
    refused = [PageCheck("/no-such-page/", 404), PageCheck(reverse("worklist"), 403)]
    alike = [reverse("queue_state", args=[state]) for state in OPEN_STATES]
    alike += [reverse("recall", args=[recall.pk]) for recall in house.recalls.values()]
    return [
        *(PageCheck(address) for address in found),
        *(PageCheck(address, is_alike=number % _LOOKED_AT_WHOLE > 0) for number, address in enumerate(alike)),
        *record_pages(house),
        *step_pages(user, house.recalls.values()),
        *refused,
    ]


def radiologist_pages(house: ClinicData, user: User) -> list[PageCheck]:
    at_the_desk = [
        PageCheck(reverse("worklist"), keys="j"),
        PageCheck(reverse("my_recalls")),
        PageCheck(f"{reverse('reader_cases')}?show=all"),
        PageCheck(reverse("reader_trend")),
        PageCheck(f"{reverse('audit')}?year={timezone.now().year}&by=reader"),
        PageCheck(reverse("queue")),
    ]
    schedulers = {_step_name(one) for one in step_pages(get_site_staff(house.site).scheduler, house.recalls.values())}
    own = [one for one in step_pages(user, house.recalls.values()) if _step_name(one) not in schedulers]
    return [*at_the_desk, *own, PageCheck(reverse("recall", args=[house.recall("cancer").pk]))]


def _step_name(one: PageCheck) -> str:
    return one.address.rstrip("/").rpartition("/")[2]


def manager_pages(house: ClinicData, user: User) -> list[PageCheck]:
    names = [
        "board", "workflow_map", "downtime", "my_recalls", "staff_work", "missed_visits", "export_log", "export_files",
        "calendar_feeds", "navigator_list", "uploads", "parked_rows", "hl7_messages", "hl7_trial", "duplicates",
    ]  # fmt: skip
    pages = [
        PageCheck(reverse(name))
        for name in [*names, "security_log", "mfa_index", "sessions", "emergency", "legal_holds"]
    ]
    pages += [PageCheck(reverse("patient_hold", args=[house.recall("cancer").patient_id]))]
    pages += [PageCheck(reverse("list_export", args=["appointments"]))]
    draft, loaded = ResultUpload.objects.latest("pk"), ResultUpload.objects.earliest("pk")
    pages += [PageCheck(reverse("upload_columns", args=[draft.pk])), PageCheck(reverse("upload", args=[loaded.pk]))]
    pages += [PageCheck(reverse("parked_row", args=[ParkedRow.objects.latest("pk").pk]))]
    pages += [PageCheck(reverse("hl7_message", args=[Hl7Message.objects.latest("pk").pk]))]
    pages += [PageCheck(reverse("patient_separate", args=[Patient.objects.exclude(merged_into=None).latest("pk").pk]))]
    goes, stays = house.recall("lost").patient_id, house.recall("cancer").patient_id
    pages += [
        PageCheck(reverse("patient_merge_find", args=[goes])),
        PageCheck(reverse("patient_merge", args=[goes, stays])),
    ]
    pages += [PageCheck(f"{reverse('audit')}?year={timezone.now().year}"), PageCheck(reverse("audit_waits"))]
    pages += [PageCheck(reverse("audit_equity")), PageCheck(reverse("simulation"))]
    pages += [PageCheck(reverse("signed_audits")), PageCheck(reverse("cancers")), PageCheck(reverse("trials"))]
    pages += [PageCheck(reverse("trial_draft", args=[house.site.code]))]
    pages += [PageCheck(reverse("trial", args=[Trial.objects.latest("pk").pk]))]
    pages += [PageCheck(reverse("recall_list", args=[kind.value])) for kind in RecallList]
    others = (get_site_staff(house.site).scheduler, get_site_staff(house.site).radiologist)
    seen = {_step_name(one) for other in others for one in step_pages(other, house.recalls.values())}
    return pages + [one for one in step_pages(user, house.recalls.values()) if _step_name(one) not in seen]


def administrator_pages(house: ClinicData, _user: User) -> list[PageCheck]:
    """The board, every list of the admin, one row of each that has rows, and the forms for a new one."""
    names = ("board", "admin:index", "workflow_map", "retention")
    found = [PageCheck(reverse(name)) for name in names]
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        row = model._default_manager.last()
        alike = model not in (Recall, Notification, Site, User)
        found.append(PageCheck(reverse(f"{name}_changelist"), 0, is_alike=alike))
        found += [PageCheck(reverse(f"{name}_change", args=[row.pk]), 0, is_alike=alike)] if row is not None else []
    return [*found, PageCheck(reverse("admin:notifications_messagetext_texts")), *_setup_pages(house.site)]


def _setup_pages(site: Site) -> list[PageCheck]:
    names = (
        "setup", "setup_site_new", "setup_closed_days", "setup_staff", "setup_account_requests", "setup_texts",
        "setup_mail",
    )  # fmt: skip
    of_a_site = ("setup_site", "setup_hours", "setup_messages", "setup_letterhead", "setup_rooms", "setup_room_new")
    return [
        *(PageCheck(reverse(name)) for name in names),
        *(PageCheck(reverse(name, args=[site.pk])) for name in of_a_site),
        PageCheck(reverse("setup_room", args=[site.pk, site.rooms.earliest("pk").pk])),
        PageCheck(reverse("setup_stops", args=[site.pk, site.rooms.latest("pk").pk])),
        PageCheck(reverse("setup_leave", args=[get_site_staff(site).scheduler.pk])),
        PageCheck(reverse("setup_account", args=[get_site_staff(site).scheduler.pk])),
    ]


def anonymous_pages(house: ClinicData, link: str) -> list[PageCheck]:
    """Who has not signed in, and a patient before the page is opened."""
    sent = Notification.objects.filter(
        recall=house.recall("booked"), kind=NotificationKind.APPOINTMENT_CONFIRMATION
    ).get()
    stopping = urlsplit(unsubscribe_url(sent.public_id)).path
    open_to_all = [
        PageCheck(reverse("sign_in")),
        PageCheck(reverse("forgotten_password")),
        PageCheck(reverse("forgotten_password_choose", args=invitation_words())),
        PageCheck(stopping),
        PageCheck(reverse("invitation", args=invitation_words())),
        PageCheck(reverse("unsubscribe", args=["no-such"]), 404),
    ]
    return [
        *open_to_all,
        PageCheck(link),
        PageCheck(f"{link}not-me/"),
        *_series_pages(house.recall("closed_benign").patient),
        PageCheck("/my/", 0),
        PageCheck("/my/no-such-link/", 0),
    ]


def _series_pages(patient: Patient) -> list[PageCheck]:
    """Where the links in the mail about the series lead."""
    series = ask_for_series(patient)
    assert series is not None
    plan_confirmation(series)
    sent = Notification.objects.filter(patient=patient, kind=NotificationKind.EDUCATION_CONFIRM).get()
    return [PageCheck(urlsplit(address(sent.public_id)).path) for address in (confirm_url, stop_url)]


def patient_pages() -> list[PageCheck]:
    asks = [reverse("portal:patient_request", args=[what]) for what in PatientRequestKind.values]
    return [
        PageCheck(reverse(f"portal:{name}"))
        for name in ("page", "preferences", "stop_emails", "choose_time", "cancel_visit", "education")
    ] + [PageCheck(one) for one in asks]
