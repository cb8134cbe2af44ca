"""One person's way to the platform: HTTP in, JSON out, and a sentence when an answer is not the expected one."""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Protocol, Self
from uuid import uuid4

import httpx

Json = dict[str, Any]
_NO_PROGRESS_FOR = 300.0  # longer than any drawing is left alone by those who work


class Tell(Protocol):
    """Is told, again and again, for how many seconds something has been waited for, and where it stands."""

    def __call__(self, seconds: float, where: str = "", /) -> None:
        """Tell whoever waits."""


def _nothing(_seconds: float, _where: str = "", /) -> None:
    """Tell nobody."""


class NotAsItShouldBe(Exception):
    """The platform did something the story does not allow."""


class Person:
    """Somebody signed in with a token."""

    def __init__(self, address: str, name: str, token: str) -> None:
        self.name = name
        self._token = token
        self._http = httpx.Client(
            base_url=f"{address}/api/v1/", headers={"Authorization": f"Token {token}"}, timeout=60
        )

    def twin(self) -> Self:
        """The same person in another window: a connection of its own."""
        return type(self)(str(self._http.base_url).removesuffix("/api/v1/"), self.name, self._token)

    def close(self) -> None:
        """Leave."""
        self._http.close()

    def get(self, path: str, *, expect: int = 200) -> Json:
        """Read."""
        return self._send("GET", path, None, expect)

    def post(self, path: str, body: Any = None, *, expect: int | tuple[int, ...] = 200) -> Json:
        """Write; each write carries a key of its own, so that a lost answer could be asked for again."""
        return self._send("POST", path, body, expect)

    def start(self, twin: str, *, tell: Tell = _nothing) -> Json:
        """Press start, and again as told while the incident is being prepared: nothing has started until then.

        It is waited for as long as incidents are being drawn, or fewer and fewer wait before this one.

        Raises:
            NotAsItShouldBe: it was refused, or nothing was drawn for long.
        """
        begun = moved = time.monotonic()
        before = None
        key = {"Idempotency-Key": str(uuid4())}
        while True:
            answer = self._http.post(f"twins/{twin}/start/", headers=key)
            said: Json = answer.json()
            if answer.status_code == HTTPStatus.CREATED:
                return said
            if said.get("type") != "/problems/incident-being-prepared":
                raise NotAsItShouldBe(f"The start answered {answer.status_code}: {answer.text[:600]}")
            now = time.monotonic()
            if said["being_drawn"] or said["before_you"] != before:
                before, moved = said["before_you"], now
            if now > moved + _NO_PROGRESS_FOR:
                raise NotAsItShouldBe(
                    f"No incident was drawn for {now - moved:.0f} s, and {_others(before)}. Does the worker named "
                    "stock run? `make status` says so."
                )
            tell(now - begun, _others(before) + ("" if said["being_drawn"] else ", none is being drawn"))
            time.sleep(float(answer.headers["Retry-After"]))

    def put(self, path: str, body: Any, *, expect: int = 200, headers: dict[str, str] | None = None) -> Json:
        """Replace."""
        return self._send("PUT", path, body, expect, headers)

    def _send(
        self, method: str, path: str, body: Any, expect: int | tuple[int, ...], headers: dict[str, str] | None = None
    ) -> Json:
        writes = {"Idempotency-Key": str(uuid4())} if method != "GET" else {}
        answer = self._http.request(method, path, json=body, headers=writes | (headers or {}))
        if answer.status_code not in (expect if isinstance(expect, tuple) else (expect,)):
            raise NotAsItShouldBe(f"{method} {path} answered {answer.status_code}, not {expect}: {answer.text[:600]}")
        said: Json = answer.json() if answer.content else {}
        return said


def _others(number: int | None) -> str:
    """How many wait for an incident before us."""
    return f"{number} {'waits' if number == 1 else 'wait'} before us" if number else "we are next"


def until(what: str, look: Callable[[], Json | None], *, seconds: float, tell: Tell = _nothing) -> Json:
    """Look until there is something to see.

    Raises:
        NotAsItShouldBe: it did not come in time.
    """
    begun = time.monotonic()
    while (waited := time.monotonic() - begun) < seconds:
        seen = look()
        if seen is not None:
            return seen
        tell(waited)
        time.sleep(0.5)
    raise NotAsItShouldBe(f"{what} did not come within {seconds:.0f} s.")
