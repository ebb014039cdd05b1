"""A person's data goes for good once two people said so, and the sealed history still verifies."""

from datetime import date
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from django.apps import apps
from django.db import DatabaseError, transaction
from django.db.models import Model

from clinic.factories import get_site_staff
from clinic.models import SecurityEvent, Site, User
from history.models import MinimisedRow
from history.outside_heads import keep_head
from notifications.models import RenderedMessage
from patients.factories import PatientFactory
from patients.models import Patient
from recalls import actions
from recalls.models import ContactAttempt, Recall, RecallEvent, ScreeningExam
from recalls.permissions import StepUnavailable
from recalls.testing.factories import ExamFactory
from retention import due_list, holds
from retention.minimise import carry_out
from retention.models import DueRecord, Minimisation
from tests.history.test_sealed_facts import run_verify_history, tamper
from tests.retention.conftest import CANARY, NUMBER, recall_of, seal_all, settle, when_due

pytestmark = pytest.mark.django_db(transaction=True)


def let_go(day: date, first: User, second: User) -> None:
    """Two people say so, for everything on the list of that day."""
    due_list.refresh_list(day)
    numbers = list(DueRecord.objects.values_list("pk", flat=True))
    assert due_list.ask(first, numbers) == due_list.confirm(second, numbers) == len(numbers)


def minimise_all(day: date) -> int:
    return sum(carry_out(pk, day) for pk in DueRecord.objects.values_list("pk", flat=True))


def find_words(*words: str) -> list[str]:
    """Every table and column of the database in which one of the words stands."""
    found = []
    for model in apps.get_models(include_auto_created=True):
        for row in model._base_manager.values():
            for name, value in row.items():
                said = bytes(value).decode(errors="ignore") if isinstance(value, bytes | memoryview) else str(value)
                if any(word.lower() in said.lower() for word in words):
                    found.append(f"{model._meta.label}.{name}")
    return sorted(set(found))


def test_nothing_of_the_person_is_left_and_the_history_still_verifies(
    full_record: Patient, administrator_ada: User, second_administrator: User
) -> None:
    day = when_due(full_record)
    assert len(find_words(CANARY, NUMBER)) > 10
    email = f"{full_record.given_name}.{CANARY}"
    let_go(day, administrator_ada, second_administrator)
    assert seal_all()
    keep_head()
    before = run_verify_history()
    assert before[0] == 0, before
    assert minimise_all(day) == 1
    assert find_words(CANARY, NUMBER, email) == []
    seal_all()
    after = run_verify_history()
    assert after[0] == 0, after
    full_record.refresh_from_db()
    assert (full_record.birth_date.month, full_record.birth_date.day) == (1, 1)
    assert full_record.minimised_at is not None
    assert not DueRecord.objects.exists()


def test_what_the_audit_counts_stays(full_record: Patient, administrator_ada: User, second_administrator: User) -> None:
    kept = ("id", "exam_date", "assessment", "density", "site_id", "reader_id", "patient_id")

    def read() -> tuple[list[Any], list[Any]]:
        exams = ScreeningExam.objects.order_by("pk").values(*kept)
        return list(exams), list(Recall.objects.order_by("pk").values("state", "closure_reason"))

    before = read()
    steps = list(RecallEvent.objects.order_by("pk").values_list("step", "by", "at", "hash"))
    let_go(when_due(full_record), administrator_ada, second_administrator)
    seal_all()
    assert minimise_all(when_due(full_record)) == 1
    assert read() == before
    assert list(RecallEvent.objects.order_by("pk").values_list("step", "by", "at", "hash")) == steps


def test_it_is_on_record_who_asked_and_who_confirmed(
    full_record: Patient, administrator_ada: User, second_administrator: User
) -> None:
    let_go(when_due(full_record), administrator_ada, second_administrator)
    seal_all()
    minimise_all(when_due(full_record))
    done = Minimisation.objects.get()
    assert (done.patient, done.exam, done.asked_by, done.confirmed_by) == (
        full_record, None, administrator_ada, second_administrator,
    )  # fmt: skip
    assert done.rows == MinimisedRow.objects.count()
    event = SecurityEvent.objects.get(kind=SecurityEvent.Kind.MINIMISED)
    assert (event.by, event.detail) == (second_administrator, f"patient {full_record.pk}; asked by ada")


def test_one_person_alone_cannot_let_a_record_go(full_record: Patient, administrator_ada: User) -> None:
    due_list.refresh_list(when_due(full_record))
    numbers = list(DueRecord.objects.values_list("pk", flat=True))
    assert due_list.ask(administrator_ada, numbers) == 1
    assert due_list.confirm(administrator_ada, numbers) == 0
    seal_all()
    assert minimise_all(when_due(full_record)) == 0
    assert find_words(CANARY)


def test_a_hold_that_is_set_after_both_confirmed_still_keeps_the_record(
    full_record: Patient, administrator_ada: User, second_administrator: User, manager_mo: User
) -> None:
    let_go(when_due(full_record), administrator_ada, second_administrator)
    holds.set_hold(full_record, "Case 2026-17 of the county", by=manager_mo)
    seal_all()
    assert minimise_all(when_due(full_record)) == 0
    assert find_words(CANARY)
    assert not DueRecord.objects.exists()


def test_nothing_goes_before_its_seals_stand_in_the_ledger(
    full_record: Patient, administrator_ada: User, second_administrator: User
) -> None:
    let_go(when_due(full_record), administrator_ada, second_administrator)
    assert minimise_all(when_due(full_record)) == 0
    assert find_words(CANARY)
    seal_all()
    assert minimise_all(when_due(full_record)) == 1


def test_merged_records_go_together(
    full_record: Patient, manager_mo: User, administrator_ada: User, second_administrator: User
) -> None:
    loser = PatientFactory.create(site=full_record.site, family_name=f"{CANARY}-Former")
    actions.merge_patients(loser, full_record, by=manager_mo, note=f"{CANARY} married")
    settle(full_record)
    settle(loser)
    let_go(when_due(full_record), administrator_ada, second_administrator)
    seal_all()
    assert minimise_all(when_due(full_record)) == 1
    assert find_words(CANARY, NUMBER) == []
    seal_all()
    assert run_verify_history()[0] == 0


def test_a_minimised_record_is_not_opened_again(
    full_record: Patient, administrator_ada: User, second_administrator: User, shadyside: Site
) -> None:
    let_go(when_due(full_record), administrator_ada, second_administrator)
    seal_all()
    assert minimise_all(when_due(full_record)) == 1
    with pytest.raises(StepUnavailable, match="its data was removed"):
        actions.reopen(recall_of(full_record), by=get_site_staff(shadyside).manager, note="Came back.")


def test_an_old_exam_loses_its_words_and_the_person_stays(
    full_record: Patient, administrator_ada: User, second_administrator: User
) -> None:
    day = when_due(full_record, 5)
    later = day - relativedelta(days=60)
    ExamFactory.create(site=full_record.site, patient=full_record, negative=True, exam_date=later)
    let_go(day, administrator_ada, second_administrator)
    seal_all()
    assert minimise_all(day) == 2
    left = find_words(CANARY)
    assert [name for name in left if name.startswith(("recalls.", "notifications.", "exchange."))] == []
    assert "patients.Patient.family_name" in left
    assert due_list.refresh_list(day) == 0, "once is enough"
    seal_all()
    assert run_verify_history()[0] == 0


TAMPERED: dict[str, tuple[type[Model], dict[str, Any]]] = {
    "the note of an event": (RecallEvent, {"note": "never called"}),
    "the result of a call": (ContactAttempt, {"note": "Reached."}),
    "the reading of the exam": (ScreeningExam, {"assessment": "1"}),
    "the reason of a closing": (Recall, {"closure_note": "She did not come."}),
    "a sent message": (RenderedMessage, {"text": "Something else."}),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_what_is_changed_after_the_words_went_is_found(
    what: str, full_record: Patient, administrator_ada: User, second_administrator: User
) -> None:
    let_go(when_due(full_record), administrator_ada, second_administrator)
    seal_all()
    assert minimise_all(when_due(full_record)) == 1
    model, changes = TAMPERED[what]
    newest = model._base_manager.order_by("-pk")[0].pk
    tamper(lambda: model._base_manager.filter(pk=newest).update(**changes))
    assert run_verify_history()[0] == 1


def test_no_row_is_emptied_whose_seals_were_not_kept(full_record: Patient) -> None:
    with pytest.raises(DatabaseError, match="never changed or deleted"), transaction.atomic():
        RecallEvent.objects.exclude(note="").update(note="")


def test_a_row_whose_seals_were_kept_is_emptied_and_not_rewritten(
    full_record: Patient, administrator_ada: User, second_administrator: User
) -> None:
    let_go(when_due(full_record), administrator_ada, second_administrator)
    seal_all()
    minimise_all(when_due(full_record))
    pk = MinimisedRow.objects.filter(table="recalls_recallevent").values("row")[:1]
    for changes in ({"note": "Other words."}, {"by": "somebody else"}, {"note": "-", "step": "close_lost"}):
        with pytest.raises(DatabaseError, match="never changed or deleted"), transaction.atomic():
            RecallEvent.objects.filter(pk__in=pk).update(**changes)
