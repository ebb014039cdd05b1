"""Measures queue, recall page and worklist at 1,000,000 recalls against a bare Django page with the same 25 rows.

The bare page is what Django itself costs: its own middleware, session and user, one query, a table of 25 rows. All four
in turns in the database of the open clinic (`bench._two_sizes`), by the processor's time of the request and its server
process. Ends with status 1 when a page takes more than three times as much.
"""

import os
import statistics
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

from bench._two_sizes import database_name, make_databases
from bench.budgets.line import Line, print_lines
from bench.budgets.processor_time import TURN, time_turn
from bench.desk_pages import RoleClients, configured_database, use_database

ROUNDS = int(os.environ.get("ROUNDS", "40"))
MAX_RATIO = 3.0
PAGES = {
    "queue": ("scheduler", "/queue/"),
    "recall page": ("scheduler", "/recalls/{recall}/"),
    "worklist": ("radiologist", "/worklist/"),
}
BARE_SETTINGS: dict[str, Any] = {
    "ROOT_URLCONF": "bench.bare_page",
    "SESSION_ENGINE": "django.contrib.sessions.backends.db",
    "SESSION_SERIALIZER": "django.contrib.sessions.serializers.JSONSerializer",
    "AUTHENTICATION_BACKENDS": ["django.contrib.auth.backends.ModelBackend"],
    "MIDDLEWARE": [
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
}
_TABLE = """<!doctype html><title>Recalls</title><p>{{ user.username }}</p><table>{% for recall in recalls %}<tr>
<td><a href="/recalls/{{ recall.pk }}/">{{ recall.patient.family_name }}, {{ recall.patient.given_name }}</a></td>
<td>{{ recall.patient.birth_date|date:"j M Y" }}</td><td>{{ recall.exam.exam_date|date:"j M Y" }}</td>
<td>{{ recall.due_at|date:"j M Y H:i" }}</td><td>{{ recall.state }}</td></tr>{% endfor %}</table>"""


def _show_bare(request: Any) -> Any:
    from django.http import HttpResponse

    from recalls.models import Recall

    recalls = Recall.objects.filter(site__code="BENCH", state="to_contact").select_related("patient", "exam")
    context = {"recalls": recalls.order_by("due_at")[:25], "user": request.user}
    return HttpResponse(_compile_table().render(context, request))


@cache
def _compile_table() -> Any:
    from django.template import engines

    return engines["django"].from_string(_TABLE)


def _urlpatterns() -> list[Any]:
    from django.contrib.auth.decorators import login_required
    from django.urls import path

    return [path("bare/", login_required(_show_bare))]


def __getattr__(name: str) -> Any:
    """Django asks for `urlpatterns` once it is set up; this module is imported before."""
    if name == "urlpatterns":
        return _urlpatterns()
    raise AttributeError(name)


def measure() -> Iterator[Line]:
    with configured_database():
        from django.db import connection

        if connection.vendor != "postgresql":
            yield Line("bare page: queue, recall page, worklist", None, MAX_RATIO, detail="needs PostgreSQL")
            return
        make_databases()
        medians = _measure_in_turns()
    bare = medians.pop("bare")
    for name, ms in medians.items():
        detail = f"{ms:.1f} ms against {bare:.1f}"
        facts = {"ms": ms, "bare_ms": bare}
        yield Line(f"times a bare Django page: {name}", ms / bare, MAX_RATIO, detail=detail, facts=facts)


def _measure_in_turns() -> dict[str, float]:
    from django.test import Client, override_settings

    from clinic.models import User

    use_database(database_name("open"))
    desk = _make_desk()
    with override_settings(**BARE_SETTINGS):
        browser = Client(SERVER_NAME="localhost")
        browser.force_login(User.objects.filter(groups__name="scheduler").order_by("pk")[0])
    taken: dict[str, list[float]] = {name: [] for name in ("bare", *PAGES)}
    for _ in range(max(ROUNDS // TURN, 1)):
        with override_settings(**BARE_SETTINGS):
            taken["bare"] += _time_page(lambda: _get_bare(browser))
        for name, page in PAGES.items():
            taken[name] += _time_page(partial(desk.time_request, *page))
    return {name: statistics.median(times) for name, times in taken.items()}


def _make_desk() -> RoleClients:
    from bench.pages_at_size import People

    return RoleClients(database_name("open"), People())


def _get_bare(browser: Any) -> None:
    answer = browser.get("/bare/")
    assert answer.status_code == 200
    assert answer.content.count(b"<tr>") == 25


def _time_page(work: Callable[[], Any]) -> list[float]:
    """After a first time, which opens the connection and reads what is kept."""
    work()
    return time_turn(work)


if __name__ == "__main__":
    sys.exit(print_lines(measure()))
