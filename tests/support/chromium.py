"""Finds the Chromium that the browser tests drive."""

import shutil
import sys

# The headless shell draws no window at all, which takes a third less time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# A machine's own browser, kept from looking anywhere but at the page under test.
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str | None:
    """The path of the browser's program, or None on a machine without one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


if __name__ == "__main__":
    if not chromium():
        sys.exit("LEFT OUT: the browser tests, because no Chromium is on PATH (Debian: chromium-headless-shell).")
