"""Self-checks: which answers block, in which words, and what a force needs."""

from __future__ import annotations

from itertools import product

import pytest

from exams.models import Answer
from exams.submit.self_checks import (
    REASON_CHARACTERS,
    CriticalSelfCheck,
    ForceNeedsReason,
    Judged,
    UnknownSelfCheck,
    judge,
    reason_given,
    require_unblocked,
)
from exams.twins.definition import SelfCheck

F1 = SelfCheck(key="F1", stage="live", question="Regression test in it?", critical=True)
F2 = SelfCheck(key="F2", stage="live", question="Update posted?")
G1 = SelfCheck(key="G1", stage="live", question="Deployed?", critical=True)
CHECKS = (F1, F2, G1)


def allow(judged: Judged, *, force_reason: str | None) -> str:
    """What a hand-in that arrived in time has to pass; the reason that is kept with it."""
    reason = reason_given(judged, force_reason=force_reason)
    require_unblocked(judged, reason=reason)
    return reason


@pytest.mark.parametrize("answers", list(product(["yes", "no", None], repeat=3)))
def test_a_hand_in_is_blocked_exactly_by_critical_checks_that_are_not_yes(answers: tuple[str | None, ...]) -> None:
    given = {check.key: answer for check, answer in zip(CHECKS, answers, strict=True) if answer}
    judged = judge(CHECKS, given)
    assert [check.key for check in judged.blocked] == [
        check.key for check in CHECKS if check.critical and given.get(check.key) != "yes"
    ]
    assert judged.answers == {check.key: given.get(check.key, "not_answered") for check in CHECKS}
    if judged.blocked:
        with pytest.raises(CriticalSelfCheck) as refused:
            allow(judged, force_reason=None)
        assert [each["key"] for each in refused.value.facts["checks"]] == [check.key for check in judged.blocked]
        assert all(each["why"] for each in refused.value.facts["checks"])
        assert allow(judged, force_reason=" out of time ") == "out of time"
    else:
        assert allow(judged, force_reason=None) == ""


def test_the_refusal_says_which_and_why() -> None:
    with pytest.raises(CriticalSelfCheck, match=r"F1 .* was answered no; G1 .* was not answered"):
        allow(judge(CHECKS, {"F1": "no"}), force_reason=None)


@pytest.mark.parametrize("reason", ["", " ", "\n\t", "x" * (REASON_CHARACTERS + 1)])
def test_a_force_needs_a_reason_in_any_case(reason: str) -> None:
    for given in ({}, {"F1": "yes", "G1": "yes"}):
        with pytest.raises(ForceNeedsReason):
            allow(judge(CHECKS, given), force_reason=reason)


def test_a_force_that_passes_over_nothing_is_none() -> None:
    assert allow(judge(CHECKS, {"F1": "yes", "G1": "yes"}), force_reason="just in case") == ""


@pytest.mark.parametrize("given", [{"F9": "yes"}, {"F1": "maybe"}, {"F1": ""}, {"F1": Answer.NOT_ANSWERED}])
def test_answers_to_other_questions_or_in_other_words_are_refused(given: dict[str, str]) -> None:
    with pytest.raises(UnknownSelfCheck):
        judge(CHECKS, given)
