"""Drills every promise on the real stack and prints a table; status 1 when one was broken or could not be proved.

`python -m bench.drill`, or `make drill`. From the environment: SEED (one or several, such as `SEED="1 2 3"`),
DRILL=short for the short form, DRILL=ci for the most telling ones of it, ONLY (names of drills) and JSON (a file for
the same lines).
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.drill.installation.servers import PostgresServer
from bench.drill.installation.stack import PREPARED
from bench.drill.outcome import FAILED, NOT_RUN, Line, is_broken, make_empty_line
from bench.drill.plan import SCENES, SQLITE, Scene
from bench.drill.scene import choose_drills, end_with_cleanup
from bench.drill.table import format_table
from config.env import PROJECT_ROOT
from tests.support.processes import make_environment
from tests.support.servers import ServerNotFoundError

DEFAULT_SEEDS = "22"


def main() -> int:
    seeds = [int(word) for word in os.environ.get("SEED", DEFAULT_SEEDS).replace(",", " ").split()]
    form, only = os.environ.get("DRILL", ""), set(os.environ.get("ONLY", "").replace(",", " ").split())
    lines, began = [], time.monotonic()
    signal.signal(signal.SIGTERM, end_with_cleanup)
    with tempfile.TemporaryDirectory(prefix="recalldesk-drills-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        for seed in seeds:
            for scene in SCENES:
                if choose_drills(scene, form, only):
                    print(f"seed {seed}, {scene.name}", file=sys.stderr, flush=True)
                    lines += play_scene(scene, seed, form, only, folder)
    print(format_table(lines))
    print(f"{len(lines)} drills in {time.monotonic() - began:.0f} s, seeds {' '.join(map(str, seeds))}")
    if path := os.environ.get("JSON"):
        Path(path).write_text(json.dumps([line.as_json() for line in lines], indent=1) + "\n")
    return int(is_broken(lines))


def play_scene(scene: Scene, seed: int, form: str, only: set[str], folder: Path) -> list[Line]:
    """In a process of its own: Django knows one database in each."""
    answer = folder / f"{scene.name}-{seed}.json"
    try:
        template = get_template(folder, scene.database)
    except ServerNotFoundError as reason:
        return [make_empty_line(one, seed, NOT_RUN, str(reason)) for one in choose_drills(scene, form, only)]
    asked = {"scene": scene.name, "seed": seed, "form": form, "only": sorted(only)}
    asked |= {"template": str(template), "answer": str(answer)}
    scene_process = subprocess.Popen([sys.executable, "-m", "bench.drill.scene", json.dumps(asked)], cwd=PROJECT_ROOT)
    try:
        scene_process.wait()
    finally:  # a run that is ended ends its servers too
        scene_process.terminate()
        scene_process.wait()
    if not answer.exists():
        ended = "the installation did not start, or the drills were ended"
        return [make_empty_line(one, seed, FAILED, ended) for one in choose_drills(scene, form, only)]
    return [Line(**found) for found in json.loads(answer.read_text())]


def get_template(folder: Path, database: str) -> Path:
    """An empty installation whose tables are made, copied for each scene: made once."""
    (folder / PREPARED).mkdir(mode=0o700, exist_ok=True)
    if database == SQLITE:
        path = folder / "template.sqlite3"
        if not path.exists():
            prepare(folder / PREPARED, f"sqlite:///{path}")
        return path
    path = folder / "template-postgres"
    if not path.exists():
        server = PostgresServer(path)
        prepare(folder / PREPARED, server.url())
        server.stop()
    return path


def prepare(data: Path, database_url: str) -> None:
    """Make the tables, and the static files without which no page is shown."""
    environment = make_environment(DATA_DIR=str(data), DATABASE_URL=database_url)
    for command in ("migrate", "collectstatic"):
        arguments = [sys.executable, "manage.py", command, "--verbosity=0", "--no-input"]
        subprocess.run(arguments, cwd=PROJECT_ROOT, env=environment, check=True)


if __name__ == "__main__":
    sys.exit(main())
