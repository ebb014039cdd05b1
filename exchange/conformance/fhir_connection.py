"""Speaks FHIR to one base address and reads the answers whole."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3

from exchange.conformance.kit import CheckFailed, expect

_TIMEOUT = urllib3.Timeout(connect=5, read=30)


@dataclass(frozen=True, slots=True)
class FhirAnswer:
    """An answer of the instance, read whole."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


class FhirConnection:
    """Speaks to one base address, with a token unless told otherwise."""

    def __init__(self, base_url: str, token: str) -> None:
        self.base_url, self._token = base_url.rstrip("/"), token
        self._pool = urllib3.PoolManager(timeout=_TIMEOUT, retries=False)

    def call(
        self, method: str, path: str, body: bytes | None = None, *, has_token: bool = True, **headers: str
    ) -> FhirAnswer:
        """`path` below the base address, or a whole address; underscores of a header's name are hyphens."""
        url = path if path.startswith("http") else f"{self.base_url}/{path}"
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if has_token:
            given["Authorization"] = f"Bearer {self._token}"
        try:
            response = self._pool.request(method, url, body=body, headers=given, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            raise CheckFailed(f"no answer ({type(error).__name__})") from error
        return FhirAnswer(response.status, dict(response.headers), response.data)

    def search(self, resource_type: str, **parameters: str) -> list[dict[str, Any]]:
        """The resources of the first page."""
        answer = self.call("GET", f"{resource_type}?{urlencode(parameters)}")
        expect(answer.status == 200, answer.status)
        return [entry["resource"] for entry in answer.json().get("entry", [])]


def ask_token(base_url: str, client_id: str, secret: str) -> str:
    """A token by client credentials. Raises CheckFailed."""
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    headers = {"Content_Type": "application/x-www-form-urlencoded"}
    answer = FhirConnection(base_url, "").call("POST", "token", urlencode(form).encode(), has_token=False, **headers)
    expect(answer.status == 200, f"status {answer.status} from the token endpoint")
    return str(answer.json()["access_token"])
