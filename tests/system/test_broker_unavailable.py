"""Holds that a page does not wait for a broker that is away."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from config.connections import celery_settings
from reports.watch import rounds
from tests.support import servers

MAX_WAIT_SECONDS = 3.0  # seconds


@contextmanager
def _make_celery(url: str, folder: Path) -> Iterator[Celery]:
    app = Celery("test", set_as_current=False, changes=celery_settings(url, concurrency=1, data_dir=folder))
    yield app
    app.close()


@pytest.mark.parametrize("url", ["unix:///nowhere/broker.sock", "redis://127.0.0.1:1/0"])
def test_publishing_without_a_broker_fails_at_once(url: str, tmp_path: Path) -> None:
    started = time.monotonic()
    with _make_celery(url, tmp_path) as app, pytest.raises(OperationalError):
        app.send_task("notifications.tasks.deliver", args=[1])
    assert time.monotonic() - started < MAX_WAIT_SECONDS


def test_the_watch_asks_the_broker_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as broker_life:
        url = broker_life.enter_context(servers.run_redis())
        with _make_celery(url, tmp_path) as app:
            monkeypatch.setattr(rounds, "current_app", app)
            assert rounds._broker_answers()
            broker_life.close()
            started = time.monotonic()
            assert not rounds._broker_answers()
            assert time.monotonic() - started < MAX_WAIT_SECONDS


def test_a_broker_that_dies_between_two_messages_is_noticed_at_once(tmp_path: Path) -> None:
    with ExitStack() as broker_life:
        url = broker_life.enter_context(servers.run_redis())
        with _make_celery(url, tmp_path) as app:
            assert app.send_task("notifications.tasks.deliver", args=[1]).id
            broker_life.close()
            started = time.monotonic()
            with pytest.raises(OperationalError):
                app.send_task("notifications.tasks.deliver", args=[2])
            assert time.monotonic() - started < MAX_WAIT_SECONDS
