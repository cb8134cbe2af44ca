"""What alerts, customers, colleagues, an executive and a compliance officer say while the incident is live.

Nothing here knows the failure class. Times, names and wordings are drawn, and which of the `OPTIONAL` rules there are:
as many in every incident, so that no learner is asked more than another.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Literal

from exams.packs.hallucination.incident import domain_of
from exams.packs.hallucination.sayings import ALARM, ALERT, COMPLAINT_OF_TWO, SAYINGS
from exams.packs.injects import (
    Asks,
    Changed,
    Complained,
    Confirmed,
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
    from exams.packs import Spec
    from exams.packs.injects import Audience, Condition, Each, Role

MINUTE = 60
# Shared by no two trades, nor with the engineers': a second attempt is set in another trade, and nobody comes back.
# Each has one job, in all incidents of the trade; the company there is another.
NAMES: dict[str, dict[Role, tuple[str, ...]]] = {
    "bank": {
        "support": ("Maren Holt", "Tobias Quarles"),
        "executive": ("Leila Nasser", "Henrik Voss"),
        "compliance": ("Edwin Marsh", "Paula Reyes"),
        "on_call": ("Oskar Lindahl", "Mina Castell"),
    },
    "telco": {
        "support": ("Nadia Pereira", "Gavin Stroud"),
        "executive": ("Rachel Okoro", "Bernard Tully"),
        "compliance": ("Yuki Tanabe", "Stefan Moravec"),
        "on_call": ("Carmen Silva", "Igor Salo"),
    },
    "pharmacy": {
        "support": ("Helen Brody", "Rafael Montes"),
        "executive": ("Signe Dahl", "Laszlo Barta"),
        "compliance": ("Kwame Mensah", "Tessa Vaughn"),
        "on_call": ("Pieter Maas", "Alma Lindgren"),
    },
    "insurer": {
        "support": ("Judith Kerr", "Malik Rashid"),
        "executive": ("Douglas Pryor", "Ottilie Frank"),
        "compliance": ("Anneke Visser", "Sofia Conti"),
        "on_call": ("Renee Laurent", "Dmitri Onega"),
    },
}
MONITORING = Sender("alert", "complaints-per-hour", "Monitoring")
CUSTOMER = Sender("customer", "A customer", "passed on by the service desk")
TITLES: tuple[tuple[Role, str], ...] = (
    ("support", "Customer support lead"),
    ("executive", "Chief operating officer"),
    ("compliance", "Compliance officer"),
    ("on_call", "Engineer on call for the neighbouring team"),
)
EVERYBODY: tuple[Audience, ...] = ("stakeholders", "customers", "engineering", "compliance")

# Each asks one thing once, so that one is worth another.
OPTIONAL = ("known_cause", "time_to_fix", "switch_off", "which_questions", "keep_records", "partner_asks")
OPTIONS = 3  # of them are in a script

# Per cent of the harm that the incident opened with, below which it has ended; faults differ in how much they harm.
ENDED = 25
LOOK_BACK = 30  # minutes, or since the version or the update spoken of: long enough that a lucky spell is no relief
MOSTLY_REFUSING = 70
SPREAD = 4 * MINUTE
DEMANDS = (11, 14, 19)  # minutes, about: when support, executive and compliance first want something, in an order drawn
HEARD = 8 * MINUTE  # for so long an executive has nothing to ask who has just read how things stand
WRITING = (12, 50)  # seconds that somebody takes who has just noticed something


def script(spec: Spec) -> tuple[InjectRule, ...]:
    """The rules for an incident. Cheap: nothing of the incident itself has to be drawn for it."""
    writer = _Writer(spec.seed)
    rules = (*_customers(writer), *_questions(writer), *_reactions(writer), *_optional(writer))
    left_out = set(OPTIONAL) - set(writer.draw.sample(OPTIONAL, OPTIONS))
    return tuple(rule for rule in rules if rule.key not in left_out)


class _Writer:
    """Writes rules: draws who the people are, about when they speak, and in which order their wordings come."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(f"injects/{seed}")  # noqa: S311 - a seeded drawing, not a secret
        names = NAMES[domain_of(seed)]
        self._people = {role: Sender(role, self.draw.choice(names[role]), title) for role, title in TITLES}

    def about(self, minute: int, spread: int = SPREAD) -> int:
        return minute * MINUTE + self.draw.randrange(-spread, spread + 1)

    def order(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self.draw.sample(texts, len(texts)))

    def says(
        self,
        role: Role,
        key: str,
        *when: Condition,
        at: int = 0,
        asks: tuple[tuple[Audience, ...], int] | None = None,
        times: int = 1,
        again: int = 10,
        each: Each = "",
        notices: bool = False,
    ) -> InjectRule:
        """A rule: `at` and `asks` in minutes, `again` in about as many; who `notices` something takes time to write."""
        return InjectRule(
            key=key,
            sender=self._people.get(role, CUSTOMER),
            texts=self.order(SAYINGS[key]),
            after=self.about(at) if at else 0,
            when=when,
            delay=self.draw.randrange(*WRITING) if notices else 0,
            times=times,
            again_after=self.about(again) if times > 1 else 0,
            each=each,
            asks=Asks(asks[0], asks[1] * MINUTE) if asks else None,
            texts_of_two=self.order(COMPLAINT_OF_TWO) if role == "customer" else (),
        )


def _customers(writer: _Writer) -> tuple[InjectRule, ...]:
    """What rings, and who complains."""
    return (
        InjectRule("complaints_alert", MONITORING, ALERT, when=(Rings(ALARM),), times=4, again_after=0, each="ring"),
        writer.says("customer", "complaint", Complained(), at=6, times=3, again=13, notices=True),
    )


def _questions(writer: _Writer) -> tuple[InjectRule, ...]:
    """What the same people want to know in every incident."""
    says, about = writer.says, writer.about
    told = NeverTold(yes=False)
    wording, line, count = writer.draw.sample(DEMANDS, len(DEMANDS))
    return (
        says(
            "support", "what_to_say", NeverTold("customers"), at=wording, times=2, again=20, asks=(("customers",), 10)
        ),
        says("executive", "one_line", Silence(HEARD, "stakeholders"), at=line, asks=(("stakeholders",), 8)),
        says(
            "executive", "one_line_again", Unanswered("one_line", about(12)), asks=(("stakeholders",), 8), notices=True
        ),
        says("compliance", "who_was_told", NeverTold("compliance"), at=count, asks=(("compliance",), 15)),
        says(
            "compliance",
            "who_was_told_again",
            Unanswered("who_was_told", about(20)),
            asks=(("compliance",), 15),
            notices=True,
        ),
        says("support", "nothing_yet", NeverTold(), at=25, times=3, again=16, asks=(EVERYBODY, 5), notices=True),
        says(
            "support",
            "any_news",
            told,
            Silence(about(25)),
            Stands("resolved", yes=False),
            times=3,
            again=16,
            asks=(EVERYBODY, 5),
            notices=True,
        ),
        says(
            "executive",
            "promise_passed",
            PromiseMissed(about(4, 90)),
            times=3,
            again=5,
            each="update",
            asks=(EVERYBODY, 5),
            notices=True,
        ),
    )


def _reactions(writer: _Writer) -> tuple[InjectRule, ...]:
    """What support says of what the learner did."""
    return (
        writer.says(
            "support",
            "not_resolved",
            Stands("resolved"),
            *_goes_on("update"),
            times=3,
            again=8,
            each="update",
            asks=(EVERYBODY, 5),
            notices=True,
        ),
        writer.says(
            "support",
            "answers_nothing",
            Changed(2 * MINUTE),
            Share("refused", 5, at_least=MOSTLY_REFUSING, enough=20, since="version"),
            times=2,
            each="version",
            asks=(EVERYBODY, 8),
            notices=True,
        ),
        writer.says(
            "support",
            "better",
            Changed(4 * MINUTE),
            Share("refused", LOOK_BACK, below=MOSTLY_REFUSING, enough=70, since="version"),
            HarmLeft(LOOK_BACK, below=ENDED, enough=4, since="version"),
            times=2,
            each="version",
            asks=(("stakeholders", "customers", "compliance"), 15),
            notices=True,
        ),
        writer.says(
            "support",
            "still_wrong",
            Changed(4 * MINUTE),
            *_goes_on("version"),
            times=2,
            each="version",
            notices=True,
        ),
    )


def _goes_on(since: Literal["version", "update"]) -> tuple[Condition, ...]:
    """That much of the harm is still done, and answers enough to say so."""
    return (
        Share("harmful", LOOK_BACK, enough=60, since=since),
        HarmLeft(LOOK_BACK, at_least=ENDED, enough=2, since=since),
    )


def _optional(writer: _Writer) -> tuple[InjectRule, ...]:
    """What some of them want to know in some incidents."""
    says = writer.says
    wrong = Share("harmful", 20, enough=50, since="version")
    goes_on = HarmLeft(20, at_least=ENDED, enough=2, since="version")  # and not before what is live now
    helpless = (Confirmed(yes=False), Silence(10 * MINUTE, "engineering"))
    return (
        says("on_call", "known_cause", *helpless, at=35, asks=(("engineering",), 10)),
        says("executive", "time_to_fix", wrong, goes_on, at=60, asks=(("stakeholders",), 8)),
        says("executive", "switch_off", wrong, goes_on, at=32, asks=(("stakeholders",), 8)),
        says("support", "which_questions", goes_on, at=27, asks=(("stakeholders", "customers"), 10)),
        says("compliance", "keep_records", at=44, asks=(("compliance",), 15)),
        says("executive", "partner_asks", at=48, asks=(("stakeholders",), 10)),
    )
