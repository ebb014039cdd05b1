"""Holds what every answer says to the browser: cookies that stay here, a type that is true, nothing for other hosts."""

import json
from collections import Counter
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse
from django.utils.module_loading import import_string

from clinic.models import Site, User
from notifications.inbound import webhooks
from recalls.forms import STEP_FORMS
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.architecture.test_login_required import URL_PATTERNS
from tests.portal.conftest import give_birth_date, make_link
from tests.security.conftest import ClientFor
from tests.support.production_environment import run_in_production

STAFF_PAGES = (
    "queue",
    "work_items",
    "search",
    "appointments",
    "letters",
    "messages_coming",
    "report_requests",
    "entry",
)
OPEN_PAGES = (
    "/sign-in/",
    "/health/",
    "/health/live/",
    "/fhir/metadata",
    "/no-such-page/",
    "/my/",
    "/my/no-such-link/",
    "/admin/login/",
)
# Whoever calls these has seen no page of ours: each asks for a signature, a secret or a token instead.
WITHOUT_A_FORMS_TOKEN = {
    "unsubscribe", "series_stop", "sms_inbound", "fhir_base", *(one.name for one in webhooks.urlpatterns),
}  # fmt: skip
# Opening a page writes who looked or was refused, that a session goes on, and in whose hands a recall is: nothing else.
WRITTEN_BY_LOOKING = {
    "clinic.AccessLog",
    "clinic.SecurityEvent",
    "sessions.Session",
    "recalls.RecallClaim",
    "desk.KeptForm",
}
READ_COOKIES = """
from django.conf import settings
import json
from portal.session import cookie_name
from desk.kept_forms import cookie_name as kept
print(json.dumps({
    "names": [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.LANGUAGE_COOKIE_NAME],
    "own_names": [cookie_name(), kept()],
    "secure": [settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE, settings.LANGUAGE_COOKIE_SECURE],
    "hsts": [settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS],
    "hasher": settings.PASSWORD_HASHERS[0],
    "debug": settings.DEBUG,
}))
"""


@pytest.fixture
def recall(shadyside: Site) -> Recall:
    return RecallFactory.create(site=shadyside, booked=True)


@pytest.fixture(scope="module")
def production() -> dict[str, Any]:
    result = run_in_production(["manage.py", "shell", "--no-imports", "--command", READ_COOKIES])
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


def test_in_production_each_cookie_is_bound_to_https_and_to_this_very_host(production: dict[str, Any]) -> None:
    assert [name for name in [*production["names"], *production["own_names"]] if not name.startswith("__Host-")] == []
    assert production["secure"] == [True] * 3


def test_in_production_browsers_keep_to_https_for_a_year_with_all_subdomains(production: dict[str, Any]) -> None:
    assert production["hsts"] == [31_536_000, True]


def test_in_production_passwords_are_stored_slowly_and_nothing_is_debugged(production: dict[str, Any]) -> None:
    hasher = import_string(production["hasher"])
    assert (hasher.algorithm, hasher.iterations >= 600_000) == ("pbkdf2_sha256", True)
    assert production["debug"] is False


@pytest.mark.django_db
def test_no_script_reads_a_cookie_and_no_other_site_sends_one(
    client_for: ClientFor, scheduler_ana: User, recall: Recall
) -> None:
    staff, patient = client_for(scheduler_ana), Client()
    for name in STAFF_PAGES:
        staff.get(reverse(name))
    staff.post(reverse("set_language"), {"language": "es"})
    staff.post(reverse("search"), {"q": "Sample"})
    patient.get("/sign-in/")
    give_birth_date(patient, make_link(recall.patient), recall.patient)
    patient.post("/my/confirm/", follow=True)
    cookies = [*staff.cookies.values(), *patient.cookies.values()]
    assert {one.key for one in cookies} == {"sessionid", "csrftoken", "django_language", "my"}
    for cookie in cookies:
        assert cookie["httponly"] is True, cookie.key
        assert cookie["samesite"] in ("Lax", "Strict"), cookie.key
        assert (cookie["domain"], cookie["path"]) == ("", "/"), cookie.key


@pytest.mark.django_db
def test_every_answer_names_its_true_type_with_its_letters_and_forbids_to_guess(
    client_for: ClientFor, scheduler_ana: User, manager_mo: User, recall: Recall
) -> None:
    browser = client_for(scheduler_ana)
    answers = [browser.get(reverse(name)) for name in STAFF_PAGES]
    answers += [browser.get(reverse(name, args=[recall.pk])) for name in ("recall", "messages")]
    answers += [Client(raise_request_exception=False).get(path) for path in OPEN_PAGES]
    answers += [client_for(manager_mo).get(reverse("chart_csv", args=["ageing"]))]
    answers += [browser.post("/sign-in/"), browser.get(reverse("worklist"))]
    for answer in answers:
        kind = answer.headers["Content-Type"]
        assert kind.startswith(("text/html", "text/plain", "text/csv", "application/fhir+json")), kind
        assert "charset=utf-8" in kind.lower(), (answer.request["PATH_INFO"], kind)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        policy = answer.headers["Content-Security-Policy"]
        assert [part for part in ("object-src", "base-uri", "frame-ancestors") if f"{part} 'none'" not in policy] == []


@pytest.mark.django_db
def test_no_answer_is_meant_for_a_page_of_another_host(
    client_for: ClientFor, scheduler_ana: User, recall: Recall
) -> None:
    origin = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    browser = client_for(scheduler_ana)
    for path in ("/", reverse("recall", args=[recall.pk]), "/fhir/metadata", "/fhir/Patient", "/my/", "/sign-in/"):
        for answer in (browser.get(path, headers=origin), browser.options(path, headers=origin)):
            assert [name for name in answer.headers if name.lower().startswith("access-control")] == []
            assert "Referrer-Policy" in answer.headers


def test_only_doors_of_programs_go_without_a_forms_token() -> None:
    without = {name for name, pattern in URL_PATTERNS if getattr(pattern.callback, "csrf_exempt", False)}
    assert {name for name in without if not name.startswith("fhir:")} == WITHOUT_A_FORMS_TOKEN


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/sign-in/", "/language/", "/sign-out/", "/search/", "/entry/"])
def test_a_form_of_another_site_is_refused_before_anything_is_done(
    scheduler_ana: User, path: str, recall: Recall
) -> None:
    forged = Client(enforce_csrf_checks=True)
    forged.force_login(scheduler_ana)
    for address in (path, reverse("step", args=[recall.pk, "add_note"])):
        assert forged.post(address, {"username": "ana", "note": "forged", "language": "es"}).status_code == 403
    assert not recall.events.filter(note="forged").exists()


@pytest.mark.django_db
def test_looking_at_any_page_of_a_recall_changes_nothing(
    client_for: ClientFor, scheduler_ana: User, radiologist_rao: User, recall: Recall
) -> None:
    def count() -> Counter[str]:
        models = [model for model in apps.get_models() if model._meta.label not in WRITTEN_BY_LOOKING]
        return Counter({model._meta.label: model._base_manager.count() for model in models})

    browsers = [client_for(user) for user in (scheduler_ana, radiologist_rao)]
    before, version = count(), recall.version
    for browser in browsers:
        for address in (reverse(name, args=[recall.pk]) for name in ("recall", "messages", "undo", "contact_details")):
            browser.get(address)
        for step in STEP_FORMS:
            browser.get(reverse("step", args=[recall.pk, step]))
    recall.refresh_from_db()
    assert (count() - before, before - count(), recall.version) == (Counter(), Counter(), version)


@pytest.mark.django_db
def test_a_stranger_names_no_line_of_the_log(client: Client) -> None:
    answer = client.get("/sign-in/", headers={"X-Request-ID": "forged\nline", "X-Correlation-ID": "forged"})
    assert "forged" not in answer.headers["X-Request-ID"]
