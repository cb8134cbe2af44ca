"""Who plays the demonstration is told at once what is waited for, and from time to time how long already."""

import time
from collections.abc import Callable

import httpx
import pytest

from deploy.demo import api, live_window, telling
from deploy.demo.api import NotAsItShouldBe, Person

BEING_PREPARED = {
    "type": "/problems/incident-being-prepared",
    "title": "Your incident is being prepared.",
    "before_you": 0,
    "being_drawn": 1,
}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The moments that were slept until, on a clock that only sleeping moves."""
    moments = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: moments[-1])
    monkeypatch.setattr(time, "sleep", lambda seconds: moments.append(moments[-1] + seconds))
    return moments


def _learner(answer: Callable[[httpx.Request], httpx.Response]) -> Person:
    person = Person("http://hotseat.test", "learner", "token")
    person._http = httpx.Client(base_url="http://hotseat.test/api/v1/", transport=httpx.MockTransport(answer))
    return person


def test_that_the_incident_is_being_drawn_is_said_at_once_and_again_with_seconds(clock: list[float]) -> None:
    pressed: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"title": "Incident", "situation": "A model."})
        pressed.append(request.headers["Idempotency-Key"])
        if clock[-1] < 40:
            return httpx.Response(503, headers={"Retry-After": "5"}, json=BEING_PREPARED)
        return httpx.Response(500, json={"type": "/problems/enough"})

    with telling.say.capture() as told, pytest.raises(NotAsItShouldBe, match="500"):
        live_window._start(_learner(answer))
    waiting = told.get().partition("2 · Start\n")[2].splitlines()
    assert waiting == [
        "  the incident is being drawn… (no clock runs until it is ready)",
        "    … 15 s: we are next",
        "    … 30 s: we are next",
    ]
    assert len(set(pressed)) == 1  # one start, however often it was pressed


@pytest.mark.parametrize("being_drawn", [1, 0])
def test_an_incident_is_waited_for_as_long_as_something_is_drawn_or_the_place_gets_better(
    clock: list[float], being_drawn: int
) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        place = 2 if being_drawn else int(max(0, 4 - clock[-1] // 250))
        said = BEING_PREPARED | {"before_you": place, "being_drawn": being_drawn}
        return httpx.Response(503, headers={"Retry-After": "5"}, json=said) if clock[-1] < 1_200 else done

    done = httpx.Response(201, json={"id": "one"})
    with telling.say.capture() as told:
        assert _learner(answer).start("demo-incident", tell=telling.patience("drawing")) == {"id": "one"}
    lines = told.get().splitlines()
    assert "    … 900 s: " + ("2 wait before us" if being_drawn else "1 waits before us, none is being drawn") in lines


def test_when_nothing_is_drawn_for_long_it_is_given_up_on_with_the_place_in_words(clock: list[float]) -> None:
    said = BEING_PREPARED | {"before_you": 3, "being_drawn": 0}
    learner = _learner(lambda _: httpx.Response(503, headers={"Retry-After": "5"}, json=said))
    with pytest.raises(NotAsItShouldBe, match="No incident was drawn for 305 s, and 3 wait before us"):
        learner.start("demo-incident")
    assert clock[-1] == 305


def test_a_start_that_is_answered_at_once_says_nothing_of_drawing() -> None:
    with telling.say.capture() as told:
        _learner(lambda _: httpx.Response(201, json={})).start("demo-incident", tell=telling.patience("drawing"))
    assert told.get() == ""


def test_a_long_wait_says_its_seconds_and_a_short_one_nothing(clock: list[float]) -> None:
    with telling.say.capture() as told:
        api.until("it", lambda: {} if clock[-1] >= 14 else None, seconds=60, tell=telling.patience())
    assert told.get() == ""
    with telling.say.capture() as told, pytest.raises(NotAsItShouldBe, match="it did not come within 40 s"):
        api.until("it", lambda: None, seconds=40, tell=telling.patience())
    assert told.get().splitlines() == ["    … 15 s", "    … 30 s"]
