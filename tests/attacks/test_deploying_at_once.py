"""Many tabs and many workers at the same instant: one deployment is rolled out, and each is replayed by one worker."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, connection, connections

from exams import ledger
from exams.definitions import twin_of
from exams.live import deployments
from exams.live.deployments import ROLL_OUT, replays
from exams.models import Deployment
from exams.twins.definition import Limits
from tests.attempts import NOON, live_attempt
from tests.deployed import roll_back, run_of
from tests.people import standing_cast
from tests.work import EARLY

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from exams.models import Attempt

pytestmark = pytest.mark.django_db(transaction=True)

TABS = 6


def together(act: Callable[[], Any]) -> list[Any]:
    """What each of several that act at the same instant gets, or is refused with."""
    barrier = threading.Barrier(TABS)
    found: list[Any] = []

    def one() -> None:
        barrier.wait()
        try:
            found.append(act())
        except Exception as refused:  # noqa: BLE001 - what it is, the test looks at
            found.append(refused)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one) for _ in range(TABS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_one_of_many_tabs_deploys() -> None:
    attempt = live_attempt(standing_cast().learner, started_at=NOON)
    run = run_of(attempt)
    found = together(lambda: deployments.deploy(attempt=attempt, run=run.pk, actor=attempt.learner, received_at=EARLY))
    assert sum(isinstance(each, deployments.Requested) for each in found) == 1
    assert sum(isinstance(each, deployments.DeploymentInFlight) for each in found) == TABS - 1
    assert attempt.deployments.count() == 2
    assert ledger.verify(attempt.pk) is None


def test_the_most_of_an_attempt_holds_for_many_tabs_and_in_the_database_itself() -> None:
    """One is left of each kind: of many that deploy, or write rows past every rule of ours, one gets it."""
    attempt = live_attempt(standing_cast().learner, started_at=NOON)
    run = run_of(attempt)
    most = twin_of(attempt).limits.deployments
    facts = {"attempt": attempt, "kind": "deploy", "submission": run, "tree_sha256": run.tree_sha256}
    for number in range(1, most):
        at = NOON + timedelta(seconds=number)
        Deployment.objects.create(
            **facts, number=number, requested_at=at, due_at=at + ROLL_OUT, state="failed", failed_because="it cannot"
        )
    numbers = iter(range(100, 200))

    def past_the_rules() -> Deployment:
        at = EARLY + timedelta(minutes=(number := next(numbers)) % 50)
        return Deployment.objects.create(
            **facts, number=number, requested_at=at, due_at=at + ROLL_OUT, state="failed", failed_because="it cannot"
        )

    found = together(past_the_rules)
    assert sum(isinstance(each, Deployment) for each in found) == 1
    refused = [str(each) for each in found if isinstance(each, IntegrityError)]
    assert len(refused) == TABS - 1
    assert all(f"at most {most}" in each for each in refused)
    with pytest.raises(deployments.NoDeploymentsLeft):
        deployments.deploy(attempt=attempt, run=run.pk, actor=attempt.learner, received_at=EARLY)


def test_of_many_tabs_that_ask_for_the_last_one_gets_it_and_the_others_are_told() -> None:
    """Also for rollbacks: what was deployed in between changes what is gone back to, and not how many are left."""
    attempt = live_attempt(standing_cast().learner, started_at=NOON)
    run = run_of(attempt)
    most = twin_of(attempt).limits.deployments
    for number in range(1, most):
        at = NOON + timedelta(seconds=number)
        Deployment.objects.create(
            attempt=attempt, kind="deploy", submission=run, tree_sha256=run.tree_sha256, number=number,
            requested_at=at, due_at=at + ROLL_OUT, state="failed", failed_because="it cannot",
        )  # fmt: skip
    minutes = iter(range(5, 85, 2))

    def deploy() -> deployments.Requested:
        at = NOON + timedelta(minutes=next(minutes))
        return deployments.deploy(attempt=attempt, run=run.pk, actor=attempt.learner, received_at=at)

    found = together(deploy)
    assert sum(isinstance(each, deployments.Requested) for each in found) == 1
    assert sum(isinstance(each, deployments.NoDeploymentsLeft) for each in found) == TABS - 1
    release = attempt.deployments.get(number=0)
    for number in range(most + 10, 2 * most + 9):
        at = NOON + timedelta(seconds=number)
        Deployment.objects.create(
            attempt=attempt, kind="rollback", of=release, number=number, requested_at=at, due_at=at, live_from=at,
            state="live",
        )  # fmt: skip
    moment = NOON + timedelta(minutes=88)
    found = together(lambda: roll_back(attempt, at=moment))
    assert sum(isinstance(each, Deployment) for each in found) == 1
    assert sum(isinstance(each, deployments.NoDeploymentsLeft) for each in found) == TABS - 1
    assert ledger.verify(attempt.pk) is None


def test_one_of_many_rows_past_the_rules_is_rolled_out_at_a_time() -> None:
    attempt = live_attempt(standing_cast().learner, started_at=NOON)
    run = run_of(attempt)
    numbers = iter(range(1, 100))
    found = together(
        lambda: Deployment.objects.create(
            attempt=attempt,
            kind="deploy",
            submission=run,
            tree_sha256=run.tree_sha256,
            number=(number := next(numbers)),
            requested_at=EARLY + timedelta(seconds=number),
            due_at=EARLY + timedelta(seconds=number) + ROLL_OUT,
        )
    )
    assert sum(isinstance(each, Deployment) for each in found) == 1
    assert sum("one deployment at a time" in str(each) for each in found) == TABS - 1


def test_a_twin_that_says_no_most_has_the_same_in_the_database_as_in_its_definition() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('hotseat_deployment_is_one_of_few'::regproc)")
        (said,) = cursor.fetchone()
    assert f"'{{limits,deployments}}')::integer, {Limits().deployments})" in said


def test_one_of_many_workers_replays_one_of_each_learner() -> None:
    cast = standing_cast()
    attempt = live_attempt(cast.learner, started_at=NOON)
    deployments.deploy(attempt=attempt, run=run_of(attempt).pk, actor=attempt.learner, received_at=EARLY)
    other = live_attempt(cast.other_learner, started_at=NOON)
    found = together(lambda: replays.claim(worker="test", most=99, now=EARLY))
    claimed = [each.deployment.attempt_id for each in found if isinstance(each, replays.Claim)]
    # Of each learner one at a time: the other of the first learner waits.
    assert sorted(claimed) == sorted([attempt.pk, other.pk])
    assert found.count(None) == TABS - len(claimed)


def test_a_rollback_and_a_worker_that_finishes_never_both_win() -> None:
    """Whichever is first, the deployment is called off or was replayed, and the ledger says which."""
    attempt = live_attempt(standing_cast().learner, started_at=NOON)
    for at in (EARLY + timedelta(minutes=5 * number) for number in range(4)):
        row = deployments.deploy(
            attempt=attempt, run=run_of(attempt, at=at).pk, actor=attempt.learner, received_at=at
        ).deployment
        held = replays.claim(worker="test", most=99, now=at)
        assert held is not None
        assert held.deployment.pk == row.pk

        threads = [
            threading.Thread(target=_alone, args=(lambda at=at: _back(attempt, at),)),
            threading.Thread(target=_alone, args=(lambda at=at, held=held: replays.fail(held, "it cannot", now=at),)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        row.refresh_from_db()
        assert row.state in {"cancelled", "failed"}
        kinds = set(attempt.events.filter(payload__deployment=row.number).values_list("kind", flat=True))
        assert ("deployment.cancelled" in kinds) != ("deployment.failed" in kinds)
    assert ledger.verify(attempt.pk) is None


def _back(attempt: Attempt, at: datetime) -> None:
    """Go back, if the deployment is still to be called off: else what is live is the first release already."""
    with suppress(deployments.NothingToRollBackTo):
        roll_back(attempt, at=at, to=0)


def _alone(act: Callable[[], Any]) -> None:
    """Act in a thread of its own."""
    try:
        with suppress(replays.LeaseLost):
            act()
    finally:
        connections.close_all()
