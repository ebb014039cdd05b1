"""Reports each hour that no recall is without a next step: a heartbeat, a file and a ping of the monitor."""

import json
import logging

import urllib3
from django.conf import settings
from django.utils import timezone

from clinic.models import Heartbeat
from recalls.selectors import stuck_recalls
from reports.private_files import replace_file

HEARTBEAT_NAME = "loop"
PING_TIMEOUT_SECONDS = 10
log = logging.getLogger(__name__)


def run_stuck_recall_check() -> int:
    """Check, leave the marks, and tell the monitor; the number of recalls without a next step."""
    started = timezone.now()
    report = stuck_recalls.find_stuck_recalls()
    found, now = len(report.stuck_recalls), timezone.now()
    counts = {"checked": report.checked, "without_next_step": found}
    if found:
        log.error(
            "open recalls without a next step: %s", ", ".join(f"#{one.recall_id}" for one in report.stuck_recalls)
        )
    Heartbeat.objects.update_or_create(
        pk=HEARTBEAT_NAME, defaults={"started_at": started, "finished_at": now, "counts": counts}
    )
    replace_file(settings.LOOP_FILE, json.dumps({"at": now.isoformat(), **counts}) + "\n")
    _ping_monitor("/fail" if found else "")
    return found


def _ping_monitor(suffix: str) -> None:
    """A monitor that does not answer must not stop anything: it will notice by itself."""
    if not settings.LOOP_PING_URL:
        return
    try:
        address = settings.LOOP_PING_URL.rstrip("/") + suffix
        urllib3.request("GET", address, timeout=PING_TIMEOUT_SECONDS, retries=False, redirect=False)
    except (OSError, urllib3.exceptions.HTTPError) as error:
        log.warning("the monitor's address did not answer: %s", type(error).__name__)
