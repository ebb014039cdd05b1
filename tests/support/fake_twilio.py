"""A text message service for tests that answers as Twilio documents and keeps what it got."""

import base64
import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs

ACCOUNT, TOKEN, SENDER = "ACsample", "sample-token", "+14125550100"


@dataclass(frozen=True)
class SmsRequest:
    """One request as it came over the wire."""

    path: str
    credentials: str
    fields: dict[str, str]


class FakeTwilioServer:
    """A web server on a loopback port that the operating system chose. Set `answer` to (status, error code)."""

    def __init__(self) -> None:
        self.requests: list[SmsRequest] = []
        self.reply: tuple[int, int] = (201, 0)
        self.drops_connection = False
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                keys = base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()
                fields = {name: values[0] for name, values in parse_qs(body).items()}
                service.requests.append(SmsRequest(self.path, keys, fields))
                if service.drops_connection:
                    self.close_connection = True
                    return
                status, code = service.reply
                said: dict[str, Any] = {"code": code, "message": f"about {fields['To']}", "status": status}
                answer = json.dumps(said if code else {"sid": "SM1", "status": "queued"}).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """The SMS_URL of this service."""
        return f"twilio://{ACCOUNT}:{TOKEN}@{SENDER}?api=http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
