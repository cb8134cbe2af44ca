"""What strangers and operators are told of the inside: readiness for all in plain words, the rest for operators."""

from __future__ import annotations

import logging
import re
import socket
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from knox.models import AuthToken

from config import health
from exams.database_clock import database_now
from exams.models import Heartbeat
from tests.attempts import live_attempt
from tests.people import Cast

pytestmark = pytest.mark.django_db

HERE: dict[str, Any] = {"headers": {"host": "127.0.0.1:8000"}}
ELSEWHERE: dict[str, Any] = {"REMOTE_ADDR": "203.0.113.9"}
SECRET = 'connection to server at "db.internal" (10.0.0.7), port 5432 failed: password of hotseat'


@pytest.fixture
def _database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> health.Found:
        raise OperationalError(SECRET)

    monkeypatch.setitem(health.PARTS, "database", health.Part(away, health.PARTS["database"].away))


@pytest.mark.usefixtures("_database_is_away")
def test_a_stranger_is_told_which_part_is_red_and_what_to_do_and_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, "config.health"):
        answer = Client(**ELSEWHERE).get("/readyz")
    assert answer.status_code == 503
    told = answer.json()
    assert set(told) == {"status", "parts"}
    assert told["parts"]["database"]["ok"] is False
    assert "An operator starts it" in told["parts"]["database"]["detail"]
    for secret in ("db.internal", "10.0.0.7", "OperationalError"):
        assert secret not in answer.content.decode()
    assert SECRET in caplog.text


@pytest.mark.usefixtures("_database_is_away")
def test_on_the_machine_itself_the_cause_is_told_too() -> None:
    assert SECRET in Client().get("/readyz", **HERE).json()["parts"]["database"]["detail"]


def test_a_part_that_cannot_work_says_so_to_all_and_why_to_operators() -> None:
    Heartbeat.objects.create(part="sandbox", at="2026-01-01T00:00:00Z", detail={"ok": False, "detail": "/run/x.sock"})
    said = Client(**ELSEWHERE).get("/readyz").json()["parts"]["sandbox"]
    assert said["ok"] is False
    assert "container engine and the workers named grading and live" in said["detail"]
    assert "x.sock" not in said["detail"]
    assert "x.sock" in Client().get("/readyz", **HERE).json()["parts"]["sandbox"]["detail"]


def test_a_migration_that_is_not_applied_is_told_and_code_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    health._migrations_here.cache_clear()
    assert health._database().ok
    monkeypatch.setattr(MigrationLoader, "__init__", lambda *_, **__: pytest.fail("the migrations were read again"))
    assert health._database().ok
    MigrationRecorder.Migration.objects.filter(app="exams", name="0002_append_only").delete()
    found = health._database()
    assert not found.ok
    assert "1 migrations are not applied" in found.detail


@pytest.mark.parametrize(
    "asked",
    [
        ELSEWHERE,
        {},  # from this machine, by a name that is not its own: a page in a browser, or a proxy
        {**HERE, "REMOTE_ADDR": "203.0.113.9"},
        {"headers": {"host": "localhost", "x-forwarded-for": "203.0.113.9"}},
        {**ELSEWHERE, "headers": {"authorization": "Bearer "}},
        {**ELSEWHERE, "headers": {"authorization": "Bearer wrong"}},
        {**ELSEWHERE, "headers": {"authorization": "Token wrong"}},
        {"REMOTE_ADDR": "", "headers": {"host": "localhost"}},
    ],
    ids=[
        "elsewhere",
        "another name",
        "our name from elsewhere",
        "passed on",
        "no token",
        "wrong",
        "no person",
        "nobody",
    ],
)
@pytest.mark.parametrize("token", ["", "s3cret"])
def test_a_stranger_sees_no_figures(settings: Any, asked: dict[str, Any], token: str) -> None:
    settings.HOTSEAT_METRICS_TOKEN = token
    answer = Client().get("/metrics", **asked)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/operators-only")
    assert b"python_info" not in answer.content


def test_the_token_this_machine_and_an_admin_see_figures(settings: Any, cast: Cast) -> None:
    settings.HOTSEAT_METRICS_TOKEN = "s3cret"
    assert b"python_info" in Client().get("/metrics", **HERE).content
    assert Client().get("/metrics", headers={"host": "[::1]:80"}, REMOTE_ADDR="::1").status_code == 200
    assert Client(**ELSEWHERE).get("/metrics", headers={"authorization": "Bearer s3cret"}).status_code == 200
    for person, status in ((cast.admin, 200), (cast.mentor, 403), (cast.learner, 403)):
        _, token = AuthToken.objects.create(person)
        by_token = Client(**ELSEWHERE).get("/metrics", headers={"authorization": f"Token {token}"})
        signed_in = Client(**ELSEWHERE)
        signed_in.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        assert (by_token.status_code, signed_in.get("/metrics").status_code) == (status, status)


@pytest.mark.parametrize(
    ("address", "tried"),
    [
        ("amqp://hotseat:secret@rabbit.internal//", ("rabbit.internal", 5672)),
        ("amqps://rabbit.internal//", ("rabbit.internal", 5671)),
        ("amqp://rabbit.internal:5673//", ("rabbit.internal", 5673)),
        ("redis://valkey.internal/0", ("valkey.internal", 6379)),
        ("rediss:///0", ("127.0.0.1", 6379)),
    ],
)
def test_a_broker_whose_address_names_no_port_is_tried_where_its_kind_listens(
    settings: Any, monkeypatch: pytest.MonkeyPatch, address: str, tried: tuple[str, int]
) -> None:
    seen: list[tuple[str, int]] = []

    def connect(where: tuple[str, int], timeout: float) -> socket.socket:
        del timeout
        seen.append(where)
        return socket.socket()

    settings.CELERY_BROKER_URL = address
    monkeypatch.setattr(socket, "create_connection", connect)
    assert health._broker().ok
    assert seen == [tried]


def test_how_long_deployments_wait_is_told_and_makes_nothing_unready(cast: Cast) -> None:
    part = Client(**ELSEWHERE).get("/readyz").json()["parts"]["deployments"]
    assert part == {"ok": True, "detail": "none waits to be replayed"}
    live_attempt(cast.learner, started_at=database_now() - timedelta(seconds=90))
    part = Client(**ELSEWHERE).get("/readyz").json()["parts"]["deployments"]
    assert part["ok"] is True
    assert re.fullmatch("1 wait to be replayed, the oldest for 9[0-9] s", part["detail"])
    figures = Client().get("/metrics", **HERE).content.decode()
    assert "hotseat_deployments_waiting 1.0" in figures
    assert re.search(r"hotseat_deployment_oldest_wait_seconds 9\d\.", figures)


def test_figures_are_given_without_those_of_deployments_when_the_database_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(**_: object) -> None:
        raise OperationalError(SECRET)

    monkeypatch.setattr("exams.live.deployments.replays.queue", away)
    figures = Client().get("/metrics", **HERE).content.decode()
    assert "hotseat_deployments_waiting -1.0" in figures
    assert "hotseat_incidents_total" in figures
