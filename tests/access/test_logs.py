"""Holds that a patient's data gets into no log and no error report."""

import json
import logging
from types import TracebackType

import pytest
from django.test import RequestFactory
from django.views.debug import ExceptionReporter

from config import logs

PATIENT = "Testa Sample-Oak"


def _raise_and_catch() -> tuple[type[BaseException], BaseException, TracebackType | None]:
    note = PATIENT
    try:
        try:
            raise KeyError(note)
        except KeyError as error:
            raise ValueError(f"no such patient: {note}") from error
    except ValueError as error:
        return type(error), error, error.__traceback__


@pytest.fixture
def formatter() -> logging.Formatter:
    config = logs.logging_config("INFO")["formatters"]["json"]
    made = config["()"](foreign_pre_chain=config["foreign_pre_chain"], processors=config["processors"])
    assert isinstance(made, logging.Formatter)
    return made


def _record(message: str, *args: object, name: str = "recalls") -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, __file__, 1, message, args, _raise_and_catch())


def test_a_logged_exception_shows_its_type_and_place_and_not_what_it_says(formatter: logging.Formatter) -> None:
    line = formatter.format(_record("could not move the recall"))
    chain = json.loads(line)["exception"]
    assert [link["type"] for link in chain] == ["builtins.ValueError", "builtins.KeyError"]
    assert "_raise_and_catch" in chain[0]["frames"][0]
    assert PATIENT not in line


def test_a_failed_task_is_logged_without_the_words_of_its_exception(formatter: logging.Formatter) -> None:
    told = {"name": "notifications.tasks.deliver", "exc": f"ValueError('{PATIENT}')", "args": [PATIENT]}
    told["traceback"] = f"... {PATIENT} ..."
    record = _record("Task %(name)s raised: %(exc)s %(args)s %(traceback)s", told, name="celery.app.trace")
    assert logs.RedactTaskArgumentsFilter().filter(record)
    line = formatter.format(record)
    assert "notifications.tasks.deliver" in line
    assert "ValueError" in line
    assert PATIENT not in line


def test_an_error_report_holds_no_form_values_cookies_or_local_variables() -> None:
    request = RequestFactory().post("/recalls/1/", {"family_name": PATIENT})
    request.COOKIES["sessionid"] = "secret-session"
    kind, error, trace = _raise_and_catch()
    text = ExceptionReporter(request, kind, type(error)(), trace).get_traceback_text()
    html = ExceptionReporter(request, kind, type(error)(), trace).get_traceback_html()
    assert "secret-session" not in text + html
    assert PATIENT not in text + html
