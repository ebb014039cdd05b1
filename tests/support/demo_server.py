"""Serves the demo clinic with its clock stopped, for the pictures of the documentation.

`python -m tests.support.demo_server` makes the demo in DATA_DIR as it stands on one Tuesday morning, prints one line
of JSON for the photographer (`DemoServerInfo`), and serves it until it is stopped.
"""

import json
import logging
import os
import socketserver
import sys
from datetime import UTC, datetime, timedelta
from typing import TypedDict
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import time_machine

FROZEN_TIME = datetime(2026, 11, 17, 15, 40, tzinfo=UTC)  # a Tuesday, 10:40 in the morning at the first site
HEARTBEAT_NAMES = ("worker", "beat", "sweep")


class DemoServerInfo(TypedDict):
    """What the photographer must know: how to come in, and where what is to be shown lies."""

    url: str
    password: str
    pages: dict[str, str]
    family_name: str
    page_link: str
    birth_date: str


class _QuietRequestHandler(WSGIRequestHandler):
    def log_message(self, *_args: object) -> None:
        """Nobody reads along."""


class _ThreadingServer(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


def main() -> None:
    """Make the clinic, tell the facts, and serve."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    with time_machine.travel(FROZEN_TIME, tick=False):
        import django

        django.setup()
        logging.disable(logging.WARNING)
        from django.core.management import call_command

        call_command("migrate", verbosity=0, interactive=False)
        call_command("collectstatic", verbosity=0, interactive=False)
        call_command("demo", if_empty=True, stdout=sys.stderr)
        _record_heartbeats()
        with _make_server() as server:
            print(json.dumps(_server_info(f"http://127.0.0.1:{server.server_port}")), flush=True)
            server.serve_forever()


def _make_server() -> _ThreadingServer:
    from config.wsgi import application

    server = _ThreadingServer(("127.0.0.1", 0), _QuietRequestHandler)
    server.set_app(application)
    return server


def _record_heartbeats() -> None:
    """What the workers would have left on a morning when all is well."""
    from clinic.models import Heartbeat
    from reports import stuck_recall_monitor, weekly_figures

    for name in HEARTBEAT_NAMES:
        Heartbeat.objects.update_or_create(pk=name, defaults={"finished_at": FROZEN_TIME - timedelta(seconds=20)})
    stuck_recall_monitor.run_stuck_recall_check()
    weekly_figures.store_weekly_figures()


def _server_info(url: str) -> DemoServerInfo:
    from clinic.actors import SYSTEM
    from clinic.models import Site
    from demo import logins
    from notifications.models import Notification
    from patients import links
    from recalls.enums import State
    from recalls.models import Appointment, Recall

    page = logins.read_logins() or ""
    recalls = Recall.objects.filter(site=Site.objects.get(code="SHADY")).order_by("target_at", "pk")
    tried = recalls.filter(state=State.TO_CONTACT, contact_attempts__isnull=False).first()
    booked = recalls.filter(state=State.SCHEDULED, patient__language="en").first()
    came = recalls.filter(state=State.AWAITING_OUTCOME).first()
    sent = Notification.objects.filter(recall__in=recalls, kind="recall_notice", state="accepted")
    message = sent.order_by("-pk").first()
    if not (tried and booked and came and message):
        raise LookupError("The demo lacks a recall of each kind that is shown.")
    visit = Appointment.objects.filter(recall=booked).latest("starts_at")
    ticked = [*recalls.filter(state=State.TO_CONTACT)[:5], booked, came]
    return {
        "url": url,
        "password": page.rpartition(": ")[2].strip(),
        "pages": {
            "recall": f"/recalls/{tried.pk}/",
            "record": f"/patients/{tried.patient_id}/",
            "contact": f"/recalls/{tried.pk}/contact/",
            "booking": f"/recalls/{tried.pk}/book_appointment/",
            "booking-week": f"/recalls/{tried.pk}/book_appointment/?view=week",
            "outcome": f"/recalls/{came.pk}/record_outcome/",
            "messages": f"/messages/of-recall/{booked.pk}/",
            "message": f"/messages/{message.pk}/",
            "closed-day": f"/appointments/closed/?site={booked.site_id}&day={visit.starts_at.date()}",
            "bulk": "/queue/bulk/?do=ask_please_call&back=/queue/&" + "&".join(f"recall={one.pk}" for one in ticked),
        },
        "family_name": tried.patient.family_name,
        "page_link": f"{url}/my/{links.issue_link(booked.patient, by=SYSTEM)}/",
        "birth_date": booked.patient.birth_date.isoformat(),
    }


if __name__ == "__main__":
    main()
