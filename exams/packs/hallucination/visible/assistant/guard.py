"""The last look at an answer before a customer sees it."""

import re
from dataclasses import dataclass

NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Ruling:
    verdict: str  # "pass" or "block"
    reason: str


def check(draft, passages):
    """Every citation must lead to a sentence the model was given, and that sentence must hold the number said."""
    given = {(passage.document, passage.sentence.number): passage.sentence.text for passage in passages}
    for citation in draft.citations:
        if citation not in given:
            return Ruling("block", f"cites {citation[0]}:{citation[1]}, which was not retrieved")
        missing = set(NUMBER.findall(draft.text)) - set(NUMBER.findall(given[citation]))
        if missing:
            return Ruling("block", f"says {', '.join(sorted(missing))}, which {citation[0]}:{citation[1]} does not")
    return Ruling("pass", "refusal" if draft.refused else "ok")
