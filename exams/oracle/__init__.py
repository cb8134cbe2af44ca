"""Judges what an assistant told a customer: takes the reply apart into claims and compares them with approved facts.

Everything here is a pure function of the question, the reply and the facts. Nothing the assistant says about itself is
believed: a reply marked as refused that still names a value made a claim. The reply may be hostile; whatever it is, it
gets a verdict and never raises, and the work grows with its length and no faster. Read on in this order: `quantities`
(one spelling, numbers with units), `facts`, `questions` (what is asked), `places` (what stands where), `claims` (what
was said), `judging` (what that is worth), `counting`.
"""

from exams.oracle.claims import MOST_CITATIONS, MOST_TEXT, Claim
from exams.oracle.counting import Conversations, Rates, rates
from exams.oracle.facts import CONDITIONS, Attribute, BadFacts, Fact, Facts, Product, read_facts
from exams.oracle.judging import HARMFUL, RIGHT, WORST_FIRST, ClaimVerdict, Judgement, harmful, judge
from exams.oracle.quantities import Amount, fold, words
from exams.oracle.questions import MOST_QUESTION, Asked, understand

__all__ = [
    "CONDITIONS",
    "HARMFUL",
    "MOST_CITATIONS",
    "MOST_QUESTION",
    "MOST_TEXT",
    "RIGHT",
    "WORST_FIRST",
    "Amount",
    "Asked",
    "Attribute",
    "BadFacts",
    "Claim",
    "ClaimVerdict",
    "Conversations",
    "Fact",
    "Facts",
    "Judgement",
    "Product",
    "Rates",
    "fold",
    "harmful",
    "judge",
    "rates",
    "read_facts",
    "understand",
    "words",
]
