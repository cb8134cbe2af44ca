"""Versions that customers got although their run had not been read, or spoke against them; and what came of each."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from exams.models import DeploymentKind
from grading.models import GradingRun, RunState
from grading.verdicts import Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from exams.live.telemetry import Stint
    from exams.models import Deployment
    from grading.evidence.kept import Kept
    from sandboxes.sandbox import JsonObject

# Verdicts that say nothing against the version itself; the last two speak of the test alone.
GOOD = frozenset({Verdict.verified, Verdict.weak, Verdict.overfit})


def unread(kept: Kept) -> list[JsonObject]:
    """Each deployment that was asked for before its run's verdict was there, or against it, as it went on from there.

    Harm and time are those of its code while customers got it, also when a rollback came back to it.
    """
    rows = []
    for each in kept.deployments:
        if each.kind != DeploymentKind.DEPLOY or each.submission is None:
            continue
        verdict, told_at = _verdict(each)
        in_time = told_at is not None and told_at <= each.requested_at
        if in_time and verdict in GOOD:
            continue
        rows.append(_row(kept, each, verdict, told_at, in_time=in_time))
    return rows


def _verdict(deployment: Deployment) -> tuple[str, datetime | None]:
    """What its run was told to have come to, and when; of several tries the first that was told."""
    found = [
        (at, run.visible_verdict or run.verdict)
        for run in GradingRun.objects.filter(submission=deployment.submission)
        if (at := run.visible_at or (run.finished_at if run.state == RunState.GRADED else None)) is not None
    ]
    at, verdict = min(found, default=(None, ""))
    return verdict, at


def _row(kept: Kept, deployment: Deployment, verdict: str, told_at: datetime | None, *, in_time: bool) -> JsonObject:
    stints = list(kept.told.stints) if kept.told else []
    own = [each for each in stints if each.release == deployment.number]
    following = _following(kept, deployment, stints)
    asked, harmful = sum(each.asked for each in own), sum(each.harmful for each in own)
    seconds = sum((each.ends_at - each.begins_at).total_seconds() for each in own)
    found: JsonObject = {
        "deployment": deployment.number,
        "run": str(deployment.submission_id),
        "requested_at": deployment.requested_at,
        "verdict": verdict,
        "verdict_at": told_at,
        "verdict_was_there": in_time,
        "live_from": deployment.live_from,
        "minutes_live": round(seconds / 60, 2) if own else None,
        "asked": asked if own else None,
        "harmful": harmful if own else None,
        "harms_of_traffic": round(own[0].share, 4) if own else None,
        "clean": own[0].clean if own else None,
        "followed_by": following,
        "cites": kept.went_live(deployment.number)
        + (kept.cite_run(deployment.submission) if deployment.submission else [])
        + (kept.went_live(following["deployment"]) if following else []),
    }
    return found | {"says": _says(found, own)}


def _following(kept: Kept, deployment: Deployment, stints: list[Stint]) -> JsonObject | None:
    """What customers got next, after the first time that they got it."""
    place = next((place for place, each in enumerate(stints) if each.deployment == deployment.number), None)
    if place is None or place + 1 >= len(stints):
        return None
    then = stints[place + 1]
    row = next((each for each in kept.deployments if each.number == then.deployment), None)
    return {
        "deployment": then.deployment,
        "kind": row.kind if row else "",
        "to": then.release,
        "at": then.begins_at,
        "after_seconds": (then.begins_at - stints[place].begins_at).total_seconds(),
    }


def _says(row: JsonObject, own: list[Stint]) -> str:
    """All of it in a sentence or two, for who reads no tables."""
    number, asked_for = row["deployment"], row["requested_at"]
    if row["verdict_was_there"]:
        first = f"Deployment {number} was asked for although its run had come to {row['verdict']}."
    elif row["verdict_at"] is None:
        first = f"Deployment {number} was asked for without a verdict on its run, which never came."
    else:
        later = round((row["verdict_at"] - asked_for).total_seconds())
        first = (
            f"Deployment {number} was asked for {later} s before the verdict on its run, which was {row['verdict']}."
        )
    if not own:
        return first
    harm = f"It was live for {row['minutes_live']} min and gave {row['harmful']} harmful of {row['asked']} answers."
    following = row["followed_by"]
    if following is None:
        return f"{first} {harm} It stayed."
    hour = f"{following['at'].astimezone(UTC):%H:%M:%S} UTC"
    if following["kind"] != DeploymentKind.ROLLBACK:
        return f"{first} {harm} Deployment {following['deployment']} followed at {hour}."
    to = f"deployment {following['to']}" if following["to"] else "the release of the opening"
    return f"{first} {harm} It was rolled back to {to} at {hour}."
