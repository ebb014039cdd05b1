"""The PDF of a signed audit and of a month holds the figures of the pages."""

import sys
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from pypdf import PdfReader
from time_machine import TimeMachineFixture

from clinic.factories import UserFactory
from clinic.models import Site, User
from clinic.roles import Role
from recalls.enums import Assessment
from reports.audit.sign_off import sign_audit
from reports.models import AuditPhysician, SignedAudit
from tests.audit.histories import History, write_histories

DAY = date(2025, 5, 6)
pytestmark = pytest.mark.django_db


@pytest.fixture
def signed(time_machine: TimeMachineFixture, shadyside: Site, radiologist_rao: User, manager_mo: User) -> SignedAudit:
    time_machine.move_to("2025-06-16T15:00:00Z", tick=False)
    negative = [History(DAY, Assessment.NEGATIVE, reader=radiologist_rao) for _number in range(9)]
    called = History(DAY, Assessment.NEED_IMAGING, reader=radiologist_rao, recall_kind="finding")
    write_histories(shadyside, [*negative, called])
    AuditPhysician.objects.create(site=shadyside, user=radiologist_rao, named_by=manager_mo)
    return sign_audit(shadyside, 2025, "Reviewed *with* the group.", by=radiologist_rao, today=date(2025, 6, 16))


def _read(answer: Any) -> str:
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages).split())


def test_the_pdf_of_a_signed_audit_says_who_signed_and_holds_figures_and_definitions(
    client: Client, signed: SignedAudit, radiologist_rao: User
) -> None:
    client.force_login(radiologist_rao)
    words = _read(client.get(f"/audit/signed/{signed.pk}/pdf/"))
    assert f"Signed by {radiologist_rao.get_full_name()} on 2025-06-16." in words
    assert "Reviewed *with* the group." in words
    assert "1 of 10 10.0 %" in words
    assert "21 CFR 900.12(f)" in words


def test_the_pdf_names_no_reader_to_another_reader(client: Client, signed: SignedAudit, shadyside: Site) -> None:
    client.force_login(UserFactory.create(role=Role.RADIOLOGIST, sites=[shadyside], last_name="Kim"))
    assert "Screening: Reader" not in _read(client.get(f"/audit/signed/{signed.pk}/pdf/"))


@pytest.mark.usefixtures("signed")
def test_the_month_for_the_meeting(client: Client, manager_mo: User) -> None:
    client.force_login(manager_mo)
    words = _read(client.get("/audit/month/2025/5/"))
    assert "Recalls of 2025-05: Shadyside" in words
    assert "Called by the end of the next business day: 0 of 1." in words
    assert "Result to visit" in words
    assert _read(client.get("/audit/month/2025/2/")).count("No recall was opened in this month.") == 1
    for address in ("/audit/month/2025/13/", "/audit/month/2025/7/", "/audit/month/1066/5/"):
        assert client.get(address).status_code == 404


@pytest.mark.usefixtures("signed")
def test_the_command_prints_the_audit_as_pdf(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    call_command("audit", year=2025, format="pdf")
    sys.stdout.flush()
    printed = capfdbinary.readouterr().out
    words = " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(printed)).pages).split())
    assert "Audit, 2025-01-01 to 2025-12-31" in words
    assert "Not signed." in words
    assert "1 of 10 10.0 %" in words
