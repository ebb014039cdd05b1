"""Asks the web server for pages and sends forms as a signed-in browser does."""

import http.client
import secrets
import time
import urllib.parse
from dataclasses import dataclass
from typing import Any

SAVED = 302  # the status of the answer to a form that was taken
_TIMEOUT_SECONDS = 60.0
_PATIENCE_SECONDS, _PAUSE_SECONDS = 180.0, 0.1


@dataclass(frozen=True, slots=True)
class Answer:
    status: int  # 0 where the connection ended without one
    headers: dict[str, str]
    body: str


class Browser:
    """One person at the desk; the session is made as a sign-in makes it, without the form."""

    def __init__(self, port: int, user: Any = None, cookies: Any = None) -> None:
        from django.test import Client

        client = Client()
        if user is not None:
            client.force_login(user)
        self._port, self._csrf = port, secrets.token_hex(16)
        jar = client.cookies if cookies is None else cookies
        self._cookie = "; ".join([*(f"{name}={one.value}" for name, one in jar.items()), f"csrftoken={self._csrf}"])

    def get(self, path: str) -> Answer:
        return self._ask("GET", path, None)

    def post(self, path: str, fields: dict[str, Any]) -> Answer:
        body = urllib.parse.urlencode({"csrfmiddlewaretoken": self._csrf, **fields}, doseq=True)
        return self._ask("POST", path, body)

    def post_until_saved(self, path: str, fields: dict[str, Any]) -> list[int]:
        """The same form again and again until it is saved; the status of each answer."""
        statuses = [self.post(path, fields).status]
        until = time.monotonic() + _PATIENCE_SECONDS
        while SAVED not in statuses and time.monotonic() < until:
            time.sleep(_PAUSE_SECONDS)  # a database that starts anew refuses at once
            statuses.append(self.post(path, fields).status)
        return statuses

    def _ask(self, method: str, path: str, body: str | None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT_SECONDS)
        headers = {"Cookie": self._cookie, "Content-Type": "application/x-www-form-urlencoded"}
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Answer(
                answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
            )
        except (OSError, http.client.HTTPException):
            return Answer(0, {}, "")
        finally:
            connection.close()


def open_patients_page(port: int, patient: Any) -> Browser:
    """The patient at their own page, the birth date given."""
    from django.http import HttpResponse

    from clinic.actors import SYSTEM
    from patients import links
    from portal import session

    links.issue_link(patient, by=SYSTEM)
    answer = HttpResponse()
    session.start_session(answer, patient.links.latest("pk"))
    return Browser(port, cookies=answer.cookies)
