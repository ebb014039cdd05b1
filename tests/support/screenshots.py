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
from tests.support.demo_server import DemoServerInfo
from tests.support.processes import BROKER, make_environment, run_process

SCREENSHOT_DIR = PROJECT_ROOT / "docs" / "screenshots"
MAX_PICTURE_BYTES = 150_000  # bytes of one picture
MAX_TOTAL_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class ScreenshotVariant:
    """One way of looking; what lies below `tallest` pixels is left out of the picture."""

    name: str
    width: int
    height: int
    max_height: int
    color_scheme: Literal["light", "dark"]


VARIANTS = (
    ScreenshotVariant("light", 1280, 640, 860, "light"),
    ScreenshotVariant("dark", 1280, 640, 860, "dark"),
    ScreenshotVariant("phone", 360, 640, 900, "light"),
)
MESSAGE_TEXT_PATH = "/admin/notifications/messagetext/add/?name=recall_notice&language=en"
# Who looks at which page: its name, and its address where it is always the same.
STAFF_PAGES: dict[str, dict[str, str]] = {
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
        "record": "",
        "contact": "",
        "new-result": "/entry/",
        "arrivals": "/appointments/arrivals/",
        "earlier-times": "/appointments/earlier/",
    },
    "rao": {"worklist": "/worklist/", "outcome": "", "my-recalls": "/my-recalls/"},
    "mo": {
        "closed-day": "",
        "map": "/map/",
        "board": "/board/",
        "late-list": "/lists/",
        "staff-work": "/lists/work/",
        "files": "/lists/files/",
        "hl7": "/hl7/",
        "messages-coming": "/messages/coming/",
    },
    "ada": {"setup": "/setup/", "message-text": MESSAGE_TEXT_PATH, "message-preview": MESSAGE_TEXT_PATH},
}
PUBLIC_PAGES = ("sign-in", "patient-page", "patient-gate")


def main(wanted: set[str]) -> None:
    """Take the pictures that are wanted, all of them where none is named."""
    SCREENSHOT_DIR.mkdir(exist_ok=True)
    with _run_demo_server() as facts, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=OPTIONS)
        for look in VARIANTS:
            _take_screenshots(browser, facts, look, wanted)
        browser.close()
    _check_total_size()


@contextmanager
def _run_demo_server() -> Iterator[DemoServerInfo]:
    with tempfile.TemporaryDirectory() as folder:
        environment = make_environment(DATA_DIR=folder)
        with run_process(BROKER, environment, Path(folder, "broker.txt")):
            command = [sys.executable, "-m", "tests.support.demo_server"]
            with subprocess.Popen(
                command, cwd=PROJECT_ROOT, env=environment, stdout=subprocess.PIPE, text=True
            ) as clinic:
                try:
                    assert clinic.stdout
                    facts: DemoServerInfo = json.loads(clinic.stdout.readline())
                    yield facts
                finally:
                    clinic.kill()


def _take_screenshots(browser: Browser, facts: DemoServerInfo, look: ScreenshotVariant, wanted: set[str]) -> None:
    for username, pages in STAFF_PAGES.items():
        names = [name for name in pages if not wanted or name in wanted]
        if not names:
            continue
        with _open_page(browser, look) as page:
            _sign_in(page, facts, username)
            for name in names:
                _take_screenshot(_open_staff_page(page, facts, name, pages[name]), look, name)
    for name in PUBLIC_PAGES:
        if not wanted or name in wanted:
            with _open_page(browser, look) as page:
                _open_public_page(page, facts, name)
                _take_screenshot(page, look, name)


@contextmanager
def _open_page(browser: Browser, look: ScreenshotVariant) -> Iterator[Page]:
    context: BrowserContext = browser.new_context(
        viewport={"width": look.width, "height": look.height},
        color_scheme=look.color_scheme,
        reduced_motion="reduce",
        locale="en-US",
        timezone_id="America/New_York",
    )
    yield context.new_page()
    context.close()


def _sign_in(page: Page, facts: DemoServerInfo, username: str) -> None:
    page.goto(f"{facts['url']}/sign-in/")
    page.fill("[name=username]", username)
    page.fill("[name=password]", facts["password"])
    page.press("[name=password]", "Enter")
    page.wait_for_load_state()


def _open_staff_page(page: Page, facts: DemoServerInfo, name: str, address: str) -> Page:
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


def _open_public_page(page: Page, facts: DemoServerInfo, name: str) -> None:
    if name == "sign-in":
        page.goto(f"{facts['url']}/sign-in/")
        return
    page.goto(facts["page_link"])
    if name == "patient-page":
        for field, value in zip(("year", "month", "day"), facts["birth_date"].split("-"), strict=True):
            page.fill(f"[name={field}]", value)
        page.locator("main button[type=submit]").first.click()
        page.wait_for_url("**/my/")


def _take_screenshot(page: Page, look: ScreenshotVariant, name: str) -> None:
    page.wait_for_load_state("networkidle")
    height = int(page.evaluate("document.documentElement.scrollHeight"))
    # A window as tall as the picture: what sticks to its lower edge then stands where it belongs.
    page.set_viewport_size({"width": look.width, "height": max(min(height, look.max_height), look.height)})
    whole = page.screenshot()
    blank = page.context.new_page()
    (SCREENSHOT_DIR / f"{name}-{look.name}.png").write_bytes(png.reduce_colors(blank, whole))


def _check_total_size() -> None:
    sizes = {path.name: path.stat().st_size for path in SCREENSHOT_DIR.glob("*.png")}
    print(
        f"{len(sizes)} pictures, {sum(sizes.values()) / 1000:.0f} kB, the largest {max(sizes.values()) / 1000:.0f} kB"
    )
    if max(sizes.values()) > MAX_PICTURE_BYTES or sum(sizes.values()) > MAX_TOTAL_BYTES:
        sys.exit(
            "Too heavy for the repository: " + ", ".join(name for name in sizes if sizes[name] > MAX_PICTURE_BYTES)
        )


if __name__ == "__main__":
    main(set(sys.argv[1:]))
