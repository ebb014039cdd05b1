"""Holds that the list of packages names every one of a production installation, with its hash and from one place."""

import json
import re
import subprocess
import sys
from pathlib import Path

from config.env import PROJECT_ROOT


def test_a_bill_of_materials_names_every_package_with_version_and_hash(tmp_path: Path) -> None:
    pinned = dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", _lock(), re.MULTILINE))
    bill = tmp_path / "bill.json"
    command = ["-m", "cyclonedx_py", "requirements", "requirements.txt", "--output-file", str(bill)]
    subprocess.run([sys.executable, *command], cwd=PROJECT_ROOT, check=True, capture_output=True)
    listed = json.loads(bill.read_text(encoding="utf-8"))["components"]
    assert {one["name"].lower(): one["version"] for one in listed} == pinned
    assert len(pinned) > 50


def test_every_package_is_pinned_by_hash_and_comes_from_no_other_index() -> None:
    entries = re.split(r"\n(?=[a-z0-9])", _lock())
    assert [entry.split("\n")[0] for entry in entries if "==" in entry and "--hash=sha256:" not in entry] == []
    # No option but the hash, and no address: nothing comes from anywhere but the installer's own index.
    assert re.findall(r"--(?!hash=)\S+|\bgit\+|://", _lock()) == []


def _lock() -> str:
    return (PROJECT_ROOT / "requirements.txt").read_text(encoding="utf-8")
