"""Over a real server: a rollback that is held up inside counts as of its receipt, and a large export is sent whole."""

from __future__ import annotations

import io
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
from django.db import connection, transaction
from knox.models import AuthToken

from exams import ledger
from exams.database_clock import database_now
from exams.live import telemetry
from exams.live.deployments import ROLL_OUT
from exams.live.deployments.moving import announce_due
from exams.models import Deployment, DeploymentState
from sandboxes.fake_sandbox import FakeSandbox
from tests import web_server
from tests.attempts import live_attempt
from tests.deployed import deployed, replayed
from tests.people import standing_cast

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_rollback_received_in_the_last_second_of_a_roll_out_and_handled_after_it_calls_it_off() -> None:
    learner = standing_cast().learner
    attempt = live_attempt(learner, started_at=database_now() - timedelta(minutes=5))
    token = AuthToken.objects.create(learner)[1]
    with web_server.running() as address, ThreadPoolExecutor(1) as pool, httpx.Client(timeout=60) as client:
        client.get(f"{address}/healthz")
        row = deployed(attempt, at=database_now() - ROLL_OUT + timedelta(seconds=4))
        replayed(FakeSandbox(), at=row.requested_at)
        with transaction.atomic():
            held = ledger.hold(attempt.pk)
            assert database_now() < row.due_at - timedelta(seconds=1), "the machine is too slow for this test"
            sent = pool.submit(
                client.post,
                f"{address}/api/v1/attempts/{attempt.pk}/rollback/",
                json={},
                headers={"Authorization": f"Token {token}"},
            )
            while database_now() < row.due_at + timedelta(seconds=1):
                time.sleep(0.1)
            assert announce_due(held, now=database_now()) == 1
            assert not sent.done()
        answer = sent.result()
    assert answer.status_code == 201, answer.text
    row = Deployment.objects.get(pk=row.pk)
    back = Deployment.objects.get(attempt=attempt, kind="rollback")
    assert back.requested_at < row.due_at
    assert (row.state, back.of) == (DeploymentState.CANCELLED, attempt.deployments.get(number=0))
    assert telemetry.deployed_at(attempt, database_now()) == back
    assert ledger.verify(attempt.pk) is None
    connection.close()


def test_a_large_export_is_sent_whole() -> None:
    learner = standing_cast().learner
    attempt = live_attempt(learner, started_at=database_now() - timedelta(minutes=5))
    token = AuthToken.objects.create(learner)[1]
    with transaction.atomic():
        held = ledger.hold(attempt.pk)
        for number in range(300):
            said = f"{number} " * 3_000
            ledger.append(attempt=held, kind="test", payload={"said": said}, actor=None, at=database_now())
    with web_server.running() as address:
        answer = httpx.get(
            f"{address}/api/v1/attempts/{attempt.pk}/export/",
            headers={"Authorization": f"Token {token}"},
            timeout=60,
        )
    assert answer.status_code == 200
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    assert archive.getinfo("ledger.json").file_size > 3_000_000
    connection.close()
