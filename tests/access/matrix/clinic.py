"""One clinic with a row behind each address, and a patient elsewhere, each with a name that no other page holds."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from django.contrib import admin
from django.db.models import Model
from django.utils import timezone

from clinic import calendar
from clinic.accounts.models import AccountRequest, EmergencyAccess
from clinic.admin_base import ScopedAdmin
from clinic.factories import SiteFactory, UserFactory, get_site_staff
from clinic.models import Closure, Site, User
from clinic.roles import Role
from exchange.models import Hl7Message, ParkedRow, ResultUpload
from notifications.enums import NotificationKind
from notifications.models import LaySummary, LaySummaryBatch, LetterBatch, Notification
from notifications.presenters import demo_inbox
from patients.models import Patient
from recalls.enums import Modality
from recalls.models import (
    Appointment,
    OutsideReport,
    Recall,
    RoomStop,
    SavedView,
    SupplementalScreening,
    Trial,
    WorkItem,
)
from recalls.testing.factories import RecallFactory
from reports.calendars.feeds import make_feed
from retention.holds import set_hold
from tests.access.matrix.routes import Route
from tests.browser.page_catalog import create_clinic_data

NAME_HERE: Final = "Zqalder"
NAME_ELSEWHERE: Final = "Zqbirch"
Values = dict[str, Any]
# Parts of addresses that name no row.
_WORDS: Final[Values] = {
    "name": "late", "year": 2026, "month": 10, "kind": "csv", "code": "HERE", "slug": "x", "app_label": "recalls",
    "content_type_id": 1, "object_id": 0, "url": "no/such", "token": "no-such", "secret": "no-such", "uidb64": "MQ",
    "provider_id": "sso", "what": "call", "step": "number", "resource_type": "Patient", "logical_id": 1,
    "path": "no/such/thing",
    "key": "00000000-0000-4000-8000-000000000000",
}  # fmt: skip


@dataclass(slots=True)
class MatrixClinic:
    """The two sites, and by name of a route what stands in its address."""

    here: Site
    elsewhere: Site
    values: dict[str, Values] = field(default_factory=dict)
    admin_rows: dict[str, Model] = field(default_factory=dict)

    def row_of(self, route: Route) -> Model | None:
        """The row that a page of the administration is about."""
        model_admin = getattr(route.view, "model_admin", None)
        return self.admin_rows.get(model_admin.model._meta.label_lower) if model_admin is not None else None

    def values_of(self, route: Route) -> Values:
        """What stands in its address: of a row at `here` where it names one."""
        row = self.row_of(route)
        if row is not None:
            return _WORDS | {"object_id": row.pk}
        return _WORDS | self.values["recall"] | self.values.get(route.name, {})


def make_clinic() -> MatrixClinic:
    here, elsewhere = SiteFactory.create(code="HERE"), SiteFactory.create(code="ELSE")
    staff = get_site_staff(here)
    UserFactory.create(role=Role.ADMINISTRATOR, sites=[here], username="first_administrator")
    recalls = create_clinic_data(here).recalls
    RecallFactory.create(site=elsewhere, attended=True, patient__family_name=NAME_ELSEWHERE)
    clinic = MatrixClinic(here, elsewhere)
    clinic.values = _values(here, staff.manager, recalls)
    clinic.admin_rows = {
        model._meta.label_lower: row
        for model, model_admin in admin.site._registry.items()
        if (row := _row_here(model, model_admin, here)) is not None
    }
    for patient in Patient.objects.filter(site=here):
        Patient.objects.filter(pk=patient.pk).update(family_name=f"{NAME_HERE} {patient.pk}")
    return clinic


def _row_here(model: type[Model], model_admin: Any, here: Site) -> Model | None:
    lookup = model_admin.site_lookup if isinstance(model_admin, ScopedAdmin) else ""
    rows = model._default_manager.order_by("-pk")
    if lookup:
        rows = rows.filter(**{f"{lookup}__in": [here.pk]} if lookup != "pk" else {"pk": here.pk})
    return rows.first()


def _values(here: Site, manager: User, recalls: dict[str, Recall]) -> dict[str, Values]:
    recall, booked = recalls["to_contact"], recalls["booked"]
    of_recall = {"pk": recall.pk}
    sent = Notification.objects.filter(recall=booked, kind=NotificationKind.APPOINTMENT_CONFIRMATION).latest("pk")
    merged = Patient.objects.exclude(merged_into=None).latest("pk")
    (shown, *_older), _ = demo_inbox.get_inbox_page(get_site_staff(here).scheduler, "")
    stop = RoomStop.objects.latest("pk")
    room = {"pk": here.pk, "room_pk": stop.room_id}
    account = {"pk": get_site_staff(here).scheduler.pk}
    patient, message, mail = {"pk": recall.patient_id}, {"pk": sent.pk}, {"key": shown.mail.key}
    upload, summary = {"pk": ResultUpload.objects.latest("pk").pk}, {"pk": LaySummary.objects.latest("pk").pk}
    trial = {"pk": _trial(here, manager).pk}
    report = OutsideReport.objects.order_by("pk").last()
    by_name: dict[str, Values] = {
        **dict.fromkeys(
            ("recall", "next_recall", "refresh_presence", "contact_details", "undo", "messages", "message_new",
             "message_new_html"), of_recall,
        ),
        "outside_report": {"pk": report.recall_id if report else 0, "report_pk": report.pk if report else 0},
        "booking_step": of_recall,
        "step": {**of_recall, "step": "add_note"},
        "appointment_step": {"pk": booked.appointments.get().pk, "step": "confirm"},
        "room_entry": {"pk": Appointment.objects.filter(recall=booked).latest("pk").pk},
        "work_item_done": {"pk": WorkItem.objects.filter(recall__site=here, done_at=None).latest("pk").pk},
        "supplemental_test": {"pk": SupplementalScreening.objects.latest("pk").pk},
        "saved_view_delete": {"pk": SavedView.objects.create(user=manager, name="Mine", query="").pk},
        "queue_state": {"state": "to_contact"},
        "list_export": {"name": "appointments"},
        **dict.fromkeys(
            ("message", "message_html", "message_resend", "message_resend_html", "letter_reprint"),
            message,
        ),
        **dict.fromkeys(("inbox_message", "inbox_html"), mail),
        "message_pdf": {"pk": Notification.objects.filter(recall=recalls["letter"]).earliest("pk").pk},
        "inbox_attachment": {"key": shown.mail.key, "number": 0},
        "exam": {"pk": recall.exam_id},
        **dict.fromkeys(("upload", "upload_columns", "upload_progress"), upload),
        "hl7_message": {"pk": Hl7Message.objects.latest("pk").pk},
        "parked_row": {"pk": ParkedRow.objects.latest("pk").pk},
        "parked_cancer": {"pk": 0},
        "cancer_entry": {"code": here.code},
        **dict.fromkeys(
            ("patient", "patient_edit", "patient_end_links", "patient_copy", "patient_merge_find", "contact_plan"),
            patient,
        ),
        "patient_merge": {**patient, "stays": recalls["cancer"].patient_id},
        "patient_separate": {"pk": merged.pk},
        "patient_hold": patient,
        "lift_hold": {"pk": set_hold(recalls["cancer"].patient, "A claim.", by=manager).pk},
        "calendar_feed_end": {"pk": make_feed(here, Modality.MAMMOGRAPHY, by=manager)[0].pk},
        "lane_day": {"site_pk": here.pk, "day": calendar.today(here)},
        "setup_room": room, "setup_stops": room, "setup_stop_delete": {**room, "stop_pk": stop.pk},
        "setup_reopen_day": {"pk": Closure.objects.filter(site=here).latest("pk").pk},
        "setup_account_decide": {"pk": _asked(here).pk},
        "emergency_review": {"pk": _emergency(here).pk},
        **dict.fromkeys(("trial", "trial_start", "trial_end", "trial_file"), trial),
        "rate_case": {"pk": recalls["cancer"].pk},
        "review_case": {"exam": recalls["cancer"].exam_id, "kind": "missed"},
    }  # fmt: skip
    letters = {"pk": LetterBatch.objects.latest("pk").pk}
    by_name |= {f"letter_batch{part}": letters for part in _LETTER_PARTS}
    summaries = {"pk": LaySummaryBatch.objects.latest("pk").pk}
    by_name |= dict.fromkeys(("lay_summary_batch", "lay_summary_batch_pdf"), summaries)
    by_name |= dict.fromkeys(("lay_summary", "lay_summary_pdf"), summary)
    sites = ("site", "hours", "messages", "letterhead", "rooms", "room_new")
    by_name |= {f"setup_{name}": {"pk": here.pk} for name in sites}
    accounts = ("account", "new_password", "lost_factor", "invite_again", "leave", "come_back")
    return by_name | {f"setup_{name}": account for name in accounts}


_LETTER_PARTS = ("", "_progress", "_pdf", "_mail_house", "_posted", "_tracking")


def _asked(here: Site) -> AccountRequest:
    asker = User.objects.get(username="first_administrator")
    account = UserFactory.create(sites=[here])
    return AccountRequest.objects.create(kind=AccountRequest.Kind.PASSWORD, account=account, asked_by=asker)


def _emergency(here: Site) -> EmergencyAccess:
    stranger = UserFactory.create(sites=[SiteFactory.create(code="THIRD")], role=Role.SCHEDULER)
    return EmergencyAccess.objects.create(
        user=stranger, site=here, reason="Her own clinic is closed.", ends_at=timezone.now() + timedelta(hours=1)
    )


def _trial(here: Site, manager: User) -> Trial:
    """A draft, which another person may start."""
    return Trial.objects.create(
        site=here, title="First calls", question="Does the hour matter?", ethics="None is needed: both are usual care.",
        subject=Trial.Subject.CALL_TIME, arms={"a": "morning", "b": "afternoon"}, outcome=Trial.Outcome.FIRST_CALL,
        size=40, ends_on=calendar.today(here) + timedelta(days=60), seed=1, user=manager, by="Mo Sample",
    )  # fmt: skip
