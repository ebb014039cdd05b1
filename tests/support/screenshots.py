"""Takes pictures of the demo clinic in light, dark and on a phone for docs/screenshots.

`python -m tests.support.screenshots` takes them all, or those whose names are given; it needs a Chromium on PATH.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from config.env import PROJECT_ROOT
from tests.support import png
from tests.support.chromium import OPTIONS, chromium
from tests.support.demo_server import Facts
from tests.support.processes import BROKER, make_environment, run_process

FOLDER = PROJECT_ROOT / "docs" / "screenshots"
LARGEST = 150_000  # bytes of one picture
ALTOGETHER = 5_000_000


@dataclass(frozen=True, slots=True)
class Look:
    """One way of looking; what lies below `tallest` pixels is left out of the picture."""

    name: str
    width: int
    height: int
    tallest: int
    scheme: Literal["light", "dark"]


LOOKS = (
    Look("light", 1280, 640, 860, "light"),
    Look("dark", 1280, 640, 860, "dark"),
    Look("phone", 360, 640, 900, "light"),
)
TEXT = "/admin/notifications/messagetext/add/?name=recall_notice&language=en"
# Who looks at which page: its name, and its address where it is always the same.
SHOWN: dict[str, dict[str, str]] = {
    "ana": {
        "queue": "/queue/",
        "search": "",
        "bulk": "",
        "booking": "",
        "booking-week": "",
        "appointments": "/appointments/",
        "tomorrow": "/appointments/tomorrow/",
        "letters": "/letters/",
        "messages": "",
        "message": "",
        "tasks": "/work/",
        "downtime": "/downtime/",
        "inbox": "/inbox/",
        "keys": "/keys/",
        "recall": "",
    },
    "rao": {"worklist": "/worklist/", "outcome": "", "my-recalls": "/my-recalls/"},
    "mo": {
        "closed-day": "",
        "map": "/map/",
        "board": "/admin/",
        "messages-tomorrow": "/admin/notifications/notification/tomorrow/",
    },
    "ada": {"message-text": TEXT, "message-preview": TEXT},
}
OUTSIDE = ("sign-in", "patient-page", "patient-gate")


def main(wanted: set[str]) -> None:
    """Take the pictures that are wanted, all of them where none is named."""
    FOLDER.mkdir(exist_ok=True)
    with _demo_server() as facts, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=OPTIONS)
        for look in LOOKS:
            _go_round(browser, facts, look, wanted)
        browser.close()
    _weigh()


@contextmanager
def _demo_server() -> Iterator[Facts]:
    with tempfile.TemporaryDirectory() as folder:
        environment = make_environment(DATA_DIR=folder)
        with run_process(BROKER, environment, Path(folder, "broker.txt")):
            command = [sys.executable, "-m", "tests.support.demo_server"]
            with subprocess.Popen(
                command, cwd=PROJECT_ROOT, env=environment, stdout=subprocess.PIPE, text=True
            ) as clinic:
                try:
                    assert clinic.stdout
                    facts: Facts = json.loads(clinic.stdout.readline())
                    yield facts
                finally:
                    clinic.kill()


def _go_round(browser: Browser, facts: Facts, look: Look, wanted: set[str]) -> None:
    for username, pages in SHOWN.items():
        names = [name for name in pages if not wanted or name in wanted]
        if not names:
            continue
        with _desk(browser, look) as page:
            _sign_in(page, facts, username)
            for name in names:
                _take(_visit(page, facts, name, pages[name]), look, name)
    for name in OUTSIDE:
        if not wanted or name in wanted:
            with _desk(browser, look) as page:
                _visit_from_outside(page, facts, name)
                _take(page, look, name)


@contextmanager
def _desk(browser: Browser, look: Look) -> Iterator[Page]:
    context: BrowserContext = browser.new_context(
        viewport={"width": look.width, "height": look.height},
        color_scheme=look.scheme,
        reduced_motion="reduce",
        locale="en-US",
        timezone_id="America/New_York",
    )
    yield context.new_page()
    context.close()


def _sign_in(page: Page, facts: Facts, username: str) -> None:
    page.goto(f"{facts['url']}/sign-in/")
    page.fill("[name=username]", username)
    page.fill("[name=password]", facts["password"])
    page.press("[name=password]", "Enter")
    page.wait_for_load_state()


def _visit(page: Page, facts: Facts, name: str, address: str) -> Page:
    """Go there; returns the tab in which it is shown."""
    if name == "search":
        page.goto(f"{facts['url']}/queue/")
        page.fill("[type=search]", facts["family_name"])
        page.press("[type=search]", "Enter")
        page.wait_for_url("**/search/")
        return page
    page.goto(facts["url"] + (address or facts["pages"][name]))
    if name == "message-preview":
        with page.expect_popup() as opened:
            page.get_by_role("button", name="Preview with an invented patient").click()
        return opened.value
    return page


def _visit_from_outside(page: Page, facts: Facts, name: str) -> None:
    if name == "sign-in":
        page.goto(f"{facts['url']}/sign-in/")
        return
    page.goto(facts["page_link"])
    if name == "patient-page":
        for field, value in zip(("year", "month", "day"), facts["birth_date"].split("-"), strict=True):
            page.fill(f"[name={field}]", value)
        page.locator("main button[type=submit]").first.click()
        page.wait_for_url("**/my/")


def _take(page: Page, look: Look, name: str) -> None:
    page.wait_for_load_state("networkidle")
    height = int(page.evaluate("document.documentElement.scrollHeight"))
    # A window as tall as the picture: what sticks to its lower edge then stands where it belongs.
    page.set_viewport_size({"width": look.width, "height": max(min(height, look.tallest), look.height)})
    whole = page.screenshot()
    blank = page.context.new_page()
    (FOLDER / f"{name}-{look.name}.png").write_bytes(png.squeeze(blank, whole))


def _weigh() -> None:
    sizes = {path.name: path.stat().st_size for path in FOLDER.glob("*.png")}
    print(
        f"{len(sizes)} pictures, {sum(sizes.values()) / 1000:.0f} kB, the largest {max(sizes.values()) / 1000:.0f} kB"
    )
    if max(sizes.values()) > LARGEST or sum(sizes.values()) > ALTOGETHER:
        sys.exit("Too heavy for the repository: " + ", ".join(name for name in sizes if sizes[name] > LARGEST))


if __name__ == "__main__":
    main(set(sys.argv[1:]))
