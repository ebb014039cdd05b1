"""Tells a database that refuses to write, such as one whose disk is full, from a fault, and answers with 503."""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 60
# PostgreSQL: no room (class 53: disk, memory, connections), and a transaction that may only read.
_NO_ROOM_CLASS, _READ_ONLY_TRANSACTION = "53", "25006"
_SQLITE_CODES = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR})


def is_write_refused(error: BaseException | None) -> bool:
    """Whether the database could not write at all: neither the program nor what was to be saved is at fault."""
    cause = error.__cause__ if isinstance(error, DatabaseError) else None
    state = getattr(cause, "sqlstate", None) or ""
    # SQLite's extended codes carry the primary one in their lowest byte.
    code = (getattr(cause, "sqlite_errorcode", None) or 0) & 0xFF
    return state.startswith(_NO_ROOM_CLASS) or state == _READ_ONLY_TRANSACTION or code in _SQLITE_CODES


class WriteRefusedMiddleware:
    """Answers 503 with a time to try again where a page could not save; what was typed goes along on the page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not is_write_refused(error):
            return None
        log.error("the database refuses to write: %s", type(error.__cause__).__name__)
        # A stranger's fields may hold a password; files cannot be sent along.
        may_resend = request.method == "POST" and request.user.is_authenticated and not request.FILES
        typed = [(name, value) for name, values in request.POST.lists() for value in values] if may_resend else []
        response = render(request, "503.html", {"typed": typed, "path": request.get_full_path()}, status=503)
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response


class SessionStore(DatabaseSessionStore):
    """Sessions as Django keeps them; the time of the last request may stay unwritten while nothing can be written."""

    def save(self, must_create: bool = False) -> None:
        try:
            super().save(must_create)
        except UpdateError as error:
            if not is_write_refused(error.__context__):
                raise
            log.warning("a session could not be written")


@contextmanager
def tolerate_write_refusal(not_written: str) -> Iterator[None]:
    """For what a page writes beside what it shows: while nothing can be written, a line of the log says what was not.

    Inside a transaction the error is raised: the whole of it is lost.
    """
    try:
        yield
    except DatabaseError as error:
        if connection.in_atomic_block or not is_write_refused(error):
            raise
        log.error(not_written)
