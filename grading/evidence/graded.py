"""Every run, and the verdict on the work that counts, with its numbers and cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grading import shown

if TYPE_CHECKING:
    from exams.models import Submission
    from grading.evidence.kept import Kept
    from sandboxes.sandbox import JsonObject


def run_row(kept: Kept, submission: Submission) -> JsonObject:
    """One run as a line: of a hand-in without its whole verdict, what its visible cells say."""
    run = kept.runs[submission.pk]
    return {
        "run": str(submission.pk),
        "number": submission.number,
        "purpose": submission.purpose,
        "counts": submission == kept.counting,
        "received_at": submission.received_at,
        "commit": submission.pinned_commit,
        "state": run.state if run else "waiting",
        "verdict": (run.verdict or run.visible_verdict) if run else "",
        "because": (run.because or run.visible_because) if run else submission.rejected_because,
        "cites": kept.cite_run(submission) + kept.event("run.graded", run=str(submission.pk)),
    }


def verdict(kept: Kept) -> JsonObject | None:
    """The verdict on the work that counts, its two numbers, both rates before and after, and every cell."""
    submission, run = kept.counting, kept.counting_run
    if submission is None or run is None:
        return None
    return {
        "run": str(submission.pk),
        "state": run.state,
        "name": run.verdict,
        "because": run.because,
        "mutants": {"killed": run.mutants_killed, "total": run.mutants_total},
        "alternatives": {"passed": run.alternatives_passed, "total": run.alternatives_total},
        "damage": damage(run.probe_counts),
        "answers": {
            name: counts
            | {
                "harmful_rate": _rate(counts["harmful"], counts["total"]),
                "answer_rate": _rate(counts["answered"], counts["answerable"]),
            }
            for name, counts in _rows(run.probe_counts)
        },
        "cells": [
            {
                "cell": cell.pk,
                "kind": cell.kind,
                "key": cell.key,
                "repeat": cell.repeat,
                "got": shown.got(cell),
                "result": cell.result,
                "seconds": round(cell.seconds, 3),
            }
            for cell in run.cells.order_by("kind", "key", "repeat")
        ],
        "provenance": run.provenance,
        "cites": kept.cite_run(submission) + kept.event("run.graded", run=str(submission.pk)),
    }


def damage(counts: JsonObject) -> JsonObject | None:
    """Of the hidden questions that the fault spoils: how many were wrong before, and how many of them are put right."""
    before, after = (counts.get(name, {}).get("by_group", {}).get("class") for name in ("before", "after"))
    if not before or not after:
        return None
    wrong = before["total"] - before["right"]
    mended = max(0, after["right"] - before["right"])
    return {"questions": wrong, "put_right": mended, "share": _rate(mended, wrong)}


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _rows(counts: JsonObject) -> list[tuple[str, JsonObject]]:
    """Sets of answers, as they came before, after, and from the platform's own fix."""
    order = ("before", "after", "reference", "worked_before")
    return [(name, counts[name]) for name in order if name in counts]
