"""Deploying and rolling back: on the clock, one at a time, of the attempt's own runs, with receipts and events."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from exams.export import as_text
from exams.live import charts, deployments, telemetry
from exams.live.deployments import ROLL_OUT, go_live, replays
from exams.models import Deployment, DeploymentKind, DeploymentState, Event, Submission, SubmissionState
from exams.models.deployment import MOVES
from exams.void import void
from exams.windows import AttemptVoid, NotStarted, WindowClosed
from sandboxes.fake_sandbox import FakeSandbox
from sandboxes.sandbox import Sandbox
from tests.attempts import NOON, live_attempt, ready_attempt
from tests.deployed import broken, deployed, fixed, refusing, replayed, roll_back, run_of
from tests.grading import work
from tests.people import Cast, client_of
from tests.work import EARLY, EDGES, LIVE_CLOSES, MICROSECOND, events

pytestmark = pytest.mark.django_db

S = DeploymentState
SOON = EARLY + timedelta(seconds=5)
LATER = EARLY + timedelta(minutes=10)


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return FakeSandbox()


def of(row: Deployment) -> Deployment:
    return Deployment.objects.get(pk=row.pk)


def test_a_start_records_the_release_customers_talk_to(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    row = attempt.deployments.get()
    assert (row.number, row.kind, row.state) == (0, DeploymentKind.INITIAL, S.WAITING)
    assert row.due_at == NOON
    assert telemetry.deployed_at(attempt, NOON) == row


@pytest.mark.parametrize(("_when", "at", "counts"), EDGES)
def test_the_edges_of_the_window(cast: Cast, _when: str, at: datetime, *, counts: bool) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    if counts:
        assert deployed(attempt, at=at).due_at == at + ROLL_OUT
    else:
        with pytest.raises(WindowClosed):
            deployed(attempt, at=at)
        assert attempt.deployments.count() == 1


@pytest.mark.parametrize(("_when", "at", "counts"), EDGES)
def test_the_edges_of_the_window_for_a_rollback(
    cast: Cast, sandbox: Sandbox, _when: str, at: datetime, *, counts: bool
) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    deployed(attempt, at=max(NOON, at - ROLL_OUT - MICROSECOND) if at < LIVE_CLOSES else LIVE_CLOSES - ROLL_OUT)
    replayed(sandbox, at=NOON)
    if counts:
        assert roll_back(attempt, at=at).live_from == at
    else:
        with pytest.raises(WindowClosed):
            roll_back(attempt, at=at)


def test_before_the_start_and_after_voiding_nothing_is_deployed(cast: Cast) -> None:
    ready = ready_attempt(cast.learner, now=NOON)
    with pytest.raises(NotStarted):
        deployments.deploy(attempt=ready, run=uuid.uuid4(), actor=cast.learner, received_at=NOON)
    attempt = live_attempt(cast.other_learner, started_at=NOON)
    run = run_of(attempt)
    void(attempt_id=attempt.pk, reason="a test", actor=cast.admin, now=EARLY)
    attempt.refresh_from_db()
    with pytest.raises(AttemptVoid):
        deployments.deploy(attempt=attempt, run=run.pk, actor=cast.other_learner, received_at=EARLY)


def test_a_run_of_somebody_else_is_as_good_as_none(cast: Cast) -> None:
    mine, theirs = (live_attempt(each, started_at=NOON) for each in (cast.learner, cast.other_learner))
    foreign = run_of(theirs)
    for run in (foreign.pk, uuid.uuid4()):
        with pytest.raises(deployments.NoSuchRun, match="no such run"):
            deployments.deploy(attempt=mine, run=run, actor=cast.learner, received_at=EARLY)
    with pytest.raises(IntegrityError, match="same attempt"), transaction.atomic():
        Deployment.objects.create(
            attempt=mine,
            number=1,
            kind="deploy",
            submission=foreign,
            tree_sha256=foreign.tree_sha256,
            requested_at=EARLY,
            due_at=SOON,
        )


@pytest.mark.parametrize(
    ("state", "words"), [(SubmissionState.RECEIVED, "few seconds"), (SubmissionState.REJECTED, "refused")]
)
def test_only_what_was_taken_in_can_be_deployed(cast: Cast, state: SubmissionState, words: str) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    run = Submission.objects.create(
        attempt=attempt,
        purpose="run",
        number=1,
        mode="repo_url",
        received_at=EARLY,
        state=state,
        rejected_code="symlink" if state == SubmissionState.REJECTED else "",
    )
    with pytest.raises(deployments.NotDeployable, match=words):
        deployments.deploy(attempt=attempt, run=run.pk, actor=cast.learner, received_at=EARLY)


def test_what_was_handed_in_can_be_deployed_too(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    run = work.submit(attempt, fixed(attempt), hand_in=True, received_at=EARLY)
    deployments.deploy(attempt=attempt, run=run.pk, actor=cast.learner, received_at=EARLY)


def test_a_fix_is_live_a_minute_after_it_was_asked_for(cast: Cast, sandbox: Sandbox) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    row = deployed(attempt)
    replayed(sandbox, at=SOON)
    row = of(row)
    assert (row.state, row.live_from) == (S.READY, EARLY + ROLL_OUT)
    assert telemetry.deployed_at(attempt, EARLY + ROLL_OUT - MICROSECOND) == attempt.deployments.get(number=0)
    assert telemetry.deployed_at(attempt, EARLY + ROLL_OUT) == row
    assert go_live(EARLY + ROLL_OUT - MICROSECOND) == 0
    assert go_live(EARLY + ROLL_OUT + timedelta(seconds=3)) == 1
    assert go_live(EARLY + ROLL_OUT + timedelta(seconds=4)) == 0
    assert of(row).state == S.LIVE
    assert [event.at for event in events(attempt, "deployment.live")] == [EARLY + ROLL_OUT]


def test_a_worker_that_is_late_delays_what_is_known_and_not_what_customers_got(cast: Cast, sandbox: Sandbox) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    replayed(sandbox, at=NOON)
    row = deployed(attempt, at=NOON + timedelta(seconds=30))
    assert telemetry.of(attempt, until=LATER).until == row.due_at
    before = telemetry.of(attempt, until=LATER)
    replayed(sandbox, at=LATER)
    assert (of(row).state, of(row).live_from) == (S.LIVE, row.due_at)
    seen = telemetry.of(attempt, until=LATER)
    assert seen.until == LATER
    assert seen.mitigated_at == row.due_at
    assert seen.minutes[0] == before.minutes[0]  # the other one was not over
    assert seen.answers[: len(before.answers)] == before.answers


def test_what_cannot_be_started_leaves_what_is_live(cast: Cast, sandbox: Sandbox) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    row = deployed(attempt, broken(attempt))
    replayed(sandbox, at=SOON)
    row = of(row)
    assert (row.state, row.live_from) == (S.FAILED, None)
    assert "nothing_of_that_name" in row.failed_because
    assert telemetry.deployed_at(attempt, LATER) == attempt.deployments.get(number=0)
    assert [each.payload["because"] for each in events(attempt, "deployment.failed")] == [row.failed_because]
    assert deployed(attempt, at=LATER).number == 2


def test_one_at_a_time(cast: Cast, sandbox: Sandbox) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    first = deployed(attempt)
    with pytest.raises(deployments.DeploymentInFlight, match="Deployment 1"):
        deployed(attempt, at=SOON)
    replayed(sandbox, at=SOON)
    with pytest.raises(deployments.DeploymentInFlight, match="rolled out"):
        deployed(attempt, at=first.due_at - MICROSECOND)
    assert deployed(attempt, at=first.due_at).number == 2
    with pytest.raises(IntegrityError, match="one deployment at a time"), transaction.atomic():
        Deployment.objects.create(
            attempt=attempt,
            number=9,
            kind="deploy",
            submission=first.submission,
            tree_sha256=first.tree_sha256,
            requested_at=first.due_at + ROLL_OUT - MICROSECOND,
            due_at=LATER + ROLL_OUT,
        )


def test_there_is_a_most_and_what_ended_by_our_fault_is_not_counted(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    run = run_of(attempt)
    for number, state in enumerate([*["failed"] * 19, "platform_fault"], start=1):
        Deployment.objects.create(
            attempt=attempt,
            number=number,
            kind="deploy",
            submission=run,
            tree_sha256=run.tree_sha256,
            requested_at=EARLY,
            due_at=SOON,
            state=state,
            failed_because="it cannot" if state == "failed" else "",
        )
    row = deployed(attempt, broken(attempt), at=SOON)
    replayed(FakeSandbox(), at=SOON)
    assert of(row).state == S.FAILED
    with pytest.raises(deployments.NoDeploymentsLeft, match="20"):
        deployed(attempt, at=LATER)


def test_a_rollback_is_live_at_once_and_needs_no_replay(cast: Cast, sandbox: Sandbox) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    deployed(attempt)
    replayed(sandbox, at=SOON)
    back = roll_back(attempt, at=LATER)
    assert (back.number, back.kind, back.state, back.live_from) == (2, DeploymentKind.ROLLBACK, S.LIVE, LATER)
    assert back.of == attempt.deployments.get(number=0)
    seen = telemetry.of(attempt, until=LATER + timedelta(minutes=5))
    assert [(each.deployment, each.release) for each in seen.stints] == [(0, 0), (1, 1), (2, 0)]
    assert seen.mitigated_at is None
    told = events(attempt, "deployment.rolled_back")[0]
    assert (told.payload["to"], told.is_receipt) == (0, True)
    assert roll_back(attempt, at=LATER + timedelta(minutes=1)).of == attempt.deployments.get(number=1)


def test_a_rollback_calls_off_what_is_being_rolled_out(cast: Cast, sandbox: Sandbox) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    row = deployed(attempt)
    held = replays.claim(worker="test", most=9, now=SOON)
    assert held is not None
    assert held.deployment == row
    back = roll_back(attempt, at=SOON)
    assert (of(row).state, back.of) == (S.CANCELLED, attempt.deployments.get(number=0))
    with pytest.raises(replays.LeaseLost):
        replays.keep(held, now=SOON)
    replayed(sandbox, at=SOON)
    assert of(row).state == S.CANCELLED
    assert telemetry.deployed_at(attempt, LATER) == back
    assert len(events(attempt, "deployment.cancelled")) == 1
    assert deployed(attempt, at=LATER).number == 3


@pytest.mark.parametrize("to", [1, 3])
def test_a_rollback_to_a_number_brings_that_code_back(cast: Cast, sandbox: Sandbox, to: int) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    deployed(attempt)
    deployed_at = EARLY
    replayed(sandbox, at=SOON)
    deployed_at += timedelta(minutes=2)
    deployed(attempt, refusing(attempt), at=deployed_at)
    replayed(sandbox, at=deployed_at)
    roll_back(attempt, at=deployed_at + timedelta(minutes=2), to=1)  # number 3, of 1
    roll_back(attempt, at=deployed_at + timedelta(minutes=3), to=2)
    back = roll_back(attempt, at=deployed_at + timedelta(minutes=4), to=to)
    assert back.of == attempt.deployments.get(number=1)


@pytest.mark.parametrize(
    ("to", "error"),
    [
        (None, deployments.NothingToRollBackTo),
        (0, deployments.NothingToRollBackTo),
        (1, deployments.NothingToRollBackTo),
        (7, deployments.NoSuchDeployment),
    ],
)
def test_there_must_be_something_to_go_back_to(
    cast: Cast, sandbox: Sandbox, to: int | None, error: type[Exception]
) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    deployed(attempt, broken(attempt))
    replayed(sandbox, at=SOON)
    with pytest.raises(error):
        roll_back(attempt, at=LATER, to=to)
    assert attempt.deployments.count() == 2


def test_the_moves_are_those_the_database_allows(cast: Cast) -> None:
    """Each pair of states is tried: what `MOVES` lacks is refused by the trigger, what was decided by any change."""
    attempt = live_attempt(cast.learner, started_at=NOON)
    run = run_of(attempt)
    facts: dict[str, dict[str, Any]] = {
        S.REPLAYING: {"leased_until": EARLY},
        S.READY: {"live_from": SOON, "outcomes": {}, "ended_at": EARLY},
        S.LIVE: {"live_from": SOON, "outcomes": {}, "ended_at": EARLY},
        S.FAILED: {"failed_because": "it cannot"},
        S.CANCELLED: {"ended_at": EARLY},
    }
    for old in S:
        for new in S:
            if old == new:
                continue
            with transaction.atomic():
                row = Deployment.objects.create(
                    attempt=attempt,
                    number=1,
                    kind="deploy",
                    submission=run,
                    tree_sha256=run.tree_sha256,
                    requested_at=EARLY,
                    due_at=SOON,
                    state=old,
                    **facts.get(old, {}),
                )
                cleared: dict[str, Any] = {
                    "live_from": None,
                    "outcomes": None,
                    "leased_until": None,
                    "failed_because": "",
                }
                allowed = new in MOVES[old] and old != S.LIVE  # see test_deployments_by_plan
                if old == S.READY:
                    cleared.pop("outcomes")
                try:
                    with transaction.atomic():
                        Deployment.objects.filter(pk=row.pk).update(state=new, **cleared | facts.get(new, {}))
                    done = True
                except IntegrityError:
                    done = False
                assert done == allowed, f"{old} > {new}"
                transaction.set_rollback(True)


@pytest.mark.parametrize(
    "change",
    [
        {"due_at": LATER},
        {"requested_at": NOON},
        {"number": 5},
        {"kind": "initial"},
        {"tree_sha256": "0" * 64},
        {"live_from": LATER},
        {"fence": 0},
    ],
)
def test_what_it_is_never_changes(cast: Cast, change: dict[str, object]) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    row = deployed(attempt)
    assert replays.claim(worker="test", most=9, now=SOON) is not None
    with pytest.raises(IntegrityError), transaction.atomic():
        Deployment.objects.filter(pk=row.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Deployment.objects.filter(pk=row.pk).delete()


# --- Over HTTP -------------------------------------------------------------------------------------------------------


def address(attempt: object, what: str) -> str:
    return f"/api/v1/attempts/{getattr(attempt, 'pk', attempt)}/{what}/"


def test_over_http_deploying_gives_a_receipt_and_one_deployment_for_one_key(cast: Cast) -> None:
    attempt = live_attempt(cast.learner)
    run = run_of(attempt, at=attempt.stages.get(key="live").opens_at)
    client = client_of(cast.learner)
    body = {"run": str(run.pk)}
    first = client.post(address(attempt, "deployments"), body, headers={"Idempotency-Key": "once"})
    again = client.post(address(attempt, "deployments"), body, headers={"Idempotency-Key": "once"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.json()["receipt"]["kind"] == "deployment.requested"
    assert first.json()["deployment"]["commit"] == "c" * 40
    assert attempt.deployments.count() == 2
    other = client.post(address(attempt, "deployments"), body, headers={"Idempotency-Key": "twice"})
    assert (other.status_code, other.json()["type"]) == (409, "/problems/deployment-in-flight")
    back = client.post(address(attempt, "rollback"), {})
    assert (back.status_code, back.json()["deployment"]["to"]) == (201, 0)
    listed = client.get(address(attempt, "deployments")).json()["results"]
    assert [(each["number"], each["kind"], each["state"], each["live_now"]) for each in listed] == [
        (0, "initial", "waiting", False),
        (1, "deploy", "cancelled", False),
        (2, "rollback", "live", True),
    ]
    assert "called it off" in listed[1]["because"]
    counts = client.get(f"/api/v1/attempts/{attempt.pk}/").json()["counts"]
    assert (counts["deployments"], counts["rollbacks"]) == (1, 1)


@pytest.mark.parametrize("what", ["deployments", "rollback", "telemetry"])
def test_over_http_nobody_reaches_anothers(cast: Cast, what: str) -> None:
    attempt = live_attempt(cast.learner)
    for person in (cast.other_learner, cast.mentor):
        assert client_of(person).get(address(attempt, what)).status_code in {404, 405}
        assert client_of(person).post(address(attempt, what), {"run": str(uuid.uuid4())}).status_code in {404, 405}
    admin = client_of(cast.admin)
    if what != "rollback":
        assert admin.get(address(attempt, what)).status_code == 200
    if what != "telemetry":
        assert admin.post(address(attempt, what), {"run": str(uuid.uuid4())}).status_code == 404


@pytest.mark.parametrize("body", [{}, {"run": "x"}, {"run": None}, {"run": str(uuid.uuid4()), "number": 3}])
def test_over_http_a_body_that_names_no_run_is_refused(cast: Cast, body: dict[str, object]) -> None:
    attempt = live_attempt(cast.learner)
    assert client_of(cast.learner).post(address(attempt, "deployments"), body).status_code == 400


@pytest.mark.parametrize("to", ["x", -1, 1.5, 99_999, [], True])
def test_over_http_a_rollback_to_no_number_is_refused(cast: Cast, to: object) -> None:
    attempt = live_attempt(cast.learner)
    assert client_of(cast.learner).post(address(attempt, "rollback"), {"to": to}).status_code in {400, 409}


def test_over_http_the_chart_says_what_customers_got_and_nothing_that_names_the_class(
    cast: Cast, sandbox: Sandbox
) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    client = client_of(cast.learner)
    empty = client.get(address(attempt, "telemetry")).json()
    assert (empty["minutes"], empty["deployed"]) == ([], [])
    row = deployed(attempt)
    replayed(sandbox, at=SOON)
    go_live(LATER)
    page = client.get(address(attempt, "telemetry")).json()
    assert [each["minute"] for each in page["minutes"]] == list(range(90))
    assert sum(each["harmful"] for each in page["minutes"]) > 0
    assert all(each["harmful"] == 0 for each in page["minutes"][7:])
    assert page["deployed"][1]["live_from"] == row.due_at.isoformat().replace("+00:00", "Z")
    rest = client.get(address(attempt, "telemetry"), {"after": 88}).json()["minutes"]
    assert rest == page["minutes"][89:]
    for after, first in ((-1, 0), (0, 1)):
        asked = client.get(address(attempt, "telemetry"), {"after": after}).json()["minutes"]
        assert asked == page["minutes"][first:]
    said = as_text([page, client.get(address(attempt, "deployments")).json()])
    said += as_text([each.payload for each in Event.objects.filter(attempt=attempt, visible_to_learner=True)])
    for word in ("conflict", "wrong_entity", "baseless", "outcomes", '"T1"', '"T2"', "worker", "mitigated", "seed"):
        assert word not in said


@pytest.mark.parametrize("after", ["x", "-2", "9" * 40, "1.5"])
def test_over_http_minutes_are_asked_for_by_number(cast: Cast, after: str) -> None:
    attempt = live_attempt(cast.learner)
    assert client_of(cast.learner).get(address(attempt, "telemetry"), {"after": after}).status_code == 400


def test_the_chart_never_shows_the_future(cast: Cast, sandbox: Sandbox) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    replayed(sandbox, at=NOON)
    at = NOON + timedelta(seconds=90)
    shown = charts.chart(attempt, after=-1, now=at)
    assert [(each["minute"], each["complete"]) for each in shown["minutes"]] == [(0, True), (1, False)]
    assert sum(each["asked"] for each in shown["minutes"]) == 3
    assert shown["known_until"] == at
    assert charts.chart(attempt, after=-1, now=NOON + timedelta(hours=3))["known_until"] == LIVE_CLOSES
