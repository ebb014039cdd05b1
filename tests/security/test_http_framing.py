"""Holds that the web server as it is configured takes no request whose end two servers could see in two places."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import WEB, free_port, make_environment, run_process, wait_until

HEAD = b"POST /sign-in/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
SMUGGLED = b"GET /smuggled/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.fixture
def port(ready_folder: Path, tmp_path: Path) -> Iterator[int]:
    number = free_port()
    environment = make_environment(DATA_DIR=str(ready_folder), PORT=str(number), WEB_WORKERS="1")
    with run_process(WEB, environment, tmp_path / "log") as web:
        assert wait_until(lambda: _is_open(number) or web.has_ended, seconds=60), web.output
        yield number


def _is_open(port: int) -> bool:
    try:
        return _ask(port, b"GET /health/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").startswith(
            b"HTTP/1.1 "
        )
    except OSError:
        return False


def _ask(port: int, request: bytes) -> bytes:
    """Everything that the server says until it hangs up or is silent."""
    found = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request)
        try:
            while part := connection.recv(65536):
                found += part
        except TimeoutError:
            pass
    return found


def test_a_request_whose_end_is_not_clear_is_refused_and_what_hides_in_it_is_not_answered(
    port: int, subtests: pytest.Subtests
) -> None:
    unclear = {
        "both lengths": b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "two lengths": b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
        "another coding last": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "a space before the colon": b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "a length that is no number": b"Content-Length: +0\r\n\r\n",
        "a bare line feed": b"X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    }
    for name, headers in unclear.items():
        with subtests.test(name):
            answer = _ask(port, HEAD + headers + SMUGGLED)
            assert answer.startswith(b"HTTP/1.1 4") or answer == b""
            assert answer.count(b"HTTP/1.1 ") <= 1
