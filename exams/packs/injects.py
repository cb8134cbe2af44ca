"""How an incident pack says what its people do and when: rules as data, in a small closed vocabulary.

A rule names who speaks, from which second on, under which conditions, how often and in which words. It holds no
chance: whatever is drawn (times, names, which wording comes first) the pack has drawn from its seed when it hands the
rules out. `exams.coworkers.engine` decides from rules and history what is said at which second.

Lengths are seconds, or minutes where it says so, and all but `delay` are stretched by a learner's multiplier, as the
windows are and the customers' questions.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exams.packs.alarm import Alarm

Role = Literal["alert", "customer", "support", "executive", "compliance", "on_call"]
Audience = Literal["stakeholders", "customers", "engineering", "compliance"]
State = Literal["investigating", "identified", "monitoring", "resolved"]
Outcome = Literal["live", "failed", "rolled_back", "called_off"]
Each = Literal["", "update", "deployment", "version", "ring"]
Answered = Literal["asked", "correct", "refused", "harmful", "failed"]

MOST_TIMES = 6  # of one rule: a person who says the same a seventh time is a machine
MOST_RULES = 40

# What a text may name in braces, and what stands there; `exams.coworkers.words` puts it in.
PLACES = {
    "silence": "minutes since the last update, to the audience that the rule's `Silence` names",
    "overdue": "minutes since the moment for which the update that the rule's `PromiseMissed` misses was promised",
    "waiting": "minutes since the question that the rule's `Unanswered` names",
    "window": "minutes that the rule's first `Share` or `Rings` looks back at (60 without), or that there were",
    "asked": "questions of customers in those minutes",
    "correct": "those answered rightly",
    "refused": "those not answered, rightly or not",
    "harmful": "those answered wrongly",
    "complaints": "of a rule with `Rings`: complaints in those minutes when it rang",
    "firing": "of a rule with `Rings`: “Firing”, or “Still firing” where it had rung before and never stopped",
    "minutes_in": "minutes since the window opened",
    "asked_so_far": "questions of customers since the window opened",
    "harmful_so_far": "those answered wrongly",
    "version": "the version that was deployed, or tried, last",
    "question": "what the customer asked whose complaint is quoted",
    "began": "how that customer's conversation began, if that was another question; only in `texts_of_two`",
    "answer": "what that customer was told",
}


class UnusableScript(ValueError):
    """A rule that cannot be acted on: no words, an unknown place in them, a key that stands twice."""


@dataclass(frozen=True)
class Sender:
    """Who speaks: `name` and `title` as the learner reads them."""

    role: Role
    name: str
    title: str


@dataclass(frozen=True)
class Silence:
    """For `seconds` there was no update: to `audience`, or to anybody when that is empty."""

    seconds: int
    audience: Audience | Literal[""] = ""


@dataclass(frozen=True)
class NeverTold:
    """There was no update to `audience` yet, or to anybody when that is empty; not `yes`: there was one."""

    audience: Audience | Literal[""] = ""
    yes: bool = True


@dataclass(frozen=True)
class Stands:
    """Whether the last update, to whomever, says this."""

    state: State
    yes: bool = True


@dataclass(frozen=True)
class PromiseMissed:
    """An audience was promised its next update for a moment that passed `seconds` ago, and was told nothing since."""

    seconds: int


@dataclass(frozen=True)
class Share:
    """Of the customers' questions in the last `minutes`, at least `at_least` and under `below` per cent ended so.

    Attributes:
        of: Which answers are counted.
        minutes: How far back; whole minutes that have ended.
        at_least: Per cent of the questions asked.
        below: Per cent of the questions asked.
        enough: It holds only when that many questions were asked.
        since: Count only minutes that began after this: ``version``, the last time what is live changed; ``update``,
            the last update.
    """

    of: Answered
    minutes: int
    at_least: int = 0
    below: int = 101
    enough: int = 8
    since: Literal["", "version", "update"] = ""


@dataclass(frozen=True)
class HarmLeft:
    """How much of the harm that the incident opened with is still done, whatever its share of all answers is.

    Measured by the same questions: of those that the version live at the opening would have answered harmfully in the
    last `minutes`, at least `at_least` and under `below` per cent (None: however many) as many were.

    Attributes:
        minutes: How far back; whole minutes that have ended.
        at_least: Per cent of what the first version would have harmed.
        below: Per cent of that.
        enough: It holds only when that version would have harmed that many: of fewer nothing can be told.
        since: As in `Share`.
    """

    minutes: int
    at_least: int = 0
    below: int | None = None
    enough: int = 1
    since: Literal["", "version", "update"] = ""


@dataclass(frozen=True)
class Rings:
    """An alarm on complaints has rung since the opening; those from before it count. Goes with ``each="ring"``."""

    alarm: Alarm


@dataclass(frozen=True)
class Complained:
    """Some customer has complained whom nobody has quoted yet; the text may quote `question` and `answer`."""


@dataclass(frozen=True)
class Confirmed:
    """Whether a diagnosis was filed whose repro reproduces."""

    yes: bool = True


@dataclass(frozen=True)
class Deployed:
    """The last thing that became of a deployment, `seconds` ago or longer. ``""``: nothing was ever deployed."""

    outcome: Outcome | Literal[""]
    seconds: int = 0


@dataclass(frozen=True)
class Changed:
    """What is live last changed `seconds` ago or longer, whatever brought it: a deployment or a rollback.

    What failed, or only called something off, changed nothing. Goes with ``each="version"``.
    """

    seconds: int = 0


@dataclass(frozen=True)
class Unanswered:
    """What rule `key` asked last, `seconds` ago or longer, was answered by no update since."""

    key: str
    seconds: int


@dataclass(frozen=True)
class HandedIn:
    """Whether the stage was handed in."""

    yes: bool = True


Condition = (
    Silence
    | NeverTold
    | Stands
    | PromiseMissed
    | Share
    | HarmLeft
    | Rings
    | Complained
    | Confirmed
    | Deployed
    | Changed
    | Unanswered
    | HandedIn
)


@dataclass(frozen=True)
class Asks:
    """A status update to one of `audiences` answers it; `within` seconds is what the asker hopes for."""

    audiences: tuple[Audience, ...]
    within: int


@dataclass(frozen=True)
class InjectRule:
    """One thing that somebody says when its time has come.

    Attributes:
        key: Unique in its script; the learner reads it in the feed, so it tells nothing that is hidden.
        sender: Who speaks.
        texts: The first time the first of them, the second time the second, and round again. See `PLACES`.
        texts_of_two: Said instead of a customer whose conversation began with another question; as many.
        after: The first second at which it can be said.
        when: All of these hold, at the second it becomes due and, `delay` later, at the second it is said.
        delay: How long the sender takes to notice and write.
        times: How often at most.
        again_after: How long after it was said it may be said again.
        each: Said at most once about the same ``update``, ``deployment`` or ``ring``; of a ``version``, about the same
            change of what is live.
        asks: What would answer it; None when nothing is asked.
        not_in_last: It is not said when so little of the window is left.
    """

    key: str
    sender: Sender
    texts: tuple[str, ...]
    after: int = 0
    when: tuple[Condition, ...] = ()
    delay: int = 0
    times: int = 1
    again_after: int = 600
    each: Each = ""
    asks: Asks | None = None
    not_in_last: int = 180
    texts_of_two: tuple[str, ...] = ()


def check_script(script: Iterable[InjectRule]) -> None:
    """Refuse a script that cannot be acted on; packs' own tests call this for many seeds.

    Raises:
        UnusableScript: with the rule's key and what is wrong with it.
    """
    rules = list(script)
    keys = [rule.key for rule in rules]
    if len(rules) > MOST_RULES:
        raise UnusableScript(f"{len(rules)} rules; {MOST_RULES} is the most that one window bears")
    for rule in rules:
        if (fault := _fault(rule, keys)) is not None:
            raise UnusableScript(f"rule {rule.key!r}: {fault}")


def _places(texts: Iterable[str]) -> set[str]:
    return {place for text in texts for _, place, _, _ in string.Formatter().parse(text) if place is not None}


def _fault(rule: InjectRule, keys: list[str]) -> str | None:
    named, of_two = _places(rule.texts), _places(rule.texts_of_two)
    rings = any(isinstance(each, Rings) for each in rule.when)
    lengths = (rule.after, rule.delay, rule.again_after, rule.not_in_last)
    checks = (
        (keys.count(rule.key) > 1, "its key stands twice"),
        (rule.sender.role not in get_args(Role), f"nobody has the role {rule.sender.role!r}"),
        (not rule.texts or not all(text.strip() for text in rule.texts), "it has no words"),
        (
            bool((named | of_two) - PLACES.keys()),
            f"its words name {sorted((named | of_two) - PLACES.keys())}, which are no places",
        ),
        (
            bool((named | of_two) & {"question", "answer", "began"}) and Complained() not in rule.when,
            "it quotes a customer without the condition `Complained`",
        ),
        (
            "question" in named and len(rule.texts_of_two) != len(rule.texts),
            "it quotes questions, and has not as many words for two of them",
        ),
        ("began" in named, "it quotes how a conversation began, which a single question did not"),
        (bool(named & {"complaints", "firing"}) and not rings, "it speaks of an alarm without the condition `Rings`"),
        (rings != (rule.each == "ring"), "it speaks of an alarm and not once about each ring, or the other way round"),
        (not 1 <= rule.times <= MOST_TIMES, f"it is said {rule.times} times; 1 to {MOST_TIMES} is possible"),
        (min(lengths) < 0, "it has a length below zero"),
        (
            any(isinstance(each, Unanswered) and each.key not in keys for each in rule.when),
            "it waits for the answer to a rule that is not in this script",
        ),
    )
    return next((what for wrong, what in checks if wrong), None)
