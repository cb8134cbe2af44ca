"""How much of the failure class a regression test reaches: what it asked that the faulty version answered harmfully.

Neither the number of its questions nor their wording counts: those that were answered rightly before the fix guard
nothing, and one question in ten wordings is one case.

A test that asserts in a loop stops at its first failure, so that the faulty version is asked one thing. What it would
have asked stands in its run on the fix, and of which of these the faulty version tells customers wrong is known from
what customers of this incident ask: these count as well. To a test that asks the faulty version everything, as a
parametrised one does, this adds nothing.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from exams import incident, oracle
from grading import plan
from grading.bands import Known
from grading.verdicts import CellKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from grading.evidence.kept import Kept
    from grading.models import GradingRun
    from sandboxes.sandbox import JsonObject

    Rows = Iterable[Mapping[str, Any]]

Subject = tuple[str, str, str]


def of_test(kept: Kept, run: GradingRun, cites: list[JsonObject]) -> dict[str, Known]:
    """The figures of what the test asked; of the first repeat, since the others ask the same."""
    faulty, fixed = (run.cells.filter(kind=kind).order_by("repeat").first() for kind in (CellKind.pre, CellKind.post))
    if faulty is None:
        unknown = Known(None, cites, "the test was not run against the faulty version")
        return {"regression.questions": unknown, "regression.wrong_cases": unknown}
    facts = oracle.read_facts(incident.facts(kept.attempt))
    on_fix = fixed.transcript if fixed else []
    customers = run.cells.filter(kind=CellKind.probe, key=plan.ASKED_BEFORE).first()
    found = reached(faulty.transcript, on_fix, customers.transcript if customers else [], facts)
    questions = {row["question"] for row in (*faulty.transcript, *on_fix)}
    return {
        "regression.questions": Known(Fraction(len(questions)), cites),
        "regression.wrong_cases": Known(Fraction(len(found)), cites),
    }


def reached(on_faulty: Rows, on_fix: Rows, of_customers: Rows, facts: oracle.Facts) -> frozenset[Subject]:
    """What the faulty version tells wrong of what the test asks: told to the test, or to customers.

    Nothing of a test that was told nothing wrong; and what it was told right, it does not reach, whatever others heard.

    Args:
        on_faulty: what the test asked of the faulty version, and was answered.
        on_fix: the same of the fix, which it asks to the end.
        of_customers: what customers asked of the faulty version, and were answered.
        facts: what the questions are about.
    """
    found = wrong_cases(on_faulty, facts)
    if not found:
        return found
    told, asked = ({subject for subject, _ in _asked(rows, facts)} for rows in (on_faulty, on_fix))
    return found | ((asked - told) & wrong_cases(of_customers, facts))


def wrong_cases(transcript: Rows, facts: oracle.Facts) -> frozenset[Subject]:
    """What the questions that were answered harmfully are about, each once: product, attribute, and place if another.

    A question about nothing that we recognise is about the same nothing as all others of its kind.
    """
    return frozenset(subject for subject, row in _asked(transcript, facts) if row["harmful"])


def _asked(transcript: Rows, facts: oracle.Facts) -> Iterator[tuple[Subject, Mapping[str, Any]]]:
    """Each question's subject, which in a conversation may be that of the one before."""
    last: dict[str, oracle.Asked] = {}
    for row in transcript:
        session = row["session"]
        asked = oracle.understand(row["question"], facts, earlier=last.get(session) if session else None)
        if session:
            last[session] = asked
        yield _subject(asked), row


def _subject(asked: oracle.Asked) -> Subject:
    name = asked.product.id if asked.product else asked.stranger or ""
    place = asked.jurisdiction or "" if asked.elsewhere else ""
    return name, asked.attribute.key if asked.attribute else "", place
