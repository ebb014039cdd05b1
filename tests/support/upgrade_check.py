"""Serves the pages of an earlier commit on this version's tables, as happens while servers are upgraded one by one.

`python -m tests.support.upgrade_check COMMIT` takes that commit into a folder of its own, migrates the database by its
code, makes the demo clinic, migrates on with this version's code, and asks the earlier code for its pages.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from config.env import PROJECT_ROOT

PATHS = (
    "/queue/",
    "/my-recalls/",
    "/worklist/",
    "/appointments/",
    "/work/",
    "/letters/",
    "/messages/coming/",
    "/board/",
)
ASK = """
import django; django.setup()
from django.test import Client
from clinic.models import User
from recalls.models import Recall
served = 0
for user in User.objects.filter(is_active=True).order_by("pk")[:6]:
    browser = Client(raise_request_exception=False)
    browser.force_login(user)
    found = {path: browser.get(path).status_code for path in PATHS}
    recall = Recall.objects.filter(site__in=user.site_ids).exclude(state="closed").first()
    if recall:
        found["a recall"] = browser.get(f"/recalls/{recall.pk}/").status_code
    print(user.username, found)
    assert not [status for status in found.values() if status >= 500], found
    served += list(found.values()).count(200)
assert served > 10, served
from notifications import tasks
print("sweep", tasks.sweep())
"""


def main(commit: str) -> int:
    """0 when every page of the earlier code answers on the newer tables."""
    with tempfile.TemporaryDirectory(prefix="recalldesk-upgrade-") as name:
        folder = Path(name)
        earlier, data = folder / "code", folder / "data"
        subprocess.run(["git", "worktree", "add", "--detach", "--quiet", earlier, commit], cwd=PROJECT_ROOT, check=True)
        try:
            environment = os.environ | {
                "DATA_DIR": str(data), "DJANGO_SETTINGS_MODULE": "config.settings", "ALLOWED_HOSTS": "testserver"
            }  # fmt: skip
            _manage(earlier, environment, "migrate", "--verbosity", "0")
            _manage(earlier, environment, "collectstatic", "--noinput", "--verbosity", "0")
            _manage(earlier, environment, "demo")
            _manage(PROJECT_ROOT, environment, "migrate", "--verbosity", "1")
            script = f"PATHS = {PATHS!r}\n{ASK}"
            return subprocess.run([sys.executable, "-c", script], cwd=earlier, env=environment, check=False).returncode
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", earlier], cwd=PROJECT_ROOT, check=True)


def _manage(code: Path, environment: dict[str, str], *arguments: str) -> None:
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=code, env=environment, check=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
