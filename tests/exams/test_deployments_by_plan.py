"""A late replay costs a learner nothing, and a rollback counts as of when it was received."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import IntegrityError, transaction

from exams import ledger
from exams.live import charts, deployments, telemetry
from exams.live.deployments import ROLL_OUT, go_live, replays
from exams.models import Attempt, Deployment, DeploymentState
from sandboxes.fake_sandbox import FakeSandbox
from tests.attempts import NOON, live_attempt
from tests.deployed import broken, deployed, refusing, replayed, roll_back
from tests.people import Cast, client_of
from tests.work import EARLY, MICROSECOND, events

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from exams.live.telemetry import Telemetry
    from sandboxes.sandbox import Sandbox

pytestmark = pytest.mark.django_db

S = DeploymentState
DUE = EARLY + ROLL_OUT
LATER = EARLY + timedelta(minutes=30)


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return FakeSandbox()


@pytest.fixture
def attempt(cast: Cast, sandbox: Sandbox) -> Attempt:
    """A live one whose first release is known."""
    made = live_attempt(cast.learner, started_at=NOON)
    replayed(sandbox, at=NOON)
    return made


def of(row: Deployment) -> Deployment:
    return Deployment.objects.get(pk=row.pk)


def stints(seen: Telemetry) -> list[tuple[int, int, datetime]]:
    return [(each.deployment, each.release, each.begins_at) for each in seen.stints]


def gave_up(row: Deployment) -> None:
    """Every try of it failed by our fault."""
    at = row.due_at
    while of(row).state == S.WAITING:
        at += timedelta(minutes=2)
        held = replays.claim(worker="test", most=9, now=at)
        assert held is not None
        replays.give_back(held, "the engine is gone", now=at)


# --- A replay that is late -------------------------------------------------------------------------------------------


def test_the_next_deployment_does_not_wait_for_a_late_replay(attempt: Attempt, sandbox: Sandbox) -> None:
    late = deployed(attempt, refusing(attempt))
    with pytest.raises(deployments.DeploymentInFlight):
        deployed(attempt, at=DUE - MICROSECOND)
    second = deployed(attempt, at=DUE)
    assert (of(late).state, second.number) == (S.WAITING, 2)
    assert telemetry.of(attempt, until=LATER).until == DUE
    replayed(sandbox, at=LATER)
    assert stints(telemetry.of(attempt, until=LATER)) == [(0, 0, NOON), (1, 1, DUE), (2, 2, DUE + ROLL_OUT)]
    assert [of(each).state for each in (late, second)] == [S.LIVE, S.LIVE]
    assert ledger.verify(attempt.pk) is None


def test_a_rollback_takes_nothing_from_a_version_whose_replay_is_late(attempt: Attempt, sandbox: Sandbox) -> None:
    late = deployed(attempt)
    back = roll_back(attempt, at=DUE + timedelta(minutes=5))
    assert (of(late).state, back.of) == (S.WAITING, attempt.deployments.get(number=0))
    replayed(sandbox, at=LATER)
    assert of(late).state == S.LIVE
    assert stints(telemetry.of(attempt, until=LATER)) == [
        (0, 0, NOON),
        (1, 1, DUE),
        (2, 0, DUE + timedelta(minutes=5)),
    ]


@pytest.mark.parametrize("acts", [(("roll_back", None),), (("deploy", None), ("roll_back", None), ("roll_back", 2))])
def test_the_same_acts_give_the_same_series_however_late_the_worker_is(
    cast: Cast, sandbox: Sandbox, acts: tuple[tuple[str, int | None], ...]
) -> None:
    """Two learners act alike; the one's versions are replayed at once, the other's in the end."""
    seen = []
    for learner, prompt in ((cast.learner, True), (cast.other_learner, False)):
        attempt = live_attempt(learner, started_at=NOON)
        replayed(sandbox, at=NOON)
        deployed(attempt)
        for number, (act, to) in enumerate(acts, start=1):
            at = EARLY + timedelta(minutes=3 * number)
            if prompt:
                replayed(sandbox, at=at - timedelta(minutes=2, seconds=30))
            if act == "deploy":
                deployed(attempt, refusing(attempt), at=at)
            else:
                roll_back(attempt, at=at, to=to)
        replayed(sandbox, at=LATER)
        seen.append(stints(telemetry.of(attempt, until=LATER)))
    assert seen[0] == seen[1]
    assert len(seen[0]) == len(acts) + 2


def _broken(attempt: Attempt, sandbox: Sandbox) -> None:
    replayed(sandbox, at=LATER)
    assert attempt.deployments.get(number=1).state == S.FAILED


def _by_us(attempt: Attempt, _sandbox: Sandbox) -> None:
    gave_up(attempt.deployments.get(number=1))
    assert attempt.deployments.get(number=1).state == S.PLATFORM_FAULT


@pytest.mark.parametrize("ends", [_broken, _by_us])
def test_a_rollback_to_a_late_one_that_comes_to_nothing_changes_nothing(
    attempt: Attempt, sandbox: Sandbox, ends: Callable[[Attempt, Sandbox], None]
) -> None:
    deployed(attempt, broken(attempt))
    deployed(attempt, refusing(attempt), at=DUE + timedelta(minutes=1))
    back = roll_back(attempt, at=DUE + timedelta(minutes=1, seconds=30))  # calls number 2 off: number 1 stays, by plan
    assert (back.of, attempt.deployments.get(number=2).state) == (attempt.deployments.get(number=1), S.CANCELLED)
    assert telemetry.deployed_at(attempt, LATER) == attempt.deployments.get(number=0)
    ends(attempt, sandbox)
    seen = telemetry.of(attempt, until=LATER)
    assert (seen.until, stints(seen)) == (LATER, [(0, 0, NOON)])
    assert telemetry.deployed_at(attempt, LATER) == attempt.deployments.get(number=0)
    assert charts.live_now(attempt, now=LATER) == 0
    with pytest.raises(deployments.NothingToRollBackTo, match="first there was"):
        roll_back(attempt, at=LATER)


def test_one_can_go_back_to_a_late_one(attempt: Attempt, sandbox: Sandbox) -> None:
    deployed(attempt)
    deployed(attempt, refusing(attempt), at=DUE)
    at = DUE + ROLL_OUT + timedelta(minutes=1)
    assert roll_back(attempt, at=at, to=1).of == attempt.deployments.get(number=1)
    replayed(sandbox, at=LATER)
    assert stints(telemetry.of(attempt, until=LATER))[-1] == (3, 1, at)


def test_the_database_knows_no_way_back_to_what_is_not_due(attempt: Attempt) -> None:
    late = deployed(attempt)
    facts = {"attempt": attempt, "number": 2, "kind": "rollback", "of": late, "state": "live"}
    at = DUE - MICROSECOND
    with pytest.raises(IntegrityError, match="was live"), transaction.atomic():
        Deployment.objects.create(**facts, requested_at=at, due_at=at, live_from=at)
    Deployment.objects.create(**facts, requested_at=DUE, due_at=DUE, live_from=DUE)


# --- What counts is when it was received -----------------------------------------------------------------------------


@pytest.mark.parametrize("worker", [EARLY + timedelta(seconds=5), DUE + timedelta(seconds=1)], ids=["prompt", "late"])
@pytest.mark.parametrize("to", [None, 0])
def test_a_rollback_received_before_a_version_was_live_calls_it_off_though_it_was_announced_meanwhile(
    attempt: Attempt, sandbox: Sandbox, worker: datetime, to: int | None
) -> None:
    row = deployed(attempt)
    replayed(sandbox, at=worker)
    go_live(DUE + timedelta(seconds=2))
    assert of(row).state == S.LIVE
    at = DUE - MICROSECOND
    back = roll_back(attempt, at=at, to=to)
    assert (of(row).state, of(row).live_from, back.live_from) == (S.CANCELLED, None, at)
    assert stints(telemetry.of(attempt, until=LATER)) == [(0, 0, NOON), (2, 0, at)]
    assert [event.at for event in events(attempt, "deployment.cancelled")] == [at]
    assert ledger.verify(attempt.pk) is None


@pytest.mark.parametrize("later", [timedelta(), MICROSECOND], ids=["at", "after"])
def test_a_rollback_received_when_a_version_was_live_goes_back_from_it(
    attempt: Attempt, sandbox: Sandbox, later: timedelta
) -> None:
    row = deployed(attempt)
    replayed(sandbox, at=EARLY)
    go_live(DUE + timedelta(seconds=2))
    back = roll_back(attempt, at=DUE + later)
    assert (of(row).state, of(row).live_from, back.live_from) == (S.LIVE, DUE, DUE + later)
    assert telemetry.deployed_at(attempt, LATER) == back


@pytest.mark.parametrize(
    ("at", "refused"),
    [(DUE - MICROSECOND, True), (DUE, False), (DUE + MICROSECOND, False)],
    ids=["before", "at", "after"],
)
def test_so_it_is_with_the_next_deployment(attempt: Attempt, sandbox: Sandbox, at: datetime, *, refused: bool) -> None:
    deployed(attempt)
    replayed(sandbox, at=EARLY)
    go_live(DUE + timedelta(seconds=2))
    if refused:
        with pytest.raises(deployments.DeploymentInFlight, match="rolled out until"):
            deployed(attempt, at=at)
    else:
        assert deployed(attempt, at=at).due_at == at + ROLL_OUT


def test_a_rollback_that_is_handled_last_leaves_what_was_deployed_after_it(attempt: Attempt, sandbox: Sandbox) -> None:
    first = deployed(attempt)
    replayed(sandbox, at=EARLY)
    second = deployed(attempt, refusing(attempt), at=DUE + timedelta(seconds=1))
    at = DUE - timedelta(seconds=1)
    roll_back(attempt, at=at)
    replayed(sandbox, at=LATER)
    assert (of(first).state, of(second).state) == (S.CANCELLED, S.LIVE)
    assert stints(telemetry.of(attempt, until=LATER)) == [(0, 0, NOON), (3, 0, at), (2, 2, second.due_at)]


def test_the_database_lets_nobody_else_call_off_what_was_live(attempt: Attempt, sandbox: Sandbox) -> None:
    row = deployed(attempt)
    replayed(sandbox, at=LATER)
    change = {"state": S.CANCELLED, "live_from": None, "ended_at": LATER}
    with pytest.raises(IntegrityError, match="was decided"), transaction.atomic():
        Deployment.objects.filter(pk=row.pk).update(**change)
    roll_back(attempt, at=DUE)
    with pytest.raises(IntegrityError, match="was decided"), transaction.atomic():
        Deployment.objects.filter(pk=row.pk).update(**change)


# --- What is handled late undoes nothing later -----------------------------------------------------------------------

SECOND = timedelta(seconds=1)
BACK = DUE + ROLL_OUT + 10 * SECOND  # is the moment of the rollback that is received last, and handled first


def nothing_of(attempt: Attempt) -> list[tuple[int, datetime]]:
    """The acts that came to nothing, as the learner's feed tells."""
    told = events(attempt, "deployment.came_to_nothing")
    assert all(event.visible_to_learner and event.payload["because"] for event in told)
    return [(event.payload["deployment"], event.at) for event in told]


@pytest.mark.parametrize("replay", [EARLY + 5 * SECOND, LATER], ids=["prompt", "late"])
@pytest.mark.parametrize("at", [DUE - MICROSECOND, DUE, DUE + MICROSECOND], ids=["before", "at", "after"])
def test_a_rollback_that_is_handled_late_does_not_undo_one_that_was_received_later(
    attempt: Attempt, sandbox: Sandbox, at: datetime, replay: datetime
) -> None:
    first = deployed(attempt)
    if replay < LATER:
        replayed(sandbox, at=replay)
    second = deployed(attempt, refusing(attempt), at=DUE + SECOND)
    later = roll_back(attempt, at=BACK)
    assert later.of == first
    late = roll_back(attempt, at=at)  # received long before that, and handled only now
    replayed(sandbox, at=LATER)
    begins = max(at, DUE)
    assert (late.of, late.requested_at, late.due_at) == (attempt.deployments.get(number=0), at, begins)
    seen = telemetry.of(attempt, until=LATER + timedelta(minutes=1))
    assert stints(seen) == [(0, 0, NOON), (1, 1, DUE), (4, 0, begins), (2, 2, second.due_at), (3, 1, BACK)]
    assert {3, 4} <= {each.deployment for each in seen.answers if each.at > DUE} <= {2, 3, 4}  # nobody gets the first
    assert telemetry.deployed_at(attempt, LATER) == later
    assert [of(each).state for each in (first, second)] == [S.LIVE, S.LIVE]
    assert nothing_of(attempt) == ([(1, DUE)] if at < DUE else [])
    assert ledger.verify(attempt.pk) is None


def test_nor_where_the_later_one_called_off_the_next_deployment(attempt: Attempt, sandbox: Sandbox) -> None:
    first = deployed(attempt)
    second = deployed(attempt, refusing(attempt), at=DUE)
    later = roll_back(attempt, at=DUE + SECOND)
    assert (later.of, of(second).state) == (first, S.CANCELLED)
    roll_back(attempt, at=DUE - MICROSECOND)
    replayed(sandbox, at=LATER)
    seen = stints(telemetry.of(attempt, until=LATER + timedelta(minutes=1)))
    assert seen == [(0, 0, NOON), (1, 1, DUE), (4, 0, DUE), (3, 1, DUE + SECOND)]


@pytest.mark.parametrize(
    ("at", "goes_back_to"),
    [(DUE + SECOND - MICROSECOND, 1), (DUE + SECOND, 0), (DUE + SECOND + MICROSECOND, 0)],
    ids=["before", "at", "after"],
)
def test_two_rollbacks_handled_the_wrong_way_round_call_off_the_same_deployment(
    attempt: Attempt, sandbox: Sandbox, at: datetime, goes_back_to: int
) -> None:
    """Who was received while it was being rolled out undoes that one, and not the one before, too."""
    deployed(attempt)
    replayed(sandbox, at=EARLY)
    second = deployed(attempt, refusing(attempt), at=DUE)
    roll_back(attempt, at=DUE + SECOND)
    assert of(second).state == S.CANCELLED
    again = roll_back(attempt, at=at)
    assert again.of == attempt.deployments.get(number=goes_back_to)
    assert [event.at for event in events(attempt, "deployment.cancelled")] == [DUE + SECOND]


@pytest.mark.parametrize(
    ("at", "called_off"),
    [
        (EARLY, False),
        (EARLY + MICROSECOND, True),
        (DUE - MICROSECOND, True),
        (DUE, False),
    ],
    ids=["at the same moment", "after", "before it is live", "as it goes live"],
)
def test_a_deployment_that_is_handled_late_is_called_off_by_a_rollback_of_its_minute(
    attempt: Attempt, sandbox: Sandbox, at: datetime, *, called_off: bool
) -> None:
    deployed(attempt, refusing(attempt), at=EARLY - 2 * ROLL_OUT)
    replayed(sandbox, at=EARLY)
    back = roll_back(attempt, at=at)
    late = deployed(attempt, at=EARLY)
    assert of(late).state == (S.CANCELLED if called_off else S.WAITING)
    assert [event.at for event in events(attempt, "deployment.cancelled")] == ([at] if called_off else [])
    replayed(sandbox, at=LATER)
    live = telemetry.deployed_at(attempt, LATER)
    assert live is not None
    assert live.number == (late.number if at == EARLY else back.number)


@pytest.mark.parametrize(("ends", "why"), [(_broken, "cannot be started"), (_by_us, "our fault")])
def test_a_rollback_that_comes_to_nothing_is_told(
    attempt: Attempt, sandbox: Sandbox, ends: Callable[[Attempt, Sandbox], None], why: str
) -> None:
    deployed(attempt, broken(attempt))
    deployed(attempt, refusing(attempt), at=DUE)
    back = roll_back(attempt, at=BACK)
    assert nothing_of(attempt) == []
    ends(attempt, sandbox)
    [event] = events(attempt, "deployment.came_to_nothing")
    assert (event.payload["deployment"], event.payload["to"]) == (back.number, 1)
    assert why in event.payload["because"]
    page = client_of(attempt.learner).get(f"/api/v1/attempts/{attempt.pk}/deployments/").json()
    listed = page["results"][back.number]
    assert (listed["state"], listed["live_from"], listed["live_now"]) == ("came_to_nothing", None, False)
    assert why in listed["because"]


@pytest.mark.parametrize(
    ("at", "goes_back_to"),
    [(DUE - MICROSECOND, 2), (DUE, 1), (DUE + MICROSECOND, 1)],
    ids=["before", "at", "after"],
)
def test_a_rollback_handled_after_the_deployment_that_it_calls_off_has_failed_undoes_no_other(
    attempt: Attempt, sandbox: Sandbox, at: datetime, goes_back_to: int
) -> None:
    """It is known from DUE on that the version cannot be started; whoever was received before called that one off."""
    deployed(attempt, at=EARLY - 3 * ROLL_OUT)
    deployed(attempt, refusing(attempt), at=EARLY - 2 * ROLL_OUT)
    replayed(sandbox, at=EARLY)
    bad = deployed(attempt, broken(attempt))
    replayed(sandbox, at=DUE)
    assert of(bad).state == S.FAILED
    back = roll_back(attempt, at=at)
    assert (back.of, of(bad).state) == (attempt.deployments.get(number=goes_back_to), S.FAILED)


def test_a_second_rollback_goes_back_from_what_the_first_left(attempt: Attempt, sandbox: Sandbox) -> None:
    """The first called off what was rolling out, so that the same code stayed: going back to that is no way back."""
    deployed(attempt)
    replayed(sandbox, at=EARLY)
    deployed(attempt, refusing(attempt), at=DUE)
    assert roll_back(attempt, at=DUE + SECOND).of == attempt.deployments.get(number=1)
    assert roll_back(attempt, at=DUE + 2 * SECOND).of == attempt.deployments.get(number=0)


@pytest.mark.parametrize("later", [timedelta(), MICROSECOND], ids=["at", "after"])
def test_of_what_goes_live_together_the_one_received_last_counts(
    attempt: Attempt, sandbox: Sandbox, later: timedelta
) -> None:
    """A rollback is handled before the deployment whose minute ends as it is received."""
    deployed(attempt, refusing(attempt), at=EARLY - 2 * ROLL_OUT)
    back = roll_back(attempt, at=DUE + later)
    late = deployed(attempt, at=EARLY)
    replayed(sandbox, at=LATER)
    seen = stints(telemetry.of(attempt, until=LATER + timedelta(minutes=1)))
    assert [number for number, _, _ in seen][-2:] == [late.number, back.number]
    assert telemetry.deployed_at(attempt, LATER) == back


def test_the_database_lets_nobody_call_off_what_was_gone_back_to(attempt: Attempt) -> None:
    first = deployed(attempt)
    deployed(attempt, refusing(attempt), at=DUE)
    roll_back(attempt, at=BACK)
    with pytest.raises(IntegrityError, match="is not called off"), transaction.atomic():
        Deployment.objects.filter(pk=first.pk).update(state=S.CANCELLED, ended_at=LATER)
