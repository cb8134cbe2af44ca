"""What a twin's public page says, field by field: in the catalogue, in full, and whether I may start it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exams import catalogue, incident, markdown, start
from exams.clock import scaled
from exams.database_clock import database_now
from exams.errors import Refusal

if TYPE_CHECKING:
    from accounts.models import User
    from exams.models import TwinVersion
    from exams.twins import Twin
    from exams.twins.definition import Answer, Deliverable, Stage


def summary(version: TwinVersion, twin: Twin, *, taken: int) -> dict[str, Any]:
    """A twin for the catalogue."""
    return {
        "slug": twin.slug,
        "version": version.version,
        "kind": twin.kind,
        "title": twin.title,
        "situation": twin.situation,
        "level": twin.level,
        "duration": twin.duration,
        "language": twin.language,
        "pace": twin.pace,
        "price_credits": twin.price.credits,
        "cover": twin.cover,
        "taken": taken,
        "skills": [skill.key for skill in twin.skills],
        "demo": twin.demo,
    }


def whole(version: TwinVersion, twin: Twin, user: User | None) -> dict[str, Any]:
    """A twin's public page: every field is named here, so that nothing hidden can slip out with the rest."""
    percent = start.multiplier_percent(user) if user else 100
    return summary(version, twin, taken=catalogue.taken(twin.slug)) | {
        "server_now": database_now(),
        "brief_markdown": twin.brief_markdown,
        "brief_html": markdown.render(twin.brief_markdown),
        "receives": twin.receives,
        "does": twin.does,
        "earning_criteria": twin.earning_criteria,
        "stages": [_stage(stage, percent) for stage in twin.stages],
        "deliverables": [_deliverable(each, twin) for each in twin.deliverables],
        "submission_modes": twin.submission_modes,
        "self_checks": twin.self_checks,
        "rubric": twin.rubric,
        "skills_on_offer": [{"key": each.key, "ceiling": each.ceiling_twentieths / 20} for each in twin.skills],
        "careers": twin.careers,
        "coworkers": twin.coworkers,
        "workspace": twin.workspace,
        "packet": twin.packet.items if twin.packet else (),
        "cause_catalogue": incident.cause_catalogue(twin),
        "limits": {**twin.limits.model_dump(), "rollbacks": twin.limits.deployments},
        "reattempts": twin.reattempts,
        "review_hours": twin.review_hours,
        # Nobody can rate yet; figures come from people or not at all.
        "rating": {"average": None, "count": 0, "out_of": twin.rating.out_of},
        "start": _startable(version, twin, user, percent),
    }


def _stage(stage: Stage, percent: int) -> dict[str, Any]:
    slot = stage.slot
    return {
        "key": stage.key,
        "title": stage.title,
        "opens_anchor": stage.opens.anchor,
        "opens_after_seconds": stage.opens.after.total_seconds(),
        "closes_anchor": stage.closes.anchor,
        "closes_after_seconds": stage.closes.after.total_seconds(),
        "my_closes_after_seconds": scaled(stage.closes.after, percent).total_seconds(),
        "status_updates": stage.status_updates,
        "slot": slot
        and {
            "lasts_seconds": slot.lasts.total_seconds(),
            "questions_seconds": slot.questions.total_seconds() if slot.questions else None,
            "audience": slot.audience,
        },
    }


def _deliverable(deliverable: Deliverable, twin: Twin) -> dict[str, Any]:
    public = deliverable.model_dump(exclude={"expected", "answers"})
    if deliverable.kind == "code":
        public["modes"] = deliverable.modes or twin.submission_modes
    return public | {"answers": [_answer(each) for each in deliverable.answers]}


def _answer(answer: Answer) -> dict[str, Any]:
    percent = answer.tolerance_percent
    return answer.model_dump() | {"tolerance_percent": None if percent is None else percent / 100}


def _startable(version: TwinVersion, twin: Twin, user: User | None, percent: int) -> dict[str, Any]:
    facts = {"attempts_allowed": twin.attempts_allowed, "attempts_used": 0, "multiplier_percent": percent}
    if user is None:
        return {"possible": False, "reason": "Sign in first: the clock starts for a person.", **facts}
    facts["attempts_used"] = catalogue.attempts_used(user, version.slug)
    try:
        start.require_may_start(user, version)
    except Refusal as refusal:
        return {"possible": False, "reason": str(refusal), **facts}
    return {"possible": True, "reason": "", **facts}
