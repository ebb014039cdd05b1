"""Holds that strangers find no door but those meant for them, and that what comes through stays within limits."""

import base64
import io
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import RequestFactory
from django.urls import reverse
from pydantic import SecretStr

from clinic.middleware import read_address
from clinic.models import Site, User
from config.guards import request_limits
from config.webhook_providers import KEY_NAMES, anymail_settings, check_providers
from exchange.csv_reader import MAX_CELL_LENGTH, MAX_COLUMNS, MAX_LINE_BYTES, inspect_csv
from exchange.errors import UnusableFile
from notifications.admin.message_text_form import MessageTextForm
from notifications.rendering.template_validation import validate_text

pytestmark = pytest.mark.django_db
SECRET = "provider:a-long-enough-secret"
BASIC = {"authorization": "Basic " + base64.b64encode(SECRET.encode()).decode()}


@pytest.fixture
def taking_reports(settings: LazySettings) -> None:
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET, "MAILGUN_WEBHOOK_SIGNING_KEY": "k"}
    settings.WEBHOOK_PROVIDERS = frozenset({"postmark", "mailgun"})


@pytest.mark.usefixtures("taking_reports")
@pytest.mark.parametrize("provider", [*KEY_NAMES, "amazon_ses", "resend"])
def test_an_address_exists_only_for_a_provider_that_the_settings_name(provider: str) -> None:
    answer = Client(raise_request_exception=False).post(f"/webhooks/{provider}/tracking/", "{", "application/json")
    assert answer.status_code == (401 if provider in ("postmark", "mailgun") else 404)


@pytest.mark.usefixtures("taking_reports")
@pytest.mark.parametrize("provider", ["postmark", "mailgun"])
@pytest.mark.parametrize("body", ["{", "[]", "null", '{"RecordType": 3}', "\xff"])
def test_a_report_that_cannot_be_read_is_refused_without_a_fault(provider: str, body: str) -> None:
    client = Client(raise_request_exception=False)
    answer = client.post(f"/webhooks/{provider}/tracking/", body, "application/json", headers=BASIC)
    assert answer.status_code in (200, 400)


def test_each_provider_is_given_its_key_under_the_name_that_it_asks_for() -> None:
    providers = check_providers(SecretStr("postmark, mailgun=abc"))
    assert anymail_settings(SecretStr(SECRET), providers) == {
        "WEBHOOK_SECRET": SECRET, "MAILGUN_WEBHOOK_SIGNING_KEY": "abc",
    }  # fmt: skip


@pytest.mark.parametrize("wrong", ["mailgun", "postmark=key", "amazon_ses", "nobody"])
def test_a_provider_without_its_key_stops_the_start(wrong: str) -> None:
    with pytest.raises(ValueError, match="allowed"):
        check_providers(SecretStr(wrong))


@pytest.mark.parametrize("address", ["/sms/inbound/", "/sign-in/", "/my/not-a-link/"])
def test_a_stranger_leaves_no_file(address: str, tmp_path: Path, settings: LazySettings) -> None:
    settings.FILE_UPLOAD_TEMP_DIR, settings.FILE_UPLOAD_MAX_MEMORY_SIZE = tmp_path, 0
    kept: list[Path] = []
    settings.SMS_URL = "twilio://sid:token@+14125550100"
    file = SimpleUploadedFile("x.csv", b"x" * 200_000)
    answer = Client(raise_request_exception=False).post(
        address, {"file": file}, headers={"x-twilio-signature": "wrong"}
    )
    assert (answer.status_code in (400, 403, 404), list(tmp_path.iterdir())) == (True, kept)


def test_a_file_is_refused_on_a_page_that_takes_none(client: Client, manager_mo: User) -> None:
    client.force_login(manager_mo)
    client.raise_request_exception = False
    file = SimpleUploadedFile("x.csv", b"mrn")
    assert client.post(reverse("search"), {"q": "x", "file": file}).status_code == 400


def test_an_answer_without_a_signature_is_refused_before_its_body_is_read(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from notifications.inbound.sms_replies import sms_inbound

    settings.SMS_URL = "twilio://sid:token@+14125550100"
    request = RequestFactory().post("/sms/inbound/", {"Body": "STOP"})
    monkeypatch.setattr(type(request), "_load_post_and_files", lambda _self: pytest.fail("the body was read"))
    assert sms_inbound(request).status_code == 403


def test_a_body_longer_than_anything_taken_is_refused_unread(client: Client, manager_mo: User) -> None:
    too_long = {"CONTENT_LENGTH": str(request_limits.MAX_ANONYMOUS_BODY + 1)}
    assert client.post("/sms/inbound/", b"x", "text/plain", **too_long).status_code == 413  # type: ignore[arg-type]
    client.force_login(manager_mo)
    too_long = {"CONTENT_LENGTH": str(request_limits.MAX_BODY + 1)}
    assert client.post(reverse("uploads"), b"x", "text/plain", **too_long).status_code == 413  # type: ignore[arg-type]


@pytest.mark.parametrize("address", ["/queue/?language=%00", "/search/?x=%00", "/board/?a=b%00"])
def test_a_nul_in_an_address_is_a_plain_400(client: Client, manager_mo: User, address: str) -> None:
    client.force_login(manager_mo)
    assert client.get(address).status_code == 400


def test_a_nul_in_a_search_is_a_plain_400_and_is_not_kept(client: Client, manager_mo: User) -> None:
    client.force_login(manager_mo)
    client.raise_request_exception = False
    assert client.post(reverse("search"), {"q": "a\x00b"}).status_code == 400
    assert client.get(reverse("search")).status_code == 200


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
@pytest.mark.parametrize("address", ["/appointments/?day={}", "/appointments/closed/?site={site}&day={}"])
def test_a_day_that_no_calendar_reaches_is_no_fault(
    client: Client, manager_mo: User, shadyside: Site, address: str, day: str
) -> None:
    client.force_login(manager_mo)
    client.raise_request_exception = False
    assert client.get(address.format(day, site=shadyside.pk)).status_code in (200, 404)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (" 192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:51820", "192.0.2.7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::1"),
        ("unknown", ""),
        ("<script>", ""),
    ],
)
def test_an_address_is_read_as_proxies_write_it(written: str, meant: str) -> None:
    assert read_address(written) == meant


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"mrn,x\n" + b"a" * (MAX_LINE_BYTES + 1), "longer than 4 MB"),
        (b"a," * (MAX_COLUMNS + 1) + b"\n", "more than 500 columns"),
    ],
)
def test_a_file_beyond_the_limits_is_refused_with_a_plain_reason(content: bytes, reason: str) -> None:
    with pytest.raises(UnusableFile, match=reason):
        inspect_csv(io.BytesIO(content))


def test_a_cell_beyond_the_limit_parks_its_row_and_only_the_beginning_is_kept() -> None:
    long = b"x" * (MAX_CELL_LENGTH + 10)
    [record] = inspect_csv(io.BytesIO(b"mrn,comment\n1," + long + b"\n")).records()
    assert (len(record.raw["comment"]), len(record.problems)) == (MAX_CELL_LENGTH, 1)


def test_a_quotation_that_never_ends_takes_no_more_than_a_line() -> None:
    line = b'"' + b"y" * 60_000 + b"\n"
    records = list(inspect_csv(io.BytesIO(b"mrn,comment\n" + line * 50)).records())
    assert all(sum(map(len, record.raw.values())) <= 2 * MAX_LINE_BYTES for record in records)


def _problems(body: str, subject: str = "A note from $clinic_name") -> list[str]:
    text = f"Hello $first_name,\n\n{body}\n\nCall $clinic_phone.\n\n$clinic_name"
    return [problem.message for problem in validate_text("please_call", "en", subject, text)]


@pytest.mark.parametrize(
    "body",
    [
        "[Open my page](https://evil.example/login)",
        "<https://evil.example/>",
        "See https://evil.example now",
        "See www.evil.example now",
        "[Open](//evil.example/)",
        "[Open][1]\n\n[1]: https://evil.example/",
        "[Open](javascript:alert)",
        "[Open](https://testserver@evil.example/)",
    ],
)
def test_a_link_leads_to_allowed_hosts_alone(body: str) -> None:
    assert any("link" in problem for problem in _problems(body))


def test_a_link_to_the_clinics_own_host_and_to_one_the_operator_named_is_fine(settings: LazySettings) -> None:
    settings.PUBLIC_URL, settings.TEXT_LINK_HOSTS = "https://recall.example.org", ["hospital.example.org"]
    body = "[Ours](https://recall.example.org/) and [theirs](https://hospital.example.org/map)"
    assert not any("link" in problem for problem in _problems(body))


@pytest.mark.parametrize("subject", ["A note\r\nBcc: x@evil.example", "A note\u202egnp", "A\u200b note", "A\x00"])
def test_a_subject_is_one_line_without_hidden_characters(subject: str) -> None:
    assert any("one line" in problem for problem in _problems("Please call.", subject))


def test_a_body_turns_the_direction_of_no_letters() -> None:
    assert any("direction" in problem for problem in _problems("Please \u202e call."))


def test_words_for_all_sites_are_for_who_works_at_all_of_them(
    administrator_ada: User, shadyside: Site, foothills: Site
) -> None:
    form_class = type("Form", (MessageTextForm,), {"user": administrator_ada})
    assert form_class().fields["site"].required
    administrator_ada.sites.add(*Site.objects.all())
    administrator_ada = User.objects.get(pk=administrator_ada.pk)
    assert not type("Form", (MessageTextForm,), {"user": administrator_ada})().fields["site"].required


def test_an_administrator_opens_the_settings_of_own_sites_alone(
    client: Client, administrator_ada: User, shadyside: Site, foothills: Site
) -> None:
    client.force_login(administrator_ada)
    for site, status in ((shadyside, 200), (foothills, 302)):
        assert client.get(reverse("admin:clinic_site_change", args=[site.pk])).status_code == status
