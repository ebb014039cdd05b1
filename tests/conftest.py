"""What holds for every test? No network beyond this machine, guards that stay, mail and broker of its own."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import TransactionTestCase

from notifications import db_triggers as notifications_triggers
from notifications.delivery import restore_guard
from recalls import db_triggers as recalls_triggers
from reports import db_triggers as reports_triggers
from tests.settings import SCRATCH
from tests.support import servers
from tests.support.chromium import OPTIONS, chromium
from tests.support.smtp import SmtpSink

pytest_plugins = ["tests.fixtures.staff"]

TRIGGER_MODULES = (recalls_triggers, notifications_triggers, reports_triggers)


def pytest_unconfigure() -> None:
    shutil.rmtree(SCRATCH, ignore_errors=True)


@pytest.fixture(autouse=True, scope="session")
def _remove_triggers_during_flush() -> Iterator[None]:
    """A test with real transactions is cleaned up by emptying every table, which the append-only rules refuse."""
    name = "_fixture_teardown"
    empty: Callable[[TransactionTestCase], None] = getattr(TransactionTestCase, name)

    def lift_and_empty(case: TransactionTestCase) -> None:
        for triggers in TRIGGER_MODULES:
            triggers.remove_triggers(connection)
        try:
            empty(case)
        finally:
            for triggers in TRIGGER_MODULES:
                triggers.install_triggers(connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, name, lift_and_empty)
        yield


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
    with servers.redis(shutil.which("redis-server")) as url:
        yield url


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Makes pytest-playwright drive the machine's own Chromium."""
    return {"executable_path": chromium(), "args": OPTIONS}
