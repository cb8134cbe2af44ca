"""The pool of waiting containers, with boxes that are counted instead of started."""

from __future__ import annotations

import threading
import time

import pytest

from sandboxes.pool import Pool
from sandboxes.sandbox import EngineUnreachable


class CountedBox:
    def __init__(self) -> None:
        self.alive = True
        self.discarded = False

    def discard(self) -> None:
        self.discarded = True


class Starter:
    """Starts boxes, or fails to, and remembers each."""

    def __init__(self, *, seconds: float = 0.0, faults: int = 0) -> None:
        self.made: list[CountedBox] = []
        self.seconds = seconds
        self.faults = faults

    def __call__(self) -> CountedBox:
        time.sleep(self.seconds)
        if self.faults:
            self.faults -= 1
            raise EngineUnreachable("no engine")
        self.made.append(CountedBox())
        return self.made[-1]


def pool(starter: Starter, *, size: int = 2, oldest_s: float = 60.0) -> Pool[CountedBox]:
    return Pool(start=starter, alive=lambda box: box.alive, size=size, oldest_s=oldest_s)


def filled(made: Pool[CountedBox], count: int = 2) -> None:
    made.refill()
    until = time.monotonic() + 5
    while made.waiting < count and time.monotonic() < until:
        time.sleep(0.005)
    assert made.waiting == count


def test_an_empty_pool_sends_the_caller_to_start_one() -> None:
    assert pool(Starter()).take() is None


def test_a_pool_of_size_zero_never_starts_any() -> None:
    starter = Starter()
    made = pool(starter, size=0)
    made.refill()
    assert made.take() is None
    assert starter.made == []


def test_a_box_is_handed_out_once() -> None:
    made = pool(Starter())
    filled(made)
    one, two = made.take(), made.take()
    assert one is not two
    assert made.take() is None


def test_filling_twice_does_not_overfill() -> None:
    starter = Starter(seconds=0.02)
    made = pool(starter)
    made.refill()
    filled(made)
    made.refill()
    assert len(starter.made) == 2


def test_a_box_that_is_being_started_is_waited_for() -> None:
    starter = Starter(seconds=0.2)
    made = pool(starter, size=1)
    made.refill()
    began = time.monotonic()
    assert made.take() is not None
    assert 0.1 < time.monotonic() - began < 2


def test_two_takers_do_not_wait_for_the_same_box() -> None:
    made = pool(Starter(seconds=0.3), size=1)
    made.refill()
    taken: list[CountedBox | None] = []
    threads = [threading.Thread(target=lambda: taken.append(made.take())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert sum(box is None for box in taken) == 1


def test_a_box_that_died_is_thrown_away() -> None:
    starter = Starter()
    made = pool(starter, size=1)
    filled(made, 1)
    starter.made[0].alive = False
    assert made.take() is None
    assert starter.made[0].discarded


def test_a_box_that_is_too_old_is_thrown_away() -> None:
    starter = Starter()
    made = pool(starter, size=1, oldest_s=0.0)
    filled(made, 1)
    assert made.take() is None
    assert starter.made[0].discarded


def test_an_engine_that_is_away_leaves_the_pool_ready_to_try_again() -> None:
    starter = Starter(faults=2)
    made = pool(starter)
    made.refill()
    until = time.monotonic() + 5
    while starter.faults and time.monotonic() < until:
        time.sleep(0.005)
    filled(made)


def test_closing_gives_back_what_waits_and_what_is_on_its_way() -> None:
    starter = Starter(seconds=0.1)
    made = pool(starter)
    made.refill()
    made.close()  # waits for what is on its way, so that a process that ends leaves nothing half started
    assert len(starter.made) == 2
    assert all(box.discarded for box in starter.made)
    assert made.waiting == 0


def test_closing_waits_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandboxes.pool._CLOSE_SECONDS", 0.05)
    starter = Starter(seconds=0.5)
    made = pool(starter, size=1)
    made.refill()
    began = time.monotonic()
    made.close()
    assert time.monotonic() - began < 0.4
    time.sleep(0.8)
    assert [box.discarded for box in starter.made] == [True]
