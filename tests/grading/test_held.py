"""While the stage of a hand-in is open, nothing a learner is served depends on a hidden check: none has been run."""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import zipfile
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from config.events_stream import Desk
from exams import feed, ledger, oracle
from exams.database_clock import database_now
from exams.models import Event, Stage
from exams.submit.closing import close_overdue
from grading import plan, queue, run, tasks
from grading.models import Cell, GradingRun, RunState
from grading.queue import Part
from grading.run import Answer, Record, executing
from grading.verdicts import CellKind, Observed, Verdict
from rubrics import review
from sandboxes.fake_sandbox import FakeSandbox
from sandboxes.sandbox import EngineTimeout, Exchange, NodeOutcome, NodeResult, RunEnd, TestRun
from tests.attempts import move_windows
from tests.grading import work
from tests.people import Cast, client_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from exams.models import Attempt, Submission
    from sandboxes.docker_sandbox import DockerSandbox

pytestmark = pytest.mark.django_db

MICROSECOND = timedelta(microseconds=1)
ENGINE = FakeSandbox()  # asked for nothing here but what it is
TEST = "tests/regression/test_it.py::test_it"


def ran(outcome: NodeOutcome) -> Observed:
    return Observed(RunEnd.completed, ((TEST, outcome),))


PASS, FAIL, RAISE = ran(NodeOutcome.passed), ran(NodeOutcome.failed_assert), ran(NodeOutcome.failed_raise)
SLOW, FORGED = Observed(RunEnd.timeout_wall), Observed(RunEnd.tampered)
Seen = dict[CellKind, Observed | None]

VISIBLE: dict[str, Seen] = {
    "sound": {CellKind.pre: FAIL, CellKind.post: PASS},
    "unfixed": {CellKind.pre: FAIL, CellKind.post: FAIL},
    "slow": {CellKind.pre: SLOW, CellKind.post: PASS},
}
# What the hidden cells would say: of the test, or None for an engine that fails there.
HIDDEN: list[Seen] = [
    {CellKind.ref: ref, CellKind.alt: alt, CellKind.mut: mut}
    for ref, alt, mut in itertools.product((PASS, FAIL, None), (PASS, SLOW), (FAIL, PASS, FORGED))
]


def world(seen: Seen, *, right: bool, asked: list[CellKind] | None = None) -> Callable[..., Record]:
    """A sandbox's stand-in in which each kind of cell ends as said, in no time at all."""

    def run_cell(cell: plan.PlannedCell, drawn: plan.Plan, *, sandbox: object, position: int) -> Record:
        del drawn, sandbox
        if asked is not None:
            asked.append(cell.kind)
        if cell.questions is None:
            observed = seen[cell.kind]
            if observed is None:
                raise EngineTimeout("the engine took its time")
            return Record(cell=cell, position=position, seconds=0.5, observed=observed, test_run=_as_run(observed))
        verdict = oracle.ClaimVerdict.correct if right or cell.key != plan.AFTER else oracle.ClaimVerdict.conflict
        judged = oracle.Judgement(verdict=verdict, claims=(), why="")
        exchange = Exchange(question="q", session="", reply={"text": "39"}, fault=None, seconds=0.1)
        answers = tuple(Answer(probe.key, probe.group, exchange, judged) for probe in cell.questions.probes)
        return Record(cell=cell, position=position, seconds=0.5, answers=answers)

    return run_cell


def _as_run(observed: Observed) -> TestRun:
    assert observed.ended is not None
    nodes = tuple(NodeResult(name, outcome, message="", seconds=0.1) for name, outcome in observed.nodes)
    return TestRun(ended=observed.ended, nodes=nodes, exchanges=(), output_tail="", seconds=0.5, container="c")


def closes_at(attempt: Attempt) -> datetime:
    return attempt.stages.get(key="live").closes_at


def handed_in(attempt: Attempt, *, at: datetime | None = None) -> Submission:
    submission = work.submit(attempt, work.tree(spec=work.spec_of(attempt)), hand_in=True, received_at=at)
    queue.enlist(now=at or database_now())
    return submission


def grade(now: datetime) -> Part | None:
    """Take the next run and grade it, all at one moment; which part of it that was."""
    held = queue.claim(worker="w", now=now)
    if held is None:
        return None
    try:
        found = run.find(held, sandbox=ENGINE)
    except EngineTimeout as fault:
        queue.give_back(held, str(fault), now=now)
    else:
        queue.finish(held, found, now=now)
    return held.part


def doors(cast: Cast, attempt: Attempt, submission: Submission, *, now: datetime) -> dict[str, str]:
    """Everything a learner can be served about a hand-in, as text; `server_now` and the like is the caller's `now`."""
    client = client_of(cast.learner)
    base = f"/api/v1/attempts/{attempt.pk}"
    served = {
        address: client.get(address).content.decode()
        for address in (
            f"/api/v1/runs/{submission.pk}/",
            f"/api/v1/runs/{submission.pk}/?hidden=1&expand=cells&scope=all",
            f"{base}/runs/",
            f"{base}/",
            f"{base}/events/",
            f"{base}/events/?after=2&limit=500",
            f"{base}/receipts/",
            f"{base}/result/",
            f"{base}/stages/live/hand-ins/",
        )
    }
    archive = zipfile.ZipFile(io.BytesIO(client.get(f"{base}/export/").getvalue()))
    served |= {name: archive.read(name).decode("latin-1") for name in archive.namelist()}
    moving = {ledger.iso(now)}
    return {name: _without(text, moving) for name, text in served.items()}


def _without(text: str, moving: set[str]) -> str:
    for each in moving:
        text = text.replace(each, "NOW")
    return text


@pytest.fixture
def told_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Sets the database's clock, as every doorway reads it."""

    def tell(now: datetime) -> None:
        for module in (
            "grading.tasks",
            "grading.api.runs",
            "exams.api.attempts",
            "exams.api.events",
            "exams.api.shapes",
            "exams.api.writing",
            "rubrics.api.views",
            "exams.database_clock",
        ):
            monkeypatch.setattr(f"{module}.database_now", lambda: now, raising=False)

    return tell


@pytest.mark.parametrize("visible", list(VISIBLE))
def test_in_an_open_stage_all_that_is_served_is_the_same_to_the_byte_whatever_hidden_checks_would_say(
    cast: Cast,
    attempt: Attempt,
    monkeypatch: pytest.MonkeyPatch,
    told_time: Callable[[datetime], None],
    visible: str,
) -> None:
    now = closes_at(attempt) - MICROSECOND
    submission = handed_in(attempt)
    told_time(now)
    monkeypatch.setattr("secrets.randbits", lambda bits: bits)  # the order of the visible cells is shown, and drawn
    first: dict[str, str] | None = None
    for seen, right in zip(HIDDEN, itertools.cycle([True, False]), strict=False):
        asked: list[CellKind] = []
        monkeypatch.setattr(executing, "run_cell", world(VISIBLE[visible] | seen, right=right, asked=asked))
        with transaction.atomic():
            grade(now)
            queue.release(now=now)
            assert set(asked) == {CellKind.pre, CellKind.post}, "no hidden cell was run, so none could take time either"
            served = doors(cast, attempt, submission, now=now)
            transaction.set_rollback(True)
        first = first or served
        for name, text in served.items():
            assert text == first[name], name
    assert first is not None
    assert json.loads(first[f"/api/v1/runs/{submission.pk}/"])["state"] == "held"


def test_one_microsecond_before_the_window_closes_the_visible_part_at_it_and_after_it_everything(
    cast: Cast, attempt: Attempt, monkeypatch: pytest.MonkeyPatch, told_time: Callable[[datetime], None]
) -> None:
    seen = VISIBLE["sound"] | {CellKind.ref: PASS, CellKind.alt: PASS, CellKind.mut: PASS}
    monkeypatch.setattr(executing, "run_cell", world(seen, right=False))
    closes = closes_at(attempt)
    submission = handed_in(attempt)

    def shown(now: datetime) -> dict[str, Any]:
        told_time(now)
        body: dict[str, Any] = client_of(cast.learner).get(f"/api/v1/runs/{submission.pk}/").json()
        return body

    before = closes - MICROSECOND
    assert grade(before) is Part.visible
    assert queue.release(now=before) == 0
    assert grade(before) is None
    body = shown(before)
    assert (body["state"], body["verdict"]["name"], body["verdict"]["scope"]) == ("held", "verified", "visible cells")
    assert body["numbers"] is None
    assert len(body["cells"]) == 6
    assert "every time" in body["verdict"]["because"]
    assert datetime.fromisoformat(body["hidden_checks"]["told_at"]) == closes
    assert "The hidden checks are run when this window closes, at " in body["hidden_checks"]["message"]
    assert f"{closes:%H:%M:%S}" in body["hidden_checks"]["message"]

    assert queue.release(now=closes) == 1
    body = shown(closes)
    assert (body["state"], body["verdict"]["name"], body["numbers"]) == ("waiting", "verified", None)
    assert "are being run" in body["hidden_checks"]["message"]
    assert grade(closes) is Part.hidden
    for now in (closes, closes + MICROSECOND):
        body = shown(now)
        assert (body["state"], body["verdict"]["name"], body["verdict"]["scope"]) == ("graded", "weak", "all cells")
        assert body["numbers"]["mutants_killed"] == 0
        assert body["numbers"]["mutants_total"] > 0
        assert body["hidden_checks"] is None
        assert len(body["cells"]) == 6


@pytest.mark.parametrize("after", [timedelta(0), MICROSECOND])
def test_what_is_first_run_after_the_closing_is_run_in_all_cells_at_once(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch, after: timedelta
) -> None:
    seen = VISIBLE["sound"] | {CellKind.ref: PASS, CellKind.alt: PASS, CellKind.mut: FAIL}
    monkeypatch.setattr(executing, "run_cell", world(seen, right=True))
    handed_in(attempt)
    assert grade(closes_at(attempt) + after) is Part.everything
    assert GradingRun.objects.get().verdict == Verdict.verified


def test_each_door_opens_once_the_stage_has_closed(
    cast: Cast, attempt: Attempt, monkeypatch: pytest.MonkeyPatch, told_time: Callable[[datetime], None]
) -> None:
    seen = VISIBLE["sound"] | {CellKind.ref: PASS, CellKind.alt: PASS, CellKind.mut: PASS}
    monkeypatch.setattr(executing, "run_cell", world(seen, right=True))
    closes = closes_at(attempt)
    submission = handed_in(attempt)
    grade(closes - MICROSECOND)
    queue.release(now=closes)
    grade(closes)
    told_time(closes)
    served = doors(cast, attempt, submission, now=closes)
    base = f"/api/v1/attempts/{attempt.pk}"
    for door in (f"/api/v1/runs/{submission.pk}/", f"{base}/runs/", f"{base}/events/", "ledger.json"):
        assert '"weak"' in served[door], door
    kinds = list(Event.objects.filter(attempt=attempt, kind__startswith="run.").values_list("kind", flat=True))
    assert kinds == ["run.queued", "run.started", "run.held", "run.queued", "run.started", "run.graded"]
    assert ledger.verify(attempt.pk) is None


def test_the_ledger_says_until_when_the_rest_is_held(attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executing, "run_cell", world(VISIBLE["unfixed"], right=True))
    handed_in(attempt)
    grade(closes_at(attempt) - MICROSECOND)
    event = Event.objects.get(attempt=attempt, kind="run.held")
    assert event.payload["visible_verdict"] == "fails_on_own_fix"
    assert event.payload["hidden_checks_after"] == ledger.iso(closes_at(attempt))
    assert not {"verdict", "mutants_killed", "mutants_total", "alternatives_passed"} & event.payload.keys()


def test_a_hand_in_that_is_held_keeps_no_place_from_the_learners_next_run(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executing, "run_cell", world(VISIBLE["sound"], right=True))
    now = database_now()
    handed_in(attempt)
    work.submit(attempt, work.tree(spec=work.spec_of(attempt)))
    queue.enlist(now=now)
    assert grade(now) is Part.visible
    assert grade(now) is Part.visible
    states = GradingRun.objects.order_by("submission__number").values_list("state", flat=True)
    assert list(states) == [RunState.HELD, RunState.GRADED]


def test_handing_in_early_does_not_close_the_stage(attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executing, "run_cell", world(VISIBLE["sound"], right=True))
    Stage.objects.filter(attempt=attempt, key="live").update(state="handed_in")
    handed_in(attempt)
    assert grade(closes_at(attempt) - MICROSECOND) is Part.visible
    assert GradingRun.objects.get().state == RunState.HELD


def test_the_hand_in_that_counts_is_finished_before_those_it_replaced(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = VISIBLE["sound"] | {CellKind.ref: PASS, CellKind.alt: PASS, CellKind.mut: FAIL}
    monkeypatch.setattr(executing, "run_cell", world(seen, right=True))
    closes = closes_at(attempt)
    submissions = [handed_in(attempt) for _ in range(3)]
    while grade(closes - MICROSECOND) is not None:
        pass
    assert queue.release(now=closes) == 3
    held = queue.claim(worker="w", now=closes)
    assert held is not None
    assert held.submission == submissions[-1]


@pytest.mark.parametrize(("claimed_before", "state"), [(True, RunState.HELD), (False, RunState.WAITING)])
def test_what_hidden_cells_said_is_dropped_when_the_stage_was_opened_again_meanwhile(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch, *, claimed_before: bool, state: RunState
) -> None:
    seen = VISIBLE["sound"] | {CellKind.ref: PASS, CellKind.alt: PASS, CellKind.mut: PASS}
    monkeypatch.setattr(executing, "run_cell", world(seen, right=True))
    closes = closes_at(attempt)
    handed_in(attempt)
    if claimed_before:
        grade(closes - MICROSECOND)
        queue.release(now=closes)
    held = queue.claim(worker="w", now=closes)
    assert held is not None
    found = run.find(held, sandbox=ENGINE)
    assert found.decision.verdict is Verdict.weak
    move_windows(Stage.objects.filter(attempt=attempt, key="live"), closes_at=closes + timedelta(minutes=10))
    queue.finish(held, found, now=closes + timedelta(seconds=30))
    kept = GradingRun.objects.get()
    assert (kept.state, kept.verdict, kept.mutants_total) == (state, "", None)
    assert not Cell.objects.filter(visible=False).exists()
    assert not Event.objects.filter(attempt=attempt, kind="run.graded").exists()


def test_a_stage_that_is_opened_again_before_its_hidden_cells_are_run_holds_them_again(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = VISIBLE["sound"] | {CellKind.ref: PASS, CellKind.alt: PASS, CellKind.mut: PASS}
    monkeypatch.setattr(executing, "run_cell", world(seen, right=True))
    closes = closes_at(attempt)
    handed_in(attempt)
    grade(closes - MICROSECOND)
    queue.release(now=closes)
    later = closes + timedelta(minutes=10)
    move_windows(Stage.objects.filter(attempt=attempt, key="live"), closes_at=later)
    assert grade(later - MICROSECOND) is None
    assert queue.release(now=later - MICROSECOND) == 0
    assert GradingRun.objects.get().state == RunState.HELD
    assert queue.release(now=later) == 1
    assert grade(later) is Part.hidden


def test_visible_cells_are_run_once_and_weighed_with_the_hidden_ones(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[CellKind] = []
    seen = VISIBLE["sound"] | {CellKind.ref: PASS, CellKind.alt: FAIL, CellKind.mut: FAIL}
    monkeypatch.setattr(executing, "run_cell", world(seen, right=True, asked=asked))
    closes = closes_at(attempt)
    handed_in(attempt)
    grade(closes - MICROSECOND)
    queue.release(now=closes)
    grade(closes)
    assert (asked.count(CellKind.pre), asked.count(CellKind.post)) == (3, 3)
    kept = GradingRun.objects.get()
    assert kept.verdict == Verdict.overfit
    assert kept.cells_done == kept.cells_total == kept.cells.count() == kept.timings["cells"]
    assert kept.cells.values("position").distinct().count() == kept.cells.count()
    assert kept.timings["visible_part_seconds"] == 0


def test_a_hotfix_that_contradicted_itself_stays_tampered_when_the_hidden_cells_are_run(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = VISIBLE["sound"] | {CellKind.ref: PASS, CellKind.alt: PASS, CellKind.mut: FAIL}
    plain = world(seen, right=True)

    def forging(cell: plan.PlannedCell, drawn: plan.Plan, *, sandbox: object, position: int) -> Record:
        record = plain(cell, drawn, sandbox=sandbox, position=position)
        return Record(**{**record.__dict__, "tree_ended": RunEnd.tampered if cell.kind is CellKind.post else None})

    monkeypatch.setattr(executing, "run_cell", forging)
    closes = closes_at(attempt)
    handed_in(attempt)
    grade(closes - MICROSECOND)
    assert GradingRun.objects.get().visible_verdict == Verdict.tampered
    monkeypatch.setattr(executing, "run_cell", plain)
    queue.release(now=closes)
    grade(closes)
    assert GradingRun.objects.get().verdict == Verdict.tampered


def test_a_fault_of_ours_in_the_hidden_part_leaves_what_was_seen_and_no_mark(
    cast: Cast, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = VISIBLE["sound"] | {CellKind.ref: None, CellKind.alt: None, CellKind.mut: None}
    monkeypatch.setattr(executing, "run_cell", world(seen, right=True))
    closes = closes_at(attempt)
    submission = handed_in(attempt)
    grade(closes - MICROSECOND)
    queue.release(now=closes)
    assert GradingRun.objects.get().claims == 0, "the hidden part has all its tries"
    grade(closes)
    kept = GradingRun.objects.get()
    assert (kept.state, kept.verdict, kept.visible_verdict) == (RunState.WAITING, "", Verdict.verified)
    assert client_of(cast.learner).get(f"/api/v1/runs/{submission.pk}/").json()["verdict"]["name"] == "verified"


def test_no_review_is_opened_before_the_hidden_cells_of_the_work_that_counts_were_run(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = VISIBLE["sound"] | {CellKind.ref: PASS, CellKind.alt: PASS, CellKind.mut: FAIL}
    monkeypatch.setattr(executing, "run_cell", world(seen, right=True))
    handed_in(attempt)
    grade(closes_at(attempt) - MICROSECOND)
    over = attempt.stages.get(key="postmortem").closes_at
    close_overdue(over)
    settled = over + timedelta(minutes=1)
    assert review.open_waiting(now=settled) == 0
    assert queue.release(now=settled) == 1
    grade(settled)
    assert review.open_waiting(now=settled) == 1


def test_files_that_could_not_be_taken_in_are_said_so_at_once(attempt: Attempt) -> None:
    work.submit(attempt, None, hand_in=True)
    queue.enlist(now=database_now())
    assert GradingRun.objects.get().verdict == Verdict.rejected_ingest


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("once")
def test_the_workers_sweep_finishes_what_was_held_when_its_stage_closed(
    fake: FakeSandbox,
    attempt: Attempt,
    monkeypatch: pytest.MonkeyPatch,
    told_time: Callable[[datetime], None],
) -> None:
    monkeypatch.setattr(tasks, "sandbox", lambda: fake)
    closes = closes_at(attempt)
    work.submit(attempt, work.tree(spec=work.spec_of(attempt)), hand_in=True)
    told_time(closes - timedelta(minutes=5))
    tasks.grade_waiting()
    assert GradingRun.objects.get().state == RunState.HELD
    told_time(closes)
    tasks.grade_waiting()
    kept = GradingRun.objects.get()
    assert (kept.state, kept.verdict) == (RunState.GRADED, Verdict.verified)
    assert kept.mutants_killed == kept.mutants_total
    assert kept.cells.filter(kind="pre").count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_stream_says_what_the_pages_say(
    cast: Cast, attempt: Attempt, monkeypatch: pytest.MonkeyPatch, told_time: Callable[[datetime], None]
) -> None:
    seen = VISIBLE["sound"] | {CellKind.ref: PASS, CellKind.alt: PASS, CellKind.mut: PASS}
    monkeypatch.setattr(executing, "run_cell", world(seen, right=False))
    closes = closes_at(attempt)
    told_time(closes - MICROSECOND)
    handed_in(attempt)
    grade(closes - MICROSECOND)

    async def streamed() -> list[dict[str, Any]]:
        desk = Desk()
        try:
            return await desk.rows(feed.Reader(attempt.pk, cast.learner.pk, hidden=False), 0)
        finally:
            await desk.close()

    rows = asyncio.run(streamed())
    assert rows == feed.page(attempt, cast.learner, after=0, limit=100)
    assert [row["kind"] for row in rows][-1] == "run.held"
    assert "weak" not in json.dumps(rows)


@pytest.mark.docker
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("once")
@pytest.mark.parametrize(("test", "whole"), [(work.SOUND, Verdict.verified), (work.LENIENT, Verdict.weak)])
def test_in_containers_both_hand_ins_look_alike_until_the_window_closes(
    containers: DockerSandbox, attempt: Attempt, test: str, whole: Verdict
) -> None:
    closes = closes_at(attempt)
    work.submit(attempt, work.tree(test, spec=work.spec_of(attempt)), hand_in=True)
    queue.enlist(now=database_now())
    for now in (closes - MICROSECOND, closes):
        queue.release(now=now)
        held = queue.claim(worker="w", now=now)
        assert held is not None
        run.grade(held, sandbox=containers, clock=lambda now=now: now)  # type: ignore[misc]
        if now < closes:
            kept = GradingRun.objects.get()
            assert (kept.state, kept.visible_verdict, kept.cells_total) == (RunState.HELD, Verdict.verified, 2)
    kept = GradingRun.objects.get()
    assert (kept.state, kept.verdict) == (RunState.GRADED, whole)
