"""A stocked incident's release is replayed before anybody starts it: the same as in a sandbox, and known at once."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from exams import ahead, incident, packs, start, stock, wanted
from exams.database_clock import database_now
from exams.live import telemetry
from exams.live.deployments.traffic import kept_traffic
from exams.live.deployments.trees import release_tree
from exams.models import DeploymentState, StockedIncident, StockState
from exams.trees import TESTS
from grading import deploying, tasks
from grading.deploying.putting import put_all
from grading.deploying.weighing import Scales
from sandboxes.sandbox import Exchange
from tests.attempts import published_twin
from tests.deployed import replayed
from tests.grading import work
from tests.work import events

if TYPE_CHECKING:
    from exams.models import Attempt
    from sandboxes.docker_sandbox import DockerSandbox
    from sandboxes.fake_sandbox import FakeSandbox
    from tests.people import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def _stocked(cast: Cast) -> None:
    published_twin()
    for _ in work.PACK.classes:
        assert stock.draw_next(at_least=2, now=database_now()) == stock.Outcome.DRAWN
    del cast


def started(cast: Cast) -> Attempt:
    attempt = start.prepare(learner=cast.learner, slug="jt-incident-4", now=database_now())
    return start.begin(learner=cast.learner, attempt_id=attempt.pk, now=database_now())


@pytest.mark.usefixtures("_stocked")
def test_nothing_is_replayed_while_somebody_waits_for_a_drawing(
    cast: Cast, fake: FakeSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    monkeypatch.setattr("exams.doorbell.ring", lambda name, *_: rung.append(name))
    wanted.note(cast.learner, published_twin(), now=database_now())
    before = ahead.lacking()
    tasks.replay_stock()
    assert (ahead.lacking(), rung) == (before, [])
    wanted.forget(cast.learner)
    tasks.replay_stock()
    assert len(ahead.lacking()) == len(before) - 1
    del fake


@pytest.mark.usefixtures("_stocked")
def test_a_start_from_the_stock_knows_its_chart_at_once_and_it_is_that_of_a_sandbox(
    cast: Cast, fake: FakeSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    monkeypatch.setattr("exams.doorbell.ring", lambda name, *_: rung.append(name))
    for _ in range(3):
        tasks.replay_stock()
    assert rung == ["grading.tasks.replay_stock"] * 2
    assert ahead.lacking() == []
    attempt = started(cast)
    row = attempt.deployments.get()
    assert (row.state, row.live_from) == (DeploymentState.LIVE, attempt.started_at)
    assert "grading.tasks.replay_deployments" not in rung
    later = row.due_at + timedelta(seconds=100)
    seen = telemetry.of(attempt, until=later)
    assert (seen.until, seen.total.asked) == (later, 4)
    assert len(events(attempt, "deployment.replayed")) == 1

    scales = Scales(incident.facts(attempt), seed=attempt.incident_seed)
    put_all(release_tree(attempt), kept_traffic(attempt), sandbox=fake, take=scales.take)
    assert row.outcomes == scales.found().to_json()


@pytest.mark.usefixtures("_stocked")
def test_one_that_was_taken_before_is_replayed_like_any_other(cast: Cast, fake: FakeSandbox) -> None:
    attempt = started(cast)
    assert attempt.deployments.get().state == DeploymentState.WAITING
    taken = StockedIncident.objects.get(state=StockState.TAKEN)
    traffic = [[0, "What is the late fee of Ridge Gold?", ""]]
    assert not ahead.keep(taken.pk, traffic=traffic, replayed=telemetry.Replayed((), ()))
    replayed(fake, at=database_now())
    assert attempt.deployments.get().state == DeploymentState.LIVE


@pytest.mark.usefixtures("_stocked")
def test_one_that_cannot_be_replayed_is_left_to_its_start_and_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first = StockedIncident.objects.order_by("ready_at")[0]
    whole = type(work.PACK).traffic

    def traffic(self: object, spec: object) -> object:
        if spec == first.spec:
            raise RuntimeError("it is broken")
        return whole(self, spec)  # type: ignore[arg-type]

    monkeypatch.setattr(type(work.PACK), "traffic", traffic)
    assert deploying.replay_next()
    assert not deploying.replay_next()
    assert ahead.lacking() == [first.pk]
    assert "its start will have it replayed" in caplog.text


@pytest.mark.usefixtures("_stocked")
def test_time_that_runs_out_while_a_release_is_asked_is_no_answer_of_its(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[str] = []

    def ask(question: str, _session: str) -> object:
        asked.append(question)
        raise SoftTimeLimitExceeded

    before = ahead.lacking()
    monkeypatch.setattr(type(work.PACK), "opened", lambda *_: nullcontext(ask))
    assert not deploying.replay_next()
    assert len(asked) == 1, "it does not go on past its limit, with this one or the next"
    assert ahead.lacking() == before
    assert "ran out of time: this machine is too busy" in caplog.text


@pytest.mark.usefixtures("_stocked")
def test_what_an_attempt_keeps_itself_leaves_the_stock(cast: Cast) -> None:
    while deploying.replay_next():
        pass
    attempt = started(cast)
    stock.sweep(now=database_now())
    taken = StockedIncident.objects.get(taken_by=attempt)
    assert (taken.traffic, taken.outcomes, taken.handed_out) == (None, None, None)
    assert StockedIncident.objects.filter(pk=taken.pk, traffic__isnull=True, outcomes__isnull=True).exists()
    assert attempt.deployments.get().traffic


@pytest.mark.docker
def test_the_real_assistant_answers_the_same_here_and_in_a_container(containers: DockerSandbox) -> None:
    pack = packs.load("exams.packs.hallucination")
    spec = pack.draw(seed=11, avoid=())
    release, traffic = pack.base(spec).without(TESTS), pack.traffic(spec)
    here, there = (Scales(pack.facts(spec), seed=spec.seed) for _ in range(2))
    with pack.opened(release) as ask:
        for each in traffic:
            here.take(Exchange(each.question, each.session, ask(each.question, each.session), None, 0.0))
    entries = [telemetry.Entry(each.second, each.question, each.session) for each in traffic]
    put_all(release, entries, sandbox=containers, take=there.take)
    assert here.found() == there.found()
    assert here.found().harmful > 0
