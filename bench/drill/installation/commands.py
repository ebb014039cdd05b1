"""Runs commands of the installation, as an operator does."""

import subprocess
import sys
from collections.abc import Mapping

from bench.drill.installation.stack import Stack
from config.env import PROJECT_ROOT


def run_command(
    stack: Stack, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`manage.py` with these arguments; its status is for the caller to judge."""
    variables = stack.environment | dict(environment or {})
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=PROJECT_ROOT, env=variables, capture_output=True, text=True, check=False)


def start_command(stack: Stack, *arguments: str) -> "subprocess.Popen[bytes]":
    """The same, running; in a session of its own so that it can be killed with all it starts."""
    command = [sys.executable, "manage.py", *arguments]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(
        command, cwd=PROJECT_ROOT, env=stack.environment, stdout=quiet, stderr=quiet, start_new_session=True
    )
