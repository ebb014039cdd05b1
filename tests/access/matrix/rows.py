"""What each address is to answer: from the tables of permissions where it asks them, else from a row written here."""

from typing import Any, Final

from clinic.admin_base import ReadOnlyAdmin, ScopedAdmin
from clinic.roles import ADMIN_PERMISSIONS, ADMIN_ROLES, PAGE_ROLES, Page, Role
from recalls.workflow import STEPS_BY_NAME
from tests.access.matrix.asking import FAULT, HIDDEN, NO_METHOD, OPEN, REFUSED, SIGN_IN, TOKEN
from tests.access.matrix.people import HERE, NOWHERE, PROGRAM, STRANGER, Person
from tests.access.matrix.routes import Route

Expected = frozenset[str]
# For everybody who has signed in, whatever their role: what comes of GET and of POST.
SIGNED_IN: Final[dict[str, tuple[str, str]]] = {
    **dict.fromkeys(
        ("account_reauthenticate", "password_change", "sessions", "still_here", "late_list", "mfa_activate_totp",
         "mfa_generate_recovery_codes", "mfa_add_webauthn", "mfa_reauthenticate", "mfa_authenticate"), (OPEN, OPEN),
    ),
    **dict.fromkeys(("home", "keyboard_shortcuts", "mfa_index", "mfa_list_webauthn"), (OPEN, NO_METHOD)),
    # Nobody here has a second factor yet.
    "mfa_deactivate_totp": (HIDDEN, HIDDEN), "mfa_view_recovery_codes": (HIDDEN, NO_METHOD),
    "mfa_download_recovery_codes": (HIDDEN, HIDDEN), "mfa_remove_webauthn": (HIDDEN, HIDDEN),
    "mfa_edit_webauthn": (HIDDEN, HIDDEN), "mfa_reauthenticate_webauthn": (OPEN, OPEN),
    "sign_out": (NO_METHOD, SIGN_IN),
}  # fmt: skip
_PORTAL_PAGES: Final = tuple(
    f"portal:{name}" for name in (
        "page", "preferences", "stop_emails", "confirm_appointment", "keep_time", "choose_time", "answer_earlier",
        "wait_for_earlier", "cancel_visit", "patient_request", "calendar_file", "close_page", "plan", "plan_code",
        "education",
    )
)  # fmt: skip
_TABLET_PAGES: Final = tuple(f"tablet:{name}" for name in ("open", "plan", "plan_code", "still_here", "thanks"))
# For everybody: what a stranger gets by GET and by POST without anything secret, and no patient's name in it.
PUBLIC: Final[dict[str, tuple[str, str]]] = {
    "sign_in": (OPEN, OPEN), "forgotten_password": (OPEN, OPEN), "forgotten_password_choose": (OPEN, OPEN),
    "openid_connect_login": (NO_METHOD, HIDDEN), "openid_connect_callback": (HIDDEN, NO_METHOD),
    "socialaccount_login_cancelled": (OPEN, NO_METHOD),
    **dict.fromkeys(("unsubscribe", "series_confirm", "series_stop"), (HIDDEN, HIDDEN)),
    "sms_inbound": (NO_METHOD, REFUSED), "calendar_feed": (HIDDEN, NO_METHOD),
    "first_account": (OPEN, OPEN), "invitation": (OPEN, OPEN), "health": (OPEN, NO_METHOD),
    "health_live": (OPEN, NO_METHOD), "health_ready": (OPEN, NO_METHOD), "metrics": (HIDDEN, NO_METHOD),
    "set_language": (OPEN, OPEN),
    **dict.fromkeys(_PORTAL_PAGES, (REFUSED, REFUSED)),
    **dict.fromkeys(_TABLET_PAGES, (REFUSED, REFUSED)), "tablet:open": (OPEN, OPEN), "tablet:thanks": (OPEN, NO_METHOD),
    "tablet:give_back": (NO_METHOD, OPEN),
    "portal:link": (HIDDEN, HIDDEN), "portal:link_stop_emails": (HIDDEN, HIDDEN),
}  # fmt: skip
FHIR_PUBLIC: Final = frozenset({"fhir:metadata", "fhir:token", "fhir:smart_configuration"})
# Of the pages of trials those on which somebody decides: for who may also name the physician of the site's audit.
TRIAL_DECISIONS: Final = frozenset({"trial_draft", "trial_start", "trial_end"})
# Rows of one's own: a colleague's is nobody's, at whatever site.
OWN_ROWS: Final = frozenset({"saved_view_delete"})
# Found by nobody with what is sent here: nothing is chosen, no such report came, no file is on the mail, and so on.
_NOTHING_BY_BOTH = (
    "bulk", "outside_report", "inbox_attachment", "parked_cancer", "signed_audit", "signed_audit_file", "trial_file",
)  # fmt: skip
_NOTHING_BY_POST = (
    "close_day", "lane_answer", "letter_batch_start", "exam", "lay_summary_batch_make", "letter_reprint",
    "name_audit_physician", "navigator_case",
    "rate_case", "review_case", "retention_decide", "setup_come_back", "setup_work_holiday",
)  # fmt: skip
ANSWERS_NOTHING: Final = frozenset({
    ("GET", "lay_summary_pdf"), *(("GET", name) for name in _NOTHING_BY_BOTH),
    *(("POST", name) for name in _NOTHING_BY_BOTH + _NOTHING_BY_POST),
})  # fmt: skip


def is_asked(route: Route, person: Person) -> bool:
    """Whether it can matter where this person works: not to whom their role keeps out anyway, nor where all come in.

    Who works nowhere has no sites by the same line of the program whatever the role: one role asks from there.
    """
    if person.place == HERE or person.role == STRANGER:
        return True
    if route.name in PUBLIC or route.name in SIGNED_IN:
        return False
    if _kind(route) == "fhir":
        return person.role == PROGRAM
    roles = ADMIN_ROLES if _kind(route) == "admin" else PAGE_ROLES[route.page] if route.page else frozenset()
    return person.role == min(roles, default="") if person.place == NOWHERE else person.role in roles


def has_row(route: Route) -> bool:
    """Whether somebody said what the address is to answer."""
    named = route.name in SIGNED_IN or route.name in PUBLIC
    return named or route.page is not None or _kind(route) in ("admin", "fhir", "webhook")


def _kind(route: Route) -> str:
    first = route.pattern.partition("/")[0]
    return {"admin": "admin", "fhir": "fhir", "webhooks": "webhook"}.get(first, "page")


def expected(route: Route, person: Person, method: str, *, is_there: bool) -> Expected:
    """The outcomes that are right, of those of `asking`; `is_there`: the administration has such a row."""
    if route.name == "health_ready" and method == "GET":
        return frozenset({OPEN, FAULT})  # 503 where the tests have no broker
    if route.name in PUBLIC:
        return frozenset({PUBLIC[route.name][method == "POST"]})
    if not is_there and person.role in ADMIN_ROLES and "<path:object_id>/" in route.pattern:
        return frozenset({HIDDEN, REFUSED, OPEN} if route.pattern.endswith("<path:object_id>/") else {HIDDEN, REFUSED})
    by_kind = {"admin": _of_admin, "fhir": _of_fhir, "webhook": _of_webhook, "page": _of_page}
    return by_kind[_kind(route)](route, person, method)


def _of_webhook(_route: Route, _person: Person, _method: str) -> Expected:
    """No provider is set up here."""
    return frozenset({HIDDEN})


def _of_fhir(route: Route, person: Person, _method: str) -> Expected:
    """A program's token opens it and nothing else does, no session of any role."""
    if route.name in FHIR_PUBLIC or person.role == PROGRAM:
        return frozenset({OPEN, HIDDEN, NO_METHOD, REFUSED}) | ({TOKEN} if route.name == "fhir:token" else set())
    return frozenset({TOKEN})


def _of_page(route: Route, person: Person, method: str) -> Expected:
    if not person.is_signed_in:
        return frozenset({SIGN_IN})
    if route.name in SIGNED_IN:
        return frozenset({SIGNED_IN[route.name][method == "POST"]})
    if route.page is not None and person.role not in PAGE_ROLES[route.page]:
        return frozenset({REFUSED})
    if not route.answers(method):
        return frozenset({NO_METHOD})
    names_a_row = bool(set(route.parts) & {"pk", "site_pk", "exam", "code", "key"})
    if route.name == "simulation_file" and person.place == NOWHERE:
        return frozenset({HIDDEN if method == "GET" else NO_METHOD})  # no clinic, no year to play
    is_nothing = route.name in OWN_ROWS or (method, route.name) in ANSWERS_NOTHING
    if is_nothing:
        return frozenset({HIDDEN})
    is_step = route.pattern.startswith("recalls/")
    step = STEPS_BY_NAME.get(route.pattern.rstrip("/").rpartition("/")[2]) if is_step else None
    if names_a_row and person.place != HERE:
        return frozenset({HIDDEN, REFUSED} if step else {HIDDEN})  # a step may be refused before its row is looked up
    if route.name == "emergency_review" and person.role != Role.MANAGER:  # opens one, and finds none to review
        return frozenset({HIDDEN})
    if route.name in TRIAL_DECISIONS and person.role not in PAGE_ROLES[Page.AUDIT_PHYSICIAN]:
        return frozenset({REFUSED})
    if step is not None and method == "POST" and person.role not in step.roles:
        return frozenset({REFUSED})
    return frozenset({OPEN})


def _of_admin(route: Route, person: Person, method: str) -> Expected:
    if route.name == "admin:login":  # not a door of its own
        return frozenset({HIDDEN if person.role in ADMIN_ROLES else REFUSED if person.is_signed_in else SIGN_IN})
    if route.name == "admin:logout":
        return frozenset({SIGN_IN, OPEN, HIDDEN, NO_METHOD})
    if person.role not in ADMIN_ROLES:
        return frozenset({SIGN_IN})
    model_admin = getattr(route.view, "model_admin", None)
    if model_admin is None:
        return frozenset({OPEN, HIDDEN, NO_METHOD, REFUSED})
    verbs = set(ADMIN_PERMISSIONS[Role(person.role)].get(model_admin.model._meta.label_lower, ()))
    if isinstance(model_admin, ReadOnlyAdmin):
        verbs &= {"view"}
    return _of_admin_page(route, verbs, person, method, model_admin)


def _of_admin_page(route: Route, verbs: set[str], person: Person, method: str, model_admin: Any) -> Expected:
    part = route.pattern.rstrip("/").rpartition("/")[2]
    if part == "<path:object_id>":
        return frozenset({OPEN})  # leads to the page that the other rows are about
    is_scoped = isinstance(model_admin, ScopedAdmin) and bool(model_admin.site_lookup)
    if "<path:object_id>" in route.pattern and is_scoped and person.place != HERE:
        return frozenset({HIDDEN, REFUSED})
    if part == "delete":
        return frozenset({OPEN if "delete" in verbs else REFUSED})
    shows_shipped_words = route.name == "admin:notifications_messagetext_add" and method == "GET"
    needed = {"add"} if part == "add" and not shows_shipped_words else {"view", "change"}
    if part == "change" and method == "POST":
        needed = {"change"}
    if part == "history" and not verbs & needed:
        return frozenset({HIDDEN, REFUSED})
    return frozenset({OPEN if verbs & needed else REFUSED})
