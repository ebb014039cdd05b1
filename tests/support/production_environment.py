"""A complete environment of the production profile, with invented secrets.

`python -m tests.support.production_environment manage.py COMMAND ...` runs a command in it.
"""

import os
import subprocess
import sys
import tempfile

from config.env import PROJECT_ROOT

PRODUCTION_VARIABLES = {
    "RECALLDESK_PROFILE": "production",
    "SECRET_KEY": "only-for-checks-" + "0123456789abcdefghijklmnopqrstuvwxyz",
    "ALLOWED_HOSTS": "recall.example.org",
    "PUBLIC_URL": "https://recall.example.org",
    "DATABASE_URL": "postgres://recalls@db/recalls?sslmode=verify-full",
    "REDIS_URL": "rediss://broker:6379/0",
    "EMAIL_URL": "smtp+tls://user:pa%40ss@mail.example.org",
    "DEFAULT_FROM_EMAIL": "recalls@example.org",
}


def run_in_production(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments in the checkout and in that environment alone; its words are returned."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**PRODUCTION_VARIABLES, "DATA_DIR": folder, "PATH": os.environ["PATH"]}
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    result = run_in_production(sys.argv[1:])
    print(result.stdout + result.stderr, end="")
    sys.exit(result.returncode)
