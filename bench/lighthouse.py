"""Runs Lighthouse on the main pages, desktop and phone, and sums up what a first visit loads.

A demo clinic in a folder of its own behind the web server and the packed static files of `make run`; each page is
opened by somebody who may, with nothing kept in the browser. Prints the scores for performance and accessibility, the
layout shift and the bytes on the wire; ends with status 1 when a score is under 95, the page shifts or weighs too much.
Needs npx and a Chromium. PAGES=queue,map looks at these only, RUNS=3 takes the median of three, and
LIGHTHOUSE=path/to/lighthouse takes that program in npx's place. A machine that is busy makes every page look slow.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

from tests.support import servers
from tests.support.chromium import OPTIONS, chromium
from tests.support.processes import WEB, free_port, make_environment, run_process, wait_until

LIGHTHOUSE = os.environ.get("LIGHTHOUSE", "npx --yes lighthouse@13").split()
RUNS = int(os.environ.get("RUNS", "1"))
SELECTED_PAGES = [name for name in os.environ.get("PAGES", "").split(",") if name]
PRESETS = {"desktop": ["--preset=desktop"], "phone": []}
TRIES = 3
MIN_SCORE = 95.0
MAX_LAYOUT_SHIFT = 0.01  # of layout; what is below cannot be seen
STAFF_BYTES, PATIENT_BYTES = 150_000, 50_000


@dataclass(frozen=True, slots=True)
class MeasuredPage:
    """A page with who opens it; `most` is what its first load may weigh, in bytes on the wire."""

    name: str
    path: str
    cookie: str
    max_bytes: int = STAFF_BYTES


@dataclass(frozen=True, slots=True)
class LighthouseResult:
    """One page as Lighthouse saw it; scores from 0 to 100, `to_mend` names the audits that took points."""

    performance: float
    accessibility: float
    layout_shift: float
    total_bytes: float
    failed_audits: tuple[str, ...]

    def misses_budget(self, most: int) -> bool:
        return (
            min(self.performance, self.accessibility) < MIN_SCORE
            or self.layout_shift > MAX_LAYOUT_SHIFT
            or self.total_bytes >= most
        )


@contextmanager
def run_demo_server() -> Iterator[str]:
    """The demo clinic behind its web server; yields the address."""
    import django

    with tempfile.TemporaryDirectory(prefix="recalldesk-bench-") as name, servers.run_redis() as broker:
        port = free_port()
        environment = make_environment(DATA_DIR=name, PORT=str(port), REDIS_URL=broker, LOG_LEVEL="WARNING")
        environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
        os.environ.clear()
        os.environ.update(environment)
        django.setup()
        from django.core.management import call_command
        from django.db import connection

        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        call_command("demo")
        home = f"http://127.0.0.1:{port}"
        with run_process(WEB, environment, Path(name) / "web.log") as web:
            if not wait_until(lambda: _answers(f"{home}/health/"), seconds=60):
                raise SystemExit(web.output)
            yield home
        connection.close()


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def list_pages() -> list[MeasuredPage]:
    """The pages that are looked at, and somebody of the demo signed in on each."""
    from django.urls import reverse

    from recalls.enums import State
    from recalls.models import Recall

    def first(state: State) -> Recall:
        found: Recall = Recall.objects.filter(state=state, site__code="SHADY").order_by("due_at")[0]
        return found

    ana, rao, mo = (_staff_cookie(name) for name in ("ana", "rao", "mo"))
    patient = first(State.SCHEDULED).patient
    return [
        MeasuredPage("queue", reverse("queue"), ana),
        MeasuredPage("recall", reverse("recall", args=[first(State.TO_CONTACT).pk]), ana),
        MeasuredPage("appointments", reverse("appointments"), ana),
        MeasuredPage("worklist", reverse("worklist"), rao),
        MeasuredPage("outcome", reverse("step", args=[first(State.AWAITING_OUTCOME).pk, "record_outcome"]), rao),
        MeasuredPage("map", reverse("workflow_map"), mo),
        MeasuredPage("board", reverse("board"), mo),
        MeasuredPage("patient", reverse("portal:page"), _patient_cookie(patient), PATIENT_BYTES),
    ]


def _staff_cookie(username: str) -> str:
    from django.conf import settings
    from django.test import Client

    from clinic.models import User

    browser = Client()
    browser.force_login(User.objects.get(username=username), "clinic.backends.StaffBackend")
    return f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"


def _patient_cookie(patient: Any) -> str:
    from django.test import Client
    from django.urls import reverse

    from clinic.actors import SYSTEM
    from patients import links
    from portal.session import cookie_name

    browser, born = Client(SERVER_NAME="localhost"), patient.birth_date
    answer = {"month": born.month, "day": born.day, "year": born.year}
    browser.post(reverse("portal:link", args=[links.issue_link(patient, by=SYSTEM)]), answer)
    return f"{cookie_name()}={browser.cookies[cookie_name()].value}"


def measure_page(home: str, place: MeasuredPage, preset: str) -> LighthouseResult:
    """The median of the runs; the audits to mend are those of the last one."""
    seen = [_measure_once(home, place, preset) for _ in range(RUNS)]
    medians = {
        field: statistics.median(getattr(one, field) for one in seen)
        for field in ("performance", "accessibility", "layout_shift", "total_bytes")
    }
    return LighthouseResult(**medians, failed_audits=seen[-1].failed_audits)


def _measure_once(home: str, place: MeasuredPage, preset: str) -> LighthouseResult:
    """Lighthouse sometimes misses the beginning of a load and says so: then it looks again."""
    for _ in range(TRIES):
        told = _run_lighthouse(home, place, preset)
        if not told.get("runtimeError"):
            break
    else:
        raise SystemExit(f"{place.name} did not open: {told['runtimeError']['message']}")
    if urlsplit(told["finalDisplayedUrl"]).path != place.path:
        raise SystemExit(f"{place.name} led to {told['finalDisplayedUrl']}")
    return _parse_report(told)


def _run_lighthouse(home: str, place: MeasuredPage, preset: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        headers, report = Path(name) / "headers.json", Path(name) / "report.json"
        headers.write_text(json.dumps({"Cookie": place.cookie}))
        command = [
            *LIGHTHOUSE, home + place.path, *PRESETS[preset], f"--extra-headers={headers}", "--quiet",
            "--only-categories=performance,accessibility", "--output=json", f"--output-path={report}",
            f"--chrome-flags=--headless=new {' '.join(OPTIONS)}",
        ]  # fmt: skip
        environment = os.environ | {"CHROME_PATH": chromium() or ""}
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if not report.exists():
            raise SystemExit(f"Lighthouse said of {place.name}: {run.stderr or run.stdout}")
        told: dict[str, Any] = json.loads(report.read_text())
    return told


def _parse_report(told: dict[str, Any]) -> LighthouseResult:
    audits, kinds = told["audits"], told["categories"]
    weighed = [one["id"] for kind in kinds.values() for one in kind["auditRefs"] if one["weight"]]
    return LighthouseResult(
        performance=kinds["performance"]["score"] * 100,
        accessibility=kinds["accessibility"]["score"] * 100,
        layout_shift=audits["cumulative-layout-shift"]["numericValue"],
        total_bytes=audits["total-byte-weight"]["numericValue"],
        failed_audits=tuple(
            name for name in weighed if (audits[name]["score"] or 0) < 0.9 and _is_scored(audits[name])
        ),
    )


def _is_scored(audit: dict[str, Any]) -> bool:
    return audit["scoreDisplayMode"] not in ("notApplicable", "manual", "informative")


def main() -> int:
    if not chromium() or not shutil.which(LIGHTHOUSE[0]):
        print(f"LEFT OUT: Lighthouse, because there is no Chromium or no {LIGHTHOUSE[0]} on PATH.")
        return 0
    missed = []
    with run_demo_server() as home:
        chosen = [place for place in list_pages() if not SELECTED_PAGES or place.name in SELECTED_PAGES]
        print(f"{'page':14}{'':9}{'performance':>12}{'accessible':>12}{'shift':>8}{'bytes':>10}")
        for place in chosen:
            for preset in PRESETS:
                one = measure_page(home, place, preset)
                scores = (
                    f"{one.performance:12.0f}{one.accessibility:12.0f}{one.layout_shift:8.3f}{one.total_bytes:10,.0f}"
                )
                print(f"{place.name:14}{preset:9}{scores}  {', '.join(one.failed_audits)}", flush=True)
                missed += [f"{place.name} ({preset})"] if one.misses_budget(place.max_bytes) else []
    print(
        f"budget: both scores {MIN_SCORE:.0f} or more, shift {MAX_LAYOUT_SHIFT} or less, {STAFF_BYTES:,} bytes, "
        f"the patient's page "
        f"{PATIENT_BYTES:,}; missed by: {', '.join(missed) or 'none'}"
    )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
