"""The last look at an answer before a customer sees it."""

import re
from dataclasses import dataclass

CLAIM = re.compile(r"\b([0-9]+(?:\.[0-9]+)?) (?:%|[A-Za-z]+)")  # a number and its unit


@dataclass(frozen=True)
class Ruling:
    verdict: str  # "pass" or "block"
    reason: str


def check(draft, passages, query):
    """A number must stand in the sentence that is cited for it, and that must be about the product asked for."""
    claims = set(CLAIM.findall(draft.text))
    if not claims:
        return Ruling("pass", "claims nothing")
    given = {(passage.document, passage.sentence.number): passage.sentence for passage in passages}
    for citation in draft.citations:
        place = f"{citation[0]}:{citation[1]}"
        sentence = given.get(citation)
        if sentence is None:
            return Ruling("block", f"cites {place}, which was not retrieved")
        if sentence.product != query.product.id:
            return Ruling("block", f"cites {place}, which is not about {query.product.name}")
        missing = claims - set(CLAIM.findall(sentence.text))
        if missing:
            return Ruling("block", f"says {', '.join(sorted(missing))}, which {place} does not")
    return Ruling("pass", "ok")
