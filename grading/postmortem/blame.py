"""Finds sentences in which a person is the cause. A person must be the one who is blamed; it quotes, it does not judge.

"We missed it", "the review missed it" and "Priya deployed it" blame nobody. "Priya forgot to test it", "I should have
noticed" and "because of Tom's carelessness" do. What is said of blame itself ("nobody is to blame") is no blame.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_SENTENCE = re.compile(r"[^.!?\n]+(?:\.(?=\w)[^.!?\n]*)*[.!?]?")
_ROLES = (
    r"(?:the|an?|our|their)\s+(?:\w+\s+)?(?:engineer|developer|author|reviewer|intern|colleague|operator|manager"
    r"|contractor|junior|person|guy)"
)
_ADVERB = r"(?:\s+(?:also|simply|just|clearly|really|again|carelessly|obviously|then|never|have|has|had))*"
_FAULTY = (
    r"(?:forgot|forgets|neglected|overlooked|ignored|missed|messed up|screwed up|broke|caused|blundered|botched"
    r"|failed to"
    r"|(?:was|were|is|am|are) (?:careless|negligent|to blame|at fault)"
    r"|(?:was|is) responsible for th(?:e|is) (?:incident|outage|fault|error)"
    r"|should(?:\s+have|['’]ve)\s+(?:\w+\s+)?(?:noticed|known|tested|checked|reviewed|caught|seen|asked|thought)"
    r"|did(?:\s+not|n['’]t)\s+(?:bother|care|test|check|review|read|think|notice|pay attention)"
    r"|made\s+(?:a|the|this)\s+(?:\w+\s+)?(?:mistake|error|blunder)"
    r"|introduced\s+(?:the|this|a)\s+(?:bug|fault|error|regression|defect))"
)
_OF = (
    r"(?:mistake|error|carelessness|negligence|fault|blunder|sloppiness|incompetence|oversight)"
    # "Kim's error budget", "Tom's fault-injection test", "the oversight board"
    r"(?![\s-]+(?:budgets?|messages?|rates?|handl\w+|logs?|logging|injection|toleran\w+|reports?|codes?|pages?|track\w+"
    r"|boards?|committees?|class\w*|trees?|isolation|correction|counts?)\b)"
)
_NO_BLAME = re.compile(
    r"\b(?:no one|nobody|not\s+(?:\w+['’]s\s+)?(?:fault|to blame|a person)|without blame|blameless|rather than)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Blame:
    """A sentence in which a person is the cause, with its line (from one) and who it is."""

    line: int
    sentence: str
    person: str


def blames(text: str, *, people: Collection[str] = ()) -> list[Blame]:
    """The sentences of a text in which one of `people`, "I", "you" or a person by their role is the cause."""
    patterns = _patterns(people)
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        for sentence in _SENTENCE.findall(line):
            if _NO_BLAME.search(sentence):
                continue
            match = next((each for pattern in patterns if (each := pattern.search(sentence))), None)
            if match is not None:
                found.append(Blame(number, sentence.strip(), match["person"]))
    return found


def _patterns(people: Collection[str]) -> list[re.Pattern[str]]:
    names = {part for person in people for part in (person, *person.split()) if len(part) > 2}  # noqa: PLR2004 - initials
    named = [re.escape(name) for name in sorted(names, key=len, reverse=True)]
    someone = "|".join([*named, "I", "[Yy]ou", "[Hh]e", "[Ss]he", f"(?i:{_ROLES})"])
    blamed = "|".join([*named, f"(?i:{_ROLES})"])
    after = rf"(?=['’]s\s+(?:own\s+)?{_OF}|\s*[.,;!?]|\s+(?:who|not|forgetting|failing|breaking|being)\b|$)"
    return [
        re.compile(rf"\b(?P<person>{someone}){_ADVERB}\s+{_FAULTY}\b(?!\s+(?:nothing|no|none)\b)"),
        re.compile(rf"\b(?:caused by|because of|due to|fault of|owing to)\s+(?P<person>{blamed})\b{after}"),
        re.compile(rf"\b(?P<person>{blamed}|[Mm]y|[Yy]our|[Hh]is|[Hh]er)(?:['’]s)?\s+(?:own\s+)?{_OF}\b"),
    ]
