"""Property test: however many rows are stored at a time, the same file leaves the same tables, messages and seals."""

from collections import Counter
from collections.abc import Iterable
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import models, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic.factories import SiteFactory, UserFactory
from clinic.models import Site
from clinic.roles import Role
from exchange import loader
from exchange.csv_reader import Record
from exchange.models import ParkedRow, ResultFile
from notifications.models import Notification
from patients.models import AddressFault, Consent, ContactPoint, Patient, PatientChange, ReferringProvider, SearchTerm
from recalls.actions.records.merging import merge_patients
from recalls.kept_facts import upkeep
from recalls.models import (
    Finding,
    Recall,
    RecallEvent,
    RecallFacts,
    ScreeningExam,
    SupersededReading,
    SupplementalScreening,
    WorkItem,
)
from tests.exchange.conftest import make_result

TABLES: tuple[type[models.Model], ...] = (
    ReferringProvider, Patient, ContactPoint, Consent, PatientChange, SearchTerm, ScreeningExam, Finding,
    SupersededReading, SupplementalScreening, Recall, RecallEvent, RecallFacts, WorkItem, Notification, ParkedRow,
)  # fmt: skip
# What is made anew each time, and what only counts up.
UNLIKE = frozenset({"id", "public_id", "message_id", "hash", "previous_hash", "head_hash", "seals", "corrected_seal"})
NAMES = (("Sample-Oak", "Testa"), ("Sample-Elm", "Testa"), ("Sample-Oak", "Mina"), ("Sample-Ash", "-"))
PEOPLE = st.sampled_from(
    [
        {"mrn": mrn, "family_name": family, "given_name": given, "birth_date": born}
        for mrn in ("M1", "M2", "0M2", "M3", "OLD", "GONE")
        for family, given in NAMES[: 1 if mrn == "M3" else 4]
        for born in ("1970-02-01", "1970-02-02")[: 1 if mrn == "M1" else 2]
    ]
)
EXAMS = st.fixed_dictionaries(
    {
        "accession": st.sampled_from(["A1", "A2", "0A2", "A3", "A4", "A5"]),
        "exam_date": st.sampled_from(["2026-11-02", "11/02/2026", "2025-11-02", "02.30.2026"]),
        "assessment": st.sampled_from(
            ["1", "2", "0-AI", "0", "0-PRIOR", "3", "4B", "5", "6", "2, supplemental ultrasound recommended", "4 or so"]
        ),
        "site": st.sampled_from(["SHADY", "SHADY", "EAST", "NOWHERE"]),
        "reported_at": st.sampled_from(["", "2026-11-03 10:00", "2026-11-04 10:00"]),
        "recall_kind": st.sampled_from(["", "", "", "technical"]),
        "findings": st.sampled_from(["", "mass:left", "mass:left:upper outer; calcifications:both"]),
    }
)
DETAILS = st.fixed_dictionaries(
    {
        "phone_mobile": st.sampled_from(["", "412 555 0142", "412 555 0143", "12", "412 555 0199"]),
        "email": st.sampled_from(["", "testa@example.org", "mina@example.org", "gone@example.org", "no mail"]),
        "email_consent": st.sampled_from(["", "yes", "no"]),
        "sms_consent": st.sampled_from(["", "yes", "no"]),
        "language": st.sampled_from(["", "en", "Spanish", "Klingonese"]),
        "address_line": st.sampled_from(["", "1 Example Street"]),
        "city": st.sampled_from(["", "Pittsburgh"]),
        "best_time": st.sampled_from(["", "", "morning"]),
        "referrer_name": st.sampled_from(["", "Dr. Referra Example", "Dr. Otto Example"]),
        "referrer_npi": st.sampled_from(["", "1000000001"]),
    }
)
ROWS = st.builds(lambda person, exam, details: make_result(**person, **exam, **details), PEOPLE, EXAMS, DETAILS)


@pytest.fixture
def clinic(shady_site: Site) -> None:
    """Another site, a number that is known not to work, a patient merged into another, and one who has died."""
    SiteFactory.create(code="EAST", assigning_authority=shady_site.mrn_authority)
    AddressFault.objects.create(address="+14125550199", reason="wrong")
    AddressFault.objects.create(address="gone@example.org", reason="bounced")
    rows = [make_result(mrn=mrn, accession=f"B-{mrn}", assessment="1") for mrn in ("OLD", "NEW", "GONE")]
    _load(rows, 500)
    old, new = Patient.objects.get(mrn="OLD"), Patient.objects.get(mrn="NEW")
    merge_patients(old, new, by=UserFactory.create(role=Role.MANAGER, sites=[shady_site]))
    Patient.objects.filter(mrn="GONE").update(deceased_on="2026-11-01")


def _load(rows: Iterable[dict[str, str]], at_a_time: int) -> list[dict[str, Any]]:
    """Each row's report, loaded so many at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loader, "CHUNK_SIZE", at_a_time)
        file = ResultFile.objects.create(name="any.csv", by="intake")
        records = [Record(line, row) for line, row in enumerate(rows, start=2)]
        reports = [report.as_json() for report in loader.Loader(file, loader.get_sites_by_code()).load(records)]
    file.refresh_from_db()
    return [*reports, file.counts]


def _rows_of(table: type[models.Model]) -> Counter[str]:
    """The rows in words that hold no number that is given out anew."""
    columns = [field for field in table._meta.concrete_fields if field.name not in UNLIKE]
    found = table._base_manager.select_related(*(field.name for field in columns if field.is_relation)).all()
    return Counter(repr([(field.name, _word(getattr(row, field.name))) for field in columns]) for row in found)


def _word(value: Any) -> Any:
    """Another row by what names it."""
    if isinstance(value, Recall):
        return f"recall {_word(value.exam)} {value.opened_at}"
    if isinstance(value, ScreeningExam):
        return f"exam {value.site_id} {value.accession}"
    if isinstance(value, Patient):
        return f"patient {value.assigning_authority} {value.mrn}"
    return str(value) if isinstance(value, ReferringProvider | Site) else repr(value)


def _outcome(rows: list[dict[str, str]], at_a_time: int) -> tuple[list[dict[str, Any]], dict[str, Counter[str]]]:
    """What was reported and what stands in the tables; all of it is taken back."""
    with transaction.atomic():
        reports = _load(rows, at_a_time)
        tables = {table.__name__: _rows_of(table) for table in TABLES}
        call_command("verify_history", stdout=StringIO())
        assert not upkeep.check_and_mend()
        transaction.set_rollback(True)
    return reports, tables


@pytest.mark.django_db
@pytest.mark.usefixtures("clinic")
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=st.lists(ROWS, min_size=2, max_size=12))
def test_rows_stored_together_end_as_rows_stored_one_by_one(rows: list[dict[str, str]]) -> None:
    with time_machine.travel("2026-11-20 15:00:00+00:00", tick=False):
        together, one_by_one = _outcome(rows, 500), _outcome(rows, 1)
    assert together[0] == one_by_one[0]
    for name, found in together[1].items():
        assert found == one_by_one[1][name], name
