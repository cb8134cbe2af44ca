"""The conditions that a twin's bands are written in: a few named figures, compared. They propose; mentors score.

A condition is one of ``"diagnosis.minimal"``, ``"not hotfix.harness_edited"``, ``"hotfix.f >= 0.95"`` and
``"communication.promises_kept <= 70 %"``. There is nothing else in the language: no arithmetic, no `and`, no `or`. All
conditions of a band must hold; two bands with the same score are two ways to it.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Kind = Literal["number", "share", "yes_no"]


@dataclass(frozen=True)
class Figure:
    """A figure that conditions may name: a count or minutes, a share of one, or yes or no; and what it says."""

    kind: Kind
    says: str


FIGURES: Mapping[str, Figure] = {
    "diagnosis.filed": Figure("number", "diagnoses filed in the live window"),
    "diagnosis.confirmed_minutes": Figure("number", "minutes from the start to the first diagnosis that reproduces"),
    "diagnosis.right_minutes": Figure(
        "number", "minutes to the first diagnosis that names component and class, and reproduces"
    ),
    "diagnosis.component_right": Figure("yes_no", "some diagnosis names the component at fault"),
    "diagnosis.class_right": Figure("yes_no", "some diagnosis names the failure class"),
    "diagnosis.one_of_two": Figure("yes_no", "some diagnosis names one of two causes, or a wrong one beside it"),
    "diagnosis.minimal": Figure("yes_no", "no question of the repro that counts could be left out"),
    "diagnosis.questions_before_fix": Figure("number", "questions put to the model before the first fix was run"),
    "hotfix.handed_in": Figure("yes_no", "code was handed in"),
    "hotfix.f": Figure("share", "F: the damage put right, with its caps"),
    "hotfix.harmful_left": Figure(
        "number", "hidden questions of the class, or put in other ways, still answered harmfully; not by our own fix"
    ),
    "hotfix.incident_prompts": Figure("share", "the part of F on the incident's own documents"),
    "hotfix.held_out_prompts": Figure("share", "the part of F on documents of a fresh seed"),
    "hotfix.harness_edited": Figure("yes_no", "the knowledge base, the facts or protected files were edited"),
    "hotfix.containment_only": Figure("yes_no", "what was wrong is refused rather than answered rightly"),
    "hotfix.answers_lost": Figure("yes_no", "less than 80 % of the healthy answer rate is left"),
    "hotfix.answer_rate_kept": Figure("share", "the answer rate after, of the healthy tree's"),
    "hotfix.lines_changed": Figure("number", "lines added and removed, tests left out"),
    "hotfix.touches_cause": Figure("yes_no", "a file at fault was changed"),
    "hotfix.files_elsewhere": Figure("number", "changed files that are not at fault, tests left out"),
    "hotfix.deployed": Figure("yes_no", "customers got a version of the learner's in the live window"),
    "regression.present": Figure("yes_no", "a regression test was handed in"),
    "regression.fails_then_passes": Figure("yes_no", "it fails by assertion before the fix and passes after it"),
    "regression.mutants_caught": Figure("share", "wrong fixes that the test catches"),
    "regression.alternatives_passed": Figure("share", "other right fixes that the test passes on"),
    "regression.questions": Figure(
        "number", "different questions that the test asked, of the faulty version or the fix"
    ),
    "regression.wrong_cases": Figure(
        "number",
        "different things (product and term) that it asks and the faulty version tells it or customers wrong",
    ),
    "regression.deterministic": Figure("yes_no", "its repeats all said the same"),
    "regression.before_deploy": Figure("yes_no", "a test was in the first version that was deployed, or run before it"),
    "postmortem.present": Figure("yes_no", "a post-mortem was handed in"),
    "postmortem.timeline_entries": Figure("number", "entries of its timeline that carry a time"),
    "postmortem.key_events": Figure("share", "key events that the timeline tells"),
    "postmortem.contradicted": Figure("share", "timeline entries that plainly say what the record does not have"),
    "postmortem.inversions": Figure("number", "pairs of matched entries told in the wrong order"),
    "postmortem.blast_radius_error": Figure("share", "how far its stated wrong answers are from the true number"),
    "postmortem.follow_ups": Figure("number", "follow-ups"),
    "postmortem.follow_ups_owned_and_dated": Figure("number", "follow-ups with an owner and a date"),
    "postmortem.follow_ups_complete": Figure(
        "number", "those with a verb first, an owner, a date and a measurable end"
    ),
    "postmortem.latent_period_told": Figure("yes_no", "it tells how long the fault lay hidden"),
    "postmortem.blames": Figure("number", "sentences in which a person is the cause"),
    "communication.updates": Figure("number", "status updates in the live window"),
    "communication.first_minutes": Figure("number", "minutes from the start to the first update"),
    "communication.longest_silence_minutes": Figure("number", "the longest silence"),
    "communication.with_impact": Figure("share", "updates that say the impact, in its field or in words"),
    "communication.with_next_update": Figure(
        "share", "updates that say when the next one comes, of those before *resolved*"
    ),
    "communication.complete": Figure(
        "share", "updates with impact, action and the time of the next one, of those before *resolved*"
    ),
    "communication.promises_kept": Figure("share", "promises of a next update that were kept, of those due"),
    "communication.claims_contradicted": Figure("number", "claims in updates that telemetry contradicts"),
    "communication.injects_answered": Figure("share", "requests in the room that were answered in time"),
    "communication.compliance_told": Figure("yes_no", "an update went to compliance"),
}

_COMPARISONS: Mapping[str, Callable[[Fraction, Fraction], bool]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
    "==": operator.eq,
}
_COMPARED = re.compile(
    r"(?P<name>[a-z_.]+)\s*(?P<how><=|>=|==|<|>)\s*(?P<number>\d{1,6}(?:\.\d{1,4})?)\s?(?P<percent>%)?"
)
_PLAIN = re.compile(r"(?P<negated>not\s+)?(?P<name>[a-z_.]+)")

Value = Fraction | bool


@dataclass(frozen=True)
class Condition:
    """One condition: `figure` compared by `how` with `number`, or (`how` empty) said to be `wanted`."""

    text: str
    figure: str
    how: str = ""
    number: Fraction = Fraction(0)
    wanted: bool = True

    def holds(self, value: Value | None) -> bool | None:
        """Whether it holds of the figure's value; None where there is none."""
        if value is None:
            return None
        if self.how:
            return _COMPARISONS[self.how](Fraction(value), self.number)
        return bool(value) is self.wanted


def condition(text: str) -> Condition:
    """Read one condition.

    Raises:
        ValueError: it is none, or names a figure that does not exist, or compares what is yes or no.
    """
    written = " ".join(text.split())
    if found := _COMPARED.fullmatch(written):
        kind = _known(found["name"]).kind
        if kind == "yes_no":
            raise ValueError(f"{found['name']} is yes or no; write it alone, or with not before it")
        if found["percent"] and kind != "share":
            raise ValueError(f"{found['name']} is no share; write a number without %")
        number = Fraction(found["number"]) / (100 if found["percent"] else 1)
        return Condition(written, found["name"], found["how"], number)
    if found := _PLAIN.fullmatch(written):
        if _known(found["name"]).kind != "yes_no":
            raise ValueError(f"{found['name']} is a number; compare it, as in {found['name']} >= 1")
        return Condition(written, found["name"], wanted=not found["negated"])
    raise ValueError(f'{text!r} is no condition; write "NAME", "not NAME" or "NAME >= NUMBER", for <, <=, >, >= or ==')


def misfits(conditions: Sequence[Condition]) -> Iterator[str]:
    """Why a band of these conditions can never hold, in words for who writes it; nothing if it can."""
    by_figure: dict[str, list[Condition]] = {}
    for each in conditions:
        by_figure.setdefault(each.figure, []).append(each)
        if FIGURES[each.figure].kind == "share" and "%" not in each.text and each.number > 1:
            yield f"{each.text!r} compares a share with {each.number}; write {each.text} %, or a part of one"
    for together in by_figure.values():
        if not _meet(together):
            yield f"nothing can meet {' and '.join(repr(each.text) for each in together)}"


def _meet(conditions: Sequence[Condition]) -> bool:
    """Whether one value of a figure can meet all of these; no figure is negative."""
    if not conditions[0].how:
        return len({each.wanted for each in conditions}) == 1
    least = max([Fraction(0), *(each.number for each in conditions if each.how in {">", ">=", "=="})])
    most = min((each.number for each in conditions if each.how in {"<", "<=", "=="}), default=None)
    if most is None or least < most:
        return True
    return least == most and all(each.holds(least) for each in conditions)


def _known(name: str) -> Figure:
    if name not in FIGURES:
        raise ValueError(f"there is no figure {name!r}; known are {', '.join(FIGURES)}")
    return FIGURES[name]
