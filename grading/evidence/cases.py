"""How much of the failure class a regression test reaches: what it asked that the faulty version answered harmfully.

Neither the number of its questions nor their wording counts: those that were answered rightly before the fix guard
nothing, and one question in ten wordings is one case.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from exams import incident, oracle
from grading.bands import Known
from grading.verdicts import CellKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from grading.evidence.kept import Kept
    from grading.models import GradingRun
    from sandboxes.sandbox import JsonObject

Subject = tuple[str, str, str]


def of_test(kept: Kept, run: GradingRun, cites: list[JsonObject]) -> dict[str, Known]:
    """The figures of what the test asked; of the first repeat, since the others ask the same."""
    first = run.cells.filter(kind=CellKind.pre).order_by("repeat").first()
    if first is None:
        unknown = Known(None, cites, "the test was not run against the faulty version")
        return {"regression.questions": unknown, "regression.wrong_cases": unknown}
    facts = oracle.read_facts(incident.facts(kept.attempt))
    return {
        "regression.questions": Known(Fraction(len({row["question"] for row in first.transcript})), cites),
        "regression.wrong_cases": Known(Fraction(len(wrong_cases(first.transcript, facts))), cites),
    }


def wrong_cases(transcript: Iterable[Mapping[str, Any]], facts: oracle.Facts) -> frozenset[Subject]:
    """What the questions that were answered harmfully are about, each once: product, attribute, and place if another.

    A question about nothing that we recognise is about the same nothing as all others of its kind.
    """
    last: dict[str, oracle.Asked] = {}
    found = set()
    for row in transcript:
        session = row["session"]
        asked = oracle.understand(row["question"], facts, earlier=last.get(session) if session else None)
        if session:
            last[session] = asked
        if row["harmful"]:
            found.add(_subject(asked))
    return frozenset(found)


def _subject(asked: oracle.Asked) -> Subject:
    name = asked.product.id if asked.product else asked.stranger or ""
    place = asked.jurisdiction or "" if asked.elsewhere else ""
    return name, asked.attribute.key if asked.attribute else "", place
