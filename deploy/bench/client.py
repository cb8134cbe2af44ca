"""One learner's connection to the web server, and what is asked over it: as little work of its own as can be."""

from __future__ import annotations

import http.client
import json
import time
import uuid
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from deploy.bench.report import CouldNotMeasure

if TYPE_CHECKING:
    from collections.abc import Callable

_HISTORY = 5
_WORDS = "Customers of two products are told each other's fees; answers with fees are switched off. " * 8


@dataclass(frozen=True)
class Operation:
    """A request, as it is the n-th of its kind (from 0) in an attempt."""

    name: str
    method: str
    path: str
    body: Callable[[int], dict[str, Any]] | None = None
    headers: Callable[[int], dict[str, str]] = field(default=lambda _: {})

    @property
    def expected(self) -> HTTPStatus:
        """What a request that does its work answers."""
        return HTTPStatus.OK if self.method == "GET" else HTTPStatus.CREATED


UPDATE = Operation(
    "post a status update",
    "POST",
    "attempts/{attempt}/status-updates/",
    lambda n: {"audience": "stakeholders", "state": "investigating", "text": f"{n}: {_WORDS}"},
)
SAVE = Operation(
    "save a draft",
    "PUT",
    "attempts/{attempt}/drafts/postmortem/",
    lambda n: {"content": f"{n}: {_WORDS * 3}"},
    lambda n: {"If-Match": f'"{n}"'},
)
START = Operation("start an attempt", "POST", "twins/jt-incident-4/start/")
OPERATIONS = (
    Operation("read an attempt", "GET", "attempts/{attempt}/"),
    Operation("read its events", "GET", "attempts/{attempt}/events/"),
    Operation("read the twins", "GET", "twins/"),
    UPDATE,
    SAVE,
)


class Client:
    """A learner signed in with a token, on one connection that is kept."""

    def __init__(self, host: str, port: int, token: str, attempt: uuid.UUID) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=30)
        self._token = token
        self._attempt = attempt

    def make_history(self) -> None:
        """Do a few things, so that what is read is not empty; then hang up, for the server hangs up on the idle."""
        for n in range(_HISTORY):
            self.put(UPDATE, n)
        self.close()

    def put(self, operation: Operation, n: int) -> float:
        """Send one request; the seconds until its whole answer was there.

        Raises:
            CouldNotMeasure: it was refused, or the server went away.
        """
        body = None if operation.body is None else json.dumps(operation.body(n))
        headers = {"Authorization": f"Token {self._token}"} | operation.headers(n)
        if operation.method != "GET":
            headers |= {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
        path = "/api/v1/" + operation.path.format(attempt=self._attempt)
        began = time.perf_counter()
        try:
            self._connection.request(operation.method, path, body, headers)
            answer = self._connection.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise CouldNotMeasure(f"{operation.method} {path}: {error!r}") from error
        took = time.perf_counter() - began
        if answer.status != operation.expected:
            raise CouldNotMeasure(f"{operation.method} {path} answered {answer.status}: {said[:300]!r}")
        return took

    def close(self) -> None:
        """Hang up; the next request connects again."""
        self._connection.close()
