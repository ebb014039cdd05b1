"""Holds that rows, blocks and whole chains that were rewritten outside the application are found."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from clinic.factories import get_site_staff
from clinic.models import AccessLog, Heartbeat, Site
from history import ledger
from history.append_only import suspended
from history.ledger import seal_new_rows
from history.models import LedgerBlock
from history.outside_heads import keep_head, read_heads
from history.row_seals import get_key, key_code
from history.sealed_tables import append_only_tables
from patients.actions import set_contact_point
from patients.models import Consent, ContactPoint, PatientChange
from recalls.models import Recall, RecallEvent
from recalls.sealing import nightly
from recalls.testing.factories import RecallFactory
from reports.health_checks import Health
from reports.watch.faults import find_faults
from tests.history.test_sealed_facts import run_verify_history

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "k" * 40


@pytest.fixture(autouse=True)
def head_file(settings: Any, tmp_path: Path) -> Path:
    settings.HISTORY_KEYS = [KEY]
    settings.HISTORY_HEAD_FILE = tmp_path / "heads.jsonl"
    return tmp_path / "heads.jsonl"


@pytest.fixture(autouse=True)
def _transactions_of_this_database_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's own answer waits for every database on it; here those of other test processes stand beside ours."""
    if connection.vendor == "postgresql":
        monkeypatch.setattr(ledger, "_oldest_transaction", oldest_transaction_here)


def oldest_transaction_here() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT least(min(backend_xid::text::bigint), pg_snapshot_xmax(pg_current_snapshot())::text::bigint) "
            "FROM pg_stat_activity WHERE datname = current_database()"
        )
        return int(cursor.fetchone()[0])


def seal_all() -> int:
    """The first pass sees what is new, the second finds that every transaction of that time has ended."""
    return seal_new_rows(60) + seal_new_rows(60)


@pytest.fixture
def recall(shadyside: Site) -> Recall:
    """A recall whose patient has consents and another number, who was looked at; all of it sealed, the head kept."""
    radiologist = get_site_staff(shadyside).radiologist
    recall = RecallFactory.create(site=shadyside, closed_normal=True, patient__detailed_email=True)
    for number in ("412-555-0142", "412-555-0143"):
        set_contact_point(recall.patient, ContactPoint.Kind.MOBILE, number, by=radiologist)
    AccessLog.objects.create(user=radiologist, page="recall", patient_id=recall.patient_id)
    LogEntry.objects.create(
        user=radiologist,
        content_type=ContentType.objects.get_for_model(Site),
        object_id=str(shadyside.pk),
        object_repr="a site",
        action_flag=CHANGE,
        change_message="Phone: from 1 to 2",
    )
    assert seal_all()
    assert keep_head()
    return recall


def tamper(change: Callable[[], Any]) -> None:
    """What a person with the database's own password could do."""
    with suspended(connection, append_only_tables()):
        change()


def delete_newest(model: Any) -> None:
    rows = model.objects.order_by("-pk")
    model.objects.filter(pk=rows[0].pk)._raw_delete("default")


def put_into_a_sealed_range() -> None:
    """A row takes the number of one that is taken away."""
    row = PatientChange.objects.latest("pk")
    PatientChange.objects.filter(pk=row.pk)._raw_delete("default")
    row.new = "+14125550199"
    PatientChange.objects.bulk_create([row])


def swap_two_consents() -> None:
    one, other = Consent.objects.filter(subject__in=["email", "detail"]).order_by("pk")[:2]
    Consent.objects.filter(pk=one.pk).update(subject=other.subject)
    Consent.objects.filter(pk=other.pk).update(subject=one.subject)


def rewrite_the_chain_of_events() -> None:
    """Every hash of the recall is computed anew, as the program would."""
    recall = Recall.objects.get()
    previous = ""
    for event in recall.events.order_by("version"):
        event.note = "never called" if event.version == 1 else event.note
        event.previous_hash, previous = previous, previous
        event.hash = previous = event.compute_hash()
        RecallEvent.objects.filter(pk=event.pk).update(
            note=event.note, previous_hash=event.previous_hash, hash=event.hash
        )
    Recall.objects.update(head_hash=previous)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda: Consent.objects.update(granted=True, source="She said so."), "patients_consent: one of the rows"),
        (swap_two_consents, "patients_consent: one of the rows"),
        (lambda: PatientChange.objects.update(old=""), "patients_patientchange: one of the rows"),
        (lambda: delete_newest(PatientChange), "patients_patientchange: of rows"),
        (put_into_a_sealed_range, "patients_patientchange: one of the rows"),
        (lambda: delete_newest(AccessLog), "there were 1 and are 0"),
        (lambda: AccessLog.objects.update(user_id=F("user_id") + 1), "clinic_accesslog: one of the rows"),
        (lambda: LogEntry.objects.update(change_message=""), "django_admin_log: one of the rows"),
        (rewrite_the_chain_of_events, "recalls_recallevent: one of the rows"),
        (lambda: LedgerBlock.objects.filter(number=2).update(rows=0), "block #2: the block was changed"),
        (lambda: LedgerBlock.objects.filter(number=2)._raw_delete("default"), "the blocks before it are missing"),
        (lambda: delete_newest(LedgerBlock), "missing, up to the kept head"),
    ],
)  # fmt: skip
def test_what_was_tampered_with_after_it_was_sealed_is_found(
    change: Callable[[], Any], found: str, recall: Recall
) -> None:
    assert run_verify_history()[0] == 0
    tamper(change)
    status, text = run_verify_history()
    assert status == 1
    assert found in text


def put_in_dated_back() -> Consent:
    row = Consent.objects.latest("pk")
    row.pk, row.granted, row.at = None, True, timezone.now() - timedelta(days=2)
    Consent.objects.bulk_create([row])
    seal_all()
    return row


def test_a_row_that_is_put_in_dated_back_is_found(recall: Recall) -> None:
    row = put_in_dated_back()
    assert f"patients_consent: row {row.pk} is dated back" in run_verify_history()[1]


def test_rows_are_not_called_dated_back_when_a_clock_that_was_a_day_ahead_is_put_right(
    recall: Recall, time_machine: Any
) -> None:
    now = timezone.now()
    time_machine.move_to(now + timedelta(days=1))
    seal_all()
    time_machine.move_to(now + timedelta(minutes=1))
    RecallFactory.create(site=recall.site)
    seal_all()
    assert run_verify_history()[0] == 0
    put_in_dated_back()
    assert "is dated back" in run_verify_history()[1]


def recompute_ledger(key: str) -> None:
    """Every block anew over the rows as they are, by somebody with or without the key."""
    with suspended(connection, append_only_tables()):
        LedgerBlock.objects.all()._raw_delete("default")
    seal_all()
    assert {block.key for block in LedgerBlock.objects.all()} == {key_code()}
    assert get_key(key_code()) == key.encode()


def test_a_ledger_computed_anew_without_the_key_is_found(recall: Recall, settings: Any, head_file: Path) -> None:
    head_file.unlink()
    settings.HISTORY_KEYS = ["guessed" * 6]
    tamper(lambda: PatientChange.objects.update(old=""))
    recompute_ledger("guessed" * 6)
    settings.HISTORY_KEYS = [KEY]
    assert "sealed with a key that is not in HISTORY_KEY" in run_verify_history()[1]


def test_a_ledger_computed_anew_with_the_key_is_found_by_the_head_kept_outside(recall: Recall) -> None:
    tamper(lambda: PatientChange.objects.update(old=""))
    recompute_ledger(KEY)
    assert "it is not the block whose head was kept outside" in run_verify_history()[1]


def test_rows_cut_off_together_with_their_blocks_are_found_by_the_head_kept_outside(recall: Recall) -> None:
    newest = LedgerBlock.objects.latest("number")

    def cut() -> None:
        LedgerBlock.objects.filter(number=newest.number)._raw_delete("default")
        LogEntry.objects.all()._raw_delete("default")

    assert newest.table == "django_admin_log"
    tamper(cut)
    assert f"missing, up to the kept head {newest.number}" in run_verify_history()[1]


def test_a_new_key_seals_and_the_old_one_still_checks(recall: Recall, settings: Any) -> None:
    settings.HISTORY_KEYS = ["n" * 40, KEY]
    AccessLog.objects.create(user=get_site_staff(recall.site).radiologist, page="recall", patient_id=1)
    assert seal_all() == 1
    assert run_verify_history()[0] == 0
    tamper(lambda: AccessLog.objects.update(page="work"))
    assert run_verify_history()[1].count("clinic_accesslog: one of the rows") == 2


def test_after_a_restore_that_is_noted_later_heads_hold_no_more(recall: Recall) -> None:
    tamper(lambda: delete_newest(LedgerBlock))
    assert run_verify_history()[0] == 1
    call_command("history_head", restored="The disk broke.")
    status, text = run_verify_history()
    assert status == 0
    assert "The disk broke." in text
    assert LedgerBlock.objects.latest("number").number in read_heads().digests


def test_a_row_of_a_transaction_that_ends_late_is_sealed_and_no_fault(recall: Recall) -> None:
    """On PostgreSQL it may appear after a row with a higher number."""
    user = get_site_staff(recall.site).radiologist
    with transaction.atomic():
        AccessLog.objects.create(user=user, page="early number", patient_id=1)
        if connection.vendor == "postgresql":
            _in_another_connection(user.pk)
    seal_all()
    assert run_verify_history()[0] == 0
    covered = LedgerBlock.objects.filter(table="clinic_accesslog").values_list("rows", flat=True)
    assert sum(covered) == AccessLog.objects.count()


def _in_another_connection(user: int) -> None:
    import threading

    def write_and_seal() -> None:
        try:
            AccessLog.objects.create(user_id=user, page="late number", patient_id=1)
            assert seal_all() == 0, "the early number may still come"
        finally:
            connection.close()

    thread = threading.Thread(target=write_and_seal)
    thread.start()
    thread.join()


def test_a_history_that_does_not_match_raises_an_alarm_until_it_does(recall: Recall) -> None:
    def history_faults() -> list[Health]:
        faults = find_faults(timezone.now(), broker_answers=True)
        return [part.health for part in faults if str(part.name) == "History"]

    assert nightly.continue_nightly_check(60) == 0
    assert history_faults() == []
    tamper(lambda: AccessLog.objects.update(page="work"))
    assert nightly.continue_nightly_check(60) == 0, "tonight's round is over"
    Heartbeat.objects.filter(pk=nightly.HEARTBEAT_NAME).update(counts={})
    assert nightly.continue_nightly_check(60) == 1
    assert history_faults() == [Health.DOWN]
    tamper(lambda: AccessLog.objects.update(page="recall"))
    Heartbeat.objects.filter(pk=nightly.HEARTBEAT_NAME).update(counts={})
    assert nightly.continue_nightly_check(60) == 0
    assert history_faults() == []


def test_the_nights_round_goes_on_where_it_was(recall: Recall) -> None:
    for _piece in range(10):
        nightly.continue_nightly_check(0.000001)
    mark = Heartbeat.objects.get(pk=nightly.HEARTBEAT_NAME)
    assert mark.counts["stage"] is None
    assert mark.finished_at
