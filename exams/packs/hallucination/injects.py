"""What alerts, customers, colleagues, an executive and a compliance officer say while the incident is live.

Nothing here knows the failure class: the rules are the same for each, and only times, names and wordings are drawn.
What is stated is counted from what customers asked and got; nobody blames anybody.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from exams.packs.hallucination.incident import domain_of
from exams.packs.injects import (
    Asks,
    Complained,
    Complaints,
    Confirmed,
    Deployed,
    InjectRule,
    NeverTold,
    PromiseMissed,
    Sender,
    Share,
    Silence,
    Stands,
    Unanswered,
)

if TYPE_CHECKING:
    from exams.packs import Spec
    from exams.packs.injects import Audience, Role

MINUTE = 60
# Shared by no two trades, nor with the engineers': a second attempt is set in another trade, and nobody comes back.
NAMES = {
    "bank": ("Maren Holt", "Tobias Quist", "Leila Nasser", "Edwin Marsh", "Paula Reyes", "Oskar Lindahl"),
    "telco": ("Nadia Petrov", "Gavin Stroud", "Yuki Tanabe", "Rachel Okoro", "Stefan Moravec", "Carmen Silva"),
    "pharmacy": ("Helen Brody", "Rafael Montes", "Signe Dahl", "Kwame Mensah", "Tessa Vaughn", "Ivo Marek"),
    "insurer": ("Judith Kerr", "Malik Rahman", "Anneke Visser", "Douglas Pryor", "Sofia Conti", "Renee Laurent"),
}
EVERYBODY: tuple[Audience, ...] = ("stakeholders", "customers", "engineering", "compliance")
THRESHOLD = 3  # complaints, as `ops/alerts.jsonl` has it

# Of a hundred answers: so many wrong ones are harm that goes on, fewer than so many none that anybody would notice.
HARM, CALM = 3, 1
LOOK_BACK = 30  # minutes, or since the version or the update spoken of: long enough that a lucky spell is no relief
MOSTLY_REFUSING = 70


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
    support, executive, compliance, on_call = (
        Sender(role, name, title) for (role, title), name in zip(roles, names, strict=True)
    )
    alert = Sender("alert", "complaints-per-hour", "Monitoring")
    customer = Sender("customer", "A customer", "passed on by the service desk")

    def mixed(*texts: str) -> tuple[str, ...]:
        return tuple(draw.sample(texts, len(texts)))

    def about(minute: int, spread: int = 60) -> int:
        return minute * MINUTE + draw.randrange(-spread, spread + 1)

    def writing() -> int:
        return draw.randrange(12, 50)

    return (
        InjectRule(
            key="complaints_alert",
            sender=alert,
            after=about(4),
            when=(Complaints(20, THRESHOLD),),
            texts=(f"Still firing: {{complaints}} complaints in {{window}} minutes (threshold: {THRESHOLD} an hour).",),
            times=3,
            again_after=25 * MINUTE,
        ),
        InjectRule(
            key="complaint",
            sender=customer,
            after=about(5),
            when=(Complained(),),
            delay=writing(),
            texts=mixed(
                "I asked: “{question}” The assistant said: “{answer}” I have to decide today. Is that right?",
                "I asked this: “{question}” The reply was: “{answer}” Can a person confirm that in writing?",
                "“{question}” is what I typed. “{answer}” is what came back. May I rely on it?",
            ),
            times=3,
            again_after=about(13),
        ),
        InjectRule(
            key="what_to_say",
            sender=support,
            after=about(8),
            when=(NeverTold("customers"),),
            texts=mixed(
                "Customers ask my agents whether they can trust the assistant. Nothing for customers has gone out yet. "
                "What should we tell them?",
                "My agents have no wording. There is no update for customers so far: what may we say, and what should "
                "customers do in the meantime?",
            ),
            times=2,
            again_after=20 * MINUTE,
            asks=Asks(("customers",), 10 * MINUTE),
        ),
        InjectRule(
            key="one_line",
            sender=executive,
            after=about(12),
            texts=mixed(
                "I need one line that I can forward: are customers safe now, yes or no?",
                "One sentence for the board, please: are customers still being told wrong things?",
                "Please give me a single line to pass on. Are customers safe at this moment?",
            ),
            asks=Asks(("stakeholders",), 8 * MINUTE),
        ),
        InjectRule(
            key="one_line_again",
            sender=executive,
            when=(Unanswered("one_line", 10 * MINUTE),),
            delay=writing(),
            texts=mixed(
                "I asked {waiting} minutes ago and have nothing to forward. What is known and what is not is enough.",
                "{waiting} minutes on, I still have no line to pass on. “We do not know yet” is an answer too.",
            ),
            asks=Asks(("stakeholders",), 8 * MINUTE),
        ),
        InjectRule(
            key="who_was_told",
            sender=compliance,
            after=about(20),
            texts=mixed(
                "For the file: which customers were told something that is not approved, and what? I need the count, "
                "and the query that it comes from.",
                "I have to report this. How many customers were given figures that are not approved, which figures, "
                "and with what query did you count them?",
            ),
            asks=Asks(("compliance",), 15 * MINUTE),
        ),
        InjectRule(
            key="who_was_told_again",
            sender=compliance,
            when=(Unanswered("who_was_told", 18 * MINUTE),),
            delay=writing(),
            texts=mixed(
                "My question of {waiting} minutes ago is open: who was told what? A first count will do.",
                "I asked {waiting} minutes ago who was told what. Send what you have, and when the rest will come.",
            ),
            asks=Asks(("compliance",), 15 * MINUTE),
        ),
        InjectRule(
            key="any_news",
            sender=support,
            when=(Silence(25 * MINUTE), Stands("resolved", yes=False)),
            delay=writing(),
            texts=mixed(
                "It is {silence} minutes since anything was posted. Where do things stand?",
                "People here ask me what is going on, and there has been no update for {silence} minutes.",
                "No update for {silence} minutes. Even “nothing new, still looking” would help us.",
            ),
            times=3,
            again_after=15 * MINUTE,
            asks=Asks(EVERYBODY, 5 * MINUTE),
        ),
        InjectRule(
            key="promise_passed",
            sender=executive,
            when=(PromiseMissed(3 * MINUTE),),
            delay=writing(),
            texts=mixed(
                "The next update was promised for {overdue} minutes ago. Is it on its way?",
                "An update was due {overdue} minutes ago and I am holding a call for it. When will it come?",
            ),
            times=3,
            again_after=5 * MINUTE,
            each="update",
            asks=Asks(EVERYBODY, 5 * MINUTE),
        ),
        InjectRule(
            key="not_resolved",
            sender=support,
            when=(Stands("resolved"), Share("harmful", LOOK_BACK, at_least=HARM, enough=60, since="update")),
            delay=writing(),
            texts=mixed(
                "The last update says resolved, and that is not what we see: in the {window} minutes before this "
                "message {harmful} of {asked} answers were wrong.",
                "Resolved, it says. We compared the last {window} minutes with the approved documents: {harmful} of "
                "{asked} answers are wrong. Which of the two may I tell my agents?",
            ),
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
            delay=writing(),
            texts=mixed(
                "Since the last deploy the assistant hardly answers: {refused} of {asked} questions were turned away "
                "in {window} minutes. Those customers call us. Is it meant to stay like this?",
                "The assistant turns nearly everybody away since the last deploy: {refused} of {asked} questions in "
                "{window} minutes. What do we tell people who need an answer today?",
            ),
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
                Share("harmful", LOOK_BACK, below=CALM, enough=70, since="version"),
                Share("refused", LOOK_BACK, below=MOSTLY_REFUSING, enough=70, since="version"),
            ),
            delay=writing(),
            texts=mixed(
                "Since the last deploy it looks better from here: of {asked} answers in {window} minutes we found "
                "{harmful} wrong. What about those who were told something wrong before?",
                "Of the last {asked} answers we found {harmful} wrong. Good. Do we write to the customers who were "
                "told something wrong before?",
            ),
            times=2,
            each="deployment",
            asks=Asks(("stakeholders", "customers", "compliance"), 15 * MINUTE),
        ),
        InjectRule(
            key="still_wrong",
            sender=support,
            when=(Deployed("live", 4 * MINUTE), Share("harmful", LOOK_BACK, at_least=HARM, enough=60, since="version")),
            delay=writing(),
            texts=mixed(
                "The last deploy has been live for a while and we still find wrong answers: {harmful} of {asked} in "
                "{window} minutes.",
                "I had hoped the last deploy would do it. In {window} minutes {harmful} of {asked} answers were wrong.",
            ),
            times=2,
            each="deployment",
        ),
        InjectRule(
            key="known_cause",
            sender=on_call,
            after=about(35, 90),
            when=(Confirmed(yes=False), Silence(10 * MINUTE, "engineering")),
            texts=mixed(
                "I can lend a hand from the neighbouring team. What have you ruled out so far? A note to engineering "
                "is best.",
                "Anything we should look at on our side? Post to engineering what you have ruled out, then we do not "
                "look twice.",
            ),
            asks=Asks(("engineering",), 10 * MINUTE),
        ),
        InjectRule(
            key="time_to_fix",
            sender=executive,
            after=about(60, 90),
            when=(Share("harmful", 10, at_least=HARM, enough=50),),
            texts=mixed(
                "{minutes_in} minutes in, and {harmful} of the last {asked} answers were wrong. How long until this is "
                "fixed? A range is fine.",
                "After {minutes_in} minutes customers still get wrong answers ({harmful} of {asked} in the last "
                "{window} minutes). When do you expect it to be over?",
            ),
            asks=Asks(("stakeholders",), 8 * MINUTE),
        ),
    )
