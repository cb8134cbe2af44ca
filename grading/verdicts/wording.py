"""A verdict in words that a learner can act on, as the occasion has it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from grading.verdicts.deciding import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Words:
    """A verdict for the person who handed in: what happened, and what to do next. Nothing hidden is told."""

    happened: str
    next: str

    def __str__(self) -> str:
        return f"{self.happened} {self.next}"


_WORDS: Mapping[Verdict, Words] = {
    Verdict.rejected_ingest: Words(
        "We could not take your files in.",
        "Read the reason, correct the source and hand in again before the deadline.",
    ),
    Verdict.infra_error: Words(
        "Something of ours failed while your work was being run; it costs you nothing.",
        "There is nothing to do: it is run again by itself.",
    ),
    Verdict.tampered: Words(
        "The run sent messages that contradict each other, as if its own report had been rewritten.",
        "Take out whatever changes pytest, its reports or its hooks; a test needs only `ask`, `facts` and `assert`.",
    ),
    Verdict.broken_test: Words(
        "The regression test gave no plain pass or failure of its own, so it says nothing about either version.",
        "See the output of the run: a test must be found in tests/regression/test_*.py, be collected without errors, "
        "and neither skip, expect to fail, nor leave early.",
    ),
    Verdict.flaky: Words(
        "The same test against the same version passed in some repeats and failed in others.",
        "Make it depend on the answers alone: no clock, no randomness, no order of tests, no state kept between them.",
    ),
    Verdict.not_reproducing: Words(
        "The test passes on the version that was handed to you, so it does not reproduce the incident.",
        "Ask something which that version answers wrongly, and assert what the right answer is; the transcript of this "
        "run marks wrong answers as harmful.",
    ),
    Verdict.reproduces_by_error_only: Words(
        "On the version that was handed to you the test ends with an exception, not with a failed assertion.",
        "Assert what the answer must be; an error may have any cause, so it does not count as reproducing.",
    ),
    Verdict.reproduces_by_timeout_only: Words(
        "On the version that was handed to you the test runs out of time instead of failing an assertion.",
        "Ask fewer questions and assert on the answers; waiting does not count as reproducing.",
    ),
    Verdict.fails_on_own_fix: Words(
        "The test reproduces the incident, but it does not pass on your own hotfix.",
        "Compare the two transcripts: either the hotfix does not reach these questions, or the test expects too much.",
    ),
    Verdict.overfit: Words(
        "The test rejects other fixes that are right: it is tied to how you solved it, not to what customers get.",
        "Assert on what the answer says and cites, not on its exact wording, its order or internals.",
    ),
    Verdict.weak: Words(
        "The test lets wrong fixes through.",
        "Ask about more products and attributes, ask questions that must still be answered, "
        "and check value, condition and citation.",
    ),
    Verdict.hotfix_incomplete: Words(
        "The test is sound, but with other products and values the hotfix still gives answers of the same wrong kind.",
        "Look for the cause rather than for the reported questions.",
    ),
    Verdict.hotfix_regresses: Words(
        "The failure is gone, but answers that were right before are now wrong or refused.",
        "Make the change smaller: what was answered rightly before the hotfix must be answered rightly after it.",
    ),
    Verdict.limit_exceeded: Words(
        "The work went over a limit of time, memory or output, so part of it could not be judged.",
        "Ask fewer questions or do less work for each; the run says which limit it was.",
    ),
    Verdict.verified: Words(
        "The test fails before and passes after, guards against wrong fixes, accepts other right ones, "
        "and the hotfix holds on fresh questions.",
        "There is nothing left to do here: write the post-mortem.",
    ),
}
_FAILS_THEN_PASSES = "The test fails by assertion on the version handed to you and passes on your hotfix, every time."


class Occasion(StrEnum):
    """When a verdict is told, and so what can still be done about it.

    Of a practice run: `practice` while its window is open, `practice_over` after it. Of the visible cells of a hand-in:
    `stage_open`, or `being_checked` once the window has closed. Of all its cells: `stage_closed` as it is found,
    `stands` while another window is open, `rest_handed_in` where those are handed in, `all_closed` after the last.
    """

    practice = "practice"
    practice_over = "practice_over"
    stage_open = "stage_open"
    being_checked = "being_checked"
    stage_closed = "stage_closed"
    stands = "stands"
    rest_handed_in = "rest_handed_in"
    all_closed = "all_closed"


_WORDS_THEN: Mapping[tuple[Occasion, Verdict], Words] = {
    (Occasion.practice, Verdict.verified): Words(
        _FAILS_THEN_PASSES,
        "That is all a practice run shows. At hand-in the test also meets other right and wrong fixes, and the hotfix "
        "meets fresh questions: check that both go further than the reported ones.",
    ),
    (Occasion.stage_open, Verdict.verified): Words(
        _FAILS_THEN_PASSES,
        "The hidden checks follow: other right and wrong fixes for the test, fresh questions for the hotfix. "
        "Check that both go further than the reported questions; you may hand in again until the window closes.",
    ),
    (Occasion.practice, Verdict.rejected_ingest): Words(
        "We could not take your files in.",
        "Read the reason, correct the source and ask for another run. Nothing was handed in by this one.",
    ),
}
_NO_TEST = Words(
    "There is no regression test in tests/regression/test_*.py.",
    "Add one that fails on the version handed to you and passes on your hotfix.",
)


def words(verdict: Verdict, *, occasion: Occasion = Occasion.stage_closed, has_test: bool = True) -> Words:
    """The verdict in words a learner can act on."""
    said = _WORDS_THEN.get((occasion, verdict), _WORDS[verdict])
    if verdict is Verdict.broken_test and not has_test:
        said = _NO_TEST
    return said if verdict is Verdict.infra_error else Words(said.happened, _next(said.next, verdict, occasion))


def _next(advice: str, verdict: Verdict, occasion: Occasion) -> str:
    """What is true to say at that time: after a window has closed, nothing can be mended in it."""
    said = advice
    match occasion:
        case Occasion.practice_over:
            said = "The window has closed: nothing more is run, and this run is not judged; your hand-in is."
        case Occasion.being_checked:
            said = "The window has closed. The hidden checks are being run, and what they say is told here."
        case Occasion.stands | Occasion.rest_handed_in | Occasion.all_closed if verdict is Verdict.rejected_ingest:
            said = "The window has closed, so nothing can be handed in for it any more that counts by itself."
        case Occasion.rest_handed_in if verdict is Verdict.verified:
            said = (
                "There is nothing left to do: the rest is handed in, too. Until its window closes you may do so again."
            )
        case Occasion.stands | Occasion.rest_handed_in if verdict is not Verdict.verified:
            said = f"The window has closed, so this stands. For another time: {advice}"
        case Occasion.all_closed if verdict is Verdict.verified:
            said = "There is nothing left to do: all windows have closed."
        case Occasion.all_closed:
            said = f"All windows have closed, so this stands. For another time: {advice}"
    return said
