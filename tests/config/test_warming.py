"""What a worker's process has ready before its first task, and what it leaves when it ends."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from celery import Celery
from celery.signals import worker_process_init, worker_process_shutdown

from config import warming
from exams import packs
from sandboxes import engine
from tests.attempts import published_twin

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Whether a process warms up; no handler of a worker outlives the test."""
    event = threading.Event()
    monkeypatch.setattr(warming, "warm_up", event.set)
    before = list(worker_process_init.receivers or [])
    yield event
    worker_process_init.receivers = before


@pytest.mark.django_db(transaction=True)
def test_containers_wait_and_the_packs_of_published_twins_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    version = published_twin()
    done: list[str] = []
    monkeypatch.setattr(engine, "warm", lambda: done.append("containers"))
    monkeypatch.setattr(packs, "load", done.append)
    warming.warm_up()
    assert done == ["containers", version.definition["pack"]]


def test_a_process_starts_without_an_engine(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def away() -> None:
        raise engine.UnknownSandbox("there is none")

    monkeypatch.setattr(engine, "warm", away)
    warming.warm_up()
    assert "there is none" in caplog.text


@pytest.mark.parametrize(("queue", "warms"), [("live", True), ("grading", True), ("exams", False), ("stock", False)])
def test_only_workers_that_put_code_into_containers_warm_up(begun: threading.Event, queue: str, *, warms: bool) -> None:
    worker = Celery("test")
    worker.select_queues([queue])
    warming.connect(worker)
    worker_process_init.send(sender=None)
    assert begun.wait(5.0 if warms else 0.2) == warms


def test_a_process_that_ends_leaves_no_container_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []
    monkeypatch.setattr(engine, "close", lambda: closed.append(True))
    worker_process_shutdown.send(sender=None)
    assert closed
