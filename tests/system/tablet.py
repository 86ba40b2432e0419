"""A tablet for the system tests: it signs in and sends decisions as the page does."""

import json
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from typing import Any

ANSWER_WITHIN_S = 5.0


class Tablet:
    """A client that signs in as one of the demo's people."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self._token = ""

    def sign_in(self, name: str = "engineer") -> None:
        answer = self.send("POST", "/api/v1/session", {"name": name, "password": name})
        self._token = answer["csrf"]

    def send(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The answer's object. Raises urllib's HTTPError for a refusal and OSError when nobody answers."""
        request = urllib.request.Request(
            self._address + path,
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Content-Type": "application/json", "X-CSRF-Token": self._token, "Origin": self._address},
        )
        with self._opener.open(request, timeout=ANSWER_WITHIN_S) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def puts(self, decision: str, body: dict[str, Any]) -> bool:
        """Sends a decision once; True when it is on record, False when it was refused or nobody answered."""
        try:
            self.send("PUT", f"/api/v1/decisions/{decision}", body)
        except urllib.error.HTTPError as error:
            if error.code in {409, 503}:
                return False
            raise
        except (OSError, ValueError):
            return False
        return True
