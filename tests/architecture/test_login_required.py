"""Holds that a stranger can open only the few pages that must be open."""

from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from notifications.inbound import webhooks

# Mail providers sign in with WEBHOOK_SECRET; without that setting these addresses do not exist.
WEBHOOK_URL_NAMES = {pattern.name or "" for pattern in webhooks.urlpatterns}
PORTAL_URL_NAMES = (
    "link",
    "link_stop_emails",
    "page",
    "confirm_appointment",
    "keep_time",
    "choose_time",
    "plan",
    "plan_code",
    "cancel_visit",
    "answer_earlier",
    "wait_for_earlier",
    "patient_request",
    "preferences",
    "education",
    "stop_emails",
    "calendar_file",
    "close_page",
)
# Programs bring a token with each request; tests/fhir holds that nothing of a patient is shown without one.
FHIR_URL_NAMES = (
    "bundle",
    "metadata",
    "token",
    "smart_configuration",
    "search",
    "posted_search",
    "everything",
    "read",
    "export",
    "patient_export",
    "export_status",
    "export_file",
    "find",
    "hold",
    "book",
    "slots",
    "posted_slots",
    "slot",
    "unknown",
)
# Each with its reason.
PUBLIC_URL_NAMES = {
    "health",  # load balancers have no account
    "health_live",
    "health_ready",
    "metrics",  # Prometheus brings a token
    "first_account",  # on an empty installation nobody can sign in; the code from the terminal is asked for
    "invitation",  # a new colleague has no password yet; the link holds a one-time token
    "forgotten_password",  # whoever has forgotten it cannot sign in; it says the same to everybody
    "forgotten_password_choose",  # the link holds a one-time token
    "sign_in",  # one must get in somewhere
    "account_login",  # the same page under the name that django-allauth looks for
    "mfa_authenticate",  # the second step of the sign-in, for whoever has just given the password
    "openid_connect_login",  # the way to the sign-in of the house, and back
    "openid_connect_callback",
    "socialaccount_login_cancelled",
    "series_confirm",  # as below, for the series about breast health
    "series_stop",
    "unsubscribe",  # a patient has no account; a mail program presses the button
    "set_language",  # the sign-in page is read before signing in
    "admin:login",  # the admin's own way in, under the same lockout
    "sms_inbound",  # the provider of text messages calls it; its signature is checked
    # The patient's page: opened by a link and the birth date, and then by a cookie of a quarter of an hour.
    *(f"portal:{name}" for name in PORTAL_URL_NAMES),
    # A clinic's tablet in a patient's hands: opened by a number that staff make, and then by a cookie of minutes.
    *(f"tablet:{name}" for name in ("open", "plan", "plan_code", "still_here", "give_back", "thanks")),
    *WEBHOOK_URL_NAMES,
    "calendar_feed",  # a calendar program reads it; the address holds a secret that can be ended
    # Programs bring a token of their own; each view asks for it.
    "fhir_base",
    *(f"fhir:{name}" for name in FHIR_URL_NAMES),
}


def _patterns(resolver: URLResolver, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            yield f"{namespace}{entry.name or entry.pattern}", entry
        else:
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from _patterns(entry, inner)


URL_PATTERNS = list(_patterns(get_resolver()))


def test_a_page_is_for_signed_in_people_unless_it_is_on_the_short_list(subtests: pytest.Subtests) -> None:
    for name, pattern in URL_PATTERNS:
        with subtests.test(name):
            asks = getattr(pattern.callback, "login_required", True)
            assert asks or name in PUBLIC_URL_NAMES


def test_the_short_list_names_real_pages() -> None:
    assert {name for name, _ in URL_PATTERNS} >= PUBLIC_URL_NAMES
