"""A drawing that runs out of time on a busy machine: it is load, not a fault of the pack, and who waits comes first."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core.management import call_command

from exams import start, stock, tasks, twins, wanted
from exams.database_clock import database_now
from exams.models import AttemptState, StockedIncident, StockState
from tests.attempts import NOON, SLUG, definition, published_twin
from tests.exams.test_stock import START, fill, press, ready
from tests.packs import SmallPack
from tests.people import Cast, client_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django import Settings

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_repositories", "rung")]
PREPARING = "/problems/incident-being-prepared"


def plainly() -> None:
    raise SoftTimeLimitExceeded


def as_something_else() -> None:
    try:
        plainly()
    except SoftTimeLimitExceeded as limit:
        raise ValueError("the pack says that its world is empty") from limit


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], None]]:
    """The classes whose drawing runs out of time, and how that shows."""
    classes: dict[str, Callable[[], None]] = {}
    base = SmallPack.base

    def drawn(pack: SmallPack, spec: Any) -> Any:
        classes.get(spec.failure_class, lambda: None)()
        return base(pack, spec)

    monkeypatch.setattr(SmallPack, "base", drawn)
    return classes


@pytest.mark.parametrize("how", [plainly, as_something_else])
def test_a_busy_machine_is_never_the_packs_fault(
    cast: Cast, slow: dict[str, Callable[[], None]], how: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    published_twin()
    slow |= {"T1": how, "T2": how}
    client = client_of(cast.learner)
    for _ in range(6):
        assert client.post(START).json()["type"] == PREPARING
        assert stock.draw_next(at_least=0, now=database_now()) == stock.Outcome.OUT_OF_TIME
    assert client.post(START).json()["type"] == PREPARING
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR and each.name.startswith("exams")]
    assert "ran out of time: this machine is too busy" in caplog.text, "operators are told"
    slow.clear()
    assert stock.draw_next(at_least=0, now=database_now()) == stock.Outcome.DRAWN
    assert press(cast.learner).state == AttemptState.LIVE


def test_who_waits_gets_another_class_than_the_one_that_took_too_long(
    cast: Cast, slow: dict[str, Callable[[], None]]
) -> None:
    published_twin()
    slow["T1"] = plainly
    with pytest.raises(start.IncidentBeingPrepared):
        press(cast.learner)
    outcomes = [stock.draw_next(at_least=0, now=database_now()) for _ in range(2)]
    assert stock.Outcome.DRAWN in outcomes
    assert press(cast.learner).incident_class == "T2"


def test_it_is_drawn_again_a_few_times_and_then_only_for_who_waits(
    cast: Cast, slow: dict[str, Callable[[], None]]
) -> None:
    published_twin()
    slow |= {"T1": plainly, "T2": plainly}
    now = database_now()
    each_takes = timedelta(minutes=9, seconds=30)
    outcomes = [stock.draw_next(at_least=2, now=now + which * each_takes / 2) for which in range(8)]
    assert Counter(outcomes) == {stock.Outcome.OUT_OF_TIME: 6, stock.Outcome.FULL: 2}
    with pytest.raises(start.IncidentBeingPrepared):
        start.prepare(learner=cast.learner, slug=SLUG, now=now)
    slow.clear()
    assert stock.draw_next(at_least=2, now=now) == stock.Outcome.DRAWN, "for who waits"
    assert stock.draw_next(at_least=2, now=now) == stock.Outcome.FULL
    assert len(fill(4, now=now + wanted.SLOW_FOR + 8 * each_takes)) == 4


def test_a_drawing_that_ran_out_of_time_rings_for_no_next(
    slow: dict[str, Callable[[], None]], rung: list[str], settings: Settings
) -> None:
    published_twin()
    settings.HOTSEAT_STOCK = 2
    slow |= {"T1": plainly, "T2": plainly}
    tasks.fill_stock()
    assert rung == [], "the machine is busy: the timetable comes back to it"
    assert StockedIncident.objects.get().state == StockState.FAILED


def test_what_somebody_waits_for_is_drawn_before_any_stock(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    published_twin()
    twins.publish(definition(slug="another-incident"), now=NOON)
    monkeypatch.setattr("random.shuffle", lambda versions: versions.sort(key=lambda each: each.slug == SLUG))
    for who in (cast.learner, cast.other_learner):
        with pytest.raises(start.IncidentBeingPrepared):
            press(who)
    drawn = []
    for _ in range(4):
        assert stock.draw_next(at_least=2, now=database_now()) == stock.Outcome.DRAWN
        drawn.append(ready().order_by("ready_at").last().twin.slug)
    assert drawn == [SLUG, SLUG, "another-incident", "another-incident"]


def test_the_command_tells_what_is_still_so(slow: dict[str, Callable[[], None]]) -> None:
    published_twin()

    def broken() -> None:
        raise ArithmeticError("the world has no products")

    slow |= {"T1": broken, "T2": plainly}
    now = database_now()
    while stock.draw_next(at_least=2, now=now) != stock.Outcome.FULL:
        pass

    def said() -> list[str]:
        out = StringIO()
        call_command("stock", stdout=out)
        return out.getvalue().splitlines()

    assert said() == [
        "jt-incident-4 T1: 0 ready, 0 being drawn, 3 failed; the last one: ArithmeticError: the world has no products",
        "jt-incident-4 T2: 0 ready, 0 being drawn, 3 ran out of time within the hour: a busy machine",
    ]
    slow.clear()
    fill(2, now=now + wanted.SLOW_FOR)
    StockedIncident.objects.filter(state=StockState.FAILED).update(claimed_at=now - timedelta(minutes=1))
    assert said() == [
        "jt-incident-4 T1: 1 ready, 0 being drawn",
        "jt-incident-4 T2: 1 ready, 0 being drawn, 3 ran out of time within the hour: a busy machine",
    ]
