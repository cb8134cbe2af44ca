"""The bots: what each does at which minute. None of them is bent to what the evidence happens to say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.bots import writing
from deploy.bots.acts import Act, Ask, Deploy, Diagnose, HandIn, Play, Run, Sight, Tell, WriteUp
from deploy.bots.knowing import REFUSE_EVERYTHING, line
from exams.live.diagnoses import spoken
from exams.live.questions import MAX_WAITING
from exams.packs.causes import keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from deploy.bots.knowing import Case


def reference(case: Case) -> Play:
    """Plays as the anchors ask for: tells early and truthfully, asks, proves the cause, fixes, guards, writes it up."""
    truth = case.truth
    work = case.reference.overlay(case.author_test)

    def so_far(sight: Sight) -> str:
        before = truth["wrong_answers_before_opening"]
        return (
            f"Customers were given {before + sight.wrong} wrong answers until now, {before} of them before I took over."
        )

    def since_live(sight: Sight) -> str:
        return (
            f"Of {sight.asked_since_live} answers of the new version {sight.wrong_since_live} were wrong. "
            f"{so_far(sight)} Support has the list of those customers and writes to each of them."
        )

    acts: tuple[Act, ...] = (
        Tell(
            3,
            "I took over and I am reproducing the wrong answers that customers complained about.",
            impact="The assistant gives customers numbers that no approved document bears out.",
            next_in=18,
        ),
        *_asked(5, case.repro),
        *(Ask(7, question) for question in case.scope),
        Tell(
            9,
            "Regulated content was served, so I inform you. I have reproduced it and am finding out how far it goes.",
            impact=so_far,
            audience="compliance",
            next_in=52,
        ),
        Tell(
            15,
            "The assistant gave some of you wrong numbers. We are working on it; ask a person before you rely on one.",
            impact="Some answers about terms and fees are wrong.",
            audience="customers",
            next_in=31,
        ),
        Diagnose(19, truth["component"], _class(case), writing.explanation(case), case.repro),
        Tell(
            21,
            f"We have identified the cause, in the module {truth['component']}. I am testing the fix with a new test.",
            impact=so_far,
            state="identified",
            next_in=12,
        ),
        Run(22, work),
        Deploy(26),
        Tell(
            32,
            "We deployed the fix at minute 27 and are watching what customers get. The way back is deployment 0.",
            impact=so_far,
            state="monitoring",
            next_in=14,
        ),
        Tell(45, "I am checking the answers of the new version.", impact=since_live, state="monitoring", next_in=15),
        Tell(46, since_live, impact=so_far, audience="customers", state="monitoring", next_in=16),
        HandIn(55, work, writing.explanation(case)),
        Tell(60, since_live, impact=so_far, state="resolved"),
        Tell(61, since_live, impact=so_far, state="resolved", audience="compliance"),
        Tell(62, since_live, impact=so_far, state="resolved", audience="customers"),
        WriteUp(180, lambda sight: writing.post_mortem(case, sight)),
    )
    return Play("reference", acts, keeps_its_word=True)


def superficial(case: Case) -> Play:
    """Puts an end to the one complaint it was shown, tests that, and calls it resolved."""
    name, _ = case.reported
    work = case.mutants[name].overlay(case.narrow_test)
    rival = _rival(case)
    acts: tuple[Act, ...] = (
        Tell(12, "We are looking at a complaint about the assistant."),
        *_asked(15, _questions(case)),
        Diagnose(30, "assistant/render.py", rival, "A wrong sentence gets out.", _questions(case)),
        Run(35, work),
        Deploy(40),
        Tell(50, "The problem is fixed: the wrong answer is not given any more.", state="resolved"),
        HandIn(55, work, "A wrong sentence gets out. It is blocked now."),
        WriteUp(120, writing.symptom_restated),
    )
    return Play("superficial", acts)


def refuse_everything(case: Case) -> Play:
    """Switches the assistant off in effect, tests that it refuses, and tells everybody politely."""
    work = case.mutants[REFUSE_EVERYTHING].overlay(case.refusal_test)
    rival = _rival(case)
    impact = "The assistant answers nobody at present; support answers instead."
    acts: tuple[Act, ...] = (
        Tell(4, "I am looking into wrong answers.", impact="Customers get wrong numbers.", next_in=15),
        Run(8, work),
        Deploy(12),
        Diagnose(16, "assistant/render.py", rival, "The model cannot be trusted.", _questions(case)),
        HandIn(20, work, "The model cannot be trusted, so it refuses."),
        *(
            Tell(
                minute,
                "I made the assistant refuse every question, and I am waiting for the next release.",
                impact=impact,
                state="monitoring",
                next_in=17,
            )
            for minute in (18, 34, 50, 66, 82)
        ),
        WriteUp(120, writing.contained),
    )
    return Play("refuse_everything", acts)


def silent(case: Case) -> Play:
    """Finds and fixes it as well as the reference does, and tells nobody anything."""
    work = case.reference.overlay(case.author_test)
    truth = case.truth
    acts: tuple[Act, ...] = (
        *_asked(5, case.repro),
        Diagnose(20, truth["component"], _class(case), truth["mechanism"], case.repro),
        Run(22, work),
        Deploy(26),
        HandIn(30, work, truth["mechanism"]),
        WriteUp(95, "The fault was taken back, and there is a test for it now."),
    )
    return Play("silent", acts)


def generic(case: Case) -> Play:
    """Brings a test that asks a sample of everything, takes back what it fails on, and cannot say what it was."""
    work = case.reference.overlay(case.generic_test)
    acts: tuple[Act, ...] = (
        Tell(10, "I am looking for the change after which my test fails."),
        Run(15, work),
        Deploy(20),
        Diagnose(25, "assistant/render.py", _rival(case), "My test passes since I took a change back.", case.repro),
        HandIn(30, work, "My test passes since I took a change back."),
        WriteUp(120, writing.symptom_restated),
    )
    return Play("generic", acts)


def verbose(case: Case) -> Play:
    """Writes a great deal about a wrong cause, and fixes as little as the superficial one."""
    return _talkative(case, "verbose", lengthen=writing.at_length)


def terse(case: Case) -> Play:
    """The verbose one's play with hardly a word: whatever the two are proposed differently, length has bought."""
    return _talkative(case, "terse", lengthen=writing.in_short)


def _talkative(case: Case, bot: str, *, lengthen: Callable[[str, int], str]) -> Play:
    name, _ = case.reported
    work = case.mutants[name].overlay(case.narrow_test)
    rival = _rival(case)
    acts: tuple[Act, ...] = (
        *(Tell(minute, lengthen("The assistant is under investigation.", 300)) for minute in range(4, 90, 7)),
        *_asked(15, _questions(case)),
        Diagnose(
            30, "assistant/render.py", rival, lengthen("The style of the answers is at fault.", 500), _questions(case)
        ),
        Run(40, work),
        Deploy(45),
        HandIn(80, work, lengthen("The style of the answers is at fault.", 500)),
        WriteUp(180, lengthen("# Post-mortem\n\nThe assistant gave answers that were not right.", 5_000)),
    )
    return Play(bot, acts)


def _class(case: Case) -> str:
    """The cause in the catalogue's words, as learners are told them; of two faults, both."""
    titles = {each.key: each.title for each in case.pack.catalogue().causes}
    return " + ".join(titles[key] for key in keys(case.spec.failure_class))


def _rival(case: Case) -> str:
    """A class that it is not, nor half of it."""
    rivals: Mapping[str, str] = case.truth["rivals"]
    return next(each for each in rivals if each not in keys(case.spec.failure_class))


def _questions(case: Case) -> tuple[str, ...]:
    """What was complained about, as a repro that nobody has looked at twice."""
    return tuple(line(each) for each in case.reported[1].asked)[-20:]


def _asked(minute: float, repro: tuple[str, ...]) -> Iterator[Ask]:
    """Put a repro to what customers get, at once; of a long one, as many as may wait."""
    for question, session in map(spoken, repro[-MAX_WAITING:]):
        yield Ask(minute, question, session)


BOTS: Mapping[str, Callable[[Case], Play]] = {
    each.__name__: each for each in (reference, superficial, refuse_everything, silent, generic, verbose, terse)
}
