"""A customer's question, what the right answer to it is, and what is wrong with the answer they got."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from exams import oracle
from exams.packs.hallucination import text

if TYPE_CHECKING:
    from exams.oracle import ClaimVerdict
    from exams.packs.hallucination.text import Value
    from exams.packs.hallucination.world import Attribute, Fact, Product, World

Kind = Literal["plain", "follow_up", "stranger", "abroad", "at_home", "vague", "chat"]

_QUOTED = re.compile(r"^(?:For|On) (.+?) the (.+?) is (?:fixed at )?(\d.*)$")


@dataclass(frozen=True)
class Asked:
    """A question, `second` seconds after its stream began; questions with the same `session` are one conversation.

    Attributes:
        kind: ``plain``; ``follow_up`` (the product is the one named before); ``stranger`` (a name that sounds like ours
            and is not in the catalogue); ``abroad`` and ``at_home`` (the customer says where they are, and the product
            is not, or is, offered there); ``vague`` (asks for nothing that documents state); ``chat``.
        product: what it is about; None for a stranger and for chat.
        attribute: what it asks for; None for a vague question and for chat.
        name: the name used for what it is about, right or made up; empty for chat.
        place: the jurisdiction named, or None.
    """

    second: int
    question: str
    session: str
    kind: Kind
    product: Product | None = None
    attribute: Attribute | None = None
    name: str = ""
    place: str | None = None

    def fact(self, world: World) -> Fact | None:
        """The approved answer; None when a refusal is right."""
        if self.product is None or self.attribute is None or self.kind == "abroad":
            return None
        return world.fact(self.product, self.attribute.key)


@dataclass(frozen=True)
class Wrong:
    """What is wrong with an answer: the value `given`, its `condition`, the `approved` fact if any, and the verdict."""

    given: Value
    condition: str | None
    approved: Fact | None
    verdict: ClaimVerdict


def read(reply: dict[str, Any]) -> text.Answer | None:
    """Take one of our own trees' replies apart, however it is rendered; None when it is in no known form.

    The citation is beside the text, not in it. What a reply is worth only the oracle says, see `Judge`: this tells what
    stands in it, for words of ours about it.
    """
    shown = unicodedata.normalize("NFKC", str(reply["text"]))
    plain = "".join(c for c in shown if unicodedata.category(c) != "Cf").replace("*", "").replace("_", "")
    return text.parse_answer(_QUOTED.sub(r"The \2 of \1 is \3", " ".join(plain.split())))


class Judge:
    """Tells which of a world's replies are harmful, in the order they were given: by the oracle, like all of grading.

    There is no other count. What a trace, a chart, an answer to a learner's question and a probe call wrong is the
    same.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._conversations = oracle.Conversations(_approved(world))

    def wrong(self, asked: Asked, reply: dict[str, Any]) -> Wrong | None:
        """What is wrong with the next reply; None when nothing harmful was said."""
        judged = self._conversations.judge(asked.question, asked.session, reply)
        if not oracle.harmful(judged.verdict):
            return None
        answer, claim = read(reply), judged.claims[0]
        given = text.parse_number(claim.value) if answer is None else answer.value
        return Wrong(given, claim.condition, asked.fact(self._world), judged.verdict)


@lru_cache(maxsize=8)
def _approved(world: World) -> oracle.Facts:
    return oracle.read_facts(world.facts())


def sound(world: World, asked: Asked, reply: dict[str, Any]) -> bool:
    """Whether the reply is what it ought to be to the letter, or a refusal where nothing is approved.

    The oracle asks less: it takes other wordings and more sources. So a reply that is sound is never wrong.
    """
    fact = asked.fact(world)
    if fact is None or asked.product is None or asked.attribute is None:
        return bool(reply["refused"])
    right = text.Answer(
        refused=False,
        attribute=asked.attribute.name,
        product=asked.product.name,
        value=fact.value,
        unit=fact.unit,
        condition=fact.condition,
    )
    return read(reply) == right and reply["citations"] == [{"document": fact.document, "sentence": fact.sentence}]
