"""Searches everything that a clinic writes beside its records for one patient's data, after every flow and fault."""

import base64
import io
import logging
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import signing
from django.core.management import call_command
from django.db import connection, transaction
from django.template import TemplateSyntaxError
from django.test import Client
from django.urls import reverse
from kombu.transport.memory import Channel
from pytest_django import Settings
from time_machine import TimeMachineFixture

from clinic.actors import SYSTEM
from clinic.models import Site, User
from config import logs
from desk.views import DeskView
from notifications import tasks
from notifications.models import DeliveryAttempt, RenderedMessage
from operations.backup import postgres_dump
from patients import links
from patients.models import Patient
from recalls.models import Recall
from tests.notifications.clock import at
from tests.support.smtp_sink import SmtpReply, SmtpSink

pytestmark = pytest.mark.django_db

CANARY = re.compile("zq7", re.IGNORECASE)
ROW = {
    "site": "SHADY", "mrn": "ZQ7MRN", "family_name": "Zq7family", "given_name": "Zq7given", "birth_date": "1971-04-12",
    "language": "en", "interpreter_needed": "no", "phone_mobile": "412 555 0141", "voicemail": "yes",
    "email": "zq7mail@example.org", "email_consent": "yes", "detail_consent": "yes",
    "referrer_name": "Dr. Zq7referrer", "accession": "ZQ7-ACC-1", "exam_date": "2026-11-16",
    "assessment": "BI-RADS 0: need additional imaging evaluation", "assessment_left": "1", "assessment_right": "0-AI",
    "findings": "calcifications:right:upper outer",
}  # fmt: skip
# Where a patient's data belongs: her record, her results, what was said to and of her, and rows that wait to be mended.
RECORD_TABLES = re.compile(
    "patients_|recalls_|exchange_|notifications_(renderedmessage|notification|laysummary|letter)|clinic_.*log"
)
QUOTES_THE_PATIENT = ValueError("Zq7family, born 1971-04-12, MRN ZQ7MRN")


class Watcher:
    """Browsers whose every answer is kept."""

    def __init__(self) -> None:
        self.answers: list[Any] = []

    def browser(self, user: User | None = None) -> Client:
        client = Client(raise_request_exception=False)
        if user is not None:
            client.force_login(user)
        asked = client.request

        def request(**environ: Any) -> Any:
            answer = asked(**environ)
            self.answers.append(answer)
            return answer

        client.request = request  # type: ignore[method-assign]
        return client


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    """Every line as it would stand in the log, at the talkative level, of loggers that keep to themselves too."""
    config = logs.logging_config("DEBUG")
    formatter = config["formatters"]["json"]
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(logs.RedactTaskArgumentsFilter())
    handler.addFilter(lambda record: not record.name.startswith("mail."))  # the tests' own mail server talks too
    handler.setFormatter(
        formatter["()"](foreign_pre_chain=formatter["foreign_pre_chain"], processors=formatter["processors"])
    )
    loggers = [logging.getLogger(), logging.getLogger("celery"), logging.getLogger("celery.task")]
    for logger in loggers:
        logger.addHandler(handler)
    yield written
    for logger in loggers:
        logger.removeHandler(handler)


@pytest.fixture
def canary(shadyside: Site, tmp_path: Path, time_machine: TimeMachineFixture) -> Recall:
    """The patient comes by a results file; a second row of hers is parked, for its birth date is none."""
    time_machine.move_to(at("2026-11-17", "10:00"), tick=False)
    path = tmp_path / "results.csv"
    parked = ROW | {"accession": "ZQ7-ACC-2", "birth_date": "1971-13-45"}
    lines = [",".join(ROW), *(",".join(f'"{value}"' for value in row.values()) for row in (ROW, parked))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with suppress(SystemExit):  # a row was parked
        call_command("load_results", str(path), stdout=io.StringIO(), stderr=io.StringIO())
    return Recall.objects.get(exam__accession="ZQ7-ACC-1")


def readings_of(text: str) -> str:
    """The text, and what its parts say decoded and unpacked, as cookies and session rows are written."""
    found = [text]
    for part in re.split(r"[.:;=, \"\\]+", text):
        with suppress(ValueError, zlib.error):
            plain = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
            found.append(plain.decode("utf-8", "replace"))
            found.append(zlib.decompress(plain).decode("utf-8", "replace"))
    return "\n".join(found)


def leaks_in(text: str) -> list[str]:
    readings = readings_of(text)
    return [readings[max(hit.start() - 60, 0) : hit.end() + 20] for hit in CANARY.finditer(readings)]


def text_of_tables(*, beside_the_record: bool) -> dict[str, str]:
    """Every row of every table, as text."""
    texts = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if beside_the_record and RECORD_TABLES.match(table):
                continue
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            texts[table] = "\n".join(" ".join(str(cell) for cell in row) for row in cursor.fetchall())
    return texts


def walk_every_page(watcher: Watcher, recall: Recall, staff: Sequence[User]) -> None:
    """Every page that may show her, by everybody who may open it; searches, notes, her own page."""
    pk, patient = recall.pk, recall.patient_id
    paths = [
        "/queue/", "/queue/to_contact/", "/search/", "/worklist/", "/my-recalls/", "/work/", "/letters/",
        "/parked-rows/",
        f"/recalls/{pk}/", f"/recalls/{pk}/contact/", f"/recalls/{pk}/log_contact/", f"/recalls/{pk}/book_appointment/",
        f"/messages/of-recall/{pk}/", "/messages/coming/", f"/patients/{patient}/", f"/patients/{patient}/edit/",
        f"/patients/{patient}/copy/", "/downtime/", "/lists/late/", "/board/", "/admin/", "/admin/patients/patient/",
        f"/admin/patients/patient/{patient}/change/", f"/admin/recalls/recall/{pk}/change/", "/no-such-page/Zq7family/",
    ]  # fmt: skip
    for user in staff:
        browser = watcher.browser(user)
        browser.post("/search/", {"q": "Zq7family"})
        for path in paths:
            browser.get(path)
            browser.get(path, headers={"HX-Request": "true"})
        browser.post("/admin/patients/patient/", {"q": "Zq7family"})
        browser.post("/letters/", {"q": "Zq7family"})
        browser.post(f"/recalls/{pk}/log_contact/", {"note": "Zq7note", "result": "no_answer"})
        browser.post(f"/recalls/{pk}/hold/", {"reason": "Zq7note"})
    link = reverse("portal:link", args=[links.issue_link(recall.patient, by=SYSTEM)])
    patient_browser = watcher.browser()
    patient_browser.get(link)
    patient_browser.post(link, {"month": "4", "day": "12", "year": "1971"})
    for path in ("/my/", "/my/choices/", "/my/visit.ics"):
        patient_browser.get(path)
    patient_browser.post("/my/ask/call-me/", {"note": "Zq7note"})


@contextmanager
def broken_pages(monkeypatch: pytest.MonkeyPatch, error: Exception | None) -> Iterator[None]:
    """Pages of the desk, the admin and the patient break; without an error, by a row that the database refuses."""

    def fail(*_arguments: object, **_named: object) -> Any:
        if error is not None:
            raise error
        copy = Patient.objects.get(mrn="ZQ7MRN")
        copy.pk, copy._state.adding = None, True
        with transaction.atomic():
            return copy.save(force_insert=True)

    with monkeypatch.context() as patch:
        patch.setattr(DeskView, "dispatch", fail)
        patch.setattr("django.contrib.admin.sites.AdminSite.each_context", fail)
        patch.setattr("portal.session.get_visitor", fail)
        yield


def break_everything(watcher: Watcher, recall: Recall, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, patient_browser = watcher.browser(user), watcher.browser()
    for error in (QUOTES_THE_PATIENT, TemplateSyntaxError("Zq7family"), KeyError("Zq7family"), None):
        with broken_pages(monkeypatch, error):
            begun = len(watcher.answers)
            for path in ("/queue/", f"/recalls/{recall.pk}/", "/admin/"):
                browser.get(path)
            browser.post("/search/", {"q": "Zq7family"})
            browser.get("/queue/", headers={"HX-Request": "true"})
            patient_browser.get("/my/")
            assert {answer.status_code for answer in watcher.answers[begun:]} == {500}


def fail_to_send(monkeypatch: pytest.MonkeyPatch, settings: Settings, sink: SmtpSink) -> None:
    """The mail server refuses her by name; then the task itself breaks."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
    sink.reply = SmtpReply.REFUSE_BY_NAME
    tasks.deliver.apply()
    assert DeliveryAttempt.objects.filter(smtp_code=550).exists()

    def fail(*_arguments: object) -> None:
        raise QUOTES_THE_PATIENT

    with monkeypatch.context() as patch:
        patch.setattr(tasks, "send_due", fail)
        assert tasks.deliver.apply().failed()


def waiting_task_messages() -> str:
    queues = (list(queue.queue) for queue in Channel.queues.values())
    return "\n".join(str(message) for messages in queues for message in messages)


def files_of(folder: Path) -> Iterator[tuple[str, str]]:
    """Each file's name, and what stands in it; mail, letters, sheets and the database itself are records."""
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        is_record = re.match("mail/|letters/|downtime/|uploads/|static/|.*sqlite3", name)
        yield name, path.read_text(errors="replace") if path.is_file() and not is_record else ""


@pytest.fixture
def lived_through(
    watcher: Watcher, log_lines: io.StringIO, canary: Recall, scheduler_ana: User, radiologist_rao: User,
    manager_mo: User, administrator_ada: User, smtp_sink: SmtpSink, settings: Settings, monkeypatch: pytest.MonkeyPatch,
) -> Watcher:  # fmt: skip
    """Her day, and then everything that can break."""
    walk_every_page(watcher, canary, (scheduler_ana, radiologist_rao, manager_mo, administrator_ada))
    fail_to_send(monkeypatch, settings, smtp_sink)
    break_everything(watcher, canary, administrator_ada, monkeypatch)
    return watcher


def test_the_search_finds_a_name_in_a_session_as_django_writes_it() -> None:
    """Else the test below would hold whatever is written."""
    assert leaks_in(signing.dumps({"search": "Zq7family"}, compress=True))
    assert leaks_in(signing.dumps({"search": "Zq7family" * 50}, compress=True))


def test_a_patient_is_named_nowhere_but_in_the_own_record(
    lived_through: Watcher, log_lines: io.StringIO, settings: Settings, subtests: pytest.Subtests
) -> None:
    answers = lived_through.answers
    assert sum(bool(CANARY.search(answer.text)) for answer in answers if not answer.streaming) > 20
    with subtests.test("log"):
        assert "ValueError" in log_lines.getvalue()
        assert leaks_in(log_lines.getvalue()) == []
    for table, text in text_of_tables(beside_the_record=True).items():
        with subtests.test(table):
            assert leaks_in(text) == []
    with subtests.test("what mail servers said"):
        assert leaks_in(" ".join(DeliveryAttempt.objects.values_list("detail", flat=True))) == []
    with subtests.test("subjects"):
        assert leaks_in(" ".join(RenderedMessage.objects.values_list("subject", flat=True))) == []
    with subtests.test("task messages"):
        assert leaks_in(waiting_task_messages()) == []
    with subtests.test("files"):
        found = {name: leaks_in(name) + leaks_in(text) for name, text in files_of(Path(settings.DATA_DIR))}
        assert {name: leaks for name, leaks in found.items() if leaks} == {}
    with subtests.test("addresses, headers, cookies, error pages"):
        check_answers(answers)
    with subtests.test("security headers"):
        assert {200, 302, 404, 500} <= {answer.status_code for answer in answers}
        check_headers([*answers, *(Client().get(path) for path in ("/static/none.css", "/my/x", "/health/live/"))])


def check_answers(answers: Sequence[Any]) -> None:
    for answer in answers:
        asked = f"{answer.request['REQUEST_METHOD']} {answer.request['PATH_INFO']} {answer.status_code}"
        assert leaks_in(str(answer.headers)) == [], asked
        assert leaks_in(answer.cookies.output()) == [], asked
        text = "" if answer.streaming else answer.text
        # A step that one may not take is refused on the recall's own page, to who may read it.
        if answer.status_code in {400, 404, 500}:
            assert leaks_in(text) == [], asked
        addresses = re.findall(r'(?:href|src|action|hx-get|hx-post|hx-push-url)="([^"]*)"', text)
        assert leaks_in(" ".join(url for url in addresses if not url.startswith(("mailto:", "tel:")))) == [], asked


def check_headers(answers: Sequence[Any]) -> None:
    """Pages, redirects, refusals, broken pages: nothing is framed, sniffed, or told to another site."""
    for answer in answers:
        headers, asked = answer.headers, answer.request["PATH_INFO"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], asked
        assert "unsafe" not in headers["Content-Security-Policy"], asked
        assert headers["X-Content-Type-Options"] == "nosniff", asked
        assert headers["Referrer-Policy"] in {"same-origin", "strict-origin"}, asked
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", asked
        assert not asked.startswith("/my/") or "no-store" in headers["Cache-Control"], asked


def test_a_refused_host_is_answered_with_the_same_headers(settings: Settings) -> None:
    answer = Client(raise_request_exception=False).get("/queue/", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "evil" not in answer.text


def test_the_list_of_processes_shows_no_password_of_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    known = SimpleNamespace(get_connection_params=lambda: {"dbname": "recalls", "password": "Zq7secret"})
    monkeypatch.setattr(postgres_dump, "connection", known)
    monkeypatch.setattr(postgres_dump, "which", lambda program: f"/usr/bin/{program}")
    command, environment = postgres_dump._command("pg_dump")
    assert leaks_in(" ".join(command)) == []
    assert environment["PGPASSWORD"] == "Zq7secret"
