"""Drills what must come to an end or be told: tries without an answer, hidden recalls, the downtime sheet."""

from collections import Counter
from datetime import timedelta
from typing import Any

from bench.drill.batch import Batch, book, patiently
from bench.drill.installation.stack import CONCURRENCY, WORKERS, Stack
from bench.drill.judge import Verdict, judge_facts, judge_messages, judge_same, judge_uncertain_end
from bench.drill.outcome import Outcome, Scale

_MOST_TRIES = 3  # without an answer, then a person's task
_REFUSE_COPY_SQL = """
CREATE FUNCTION drill_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER drill_refuse BEFORE INSERT OR UPDATE ON notifications_renderedmessage
FOR EACH ROW WHEN (NEW.notification_id = {pk}) EXECUTE FUNCTION drill_refuse();
"""
_TAKE_COPY_SQL = "DROP TRIGGER drill_refuse ON notifications_renderedmessage; DROP FUNCTION drill_refuse();"


def lose_every_answer(stack: Stack, scale: Scale) -> Outcome:
    """One message whose 250 is lost each time, among others."""
    batch = book(stack, scale.pick(short=20, long=40))
    row = _pick(batch, scale)
    stack.mail.behave(always_lost=[str(row.public_id)])
    batch.release()
    batch.finish()
    stack.mail.behave()
    return Outcome(f"1 of {len(batch.recalls)} messages is never answered", _judge_with_one_unclear(batch, row))


def refuse_copy(stack: Stack, scale: Scale) -> Outcome:
    """One message leaves each time, and the database refuses to keep what was sent."""
    from django.db import connection

    batch = book(stack, scale.pick(short=20, long=40))
    row = _pick(batch, scale)
    with connection.cursor() as cursor:
        cursor.execute(_REFUSE_COPY_SQL.format(pk=row.pk))
    batch.release()
    batch.finish()
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_COPY_SQL)
    return Outcome(f"the copy of 1 of {len(batch.recalls)} cannot be kept", _judge_with_one_unclear(batch, row))


def kill_each_sender(stack: Stack, scale: Scale) -> Outcome:
    """Whichever process sends one message is killed, as by an error in it that takes all memory."""
    batch = book(stack, scale.pick(short=20, long=40))
    row = _pick(batch, scale)
    stack.mail.behave(seconds=0.2)
    batch.release()
    kills = 0

    def kill_who_sends() -> bool:
        nonlocal kills
        sending = batch.rows().filter(pk=row.pk, state="sending", lease_until__isnull=False)
        token = patiently(lambda: sending.values_list("lease_token", flat=True).first())
        if token is not None and token not in seen:
            seen.add(token)
            for worker in stack.workers:
                for child in range(CONCURRENCY):
                    worker.kill_a_child(child)
            kills += 1
        return batch.has_ended()

    seen: set[int] = set()
    stack.wait_for(kill_who_sends)
    stack.mail.behave()
    others = kills * CONCURRENCY * WORKERS
    return Outcome(
        f"1 of {len(batch.recalls)} ends its sender, {kills} times", _judge_with_one_unclear(batch, row, others)
    )


def _pick(batch: Batch, scale: Scale) -> Any:
    return scale.chance.choice(list(batch.rows().order_by("pk")))


def _judge_with_one_unclear(batch: Batch, row: Any, allowed_extra: int = 0) -> Verdict:
    """That one ends with a person after three tries; the others as always."""
    owed, number = patiently(batch.owed_messages), str(row.public_id)
    copies = batch.copies(set(owed))
    unclear = judge_uncertain_end(owed.pop(number), copies.pop(number, ()), _MOST_TRIES)
    return unclear + judge_messages(len(batch.recalls) - 1, owed, copies, allowed_extra=allowed_extra)


def write_sheet(stack: Stack, scale: Scale) -> Outcome:
    """Every call that is due stands on the sheet of its site, also at a small site beside a large one."""
    from django.conf import settings
    from django.db import transaction
    from django.utils import timezone

    from bench._test_installation import create_site_that_is_always_open
    from clinic import calendar
    from clinic.models import Site
    from patients.factories import PatientFactory
    from recalls.models import Recall
    from recalls.testing.factories import RecallFactory
    from reports.tasks import write_downtime_sheets

    expected, found = Counter[str](), Counter[str]()
    sizes = (scale.pick(short=205, long=400), 5)
    for size in sizes:
        site = create_site_that_is_always_open(code=f"DRILL{Site.objects.count()}")
        names = [f"Sample-{site.code}-{number:04}" for number in range(size)]
        for name in names:
            RecallFactory.create(patient=PatientFactory.create(site=site, family_name=name))
        with transaction.atomic():  # what no step did must not stay: the history would not verify
            Recall.objects.filter(site=site).update(due_at=timezone.now())
            write_downtime_sheets()
            transaction.set_rollback(True)
        day = calendar.today(site)
        sheet = settings.DOWNTIME_DIR / f"{site.code}-{day.isoformat()}.html"
        text = sheet.read_text()
        expected.update(names)
        found.update({name: int(name in text) for name in names})
    return Outcome(f"calls of two sites: {' and '.join(map(str, sizes))}", judge_same(expected, found))


def hide_recalls(stack: Stack, scale: Scale) -> Outcome:
    """Changes by SQL that would hide a patient: due far off or never, a visit long past, a visit taken away."""
    from django.db import DatabaseError, connection, transaction
    from django.utils import timezone

    from recalls.selectors.stuck_recalls import find_stuck_recalls

    batch = book(stack, 4)
    long_past = timezone.now() - timedelta(days=20)
    changes: tuple[tuple[str, str, list[Any]], ...] = (
        ("due in 2999", "UPDATE recalls_recall SET due_at = '2999-01-05' WHERE id = %s", []),
        ("never due", "UPDATE recalls_recall SET due_at = NULL WHERE id = %s", []),
        ("visit long past", "UPDATE recalls_appointment SET starts_at = %s WHERE recall_id = %s", [long_past]),
        ("no visit", "UPDATE recalls_appointment SET status = 'cancelled' WHERE recall_id = %s", []),
    )  # fmt: skip
    facts = {}
    for (name, query, values), recall in zip(changes, batch.recalls, strict=True):
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute(query, [*values, recall.pk])
                facts[f"{name}: found or refused"] = recall.pk in {
                    one.recall_id for one in find_stuck_recalls().stuck_recalls
                }
                transaction.set_rollback(True)
        except DatabaseError:
            facts[f"{name}: found or refused"] = True
    batch.release()
    batch.finish()
    return Outcome(f"{len(changes)} changes by SQL", judge_facts(facts))
