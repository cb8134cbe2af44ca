"""The figures that bands are written in, as this attempt has them, each with what it rests on.

Minutes are counted on the learner's own clock: with half as much time again, 60 of the server's are 40 of theirs.
"""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from exams.models import DeploymentKind
from exams.twins.bands import FIGURES
from grading import f_of
from grading.bands import Known
from grading.claims_told import Kind
from grading.evidence import cases
from grading.evidence.diagnosed import reduction
from grading.evidence.effect import why_not_graded
from grading.evidence.figures_written import of_postmortem
from grading.evidence.guessing import guessed
from grading.evidence.moments import FAILS_THEN_PASSES
from grading.f_score import Cap, Part
from grading.models import RunState
from grading.naming import files_at_fault
from grading.plan import AFTER, REFERENCE
from grading.verdicts import CellKind, CellResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from exams.models import Diagnosis
    from grading.evidence.effect import Effect
    from grading.evidence.kept import Kept
    from grading.f_score import Share
    from sandboxes.sandbox import JsonObject

_PERCENT = 100
_MICROSECOND = timedelta(microseconds=1)


def figures(
    kept: Kept, effect: Effect, hotfix: JsonObject | None, updates: JsonObject, postmortem: JsonObject | None
) -> Mapping[str, Known]:
    """Every figure a band may name; one that nothing measures yet is known to be missing."""
    known = {
        **_of_diagnoses(kept),
        **_of_hotfix(kept, effect, hotfix),
        **_of_regression_test(kept),
        **_of_updates(kept, updates),
        **of_postmortem(postmortem),
    }
    return {name: known.get(name, Known(None, why_none="not measured")) for name in FIGURES}


def minutes(kept: Kept, at: datetime) -> Fraction | None:
    """Minutes from the start to a moment, on the learner's clock."""
    if kept.attempt.started_at is None:
        return None
    seconds = Fraction((at - kept.attempt.started_at) // _MICROSECOND, 1_000_000)
    return seconds / 60 * _PERCENT / kept.attempt.multiplier_percent


# --- Diagnosis --------------------------------------------------------------------------------------------------------


def _of_diagnoses(kept: Kept) -> dict[str, Known]:
    compared = [(each, kept.compared(each)) for each in kept.diagnoses]
    right = [each for each, causes in compared if causes.right]
    halves = [each for each, causes in compared if causes.one_of_two]
    found = {
        "diagnosis.filed": Known(Fraction(len(kept.diagnoses)), _filed(kept, kept.diagnoses)),
        "diagnosis.confirmed_minutes": _minutes_to(kept, [kept.confirmed] if kept.confirmed else []),
        "diagnosis.right_minutes": _right(kept, right),
        "diagnosis.component_right": _some(kept, [(each, causes.component) for each, causes in compared], "component"),
        "diagnosis.class_right": _some(kept, [(each, causes.failure_class) for each, causes in compared], "class"),
        "diagnosis.one_of_two": Known(bool(halves), _filed(kept, halves[:1])),
        "diagnosis.minimal": _minimal(kept, next((each for each in right if kept.reproduces(each)), kept.confirmed)),
        "diagnosis.questions_before_fix": _questions_before_fix(kept),
    }
    return found | guessed(kept, _filed(kept, kept.diagnoses))


def _filed(kept: Kept, diagnoses: list[Diagnosis]) -> list[JsonObject]:
    return [cite for each in diagnoses for cite in kept.event("diagnosis.filed", number=each.number)]


def _minutes_to(kept: Kept, diagnoses: list[Diagnosis]) -> Known:
    if not diagnoses:
        return Known(None, never=True)
    return Known(minutes(kept, diagnoses[0].received_at), _filed(kept, diagnoses[:1]))


def _right(kept: Kept, right: list[Diagnosis]) -> Known:
    """To the first that names component and class and whose repro reproduces."""
    reproducing = [each for each in right if kept.reproduces(each)]
    if not reproducing and any(kept.compared(each).open for each in kept.diagnoses):
        return Known(None, _filed(kept, kept.diagnoses), "its words are not recognised: read what it names")
    return _minutes_to(kept, reproducing)


def _some(kept: Kept, found: list[tuple[Diagnosis, bool | None]], what: str) -> Known:
    """Whether any of them is right; while some of them cannot be told from its words, that is for the mentor."""
    naming = [each for each, right in found if right]
    if naming:
        return Known(value=True, cites=_filed(kept, naming[:1]))
    if all(right is False for _, right in found):
        return Known(value=False, cites=_filed(kept, kept.diagnoses))
    return Known(None, _filed(kept, kept.diagnoses), f"no {what} is recognised as the true one: read them")


def _minimal(kept: Kept, diagnosis: Diagnosis | None) -> Known:
    """Of the repro of the diagnosis that counts: the first right one that reproduces, else the first that does."""
    if diagnosis is None:
        return Known(value=False)
    found = reduction(kept, diagnosis)
    if found is None or not found["done"]:
        return Known(None, _filed(kept, [diagnosis]), "it is found out after the window has closed, and was not yet")
    return Known(found["minimal"], found["cites"], "the runs allowed did not suffice to show it")


def _questions_before_fix(kept: Kept) -> Known:
    """Questions put to the running model before the first code was sent in."""
    first = kept.submissions[0].received_at if kept.submissions else kept.now
    asked = [each for each in kept.questions if each.received_at < first]
    return Known(
        Fraction(len(asked)), [cite for each in asked[:20] for cite in kept.event("question.asked", number=each.number)]
    )


# --- Hotfix -----------------------------------------------------------------------------------------------------------


def _of_hotfix(kept: Kept, effect: Effect, hotfix: JsonObject | None) -> dict[str, Known]:
    cites = effect.cites
    score = effect.score
    missing = effect.why_no_score
    handed_in = kept.counting is not None and kept.counting.tree_id is not None
    found: dict[str, Known] = {"hotfix.handed_in": Known(handed_in, cites), "hotfix.deployed": _deployed(kept)}
    if effect.run is not None and effect.graded:
        found["hotfix.harness_edited"] = Known(effect.harness_edited, cites)
    if score is None:
        unknown = Known(None, cites, missing)
        names = ("hotfix.f", "hotfix.incident_prompts", "hotfix.held_out_prompts", "hotfix.containment_only")
        also = ("hotfix.answers_lost", "hotfix.answer_rate_kept", "hotfix.harmful_left")
        found |= dict.fromkeys((*names, *also), unknown)
    else:
        shares = {each.part: each for each in score.shares}
        counts: dict[str, Any] = effect.run.probe_counts if effect.run else {}
        found |= {
            "hotfix.f": Known(score.value, cites),
            "hotfix.harmful_left": Known(Fraction(len(effect.harmful_left)), cites),
            "hotfix.incident_prompts": _part(shares[Part.incident], cites),
            "hotfix.held_out_prompts": _part(shares[Part.held_out], cites),
            "hotfix.containment_only": Known(Cap.containment_only in score.hold, cites),
            "hotfix.answers_lost": Known(Cap.answers_lost in score.hold, cites),
            "hotfix.answer_rate_kept": Known(_kept_rate(counts), cites, "nothing could be answered"),
        }
    if hotfix is not None:
        at_fault = files_at_fault(kept.truth)
        elsewhere = [each for each in hotfix["files"] if each["path"] not in at_fault]
        found |= {
            "hotfix.lines_changed": Known(Fraction(hotfix["lines_added"] + hotfix["lines_removed"]), cites),
            "hotfix.touches_cause": Known(hotfix["touches_module_at_fault"], cites, "the truth names no files"),
            "hotfix.files_elsewhere": Known(Fraction(len(elsewhere)), cites),
        }
    return found


def _part(share: Share, cites: list[JsonObject]) -> Known:
    return Known(share.share if share.says_something else None, cites, "none of its questions is spoiled")


def _kept_rate(counts: Mapping[str, Any]) -> Fraction | None:
    after, healthy = (f_of.rate(counts, name).fraction for name in (AFTER, REFERENCE))
    return after / healthy if after is not None and healthy else None


def _deployed(kept: Kept) -> Known:
    theirs = [each for each in kept.deployments if each.kind == DeploymentKind.DEPLOY]
    cites = [cite for each in theirs for cite in kept.went_live(each.number)]
    return Known(bool(theirs), cites)


# --- Regression test --------------------------------------------------------------------------------------------------


def _of_regression_test(kept: Kept) -> dict[str, Known]:
    run, submission = kept.counting_run, kept.counting
    if submission is None:
        return {"regression.present": Known(value=False), "regression.fails_then_passes": Known(value=False)}
    cites = kept.cite_run(submission)
    if run is None or run.state != RunState.GRADED:
        unknown = Known(None, cites, why_not_graded(run))
        return dict.fromkeys((name for name in FIGURES if name.startswith("regression.")), unknown)
    cells = list(run.cells.defer("transcript", "nodes", "output_tail"))
    present = any(each.kind == CellKind.pre for each in cells)
    return {
        "regression.present": Known(present, cites),
        "regression.fails_then_passes": Known(
            None if run.verdict == Verdict.limit_exceeded else run.verdict in FAILS_THEN_PASSES,
            cites,
            "it met a limit: see its cells",
        ),
        "regression.mutants_caught": _share(run.mutants_killed, run.mutants_total, cites),
        "regression.alternatives_passed": _share(run.alternatives_passed, run.alternatives_total, cites),
        **cases.of_test(kept, run, cites),
        "regression.deterministic": Known(
            run.verdict != Verdict.flaky and not any(each.result == CellResult.flaky for each in cells), cites
        ),
        "regression.before_deploy": _test_before_deploy(kept),
    }


def _share(part: int | None, whole: int | None, cites: list[JsonObject]) -> Known:
    if part is None or not whole:
        return Known(None, cites, "the test was not put to them")
    return Known(Fraction(part, whole), cites)


def _test_before_deploy(kept: Kept) -> Known:
    """Whether some code that came with a regression test was run before the first deployment was live, or was it."""
    first = next((each for each in kept.deployments if each.kind == DeploymentKind.DEPLOY), None)
    if first is None or first.live_from is None:
        return Known(None, why_none="nothing was deployed, so that no test could come before it")
    for submission in kept.submissions:
        run = kept.runs[submission.pk]
        if submission.received_at <= first.live_from and run and run.cells.filter(kind=CellKind.pre).exists():
            return Known(value=True, cites=kept.cite_run(submission))
    return Known(value=False, cites=kept.went_live(first.number))


# --- Communication ----------------------------------------------------------------------------------------------------


def _of_updates(kept: Kept, updates: JsonObject) -> dict[str, Known]:
    posted: list[JsonObject] = updates["posted"]
    cites = [cite for each in posted for cite in each["cites"]]
    longest = updates["longest_silence"]
    contradicted = [each for each in updates["claims"] if each["standing"] == "contradicted"]
    checkable = kept.told is not None or all(each["claim"] == Kind.unread for each in updates["claims"])
    found = {
        "communication.updates": Known(Fraction(len(posted)), cites),
        "communication.first_minutes": Known(minutes(kept, posted[0]["at"]), posted[0]["cites"])
        if posted
        else Known(None, never=True),
        "communication.longest_silence_minutes": Known(
            None if longest is None else _scaled(kept, Fraction(longest["seconds"]).limit_denominator(10**6)),
            longest["cites"] if longest else [],
            "there was no window for updates",
        ),
        "communication.claims_contradicted": Known(
            Fraction(len(contradicted)) if checkable else None,
            [cite for each in contradicted for cite in each["cites"]],
            "there is no telemetry to hold them against",
        ),
        "communication.compliance_told": Known(
            any(each["audience"] == "compliance" for each in posted),
            [cite for each in posted if each["audience"] == "compliance" for cite in each["cites"]],
        ),
        "communication.promises_kept": _promises(updates["promises_kept"], cites),
        "communication.injects_answered": _answered(updates["asked_in_the_room"]),
    }
    said = updates["said"]
    for name, key, of in (
        ("with_impact", "impact", "updates"),
        ("with_next_update", "next_update", "going_on"),
        ("complete", "all_three", "going_on"),
    ):
        found[f"communication.{name}"] = _said(said, key, of, cites)
    return found


def _said(said: JsonObject | None, key: str, of: str, cites: list[JsonObject]) -> Known:
    if not said:
        return Known(None, why_none="there was no update")
    if not said[of]:
        return Known(None, cites, "no update came before the word resolved")
    return Known(Fraction(said[key], said[of]), cites)


def _scaled(kept: Kept, seconds: Fraction) -> Fraction:
    return seconds / 60 * _PERCENT / kept.attempt.multiplier_percent


def _promises(kept_of: JsonObject | None, cites: list[JsonObject]) -> Known:
    if not kept_of or not kept_of["due"]:
        return Known(None, cites, "no promised update came due")
    return Known(Fraction(kept_of["kept"], kept_of["due"]), cites)


def _answered(asked: list[JsonObject]) -> Known:
    due = [each for each in asked if each["due"] or each["in_time"]]
    if not due:
        return Known(None, why_none="nobody in the room had asked for an answer")
    cites = [cite for each in due for cite in each["cites"]]
    return Known(Fraction(sum(bool(each["in_time"]) for each in due), len(due)), cites)
