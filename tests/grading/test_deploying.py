"""Replaying the customers' questions on what was deployed: judged, bounded, kept once, and never a learner's fault."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from exams import ledger, oracle
from exams.live import telemetry
from exams.live.deployments import replays
from exams.live.deployments.traffic import kept_traffic
from exams.live.telemetry import Guard, Outcome, Replayed
from exams.live.telemetry.reading import traffic_of
from exams.models import Deployment, DeploymentKind, DeploymentState
from exams.void import void
from grading import deploying, tasks
from grading.deploying import putting
from grading.deploying.weighing import MOST_SAID, Scales, outcome_of
from sandboxes.fake_sandbox import FakeSandbox
from sandboxes.ingest.tree import Tree
from sandboxes.sandbox import EngineUnreachable, Exchange
from tests.attempts import NOON, live_attempt
from tests.deployed import broken, deployed, fixed, refusing, replayed
from tests.grading import work
from tests.work import EARLY, events

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from exams.models import Attempt
    from sandboxes.docker_sandbox import DockerSandbox
    from sandboxes.limits import Limits
    from sandboxes.sandbox import Sandbox, Served
    from tests.people import Cast

pytestmark = pytest.mark.django_db

S = DeploymentState
SOON = EARLY + timedelta(seconds=5)


@pytest.fixture
def attempt(cast: Cast) -> Attempt:
    return live_attempt(cast.learner, started_at=NOON)


def server(attempt: Attempt, change: str) -> Tree:
    """The right fix with `change` as the body of a function that is called with each question, `self` at hand."""
    tree = fixed(attempt)
    source = tree.files["assistant/server.py"].decode()
    hooked = source.replace(
        "    def reply(self, request):\n",
        "    count = 0\n\n    def reply(self, request):\n        self.count += 1\n        self.hook(request)\n",
    )
    body = "".join(f"        {line}\n" for line in change.splitlines())
    return Tree(
        {
            **tree.files,
            "assistant/server.py": hooked.replace(
                "    count = 0\n", f"    count = 0\n\n    def hook(self, request):\n{body}", 1
            ).encode(),
        }
    )


def outcomes(row: Deployment) -> str:
    row.refresh_from_db()
    assert row.outcomes is not None, (row.state, row.last_fault, row.failed_because)
    found: str = row.outcomes["outcomes"]
    return found


def test_each_verdict_of_the_oracle_has_its_letter() -> None:
    names = {outcome_of(verdict).name for verdict in oracle.ClaimVerdict}
    assert names == {each.name for each in Outcome}
    for verdict in oracle.ClaimVerdict:
        assert outcome_of(verdict).harmful == oracle.harmful(verdict)


def test_the_release_the_incident_opened_with_is_replayed_first_of_all(attempt: Attempt, fake: FakeSandbox) -> None:
    (row,) = replayed(fake, at=NOON)
    assert (row.kind, row.state, row.live_from) == (DeploymentKind.INITIAL, S.LIVE, NOON)
    assert len(outcomes(row)) == len(kept_traffic(attempt)) == 12
    assert 0 < sum(Outcome(each).harmful for each in outcomes(row)) < 12
    assert row.outcomes is not None
    assert row.outcomes["guards"] == "p" * 12
    hidden = events(attempt, "deployment.replayed")[0]
    assert not hidden.visible_to_learner
    assert hidden.payload["harmful"] == sum(Outcome(each).harmful for each in outcomes(row))
    assert events(attempt, "deployment.live") == []
    assert ledger.verify(attempt.pk) is None


def test_fixes_are_told_from_refusing_everything(attempt: Attempt, fake: FakeSandbox) -> None:
    first = deployed(attempt)
    replayed(fake, at=SOON)
    assert outcomes(first) == "c" * 12
    second = deployed(attempt, refusing(attempt), at=EARLY + timedelta(minutes=2))
    replayed(fake, at=EARLY + timedelta(minutes=2))
    assert outcomes(second) == "o" * 12


def test_learners_wait_before_what_incidents_opened_with(cast: Cast, attempt: Attempt, fake: FakeSandbox) -> None:
    live_attempt(cast.other_learner, started_at=NOON)
    row = deployed(attempt)
    assert replayed(fake, at=SOON)[0] == row


def test_what_is_protected_is_ours_whatever_was_handed_over(attempt: Attempt, fake: FakeSandbox) -> None:
    tree = fixed(attempt)
    hostile = Tree(
        {
            **tree.files,
            "assistant/LM/model.py": b"their own",
            "tests/test_it.py": b"",
            "assistant/server.py": tree.files["assistant/server.py"]
            + b"\nimport pathlib\nROOT = pathlib.Path(__file__).parent\n"
            + b"assert not [p for p in ROOT.iterdir() if p.name.lower() == 'lm'], 'kept'\n"
            + b"assert not (ROOT.parent / 'tests').exists(), 'tests'\n",
        }
    )
    row = deployed(attempt, hostile)
    replayed(fake, at=SOON)
    assert outcomes(row) == "c" * 12


def test_what_it_raises_is_a_failed_answer_and_it_goes_on(attempt: Attempt, fake: FakeSandbox) -> None:
    row = deployed(attempt, server(attempt, "if self.count % 3 == 0:\n    raise RuntimeError('no')"))
    replayed(fake, at=SOON)
    assert outcomes(row) == "ccf" * 4
    assert row.timings["starts"] == 1


def test_one_that_dies_is_started_again_without_what_it_remembered(attempt: Attempt, fake: FakeSandbox) -> None:
    row = deployed(attempt, server(attempt, "import os\nif self.count == 4:\n    os._exit(3)"))
    replayed(fake, at=SOON)
    assert outcomes(row) == "cccf" * 3
    assert (row.timings["starts"], row.state) == (3, S.READY)


def test_one_that_goes_on_dying_stays_down(attempt: Attempt, fake: FakeSandbox) -> None:
    row = deployed(attempt, server(attempt, "import os\nos._exit(3)"))
    replayed(fake, at=SOON)
    assert outcomes(row) == "f" * 12
    assert (row.timings["starts"], row.state) == (putting.MOST_STARTS, S.READY)


@pytest.mark.parametrize(
    "reply",
    [
        "None",
        "[]",
        "{}",
        "{'text': 7, 'guard': []}",
        "{'text': 'x' * 200_000}",
        "{'text': 'ok', 'guard': {'verdict': []}}",
    ],
)
def test_a_hostile_reply_is_judged_like_any(attempt: Attempt, fake: FakeSandbox, reply: str) -> None:
    tree = Tree(
        {
            **fixed(attempt).files,
            "assistant/server.py": (
                f"class A:\n    def reply(self, request):\n        return {reply}\n\n"
                "def open_assistant(root):\n    return A()\n"
            ).encode(),
        }
    )
    row = deployed(attempt, tree)
    replayed(fake, at=SOON)
    assert set(outcomes(row)) <= {"f", "o"}
    assert row.outcomes is not None
    assert set(row.outcomes["guards"]) == {"-"}


def test_complaints_quote_what_was_said_in_few_and_harmless_words(attempt: Attempt) -> None:
    traffic = kept_traffic(attempt)
    harmful = {"text": "The late fee of Ridge Gold is 9999 USD.\u202e" + "x" * 900, "citations": [], "documents": []}
    scales = Scales(work.PACK.facts(work.spec_of(attempt)), seed=attempt.incident_seed)
    for each in traffic * 5:
        scales.take(Exchange(each.question, each.session, harmful, None, 0.1))
    found = scales.found()
    assert found.said
    assert all(len(text) < MOST_SAID + 60 and "\u202e" not in text for text in found.said.values())
    assert all(found.outcomes[number].harmful for number in found.said)
    assert set(found.guards) == {Guard.none}


class Away(FakeSandbox):
    """A sandbox whose engine is away."""

    @contextmanager
    def serve(self, tree: Tree, *, limits: Limits) -> Iterator[Served]:
        del tree, limits
        raise EngineUnreachable("the engine is away")
        yield  # type: ignore[unreachable]


def claimed(sandbox: Sandbox, row: Deployment, *, times: int, at: datetime = SOON) -> None:
    for _ in range(times):
        held = replays.claim(worker="test", most=9, now=at)
        assert held is not None
        assert held.deployment.pk == row.pk
        deploying.replay(held, sandbox=sandbox, clock=lambda: at)  # noqa: B023 - called before the next round
        at += timedelta(minutes=2)


def test_a_fault_of_ours_is_tried_again_and_then_costs_nothing(attempt: Attempt, fake: FakeSandbox) -> None:
    row = deployed(attempt)
    claimed(Away(), row, times=replays.MOST_CLAIMS - 1)
    row.refresh_from_db()
    assert (row.state, row.claims) == (S.WAITING, replays.MOST_CLAIMS - 1)
    assert "engine is away" in row.last_fault
    claimed(fake, row, times=1, at=EARLY + timedelta(minutes=20))
    assert outcomes(row) == "c" * 12


def test_after_its_tries_it_has_ended_by_our_fault_and_may_be_deployed_again(
    attempt: Attempt, caplog: pytest.LogCaptureFixture
) -> None:
    row = deployed(attempt)
    with caplog.at_level(logging.CRITICAL):
        claimed(Away(), row, times=replays.MOST_CLAIMS)
    row.refresh_from_db()
    assert (row.state, row.live_from) == (S.PLATFORM_FAULT, None)
    assert "ALERT" in caplog.text
    assert len(events(attempt, "deployment.gave_up")) == 1
    assert deployed(attempt, at=EARLY + timedelta(minutes=20)).number == 2


def test_what_the_incident_opened_with_is_tried_for_ever(attempt: Attempt, fake: FakeSandbox) -> None:
    row = attempt.deployments.get()
    claimed(Away(), row, times=replays.MOST_CLAIMS + 3)
    row.refresh_from_db()
    assert row.state == S.WAITING
    replayed(fake, at=EARLY + timedelta(hours=1))
    assert telemetry.of(attempt, until=EARLY).total.asked > 0


def test_our_own_tree_that_cannot_be_loaded_is_our_fault(
    attempt: Attempt, fake: FakeSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exams.live.deployments.trees.release_tree", lambda _: broken(attempt))
    claimed(fake, attempt.deployments.get(), times=1)
    row = attempt.deployments.get()
    assert row.state == S.WAITING
    assert "nothing_of_that_name" in row.last_fault


def test_a_worker_that_was_killed_is_followed_by_another_and_its_late_result_is_refused(
    attempt: Attempt, fake: FakeSandbox
) -> None:
    row = deployed(attempt)
    kept_traffic(attempt)
    killed = replays.claim(worker="killed", most=9, now=SOON)
    assert killed is not None
    assert replays.reclaim(now=SOON + replays.LEASE - timedelta(microseconds=1)) == 0
    assert replays.reclaim(now=SOON + replays.LEASE) == 1
    after = SOON + replays.LEASE + timedelta(seconds=30)
    held = replays.claim(worker="another", most=9, now=after)
    assert held is not None
    assert held.deployment.pk == row.pk
    zombie = Replayed((Outcome.correct,) * 12, (Guard.none,) * 12)
    with pytest.raises(replays.LeaseLost):
        replays.finish(killed, zombie, timings={}, now=after)
    with pytest.raises(replays.LeaseLost):
        replays.fail(killed, "it cannot be started", now=after)
    replays.give_back(killed, "late", now=after)
    row.refresh_from_db()
    assert (row.state, row.fence) == (S.REPLAYING, held.fence)
    deploying.replay(held, sandbox=fake, clock=lambda: after)
    assert outcomes(row) == "c" * 12
    with pytest.raises(replays.LeaseLost):
        replays.finish(held, zombie, timings={}, now=after)
    assert len(events(attempt, "deployment.replayed")) == 1


def test_nobody_else_draws_the_traffic_while_a_worker_takes_its_time_over_it(
    attempt: Attempt, fake: FakeSandbox
) -> None:
    deployed(attempt)
    held = replays.claim(worker="slow", most=9, now=SOON)
    assert held is not None
    later = SOON + replays.LEASE + timedelta(minutes=1)
    assert replays.reclaim(now=later) == 0
    deploying.replay(held, sandbox=fake, clock=lambda: later)
    assert outcomes(held.deployment) == "c" * 12


def test_so_many_are_replayed_at_once(cast: Cast, attempt: Attempt) -> None:
    live_attempt(cast.other_learner, started_at=NOON)
    assert replays.claim(worker="one", most=1, now=NOON) is not None
    assert replays.claim(worker="two", most=1, now=NOON) is None
    assert replays.claim(worker="two", most=2, now=NOON) is not None
    del attempt


def test_of_each_learner_one_is_replayed_at_a_time(cast: Cast, attempt: Attempt, fake: FakeSandbox) -> None:
    row = deployed(attempt)
    held = replays.claim(worker="one", most=9, now=SOON)
    assert held is not None
    assert held.deployment == row
    assert replays.claim(worker="two", most=9, now=SOON) is None
    other = live_attempt(cast.other_learner, started_at=NOON)
    theirs = replays.claim(worker="two", most=9, now=SOON)
    assert theirs is not None
    assert theirs.deployment.attempt_id == other.pk
    deploying.replay(held, sandbox=fake, clock=lambda: SOON)
    again = replays.claim(worker="one", most=9, now=SOON)
    assert again is not None
    assert again.deployment == attempt.deployments.get(number=0)


def test_a_void_attempt_is_not_replayed(cast: Cast, attempt: Attempt) -> None:
    void(attempt_id=attempt.pk, actor=cast.admin, reason="a test", now=EARLY)
    assert replays.claim(worker="one", most=9, now=SOON) is None


def test_an_attempt_that_older_code_started_gets_its_release(
    cast: Cast, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert replays.enlist() == 0
    monkeypatch.setattr("exams.live.deployments.open_release", lambda _attempt: None)
    other = live_attempt(cast.other_learner, started_at=NOON)
    assert replays.enlist() == 1
    assert other.deployments.get().due_at == NOON
    assert attempt.deployments.count() == 1


def test_traffic_is_drawn_once_and_kept(attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = kept_traffic(attempt)
    traffic_of.cache_clear()
    monkeypatch.setattr(type(work.PACK), "traffic", lambda _self, _spec: ())
    assert kept_traffic(attempt) == drawn


def test_the_task_replays_what_waits(attempt: Attempt, fake: FakeSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    deployed(attempt)
    rung: list[str] = []
    monkeypatch.setattr(tasks, "sandbox", lambda: fake)
    monkeypatch.setattr("exams.doorbell.ring", lambda name, *_: rung.append(name))
    tasks.replay_deployments()
    assert rung == ["grading.tasks.replay_deployments"]
    tasks.replay_deployments()
    assert rung == ["grading.tasks.replay_deployments"]
    tasks.replay_deployments()
    assert {each.state for each in attempt.deployments.all()} == {S.LIVE}


@pytest.mark.docker
def test_in_real_containers(attempt: Attempt, containers: DockerSandbox) -> None:
    initial = attempt.deployments.get()
    good = deployed(attempt)
    replayed(containers, at=SOON)
    assert outcomes(good) == "c" * 12
    assert "c" in outcomes(initial)
    later = EARLY + timedelta(minutes=5)
    bad = deployed(attempt, broken(attempt), at=later)
    replayed(containers, at=later)
    bad.refresh_from_db()
    assert bad.state == S.FAILED
    dying = deployed(
        attempt,
        server(attempt, "if self.count == 5:\n    self.hog = b'x' * (2 << 30)\n    import os\n    os._exit(1)"),
        at=later,
    )
    replayed(containers, at=later)
    assert outcomes(dying).startswith("ccccf")
    assert dying.state == S.READY
