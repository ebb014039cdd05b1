"""Exits with 0 if the web server of this installation answers: `python -m config.health_probe`."""

import sys
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from config.env import Environment, read_environment

WILDCARD_ADDRESSES = {"0.0.0.0", "::"}  # noqa: S104


def web_server_responds(env: Environment, *, timeout: float = 4.0) -> bool:
    """Whether the web server says "ok" within so many seconds. Raises nothing: no answer is an answer."""
    host = "127.0.0.1" if env.bind in WILDCARD_ADDRESSES else env.bind
    known_as = urlsplit(env.public_url).hostname if env.public_url else None
    request = urllib.request.Request(f"http://{host}:{env.port}/health/", headers={"Host": known_as or host})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:  # noqa: S310
            return bool(response.status == 200)
    except OSError:  # refused, timed out, or an HTTP error
        return False


if __name__ == "__main__":
    sys.exit(not web_server_responds(read_environment()))
