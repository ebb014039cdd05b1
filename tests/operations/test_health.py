"""Holds what health checks answer, to whom, and what they ask."""

from collections.abc import Iterator

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from config import broker
from config.pages import health


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    health._last.clear()
    yield
    health._last.clear()


def _get(path: str) -> tuple[int, str]:
    answer = Client().get(path)
    return answer.status_code, answer.text


def _refuse(*_arguments: object, **_names: object) -> None:
    raise DatabaseError("Zqfamily")


def test_a_live_process_says_so_without_its_database() -> None:
    assert _get("/health/live/") == (200, "ok")  # this test may not touch the database


@pytest.mark.django_db
def test_a_database_that_is_away_is_told_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _get("/health/") == (200, "ok")
    monkeypatch.setattr(connection, "cursor", _refuse)
    monkeypatch.setattr(broker, "is_reachable", lambda *_a, **_k: True)
    assert _get("/health/") == (503, "not")
    assert _get("/health/ready/") == (503, "not")


@pytest.mark.django_db
def test_the_installation_is_ready_with_database_tables_and_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "is_reachable", lambda *_a, **_k: True)
    assert _get("/health/ready/") == (200, "ok")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert _get("/health/ready/") == (200, "ok")
    assert len(asked) == 0  # asked again at once, it has the answer


@pytest.mark.django_db
def test_without_the_broker_it_is_not_ready_and_pages_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "is_reachable", lambda *_a, **_k: False)
    assert _get("/health/ready/") == (503, "not")
    assert _get("/health/") == (200, "ok")


@pytest.mark.django_db
def test_a_migration_that_is_missing_makes_it_unready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "is_reachable", lambda *_a, **_k: True)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'reports' AND name > '0004'")
    assert _get("/health/ready/") == (503, "not")
