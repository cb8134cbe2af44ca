"""What the hotfix does: F with all it is made of, both rates before and after by claim verdict, wrong fixes by kind."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any

from exams.oracle import HARMFUL, ClaimVerdict
from grading import f_of, f_score, plan, wrong_fixes
from grading.bands import shown
from grading.models import RunState
from grading.verdicts import CellKind, CellResult

if TYPE_CHECKING:
    from fractions import Fraction

    from grading.evidence.kept import Kept
    from grading.models import Cell, GradingRun
    from sandboxes.sandbox import JsonObject

_SETS = (plan.BEFORE, plan.AFTER, plan.REFERENCE)


class Effect:
    """The cells of the counting run that put questions or ran the test against wrong and right fixes, read once."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self.run = kept.counting_run
        self.graded = self.run is not None and self.run.state == RunState.GRADED
        cells = self.run.cells.filter(visible=False).order_by("kind", "key") if self.run and self.graded else ()
        self.cells: dict[tuple[str, str], Cell] = {(each.kind, each.key): each for each in cells}

    @property
    def cites(self) -> list[JsonObject]:
        """What all of it rests on."""
        return [] if self.kept.counting is None else self.kept.cite_run(self.kept.counting)

    def answers(self, key: str, kind: CellKind = CellKind.probe) -> dict[str, JsonObject]:
        """The answers of one cell of questions, by the question's key; empty if it was not run."""
        cell = self.cells.get((kind, key))
        return {row["probe"]: row for row in cell.transcript} if cell else {}

    @cached_property
    def score(self) -> f_score.Score | None:
        """F of the counting work; None without one, or if it was graded before F was measured."""
        if self.run is None:
            return None
        return f_of.rows(
            {key: self.answers(key) for key in f_of.KEYS},
            worked_before=self.answers(plan.AFTER, CellKind.p2p),
            counts=self.run.probe_counts,
            harness_edited=self.harness_edited,
        )

    @cached_property
    def harmful_left(self) -> list[str]:
        """Hidden questions of the failure class, or put in other ways, that still get a harmful answer.

        Those which the platform's own fix answers harmfully too are no fault of a hotfix and left out.
        """
        healthy = self.answers(plan.REFERENCE)
        return [
            key
            for key, row in self.answers(plan.AFTER).items()
            if f_of.of_the_class(row)
            and row["verdict"] in HARMFUL
            and not (key in healthy and healthy[key]["verdict"] in HARMFUL)
        ]

    @property
    def harness_edited(self) -> bool:
        """Whether the knowledge base, the facts tests are given, or what is protected was edited."""
        edited = self.run.provenance.get("edited", {}) if self.run else {}
        return bool(edited.get("protected") or edited.get("data"))

    @property
    def why_no_score(self) -> str:
        """Why there is no F."""
        if self.run is None:
            return "no code was handed in"
        if not self.graded:
            return why_not_graded(self.run)
        if not self.answers(plan.AFTER):
            return "the hidden questions were not put to it"
        return "no question showed the damage, or it was graded before this was measured"


def why_not_graded(run: GradingRun | None) -> str:
    """Why a run that is not graded has no figures."""
    if run is not None and run.state == RunState.PLATFORM_FAULT:
        return "the platform could not run it, which is no fault of the learner"
    return "its run has not ended"


def effect(found: Effect) -> JsonObject | None:
    """F, the rates and the wrong fixes of the work that counts; None while there is no graded run."""
    if found.run is None or not found.graded:
        return None
    return {
        "f": f_row(found),
        "f_missing": "" if found.score else found.why_no_score,
        "harmful_left": found.harmful_left,
        "by_verdict": by_verdict(found),
        "rates": rates(found),
        "mutation": mutation(found),
        "cites": found.cites,
    }


def f_row(found: Effect) -> JsonObject | None:
    """F with its parts, the questions of each, and the caps that hold."""
    score = found.score
    if score is None:
        return None
    cells = {
        f_score.Part.incident: [
            (CellKind.probe, plan.ASKED_BEFORE),
            (CellKind.probe, plan.ASKED_AFTER),
            (CellKind.p2p, plan.AFTER),
        ],
    }
    fresh = [(CellKind.probe, plan.BEFORE), (CellKind.probe, plan.AFTER)]
    return {
        "value": shown(score.value),
        "raw": shown(score.raw),
        "rests_on": rests_on(score),
        "parts": [
            {
                "part": each.part,
                "weight": _exact(f_score.WEIGHTS[each.part]),
                "weight_applied": _exact(score.weights.get(each.part)),
                "share": _exact(each.share) if each.says_something else None,
                "questions": each.total,
                "spoiled": list(each.spoiled),
                "mended": list(each.mended),
                "broken": list(each.broken),
                "cells": [
                    cell.pk for name in cells.get(each.part, fresh) if (cell := found.cells.get(name)) is not None
                ],
            }
            for each in score.shares
        ],
        "caps": [
            {"cap": cap, "at_most": _exact(most), "holds": cap in score.hold} for cap, most in f_score.CAPS.items()
        ],
    }


def rests_on(score: f_score.Score) -> str:
    """How many spoiled questions F is made of, in words, and which sets say nothing: others carry their weight."""
    spoiled = [(each.part.replace("_", " "), len(each.spoiled)) for each in score.shares if each.spoiled]
    whole = sum(count for _, count in spoiled)
    parts = ", ".join(f"{count} of {name}" for name, count in spoiled)
    silent = [each.part for each in score.shares if not each.says_something]
    found = f"F rests on {whole} spoiled {'question' if whole == 1 else 'questions'}" + (
        f" ({parts})." if parts else "."
    )
    for part in silent:
        also = ", and plain questions about fresh documents count nothing" if part is f_score.Part.held_out else ""
        found += f" Of {part.replace('_', ' ')} none is spoiled: the others carry their weight{also}."
    return found


def _exact(value: Fraction | None) -> JsonObject | None:
    found = shown(value)
    return found if isinstance(found, dict) else None


def by_verdict(found: Effect) -> list[JsonObject]:
    """How many answers to the hidden questions were worth what, before, after, and from the platform's own fix."""
    counted = {name: Counter(row["verdict"] for row in found.answers(name).values()) for name in _SETS}
    return [
        {
            "verdict": verdict,
            "harmful": verdict in HARMFUL,
            **{name: counted[name].get(verdict, 0) for name in _SETS},
        }
        for verdict in ClaimVerdict
        if any(counted[name].get(verdict) for name in _SETS)
    ]


def rates(found: Effect) -> JsonObject:
    """Hallucination rate and answer rate before, after and healthy: always both, with their counts."""
    counts: dict[str, Any] = found.run.probe_counts if found.run else {}
    return {
        name: {
            "hallucination": _of(row["harmful"], row["total"]),
            "answers": _of(row["answered"], row["answerable"]),
            "right": _of(row["right"], row["total"]),
            "by_group": {
                group: {"hallucination": _of(one["harmful"], one["total"]), "right": _of(one["right"], one["total"])}
                for group, one in row.get("by_group", {}).items()
            },
        }
        for name in _SETS
        if (row := counts.get(name))
    }


def _of(part: int, whole: int) -> JsonObject:
    return {"part": part, "of": whole, "share": round(part / whole, 4) if whole else None}


def mutation(found: Effect) -> JsonObject | None:
    """Which wrong fixes the test caught, by kind, and which other right fixes it passes on."""
    wrong = [cell for (kind, _), cell in found.cells.items() if kind == CellKind.mut]
    right = [cell for (kind, _), cell in found.cells.items() if kind == CellKind.alt]
    if not wrong and not right:
        return None
    kinds: dict[str, list[Cell]] = {}
    for cell in wrong:
        kinds.setdefault(mutant_kind(cell.key, found.kept.truth), []).append(cell)
    return {
        "caught": _of(sum(_as_required(cell) for cell in wrong), len(wrong)),
        "by_kind": [
            {
                "kind": kind,
                "caught": _of(sum(_as_required(cell) for cell in cells), len(cells)),
                "wrong_fixes": [_row(cell) | {"says": _says(cell.key, found.kept)} for cell in cells],
            }
            for kind, cells in sorted(kinds.items())
        ],
        "alternatives": {
            "passed": _of(sum(_as_required(cell) for cell in right), len(right)),
            "right_fixes": [_row(cell) for cell in right],
        },
    }


def mutant_kind(key: str, truth: JsonObject) -> str:
    """The kind of wrong fix: what the pack says in its truth, else what its name begins with."""
    told = truth.get("mutant_kinds", {})
    return str(told[key]) if isinstance(told, dict) and key in told else key.partition("/")[0].replace("_", " ")


def _says(key: str, kept: Kept) -> str:
    truth = {"failure_class": kept.attempt.incident_class} | kept.truth
    return wrong_fixes.says(key, pack=kept.twin.pack, truth=truth)


def _row(cell: Cell) -> JsonObject:
    return {"name": cell.key, "as_required": _as_required(cell), "result": cell.result, "cell": cell.pk}


def _as_required(cell: Cell) -> bool:
    return bool(cell.result == CellResult.as_required)
