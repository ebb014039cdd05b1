"""Follows one request through the log, from its answer to the task it woke."""

import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from celery import shared_task
from celery.contrib.testing.worker import start_worker
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from config import logs
from config.celery import app

PATIENT = "Testa Sample-Oak"


@shared_task
def say_something() -> None:
    structlog.get_logger("recalls").info("a task at work")


@shared_task
def break_down() -> None:
    raise ValueError(PATIENT)


def wake(_request: HttpRequest) -> HttpResponse:
    say_something.delay()
    break_down.delay()
    return HttpResponse()


def page(_request: HttpRequest, **_rest: object) -> HttpResponse:
    return HttpResponse()


def fail(_request: HttpRequest, **_rest: object) -> HttpResponse:
    raise ValueError(PATIENT)


urlpatterns = [
    path("wake/", login_not_required(wake), name="wake"),
    path("page/<str:word>/", login_not_required(page), name="page"),
    path("fail/<str:word>/", login_not_required(fail), name="fail"),
]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]


class Lines(logging.Handler):
    """Keeps what would go to standard error, as the objects that the lines hold."""

    def __init__(self) -> None:
        super().__init__()
        config = logs.logging_config("INFO")["formatters"]["json"]
        self.setFormatter(config["()"](foreign_pre_chain=config["foreign_pre_chain"], processors=config["processors"]))
        self.addFilter(logs.RedactTaskArgumentsFilter())
        self.written: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.written.append(self.format(record))

    def about(self, event: str) -> list[dict[str, Any]]:
        return [line for line in map(json.loads, self.written) if event in line["event"]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler = Lines()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


def test_an_answer_carries_the_id_of_its_line(client: Client, lines: Lines) -> None:
    answer = client.get(f"/page/{PATIENT}/?name={PATIENT}", headers={"User-Agent": "Mozilla"})
    (line,) = lines.about("request")
    assert line["request_id"] == answer["X-Request-ID"]
    assert (line["code"], line["request"]) == (200, "GET /page/<str:word>/")
    assert "Testa" not in str(lines.written)
    assert line["ms"] >= 0
    assert {"ip", "user_id", "user_agent"} & set(line) == set()


def test_a_page_that_fails_writes_one_line_without_its_address_and_without_the_words_of_the_fault(
    lines: Lines,
) -> None:
    answer = Client(raise_request_exception=False).get(f"/fail/{PATIENT}/?name={PATIENT}")
    assert answer.status_code == 500
    (line,) = map(json.loads, lines.written)
    assert (line["event"], line["request"]) == ("request_failed", "GET /fail/<str:word>/")
    assert line["request_id"] == answer["X-Request-ID"]
    assert line["exception"][0]["type"] == "builtins.ValueError"
    assert "Testa" not in str(lines.written)


def test_what_a_worker_writes_names_the_request_that_woke_it_and_no_words_of_a_fault(
    client: Client, lines: Lines
) -> None:
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=30):
        logging.getLogger().addHandler(lines)  # a worker's start sets up logging anew
        request_id = client.get("/wake/")["X-Request-ID"]
        deadline = time.monotonic() + 30
        while not lines.about("break_down") and time.monotonic() < deadline:
            time.sleep(0.05)
    (said,) = lines.about("a task at work")
    (failed,) = lines.about("break_down")
    assert said["request_id"] == failed["request_id"] == request_id
    assert said["task_id"] != failed["task_id"]
    assert "ValueError" in failed["event"]
    assert "Testa" not in str(lines.written)
