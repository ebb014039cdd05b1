"""Holds that the collected static files and every reference in them can be served."""

import subprocess
import sys
from pathlib import Path

from tests.architecture.source_files import PROJECT_ROOT
from tests.support.processes import make_environment


def test_every_file_that_a_static_file_refers_to_is_there(tmp_path: Path) -> None:
    command = [sys.executable, "manage.py", "collectstatic", "--noinput"]
    environment = make_environment(DATA_DIR=str(tmp_path / "var"))
    result = subprocess.run(command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert (tmp_path / "var" / "static" / "staticfiles.json").exists()


def test_every_vendored_package_comes_with_its_licence() -> None:
    folders = [path for path in (PROJECT_ROOT / "static" / "vendor").iterdir() if path.is_dir()]
    assert folders
    assert [path.name for path in folders if not list(path.glob("LICENSE*"))] == []
