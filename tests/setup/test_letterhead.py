"""Tests that a site's letterhead is kept only when every letter can be set with it, and that it is logged."""

import zlib
from struct import pack

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from clinic.factories import UserFactory
from clinic.models import Site
from clinic.roles import Role
from notifications.models import Letterhead

pytestmark = pytest.mark.django_db


def make_png() -> bytes:
    """One grey dot."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))

    head = pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\x80")) + chunk(b"IEND", b"")


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="10"><rect width="40" height="10"/></svg>'


@pytest.fixture
def page(client: Client, shadyside: Site) -> str:
    client.force_login(UserFactory.create(role=Role.ADMINISTRATOR, sites=[shadyside]))
    return reverse("setup_letterhead", args=[shadyside.pk])


@pytest.mark.parametrize(("logo", "kind"), [(make_png(), "png"), (SVG, "svg")])
def test_lines_and_a_logo_are_kept_and_logged(client: Client, page: str, logo: bytes, kind: str) -> None:
    sent = {"lines": " www.example.org \n", "window": "dl", "logo_file": SimpleUploadedFile("logo", logo)}
    assert client.post(page, sent).status_code == 302
    head = Letterhead.objects.get()
    assert (head.lines, head.window, head.logo_kind, bytes(head.logo)) == ("www.example.org", "dl", kind, logo)
    assert "www.example.org" in LogEntry.objects.get().change_message
    assert "data:image/png" in client.get(page).content.decode()


@pytest.mark.parametrize(
    ("logo", "words"),
    [
        (b"GIF89a", "neither PNG nor SVG"),
        (make_png()[:40], "damaged"),
        (SVG.replace(b"<rect", b"<script>x</script><rect"), "plain SVG"),
        (SVG.replace(b"<rect", b'<image href="file:///etc/passwd"/><rect'), "plain SVG"),
        (SVG + b" " * 100_001, "100 kB"),
    ],
)
def test_a_logo_that_is_none_is_refused_with_what_to_mend(client: Client, page: str, logo: bytes, words: str) -> None:
    sent = {"lines": "kept as typed", "window": "us10", "logo_file": SimpleUploadedFile("logo", logo)}
    answer = client.post(page, sent).content.decode()
    assert words in answer
    assert "kept as typed" in answer
    assert not Letterhead.objects.exists()


def test_lines_that_no_font_can_set_are_refused(client: Client, page: str) -> None:
    assert "in no font" in client.post(page, {"lines": "\U00013000", "window": "us10"}).content.decode()
    assert not Letterhead.objects.exists()
