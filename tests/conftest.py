"""Fixtures for every test: mail server, broker and browser; marks the tests that touch no database."""

import gc
import shutil
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from notifications.delivery import restore_guard
from tests.settings import SCRATCH
from tests.support import servers
from tests.support.chromium import OPTIONS, chromium
from tests.support.smtp_sink import SmtpSink

pytest_plugins = ["tests.fixtures.database", "tests.fixtures.staff"]

GC_THRESHOLD = (50_000, 20, 50)
"""Against Python's 700 or 2,000: queries and templates make many short-lived objects and few circles."""
NEEDS_A_DATABASE = frozenset({"db", "transactional_db", "live_server", "redis_url"})


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, None, None]:
    """Mark what touches no database: once is enough, whichever database the others run on. What takes long is first."""
    for item in items:
        fixtures = frozenset(getattr(item, "fixturenames", ()))
        if not (item.get_closest_marker("django_db") or fixtures & NEEDS_A_DATABASE):
            item.add_marker("no_database")
    yield
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """What Django and the tests are made of stays until the end: the collector need not walk through it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLD)


def pytest_unconfigure() -> None:
    shutil.rmtree(SCRATCH, ignore_errors=True)


@pytest.fixture(autouse=True)
def _reset_restore_guard() -> None:
    """The mark of the test before belongs to a database that was emptied since: it would freeze sending."""
    (SCRATCH / restore_guard.MARKER_FILE).unlink(missing_ok=True)


@pytest.fixture
def smtp_sink() -> Iterator[SmtpSink]:
    """A mail server that keeps what it is given and can be told to fail."""
    with SmtpSink() as sink:
        yield sink


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of a real broker that only this test process uses."""
    with servers.run_redis(shutil.which("redis-server")) as url:
        yield url


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Makes pytest-playwright drive the machine's own Chromium."""
    return {"executable_path": chromium(), "args": OPTIONS}
