"""Puts what is true at a second into a rule's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from exams.coworkers.history import MINUTE
from exams.packs.injects import PromiseMissed, Rings, Share, Silence, Unanswered

if TYPE_CHECKING:
    from exams.coworkers.conditions import Scene
    from exams.packs.injects import InjectRule

LOOK_BACK = 60  # minutes, for a rule whose conditions name no window
QUOTED_CHARACTERS = 300

Sort = TypeVar("Sort")


def text_of(rule: InjectRule, occurrence: int, scene: Scene) -> str:
    """The words of a rule's next inject. What customers and assistants said is put in as it is, and cut when long."""
    found = scene.complaint()
    texts = rule.texts_of_two if rule.texts_of_two and found and found[1].began else rule.texts
    template = texts[(occurrence - 1) % len(texts)]
    return template.format_map(_values(rule, scene)) if "{" in template else template


def _values(rule: InjectRule, scene: Scene) -> dict[str, str | int]:
    history, second = scene.history, scene.second
    silence, unanswered = _first(rule, Silence), _first(rule, Unanswered)
    last, last_told = history.last_update(second), history.last_update(second, silence.audience if silence else "")
    missing = _first(rule, PromiseMissed)
    promised = history.missed(second, history.stretched(missing.seconds)) if missing else last
    asked = scene.last_of.get(unanswered.key) if unanswered else None
    rings = _first(rule, Rings)
    ring = history.last_ring(rings.alarm, second) if rings else None
    first, end = scene.span(_first(rule, Share) or Share("harmful", LOOK_BACK))
    deployment, found = history.last_deployment(second), scene.complaint()
    known = min(end, len(history.minutes))
    return {
        "silence": (second - (last_told.second if last_told else 0)) // MINUTE,
        "overdue": (second - promised.promise) // MINUTE if promised and promised.promise is not None else 0,
        "waiting": (second - asked.second) // MINUTE if asked else 0,
        "minutes_in": second // MINUTE,
        "window": history.stretched(rings.alarm.minutes) if rings else max(1, end - first),
        "asked": history.total("asked", min(first, known), known) or 0,
        "correct": history.total("correct", min(first, known), known) or 0,
        "refused": history.total("refused", min(first, known), known) or 0,
        "harmful": history.total("harmful", min(first, known), known) or 0,
        "complaints": ring.complaints if ring else 0,
        "firing": "Still firing" if ring and ring.still else "Firing",
        "asked_so_far": history.total("asked", 0, known) or 0,
        "harmful_so_far": history.total("harmful", 0, known) or 0,
        "version": deployment.version if deployment else "",
        "question": _cut(found[1].question) if found else "",
        "began": _cut(found[1].began) if found else "",
        "answer": _cut(found[1].answer) if found else "",
    }


def _first(rule: InjectRule, sort: type[Sort]) -> Sort | None:
    return next((condition for condition in rule.when if isinstance(condition, sort)), None)


def _cut(words: str) -> str:
    plain = " ".join(words.split())
    return plain if len(plain) <= QUOTED_CHARACTERS else plain[: QUOTED_CHARACTERS - 1].rstrip() + "…"
