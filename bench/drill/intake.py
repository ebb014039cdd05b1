"""Drills intake: the load of a results file and the HL7 listener are killed, and what came in is compared."""

import os
import signal
import time
from collections import Counter
from contextlib import suppress
from functools import partial

import psycopg

from bench._hl7_feed import FACILITIES, Feed, make_report, set_up_senders
from bench.drill.batch import patiently
from bench.drill.installation.commands import run_command, start_command
from bench.drill.installation.stack import PATIENCE_SECONDS, Stack
from bench.drill.judge import judge_facts, judge_same
from bench.drill.outcome import Outcome, Scale
from bench.load_results import SITES, write_csv

_UNDISTURBED = "undisturbed"
# What came in, by what identifies it in a clinic; numbers of rows differ from run to run.
_CONTENT = {
    "patient": "SELECT mrn, family_name, given_name, birth_date FROM patients_patient",
    "contact": "SELECT p.mrn, c.kind, c.value, c.unusable FROM patients_contactpoint c JOIN patients_patient p "
    "ON p.id = c.patient_id",
    "consent": "SELECT p.mrn, c.subject, c.granted FROM patients_consent c JOIN patients_patient p "
    "ON p.id = c.patient_id",
    "exam": "SELECT accession, assessment, exam_date FROM recalls_screeningexam",
    "finding": "SELECT e.accession, f.kind, f.side FROM recalls_finding f JOIN recalls_screeningexam e "
    "ON e.id = f.exam_id",
    "recall": "SELECT e.accession, r.state FROM recalls_recall r JOIN recalls_screeningexam e ON e.id = r.exam_id",
    "event": "SELECT e.accession, v.step FROM recalls_recallevent v JOIN recalls_recall r ON r.id = v.recall_id "
    "JOIN recalls_screeningexam e ON e.id = r.exam_id",
    "message": "SELECT e.accession, m.kind, m.occasion FROM notifications_notification m JOIN recalls_recall r "
    "ON r.id = m.recall_id JOIN recalls_screeningexam e ON e.id = r.exam_id",
    "task": "SELECT p.mrn, w.kind, w.reason FROM recalls_workitem w JOIN patients_patient p ON p.id = w.patient_id",
    "parked": "SELECT line, accession FROM exchange_parkedrow",
}


def kill_load(stack: Stack, scale: Scale) -> Outcome:
    """`load_results` killed at several instants and run once more, against the same load undisturbed."""
    from django.db import connection

    from clinic.factories import SiteFactory

    assert stack.postgres is not None
    rows, kills = scale.pick(short=300, long=2000), scale.pick(short=2, long=8)
    path = stack.folder / "results.csv"
    write_csv(path, rows)
    for code in SITES:
        SiteFactory.create(code=code)
    connection.close()
    for name in set(stack.names) - {"web", "listener"}:  # what they do to the recalls that came in is not compared
        stack.processes[name].kill()
    copy = stack.folder / "before.dump"
    stack.postgres.run_tool("pg_dump", "--format=custom", f"--file={copy}", "recalldesk")
    stack.postgres.run_tool("createdb", _UNDISTURBED)
    stack.postgres.run_tool("pg_restore", f"--dbname={_UNDISTURBED}", str(copy))
    began = time.monotonic()
    quiet = {"DATABASE_URL": stack.postgres.url(_UNDISTURBED)}
    undisturbed = run_command(stack, "load_results", str(path), environment=quiet)
    whole = time.monotonic() - began
    for _ in range(kills):
        loading = start_command(stack, "load_results", str(path))
        time.sleep(scale.chance.uniform(0.3, 1.0) * whole)
        with suppress(ProcessLookupError):
            os.killpg(loading.pid, signal.SIGKILL)
        loading.wait()
    began = time.monotonic()
    last = run_command(stack, "load_results", str(path))
    facts = {"it says the same at its end": last.returncode == undisturbed.returncode}
    seconds = time.monotonic() - began
    verdict = judge_same(read_content(stack.postgres.url(_UNDISTURBED)), read_content(stack.postgres.url()))
    stack.start()
    return Outcome(f"{rows} rows, {kills} kills", verdict + judge_facts(facts), seconds)


def read_content(url: str) -> Counter[str]:
    found = Counter[str]()
    with psycopg.connect(url) as connection:
        for name, query in _CONTENT.items():
            found.update(f"{name}: {row!r}" for row in connection.execute(query))
    return found


def _have_sent(feeds: list[Feed], count: int) -> bool:
    return sum(feed.sent for feed in feeds) >= count


def kill_listener(stack: Stack, scale: Scale) -> Outcome:
    """Two systems send; what was not acknowledged is sent again. Each message is stored and applied once."""
    from exchange.models import Hl7Message
    from recalls.models import ScreeningExam

    count, kills = scale.pick(short=400, long=2000), scale.pick(short=2, long=8)
    set_up_senders()
    half, worst = count // 2, 0.0
    feeds = [Feed(stack.hl7_port, [make_report(number, name) for number in range(half)]) for name in FACILITIES]
    for feed in feeds:
        feed.start()
    for number in range(1, kills + 1):
        stack.wait_for(partial(_have_sent, feeds, number * count // (kills + 1)))
        time.sleep(scale.chance.uniform(0, 0.1))
        before, began = sum(feed.sent for feed in feeds), time.monotonic()
        stack.processes["listener"].kill()
        stack.wait_for(partial(_have_sent, feeds, min(before + 1, 2 * half)))
        worst = max(worst, time.monotonic() - began)
    for feed in feeds:
        feed.join(PATIENCE_SECONDS)
    received = Hl7Message.objects.filter(state=Hl7Message.State.RECEIVED)
    stack.wait_for(lambda: not patiently(received.exists))
    whole = Hl7Message.objects.exclude(ack=Hl7Message.Ack.REJECTED)
    names = [(name[0], number) for name in FACILITIES for number in range(half)]
    stored = Counter(whole.values_list("control_id", flat=True))
    exams = Counter(ScreeningExam.objects.filter(site__code__in=FACILITIES).values_list("accession", flat=True))
    verdict = judge_same({f"{letter}{number}": 1 for letter, number in names}, stored)
    verdict += judge_same({f"X{letter}{number:08d}": 1 for letter, number in names}, exams)
    breaks = sum(feed.breaks for feed in feeds)
    return Outcome(f"{count} messages, {kills} kills, {breaks} broken connections", verdict, worst)
