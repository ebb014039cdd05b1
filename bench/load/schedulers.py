"""Schedulers at work, for locust: each looks at the queue, opens the next of the own recalls and logs the call.

LOAD_STAFF names a file with each person's cookies and recalls; LOAD_WAIT the mean seconds between two clicks. It knows
nothing of the product but its pages: locust patches threads and sockets, which no other process of the run may see.
"""

import itertools
import json
import os
import random
from pathlib import Path
from typing import Any

from locust import HttpUser, task

from bench.load.call_form import CallForm

WAIT = float(os.environ["LOAD_WAIT"])
_STAFF: list[dict[str, Any]] = json.loads(Path(os.environ["LOAD_STAFF"]).read_text())
_numbers = itertools.count()
_TOKEN = "0123456789abcdef" * 2  # a form is taken when cookie and field agree


class Scheduler(HttpUser):  # type: ignore[misc]
    """One person with a session of the own."""

    def wait_time(self) -> float:
        return random.uniform(0.5 * WAIT, 1.5 * WAIT)

    def on_start(self) -> None:
        person = _STAFF[next(_numbers) % len(_STAFF)]
        self._recalls = itertools.cycle(person["recalls"])
        self.client.headers["Cookie"] = f"{person['cookie']}; csrftoken={_TOKEN}"
        self._clicks = itertools.cycle((self.poll, self.open_recall, self.log_call))
        self._path, self._form = "", CallForm("")
        for _ in range(random.randrange(3)):
            next(self._clicks)

    @task  # type: ignore[untyped-decorator]
    def click(self) -> None:
        next(self._clicks)()

    def poll(self) -> None:
        self.client.get("/queue/", name="queue")

    def open_recall(self) -> None:
        self._path = f"/recalls/{next(self._recalls)}/"
        self._form = CallForm(self.client.get(self._path, name="recall page").text)

    def log_call(self) -> None:
        """A recall that offers no call at this hour is looked at and left."""
        if not self._form.fields:
            self.poll()
            return
        fields = self._form.fields
        result = "no_answer" if fields["channel"] == "phone" else fields.get("result", "")
        sent = {**fields, "result": result, "note": "Tried.", "csrfmiddlewaretoken": _TOKEN, "then": "stay"}
        path = f"{self._path}log_contact/"
        with self.client.post(path, sent, name="log call", allow_redirects=False, catch_response=True) as answer:
            if answer.status_code != 302:
                answer.failure(f"not saved: {answer.status_code}")
        self._form = CallForm("")
