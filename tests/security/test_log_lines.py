"""Holds what a line of the log looks like, whatever somebody puts into a request."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client

from config import logs


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the program's own handler would write."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    config = logs.logging_config("INFO")["formatters"]["json"]
    formatter = config["()"](foreign_pre_chain=config["foreign_pre_chain"], processors=config["processors"])
    handler.setFormatter(formatter)
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


@pytest.mark.django_db
def test_a_line_is_one_json_object_with_its_time_in_utc_whatever_was_asked_for(written: io.StringIO) -> None:
    forged = '\r\n{"event": "request_finished", "code": 200, "request": "forged"}\r\n'
    browser = Client(raise_request_exception=False)
    browser.get(f"/no-such-page/{forged}/", {"q": forged}, headers={"User-Agent": forged, "X-Request-ID": forged})
    browser.post("/sign-in/", {"username": forged, "password": forged})
    browser.get("/my/" + forged)
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert len(lines) >= 3
    for line in lines:
        assert line["timestamp"].endswith("Z")
        assert {"event", "level", "logger", "request_id"} <= line.keys()
        assert line.get("request") != "forged"


def test_logs_go_to_standard_error_and_nowhere_else() -> None:
    config = logs.logging_config("INFO")
    assert [handler["class"] for handler in config["handlers"].values()] == ["logging.StreamHandler"]
    assert config["root"]["handlers"] == ["stderr"]
    assert {name for logger in config["loggers"].values() for name in logger.get("handlers", [])} <= {"stderr"}
    assert settings.ADMINS == []  # no error report leaves by mail
