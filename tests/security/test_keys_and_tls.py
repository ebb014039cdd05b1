"""Holds that keys can be changed without breaking what they signed, and that nothing old is spoken on the wire."""

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.test import Client
from pytest_django import Settings

from clinic.models import Site
from config.env import read_environment
from exchange.management.commands.listen_hl7 import get_tls_context
from recalls.testing.factories import RecallFactory
from reports import tasks
from tests.hl7.test_listener_tls import FILES
from tests.portal.conftest import give_birth_date, make_link


@pytest.mark.django_db
def test_what_a_former_key_signed_is_still_taken_and_nothing_without_one(shadyside: Site, settings: Settings) -> None:
    patient, browser = RecallFactory.create(site=shadyside).patient, Client()
    give_birth_date(browser, make_link(patient), patient)
    former = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, [former]
    assert browser.get("/my/").status_code == 200  # and the page answers with a cookie of the new key
    settings.SECRET_KEY_FALLBACKS = []
    assert browser.get("/my/").status_code == 200
    settings.SECRET_KEY = former
    assert browser.get("/my/").status_code == 403


def test_former_keys_are_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY_FALLBACKS", "one-former-key, another-former-key")
    keys = [key.get_secret_value() for key in read_environment().secret_key_fallbacks]
    assert keys == ["one-former-key", "another-former-key"]


def test_the_listener_speaks_nothing_older_than_tls_1_2_and_no_weak_cipher() -> None:
    context = get_tls_context(FILES)
    assert context is not None
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.verify_mode == ssl.CERT_REQUIRED
    names = [str(cipher["name"]) for cipher in context.get_ciphers()]
    weak = ("RC4", "DES", "MD5", "NULL", "EXP", "ADH", "AECDH", "PSK")
    assert [name for name in names if any(part in name for part in weak)] == []
    assert all(int(cipher["strength_bits"]) >= 128 for cipher in context.get_ciphers())


def test_a_server_whose_certificate_nobody_vouches_for_is_not_spoken_to() -> None:
    """What webhooks, the mail server and the text message service are spoken to with."""
    context = ssl.create_default_context()
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


class _Elsewhere(BaseHTTPRequestHandler):
    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(302)
        self.send_header("Location", "/led-on")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def elsewhere(settings: Settings) -> Iterator[list[str]]:
    """A monitor that sends whoever asks on to another address."""
    server = HTTPServer(("127.0.0.1", 0), _Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.LOOP_PING_URL = f"http://127.0.0.1:{server.server_port}/ping"
    _Elsewhere.asked.clear()
    yield _Elsewhere.asked
    server.shutdown()
    server.server_close()


@pytest.mark.django_db
def test_the_monitor_leads_nobody_to_another_address(elsewhere: list[str], shadyside: Site) -> None:
    assert tasks.check_stuck_recalls() == 0
    assert elsewhere == ["/ping"]
