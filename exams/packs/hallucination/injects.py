"""What alerts, customers, colleagues, an executive and a compliance officer say while the incident is live.

Nothing here knows the failure class. Times, names and wordings are drawn, and which of the `OPTIONAL` rules there are:
as many in every incident, so that no learner is asked more than another.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from exams.packs.hallucination.incident import domain_of
from exams.packs.hallucination.sayings import ALARM, ALERT, COMPLAINT_OF_TWO, SAYINGS
from exams.packs.injects import (
    Asks,
    Complained,
    Confirmed,
    Deployed,
    HarmLeft,
    InjectRule,
    NeverTold,
    PromiseMissed,
    Rings,
    Sender,
    Share,
    Silence,
    Stands,
    Unanswered,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exams.packs import Spec
    from exams.packs.injects import Audience, Role

MINUTE = 60
# Shared by no two trades, nor with the engineers': a second attempt is set in another trade, and nobody comes back.
NAMES = {
    "bank": ("Maren Holt", "Tobias Quarles", "Leila Nasser", "Edwin Marsh", "Paula Reyes", "Oskar Lindahl"),
    "telco": ("Nadia Pereira", "Gavin Stroud", "Yuki Tanabe", "Rachel Okoro", "Stefan Moravec", "Carmen Silva"),
    "pharmacy": ("Helen Brody", "Rafael Montes", "Signe Dahl", "Kwame Mensah", "Tessa Vaughn", "Pieter Maas"),
    "insurer": ("Judith Kerr", "Malik Rashid", "Anneke Visser", "Douglas Pryor", "Sofia Conti", "Renee Laurent"),
}
EVERYBODY: tuple[Audience, ...] = ("stakeholders", "customers", "engineering", "compliance")

# Each asks one thing once, so that one is worth another.
OPTIONAL = ("known_cause", "time_to_fix", "switch_off", "which_questions", "keep_records", "partner_asks")
OPTIONS = 3  # of them are in a script

# Per cent of the harm that the incident opened with, below which it has ended; faults differ in how much they harm.
ENDED = 25
LOOK_BACK = 30  # minutes, or since the version or the update spoken of: long enough that a lucky spell is no relief
MOSTLY_REFUSING = 70
SPREAD = 4 * MINUTE


def script(spec: Spec) -> tuple[InjectRule, ...]:
    """The rules for an incident. Cheap: nothing of the incident itself has to be drawn for it."""
    draw = random.Random(f"injects/{spec.seed}")  # noqa: S311 - a seeded drawing, not a secret
    roles: tuple[tuple[Role, str], ...] = (
        ("support", "Customer support lead"),
        ("executive", "Chief operating officer"),
        ("compliance", "Compliance officer"),
        ("on_call", "Engineer on call for the neighbouring team"),
    )
    names = draw.sample(NAMES[domain_of(spec.seed)], len(roles))
    people = {role: Sender(role, name, title) for (role, title), name in zip(roles, names, strict=True)}
    rules = (*_customers(draw), *_questions(people, draw), *_reactions(people, draw), *_optional(people, draw))
    left_out = set(OPTIONAL) - set(draw.sample(OPTIONAL, OPTIONS))
    return tuple(rule for rule in rules if rule.key not in left_out)


def _words(draw: random.Random, key: str) -> tuple[str, ...]:
    return tuple(draw.sample(SAYINGS[key], len(SAYINGS[key])))


def _about(draw: random.Random, minute: int, spread: int = SPREAD) -> int:
    return minute * MINUTE + draw.randrange(-spread, spread + 1)


def _writing(draw: random.Random) -> int:
    return draw.randrange(12, 50)


def _customers(draw: random.Random) -> tuple[InjectRule, ...]:
    """What rings, and who complains."""
    return (
        InjectRule(
            key="complaints_alert",
            sender=Sender("alert", "complaints-per-hour", "Monitoring"),
            when=(Rings(ALARM),),
            texts=ALERT,
            times=4,
            again_after=0,
            each="ring",
        ),
        InjectRule(
            key="complaint",
            sender=Sender("customer", "A customer", "passed on by the service desk"),
            after=_about(draw, 6),
            when=(Complained(),),
            delay=_writing(draw),
            texts=_words(draw, "complaint"),
            texts_of_two=tuple(draw.sample(COMPLAINT_OF_TWO, len(COMPLAINT_OF_TWO))),
            times=3,
            again_after=_about(draw, 13),
        ),
    )


def _questions(people: Mapping[Role, Sender], draw: random.Random) -> tuple[InjectRule, ...]:
    """What the same people want to know in every incident."""
    support, executive, compliance = people["support"], people["executive"], people["compliance"]
    return (
        InjectRule(
            key="what_to_say",
            sender=support,
            after=_about(draw, 10),
            when=(NeverTold("customers"),),
            texts=_words(draw, "what_to_say"),
            times=2,
            again_after=_about(draw, 20),
            asks=Asks(("customers",), 10 * MINUTE),
        ),
        InjectRule(
            key="one_line",
            sender=executive,
            after=_about(draw, 13),
            texts=_words(draw, "one_line"),
            asks=Asks(("stakeholders",), 8 * MINUTE),
        ),
        InjectRule(
            key="one_line_again",
            sender=executive,
            when=(Unanswered("one_line", _about(draw, 12)),),
            delay=_writing(draw),
            texts=_words(draw, "one_line_again"),
            asks=Asks(("stakeholders",), 8 * MINUTE),
        ),
        InjectRule(
            key="who_was_told",
            sender=compliance,
            after=_about(draw, 20),
            texts=_words(draw, "who_was_told"),
            asks=Asks(("compliance",), 15 * MINUTE),
        ),
        InjectRule(
            key="who_was_told_again",
            sender=compliance,
            when=(Unanswered("who_was_told", _about(draw, 20)),),
            delay=_writing(draw),
            texts=_words(draw, "who_was_told_again"),
            asks=Asks(("compliance",), 15 * MINUTE),
        ),
        InjectRule(
            key="nothing_yet",
            sender=support,
            after=_about(draw, 25),
            when=(NeverTold(),),
            delay=_writing(draw),
            texts=_words(draw, "nothing_yet"),
            times=3,
            again_after=_about(draw, 16),
            asks=Asks(EVERYBODY, 5 * MINUTE),
        ),
        InjectRule(
            key="any_news",
            sender=support,
            when=(NeverTold(yes=False), Silence(_about(draw, 25)), Stands("resolved", yes=False)),
            delay=_writing(draw),
            texts=_words(draw, "any_news"),
            times=3,
            again_after=_about(draw, 16),
            asks=Asks(EVERYBODY, 5 * MINUTE),
        ),
        InjectRule(
            key="promise_passed",
            sender=executive,
            when=(PromiseMissed(_about(draw, 4, 90)),),
            delay=_writing(draw),
            texts=_words(draw, "promise_passed"),
            times=3,
            again_after=5 * MINUTE,
            each="update",
            asks=Asks(EVERYBODY, 5 * MINUTE),
        ),
    )


def _reactions(people: Mapping[Role, Sender], draw: random.Random) -> tuple[InjectRule, ...]:
    """What support says of what the learner did."""
    support = people["support"]
    return (
        InjectRule(
            key="not_resolved",
            sender=support,
            when=(
                Stands("resolved"),
                Share("harmful", LOOK_BACK, enough=60, since="update"),
                HarmLeft(LOOK_BACK, at_least=ENDED, enough=2, since="update"),
            ),
            delay=_writing(draw),
            texts=_words(draw, "not_resolved"),
            times=3,
            again_after=8 * MINUTE,
            each="update",
            asks=Asks(EVERYBODY, 5 * MINUTE),
        ),
        InjectRule(
            key="answers_nothing",
            sender=support,
            when=(
                Deployed("live", 2 * MINUTE),
                Share("refused", 5, at_least=MOSTLY_REFUSING, enough=20, since="version"),
            ),
            delay=_writing(draw),
            texts=_words(draw, "answers_nothing"),
            times=2,
            each="deployment",
            again_after=10 * MINUTE,
            asks=Asks(EVERYBODY, 8 * MINUTE),
        ),
        InjectRule(
            key="better",
            sender=support,
            when=(
                Deployed("live", 4 * MINUTE),
                Share("refused", LOOK_BACK, below=MOSTLY_REFUSING, enough=70, since="version"),
                HarmLeft(LOOK_BACK, below=ENDED, enough=4, since="version"),
            ),
            delay=_writing(draw),
            texts=_words(draw, "better"),
            times=2,
            each="deployment",
            asks=Asks(("stakeholders", "customers", "compliance"), 15 * MINUTE),
        ),
        InjectRule(
            key="still_wrong",
            sender=support,
            when=(
                Deployed("live", 4 * MINUTE),
                Share("harmful", LOOK_BACK, enough=60, since="version"),
                HarmLeft(LOOK_BACK, at_least=ENDED, enough=2, since="version"),
            ),
            delay=_writing(draw),
            texts=_words(draw, "still_wrong"),
            times=2,
            each="deployment",
        ),
    )


def _optional(people: Mapping[Role, Sender], draw: random.Random) -> tuple[InjectRule, ...]:
    """What some of them want to know in some incidents."""
    support, executive, compliance = people["support"], people["executive"], people["compliance"]
    goes_on = HarmLeft(20, at_least=ENDED, enough=2, since="version")  # and not before what is live now
    return (
        InjectRule(
            key="known_cause",
            sender=people["on_call"],
            after=_about(draw, 35),
            when=(Confirmed(yes=False), Silence(10 * MINUTE, "engineering")),
            texts=_words(draw, "known_cause"),
            asks=Asks(("engineering",), 10 * MINUTE),
        ),
        InjectRule(
            key="time_to_fix",
            sender=executive,
            after=_about(draw, 60),
            when=(Share("harmful", 20, enough=50, since="version"), goes_on),
            texts=_words(draw, "time_to_fix"),
            asks=Asks(("stakeholders",), 8 * MINUTE),
        ),
        InjectRule(
            key="switch_off",
            sender=executive,
            after=_about(draw, 32),
            when=(Share("harmful", 20, enough=50, since="version"), goes_on),
            texts=_words(draw, "switch_off"),
            asks=Asks(("stakeholders",), 8 * MINUTE),
        ),
        InjectRule(
            key="which_questions",
            sender=support,
            after=_about(draw, 27),
            when=(goes_on,),
            texts=_words(draw, "which_questions"),
            asks=Asks(("stakeholders", "customers"), 10 * MINUTE),
        ),
        InjectRule(
            key="keep_records",
            sender=compliance,
            after=_about(draw, 44),
            texts=_words(draw, "keep_records"),
            asks=Asks(("compliance",), 15 * MINUTE),
        ),
        InjectRule(
            key="partner_asks",
            sender=executive,
            after=_about(draw, 48),
            texts=_words(draw, "partner_asks"),
            asks=Asks(("stakeholders",), 10 * MINUTE),
        ),
    )
