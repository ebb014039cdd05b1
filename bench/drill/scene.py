"""Plays the drills of one scene in this process, and writes their lines as JSON."""

import json
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.drill.disk import small_disk
from bench.drill.installation.stack import Stack, running_stack
from bench.drill.outcome import BROKEN, FAILED, NOT_RUN, CannotRunHere, Drill, Line, Scale, make_empty_line, make_line
from bench.drill.plan import SCENES, Scene

SHORT_FORMS = ("short", "ci")


def main(name: str, seed: int, form: str, only: set[str], template: Path) -> list[Line]:
    scene = next(one for one in SCENES if one.name == name)
    wanted, is_short = choose_drills(scene, form, only), form in SHORT_FORMS
    random.Random(seed).shuffle(wanted)
    try:
        with place_for(scene) as place, running_stack(seed, template, place) as stack:
            return [play_drill(stack, drill, seed, is_short) for drill in wanted]
    except CannotRunHere as reason:
        return [make_empty_line(drill, seed, NOT_RUN, str(reason)) for drill in wanted]


def choose_drills(scene: Scene, form: str, only: set[str]) -> list[Drill]:
    """`form`: "ci" for the most telling ones, "short" for more, anything else for all; small where short."""
    if only:
        return [drill for drill in scene.drills if drill.name in only]
    if form == "ci":
        return [drill for drill in scene.drills if drill.is_in_ci]
    return [drill for drill in scene.drills if drill.is_in_short_form or form != "short"]


def end_with_cleanup(*_: object) -> None:
    """For SIGTERM: every server and process that was started ends with us."""
    sys.exit(1)


@contextmanager
def place_for(scene: Scene) -> Iterator[Path | None]:
    """Where the database's files go, if that is a disk of their own."""
    if not scene.has_small_disk:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="recalldesk-disk-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        with small_disk(Path(name) / "disk") as place:
            yield place


def play_drill(stack: Stack, drill: Drill, seed: int, is_short: bool) -> Line:
    """A drill that breaks off counts as broken: whatever it was to prove is not proved."""
    began = time.monotonic()
    scale = Scale(random.Random(f"{seed}:{drill.name}"), is_short)
    try:
        outcome = drill.play(stack, scale)
        line = make_line(drill, seed, time.monotonic() - began, outcome)
    except CannotRunHere as reason:
        line = make_empty_line(drill, seed, NOT_RUN, str(reason))
    except Exception as error:  # noqa: BLE001  the other drills go on
        traceback.print_exc()
        stack.mail.behave()
        line = make_empty_line(drill, seed, FAILED, f"broke off: {type(error).__name__}: {error}")
    if line.status in (BROKEN, FAILED):
        stack.print_logs()
    print(f"  {drill.name}: {line.status} ({time.monotonic() - began:.0f} s)", file=sys.stderr, flush=True)
    return line


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, end_with_cleanup)
    asked = json.loads(sys.argv[1])
    lines = main(asked["scene"], asked["seed"], asked["form"], set(asked["only"]), Path(asked["template"]))
    Path(asked["answer"]).write_text(json.dumps([line.as_json() for line in lines]))
