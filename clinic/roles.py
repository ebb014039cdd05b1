"""Who may do what: the roles of a clinic and, in this one place, what each of them may see and change.

A role is a Django group of the same name; `sync_groups` writes the groups and their model permissions
after every migration, so the table below is the only place to change them. Which workflow steps a role
may take is written beside each step in `recalls.workflow`; this file rules pages and the admin.
"""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic.queries.related_rows import read_related


class Role(models.TextChoices):
    SCHEDULER = "scheduler", _("Scheduler")
    NAVIGATOR = "navigator", _("Navigator")
    RADIOLOGIST = "radiologist", _("Radiologist")
    MANAGER = "manager", _("Manager")
    ADMINISTRATOR = "administrator", _("Administrator")
    PRIVACY_OFFICER = "privacy_officer", _("Privacy officer")
    INTEGRATION = "integration", _("Integration")
    # Actors without an account: they hold no group and sign in nowhere.
    SYSTEM = "system", _("System")
    PATIENT = "patient", _("Patient")


STAFF_ROLES = frozenset(
    {
        Role.SCHEDULER,
        Role.NAVIGATOR,
        Role.RADIOLOGIST,
        Role.MANAGER,
        Role.ADMINISTRATOR,
        Role.PRIVACY_OFFICER,
        Role.INTEGRATION,
    }
)


# Who also enter the administration.
ADMIN_ROLES = frozenset({Role.MANAGER, Role.ADMINISTRATOR})

# Who may book a visit into a room over another one; the reason is asked for and kept.
OVERBOOKING_ROLES = frozenset({Role.NAVIGATOR, Role.MANAGER})


class Page(models.TextChoices):
    """What a page shows; a page asks for one of these, never for a role."""

    QUEUE = "queue", _("Callback queue")
    BULK = "bulk", _("Many recalls at once")
    ASSIGN_TASKS = "assign_tasks", _("Giving tasks to a person")
    RECALL = "recall", _("Recall page")
    PATIENT = "patient", _("Patient's record")
    PATIENT_EDIT = "patient_edit", _("Changing a patient's record")
    CONTACT_PLAN = "contact_plan", _("Handing the contact plan to a patient")
    PATIENT_MERGE = "patient_merge", _("Merging patients' records")
    APPOINTMENTS = "appointments", _("Appointments")
    LANE = "lane", _("Same-day lane")
    LANE_DAYS = "lane_days", _("Screening lists of the same-day lane")
    CLOSED_DAYS = "closed_days", _("Closing a day")
    WORKLIST = "worklist", _("Reading worklist")
    MY_RECALLS = "own_recalls", _("Where my recalls went")
    ALL_READERS = "every_reader", _("Where every reader's recalls went")
    AUDIT = "audit", _("Outcomes audit")
    READER_CASES = "reader_cases", _("Own cases that came back, own trend")
    SIMULATION = "simulation", _("A year of the clinic played")
    TRIALS = "trials", _("Trials")
    AUDIT_PHYSICIAN = "audit_physician", _("Naming the audit interpreting physician")
    BOARD = "board", _("Status board")
    MANAGER_LISTS = "manager_lists", _("Lists of recalls, work of each person")
    MISSED_VISITS = "missed_visits", _("Estimate of missed visits")
    EXPORT = "export", _("CSV files of patients")
    EXPORT_LOG = "export_log", _("Which CSV files were taken")
    ACCESS_LOG = "access_log", _("Who looked at whom")
    MAP = "map", _("Workflow map")
    DOWNTIME = "downtime", _("Downtime sheet")
    LETTERS = "letters", _("Letters")
    MESSAGES = "messages_to_come", _("Messages to come")
    NAVIGATION = "navigation", _("Navigator's list")
    SUPPLEMENTAL = "supplemental", _("Supplemental tests")
    REPORT_REQUESTS = "report_requests", _("Outside reports to ask for")
    ENTRY = "entry", _("New patient and result")
    UPLOADS = "uploads", _("Upload of results, and parked rows")
    HL7_MESSAGES = "hl7_messages", _("HL7 messages")
    INBOX = "inbox", _("Demo inbox")
    SETUP = "setup", _("Set-up")
    SECURITY_LOG = "security_log", _("Security log")
    EMERGENCY = "emergency", _("Emergency access")
    RETENTION = "retention", _("Records whose time is over")
    LEGAL_HOLDS = "legal_holds", _("Legal holds")


PAGE_ROLES: dict[Page, frozenset[Role]] = {
    Page.QUEUE: frozenset({Role.SCHEDULER, Role.NAVIGATOR, Role.MANAGER, Role.RADIOLOGIST}),
    Page.BULK: frozenset({Role.SCHEDULER, Role.NAVIGATOR, Role.MANAGER}),
    Page.ASSIGN_TASKS: frozenset({Role.MANAGER}),
    Page.RECALL: frozenset({Role.SCHEDULER, Role.NAVIGATOR, Role.MANAGER, Role.RADIOLOGIST}),
    Page.PATIENT: frozenset({Role.SCHEDULER, Role.NAVIGATOR, Role.MANAGER, Role.RADIOLOGIST}),
    Page.PATIENT_EDIT: frozenset({Role.SCHEDULER, Role.NAVIGATOR, Role.MANAGER}),
    Page.CONTACT_PLAN: frozenset({Role.SCHEDULER, Role.NAVIGATOR, Role.MANAGER}),
    Page.PATIENT_MERGE: frozenset({Role.MANAGER}),
    Page.APPOINTMENTS: frozenset({Role.SCHEDULER, Role.NAVIGATOR, Role.MANAGER, Role.RADIOLOGIST}),
    Page.LANE: frozenset({Role.SCHEDULER, Role.NAVIGATOR, Role.MANAGER, Role.RADIOLOGIST}),
    Page.LANE_DAYS: frozenset({Role.SCHEDULER, Role.NAVIGATOR, Role.MANAGER}),
    Page.CLOSED_DAYS: frozenset({Role.SCHEDULER, Role.NAVIGATOR, Role.MANAGER}),
    Page.WORKLIST: frozenset({Role.RADIOLOGIST}),
    Page.MY_RECALLS: frozenset({Role.RADIOLOGIST, Role.MANAGER}),
    Page.ALL_READERS: frozenset({Role.MANAGER}),
    Page.AUDIT: frozenset({Role.RADIOLOGIST, Role.MANAGER}),
    Page.READER_CASES: frozenset({Role.RADIOLOGIST}),
    Page.SIMULATION: frozenset({Role.RADIOLOGIST, Role.MANAGER}),
    Page.TRIALS: frozenset({Role.RADIOLOGIST, Role.MANAGER}),
    Page.AUDIT_PHYSICIAN: frozenset({Role.MANAGER}),
    Page.BOARD: frozenset({Role.MANAGER, Role.ADMINISTRATOR}),
    Page.MANAGER_LISTS: frozenset({Role.MANAGER, Role.ADMINISTRATOR}),
    Page.MISSED_VISITS: frozenset({Role.MANAGER}),
    Page.EXPORT: frozenset({Role.MANAGER}),
    Page.EXPORT_LOG: frozenset({Role.MANAGER, Role.ADMINISTRATOR}),
    Page.ACCESS_LOG: frozenset({Role.PRIVACY_OFFICER}),
    Page.MAP: frozenset({Role.SCHEDULER, Role.NAVIGATOR, Role.RADIOLOGIST, Role.MANAGER, Role.ADMINISTRATOR}),
    Page.DOWNTIME: frozenset({Role.SCHEDULER, Role.NAVIGATOR, Role.MANAGER}),
    Page.LETTERS: frozenset({Role.SCHEDULER, Role.NAVIGATOR, Role.MANAGER}),
    Page.MESSAGES: frozenset({Role.SCHEDULER, Role.NAVIGATOR, Role.MANAGER, Role.ADMINISTRATOR}),
    Page.NAVIGATION: frozenset({Role.NAVIGATOR, Role.MANAGER}),
    Page.SUPPLEMENTAL: frozenset({Role.SCHEDULER, Role.NAVIGATOR, Role.RADIOLOGIST, Role.MANAGER}),
    Page.REPORT_REQUESTS: frozenset({Role.SCHEDULER, Role.NAVIGATOR, Role.MANAGER, Role.RADIOLOGIST}),
    Page.ENTRY: frozenset({Role.SCHEDULER, Role.MANAGER}),
    Page.UPLOADS: frozenset({Role.MANAGER, Role.ADMINISTRATOR}),
    Page.HL7_MESSAGES: frozenset({Role.MANAGER, Role.ADMINISTRATOR}),
    Page.INBOX: STAFF_ROLES,
    Page.SETUP: frozenset({Role.ADMINISTRATOR}),
    Page.SECURITY_LOG: frozenset({Role.MANAGER, Role.PRIVACY_OFFICER}),
    Page.EMERGENCY: frozenset({Role.SCHEDULER, Role.NAVIGATOR, Role.RADIOLOGIST, Role.MANAGER}),
    Page.RETENTION: frozenset({Role.ADMINISTRATOR, Role.PRIVACY_OFFICER}),
    Page.LEGAL_HOLDS: frozenset({Role.MANAGER, Role.PRIVACY_OFFICER}),
}

# Admin permissions: role -> "app.model" -> the verbs it holds. What is not here is denied.
_VIEW_ONLY = ("view",)
_EDIT = ("view", "add", "change")
_READ_ONLY_MODELS = (
    "recalls.recall",
    "recalls.recallevent",
    "recalls.appointment",
    "recalls.contactattempt",
    "recalls.outcome",
    "recalls.lesion",
    "recalls.lesionassessment",
    "recalls.biopsy",
    "recalls.pathologyresult",
    "recalls.concordance",
    "recalls.resultdisclosure",
    "recalls.refusal",
    "recalls.referral",
    "recalls.outsidereport",
    "recalls.reportrequest",
    "recalls.signoffrequest",
    "recalls.screeningexam",
    "recalls.supplementalscreening",
    "notifications.notification",
    "notifications.deliveryattempt",
    "notifications.laysummary",
)
ADMIN_PERMISSIONS: dict[Role, dict[str, tuple[str, ...]]] = {
    Role.MANAGER: {
        **dict.fromkeys(_READ_ONLY_MODELS, _VIEW_ONLY),
        "notifications.sendingstate": ("view", "change"),
        "recalls.workitem": ("view", "change"),
        "recalls.room": _VIEW_ONLY,
        "recalls.slotpolicy": _VIEW_ONLY,
        "recalls.lanepolicy": _VIEW_ONLY,
        "recalls.remindercallpolicy": _VIEW_ONLY,
        "recalls.barrierresource": _VIEW_ONLY,
        "recalls.navigationpolicy": _VIEW_ONLY,
        "recalls.visitlength": _VIEW_ONLY,
        "patients.patient": _VIEW_ONLY,
        "patients.referringprovider": _EDIT,
        "exchange.parkedrow": ("view", "change"),
        "exchange.resultfile": _VIEW_ONLY,
        "notifications.messagetext": _VIEW_ONLY,
        "clinic.site": _VIEW_ONLY,
        "clinic.accesslog": _VIEW_ONLY,
        "admin.logentry": _VIEW_ONLY,
    },
    Role.ADMINISTRATOR: {
        **dict.fromkeys(_READ_ONLY_MODELS, _VIEW_ONLY),
        "notifications.sendingstate": ("view", "change"),
        "recalls.workitem": ("view", "change"),
        "recalls.room": _VIEW_ONLY,
        "recalls.roomstop": _EDIT,
        "recalls.slotpolicy": _EDIT,
        "recalls.lanepolicy": _EDIT,
        "recalls.remindercallpolicy": _EDIT,
        "recalls.barrierresource": _EDIT,
        "recalls.navigationpolicy": _EDIT,
        "recalls.visitlength": _EDIT,
        "patients.patient": _VIEW_ONLY,
        "patients.referringprovider": _EDIT,
        "exchange.parkedrow": ("view", "change"),
        "exchange.resultfile": _VIEW_ONLY,
        "exchange.intakerules": _EDIT,
        "exchange.hl7sender": _EDIT,
        "exchange.hl7peer": _EDIT,
        "exchange.hl7statusmessage": _VIEW_ONLY,
        "exchange.readername": _EDIT,
        "fhir.serviceclient": _EDIT,
        "fhir.webhooksubscription": _EDIT,
        "fhir.webhookdelivery": _VIEW_ONLY,
        "notifications.messagetext": ("view", "add"),
        "clinic.site": ("view", "change"),
        "clinic.deadlinepolicy": _EDIT,
        "clinic.ladderrung": (*_EDIT, "delete"),
        "clinic.user": ("view", "change"),
        "clinic.accesslog": _VIEW_ONLY,
        "clinic.heartbeat": _VIEW_ONLY,
        "admin.logentry": _VIEW_ONLY,
    },
}


def get_roles(user: Any) -> frozenset[Role]:
    """The roles a signed-in person holds, read once per request and kept on the user object."""
    if not user.is_authenticated or not user.is_active:
        return frozenset()
    cached: frozenset[Role] | None = getattr(user, "_roles", None)
    return cache_roles(user, (group.name for group in read_related(user, "groups"))) if cached is None else cached


def cache_roles(user: Any, group_names: Iterable[str]) -> frozenset[Role]:
    """Keep the roles that these groups mean on the user object."""
    names = set(group_names)
    roles = frozenset(role for role in STAFF_ROLES if role.value in names)
    user._roles = roles
    return roles


def can_open_page(user: Any, page: Page) -> bool:
    """By role; somebody made by `createsuperuser` has none, and may set up the clinic in which roles are given."""
    return bool(get_roles(user) & PAGE_ROLES[page]) or (page == Page.SETUP and bool(user.is_superuser))


def sync_groups(**_: Any) -> None:
    """Make the groups in the database say what this file says; models not yet migrated are passed over.

    Permissions are read once: after a migration this is called for each app.
    """
    group_model, permissions = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission").objects
    names = permissions.values_list("content_type__app_label", "codename", "pk")
    known = {(app, codename): pk for app, codename, pk in names}
    for role in STAFF_ROLES:
        group, _created = group_model.objects.get_or_create(name=role.value)
        wanted = _codenames(ADMIN_PERMISSIONS.get(role, {}))
        group.permissions.set([known[name] for name in wanted if name in known])


def _codenames(wanted: dict[str, tuple[str, ...]]) -> Iterable[tuple[str, str]]:
    for label, verbs in wanted.items():
        app, model = label.split(".")
        yield from ((app, f"{verb}_{model}") for verb in verbs)
