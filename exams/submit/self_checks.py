"""Self-checks answered at hand-in: which answers block, and in which words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exams.errors import Refusal
from exams.models import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exams.twins.definition import SelfCheck

REASON_CHARACTERS = 2_000


class UnknownSelfCheck(Refusal):
    """An answer to a question that this stage does not ask, or one that is neither yes nor no."""


class CriticalSelfCheck(Refusal):
    """A critical self-check was not answered yes, and nothing was forced."""


class ForceNeedsReason(Refusal):
    """A force without a reason, or with one that is too long."""


@dataclass(frozen=True)
class Judged:
    """Every check with its answer, and the critical ones among them that were not answered yes."""

    answers: dict[str, Answer]
    blocked: tuple[SelfCheck, ...]


def judge(checks: Sequence[SelfCheck], given: Mapping[str, str]) -> Judged:
    """Match answers with checks; what is missing is recorded as not answered.

    Raises:
        UnknownSelfCheck: an answer to something else, or neither yes nor no.
    """
    known = {check.key for check in checks}
    for key, answer in given.items():
        if key not in known:
            raise UnknownSelfCheck(
                f"This stage has no self-check {key[:20]!r}. It has: {', '.join(sorted(known)) or 'none'}.",
                checks=sorted(known),
            )
        if answer not in {Answer.YES, Answer.NO}:
            raise UnknownSelfCheck(f"Self-check {key} is answered with yes or no.", checks=[key])
    answers = {check.key: Answer(given.get(check.key, Answer.NOT_ANSWERED)) for check in checks}
    blocked = tuple(check for check in checks if check.critical and answers[check.key] != Answer.YES)
    return Judged(answers=answers, blocked=blocked)


def reason_given(judged: Judged, *, force_reason: str | None) -> str:
    """The reason with which a blocked hand-in is forced; empty when nothing blocks it or nothing is forced.

    Raises:
        ForceNeedsReason: a force says no reason.
    """
    if force_reason is None:
        return ""
    if not 1 <= len(force_reason.strip()) <= REASON_CHARACTERS:
        raise ForceNeedsReason(
            f"A force needs a reason of 1 to {REASON_CHARACTERS} characters; your mentor reads it first. Write one.",
            limit=REASON_CHARACTERS,
        )
    return force_reason.strip() if judged.blocked else ""


def require_unblocked(judged: Judged, *, reason: str) -> None:
    """Refuse a hand-in that a critical check blocks and that gives no reason to pass it over.

    Raises:
        CriticalSelfCheck: naming the checks, and why each blocks.
    """
    if not judged.blocked or reason:
        return
    raise CriticalSelfCheck(
        f"{_sentence(judged)} Nothing was handed in. Do what it asks and answer yes, or force with a reason, "
        "which your mentor reads first.",
        checks=[
            {
                "key": check.key,
                "question": check.question,
                "answer": judged.answers[check.key],
                "why": "It is critical and was not answered."
                if judged.answers[check.key] == Answer.NOT_ANSWERED
                else "It is critical and was answered no.",
            }
            for check in judged.blocked
        ],
    )


def _sentence(judged: Judged) -> str:
    parts = [
        f"{check.key} ({check.question}) "
        + ("was not answered" if judged.answers[check.key] == Answer.NOT_ANSWERED else "was answered no")
        for check in judged.blocked
    ]
    return f"Critical: {'; '.join(parts)}."
