"""Answers health checks of containers and load balancers, and says no more than ok or not.

Three questions: does this process answer (live), can it serve pages (the database), is the whole installation ready
(database, migrations, broker). While the broker is away pages work, so a load balancer asks the second.
"""

import time

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from config import broker

BROKER_TIMEOUT_SECONDS = 1.0
# Whoever asks more often gets the last answer: the question costs more than its answer.
READY_FOR_SECONDS = 5.0
_last: dict[str, tuple[float, bool]] = {}


@login_not_required
@require_safe
def live(_request: HttpRequest) -> HttpResponse:
    """200 "ok" as long as this process answers, whatever else is down: a restart would mend nothing else."""
    return _answer(is_well=True)


@login_not_required
@require_safe
def health(_request: HttpRequest) -> HttpResponse:
    """200 "ok" when the database answers, 503 "not" when it does not."""
    return _answer(is_well=_database_answers())


@login_not_required
@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """200 "ok" when the database answers with every table of this version, and the broker answers too."""
    asked_at, is_ready = _last.get("ready", (float("-inf"), False))
    if time.monotonic() - asked_at > READY_FOR_SECONDS:
        is_ready = _is_migrated() and broker.is_reachable(settings.REDIS_URL, seconds=BROKER_TIMEOUT_SECONDS)
        _last["ready"] = (time.monotonic(), is_ready)
    return _answer(is_well=is_ready)


def _answer(*, is_well: bool) -> HttpResponse:
    return HttpResponse(
        "ok" if is_well else "not", content_type="text/plain; charset=utf-8", status=200 if is_well else 503
    )


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _is_migrated() -> bool:
    try:
        executor = MigrationExecutor(connection)
        return not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return False
