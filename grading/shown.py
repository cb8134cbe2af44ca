"""What is shown of a run, and to whom: the visible cells side by side, and of the hidden ones only sums."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING, Any

from exams.models import StageState, SubmissionPurpose, SubmissionState
from exams.queries import class_is_looked_for
from exams.receipts import in_words
from grading import queue, verdicts
from grading.coarse import coarsened
from grading.models import Cell, RunState
from grading.received import waits_for
from grading.verdicts import WANTED, CellKind, Observed, Occasion, Verdict
from sandboxes.sandbox import NodeOutcome, RunEnd

if TYPE_CHECKING:
    from datetime import datetime

    from exams.models import Submission
    from grading.models import GradingRun
    from sandboxes.sandbox import JsonObject

RECEIVED = "received"  # its files are being read; grading's own states follow
SUMS = ("total", "right", "harmful", "answerable", "answered")


def summary(submission: Submission, run: GradingRun | None, *, now: datetime) -> JsonObject:
    """A run without its cells, as lists show it."""
    state = RECEIVED if submission.state == SubmissionState.RECEIVED else RunState.WAITING
    place = None
    if run is not None:
        state = RunState(run.state)
        place = queue.place(run, now=now)
    return {
        "id": submission.pk,
        "attempt": submission.attempt_id,
        "number": submission.number,
        "purpose": submission.purpose,
        "state": state,
        "source": {
            "mode": submission.mode,
            "url": submission.url,
            "ref": submission.ref,
            "upload": submission.upload_id,
            "commit": submission.pinned_commit,
            "unpinned": submission.unpinned,
            "force_pushed": submission.force_pushed,
        },
        "queue": None if place is None else dataclasses.asdict(place),
        "waits_for": waits_for(submission, now=now) if run is None else None,
        "progress_percent": _progress(run),
        "verdict": _verdict(submission, run, now=now),
        "hidden_checks": _hidden_checks(submission, run, now=now),
        "numbers": _numbers(run),
        "timings": _timings(submission, run),
    }


def whole(submission: Submission, run: GradingRun | None, *, hidden: bool, fine: bool, now: datetime) -> JsonObject:
    """A run with its visible cells; `hidden` adds all others, for people who may see them.

    Only when `fine` is it said in what way an answer is wrong; while `queries.class_is_looked_for`, for mentors only.
    """
    cells = list(run.cells.order_by("kind", "repeat")) if run is not None else []
    visible = [cell for cell in cells if cell.visible]
    if not fine:
        for cell in visible:  # never saved
            cell.transcript = coarsened(cell.transcript)
    return {
        **summary(submission, run, now=now),
        "cells": [
            cell_body(cell) for cell in sorted(visible, key=lambda cell: (cell.kind != CellKind.pre, cell.repeat))
        ],
        "side_by_side": side_by_side(visible),
        "hidden_cells": [cell_body(cell) | {"key": cell.key} for cell in cells if not cell.visible] if hidden else None,
    }


def cell_body(cell: Cell) -> JsonObject:
    """One cell: what it had to show, what it showed, and everything that was said."""
    return {
        "kind": cell.kind,
        "tree": {CellKind.pre: "before", CellKind.post: "after"}.get(CellKind(cell.kind), cell.kind),
        "repeat": cell.repeat,
        "wanted": WANTED[CellKind(cell.kind)],
        "got": got(cell),
        "result": cell.result,
        "ended": cell.ended,
        "note": cell.note,
        "nodes": cell.nodes,
        "transcript": cell.transcript,
        "output_tail": cell.output_tail,
        "seconds": round(cell.seconds, 3),
    }


def got(cell: Cell) -> str:
    """In words, what a cell showed."""
    kind = CellKind(cell.kind)
    if kind in {CellKind.probe, CellKind.p2p}:
        harmful = sum(1 for row in cell.transcript if row.get("harmful"))
        return f"{harmful} of {len(cell.transcript)} answers harmful"
    if not cell.ended:
        return "not run"
    if cell.ended != RunEnd.completed:
        return f"did not end by itself: {cell.ended.replace('_', ' ')}"
    outcomes = Counter(node["outcome"] for node in cell.nodes)
    return ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in sorted(outcomes.items())) or "no tests"


def side_by_side(cells: list[Cell]) -> list[JsonObject]:
    """Each question of the test once, with what the tree answered before and after; from the first repeats run."""
    rows: dict[tuple[str, str, int], JsonObject] = {}
    first: dict[str, Cell] = {}
    for cell in sorted(cells, key=lambda each: (each.kind != CellKind.pre, not each.ended, each.repeat)):
        first.setdefault(cell.kind, cell)
    for cell in first.values():
        seen: Counter[tuple[str, str]] = Counter()
        for asked in cell.transcript:
            question = (asked["question"], asked["session"])
            seen[question] += 1
            row = rows.setdefault(
                (*question, seen[question]),
                {"question": question[0], "session": question[1], "before": None, "after": None},
            )
            row["before" if cell.kind == CellKind.pre else "after"] = {
                key: asked[key] for key in ("text", "refused", "citations", "fault", "verdict", "harmful", "why")
            }
    return list(rows.values())


def observed(cell: Cell) -> Observed:
    """A kept cell of the test as it was observed."""
    if not cell.ended:
        return verdicts.NOT_RUN
    return Observed(RunEnd(cell.ended), tuple((node["node"], NodeOutcome(node["outcome"])) for node in cell.nodes))


def _progress(run: GradingRun | None) -> int:
    if run is None or run.state == RunState.WAITING:
        return 0
    if run.state in {RunState.HELD, RunState.GRADED, RunState.PLATFORM_FAULT}:
        return 100
    return min(99, 100 * run.cells_done // run.cells_total) if run.cells_total else 0


def _verdict(submission: Submission, run: GradingRun | None, *, now: datetime) -> JsonObject | None:
    if run is not None and run.state == RunState.PLATFORM_FAULT:
        return {
            "name": Verdict.infra_error,
            "scope": "none",
            "because": "The platform failed several times while it ran your work, so there is no verdict. "
            "This is our fault and costs you nothing.",
            "next": "An operator has been told. Your files are kept and will be run again.",
        }
    if run is None or not (run.verdict or run.visible_verdict):
        return None
    verdict = Verdict(run.verdict or run.visible_verdict)
    has_test = verdict is not Verdict.broken_test or run.cells.filter(visible=True).exists()
    said = verdicts.words(verdict, occasion=_occasion(submission, run, now=now), has_test=has_test)
    return {
        "name": verdict,
        "scope": "all cells" if run.verdict and submission.purpose == SubmissionPurpose.HAND_IN else "visible cells",
        "because": run.because if run.verdict else run.visible_because,
        "next": said.next,
    }


def _occasion(submission: Submission, run: GradingRun, *, now: datetime) -> Occasion:
    """When a verdict is told: what may still be done about it depends on which windows are open."""
    if submission.purpose == SubmissionPurpose.RUN:
        return Occasion.practice if class_is_looked_for(submission.attempt, now=now) else Occasion.practice_over
    told_at = queue.told_at(submission)
    is_open = told_at is not None and now < told_at
    if not run.verdict:
        return Occasion.stage_open if is_open else Occasion.being_checked
    if is_open:  # its files could not be taken in, or the window was extended since
        return Occasion.stage_closed
    others = set(submission.attempt.stages.filter(closes_at__gt=now).values_list("state", flat=True))
    if not others:
        return Occasion.all_closed
    return Occasion.rest_handed_in if others == {StageState.HANDED_IN} else Occasion.stands


def _hidden_checks(submission: Submission, run: GradingRun | None, *, now: datetime) -> JsonObject | None:
    """Of a hand-in without its whole verdict: when the hidden checks are run and told."""
    told_at = queue.told_at(submission)
    if told_at is None or (run is not None and run.state in {RunState.GRADED, RunState.PLATFORM_FAULT}):
        return None
    when = in_words(told_at, submission.attempt.learner.time_zone)
    return {
        "told_at": told_at,
        "message": f"The hidden checks are run when this window closes, at {when}; what they say is told after that."
        if now < told_at
        else f"The window closed at {when}; the hidden checks are being run, and what they say is told here.",
    }


def _numbers(run: GradingRun | None) -> JsonObject | None:
    """Sums over hidden cells: how many wrong fixes were caught, right ones accepted, and answers before and after."""
    if run is None or run.state != RunState.GRADED or not (run.mutants_total or run.probe_counts):
        return None
    counts: dict[str, Any] = run.probe_counts
    return {
        "mutants_killed": run.mutants_killed,
        "mutants_total": run.mutants_total,
        "alternatives_passed": run.alternatives_passed,
        "alternatives_total": run.alternatives_total,
        "before": _sums(counts.get("before")),
        "after": _sums(counts.get("after")),
        "worked_before": _sums(counts.get("worked_before")),
    }


def _sums(counts: JsonObject | None) -> JsonObject | None:
    return {key: counts[key] for key in SUMS} if counts else None


def _timings(submission: Submission, run: GradingRun | None) -> JsonObject:
    """Times of a run; of one in two parts both are counted, and not the time between them."""
    waited = took = ended_at = None
    if run is not None and run.started_at is not None:
        ended_at = run.finished_at or (run.visible_at if run.state == RunState.HELD else None)
        waited = (run.started_at - submission.received_at).total_seconds()
        if ended_at is not None:
            took = (ended_at - run.started_at).total_seconds()
        if run.visible_at is not None:
            waited = run.timings["waited_seconds"]
            took = run.timings["visible_part_seconds"] + (took if took and run.finished_at else 0.0)
    return {
        "received_at": submission.received_at,
        "ingested_at": submission.ingested_at,
        "started_at": run.started_at if run else None,
        "finished_at": ended_at,
        "waited_seconds": waited,
        "run_seconds": took,
    }
