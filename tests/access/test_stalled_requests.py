"""Holds that requests which never arrive whole take no thread of the web server, on a real one."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.guards.web_worker import MAX_WAITED_FOR, RequestArrival, judge_arrival

APP = """
def app(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(str(len(body)))))])
    return [str(len(body)).encode()]
"""
STALLED = b"POST /sms/inbound/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("server")
    (folder / "tiny_app.py").write_text(APP)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    command = [
        sys.executable, "-m", "gunicorn", "--no-control-socket", "--pythonpath", str(folder), "-w", "1", "--threads",
        "4", "-k", "config.guards.web_worker.ArrivedThreadWorker", "-b", f"127.0.0.1:{number}", "tiny_app:app",
    ]  # fmt: skip
    server = subprocess.Popen(command, cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL)
    try:
        _wait_for(number)
        yield number
    finally:
        server.terminate()
        server.wait(20)


def _wait_for(port: int) -> None:
    for _try in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the server did not start")


def _open(port: int, sent: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), 5)
    connection.sendall(sent)
    return connection


def _ask(port: int, body: bytes = b"", pieces: int = 1) -> bytes:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    with _open(port, head) as connection:
        size = max(1, len(body) // pieces)
        for start in range(0, len(body), size):
            connection.sendall(body[start : start + size])
            time.sleep(0.02 if pieces > 1 else 0)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer.rpartition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("stalled", [STALLED, b"POST / HTTP/1.1\r\nHos", b""])
def test_an_answer_comes_at_once_beside_64_stalled_requests(port: int, stalled: bytes) -> None:
    held = [_open(port, stalled) for _number in range(64)]
    began = time.monotonic()
    assert _ask(port) == b"0"
    assert time.monotonic() - began < 5
    for one in held:
        one.close()


def test_half_of_the_threads_are_left_beside_large_bodies_that_stall(port: int) -> None:
    large = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\nabc"
    held = [_open(port, large) for _number in range(16)]
    time.sleep(0.3)
    assert _ask(port, b"x" * 1000) == b"1000"
    for one in held:
        one.close()


@pytest.mark.parametrize("size", [0, 10, MAX_WAITED_FOR - 500, MAX_WAITED_FOR + 1, 3_000_000])
def test_a_body_of_any_size_arrives_whole(port: int, size: int) -> None:
    assert _ask(port, b"x" * size, pieces=5) == str(size).encode()


def test_what_has_arrived_is_judged_by_its_head() -> None:
    assert judge_arrival(b"GET / HTTP/1.1\r\n") == RequestArrival.PART
    assert judge_arrival(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") == RequestArrival.WHOLE
    assert judge_arrival(STALLED) == RequestArrival.PART
    assert judge_arrival(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n") == RequestArrival.LARGE
