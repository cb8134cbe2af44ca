"""A customer's question, what the right answer to it is, and what is wrong with the answer they got."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from exams.packs.hallucination import text
from exams.packs.hallucination.trades import DOMAINS

if TYPE_CHECKING:
    from exams.packs.hallucination.text import Value
    from exams.packs.hallucination.world import Attribute, Fact, Product, World

Kind = Literal["plain", "follow_up", "stranger", "abroad", "at_home", "vague", "chat"]

CONDITIONS = tuple(condition for domain in DOMAINS.values() for condition in domain.conditions)

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
    """What is wrong with an answer: the value `given`, its `condition`, and the `approved` fact if there is one."""

    given: Value
    condition: str | None
    approved: Fact | None


def read(reply: dict[str, Any]) -> text.Answer | None:
    """Take one of our own trees' replies apart, however it is rendered; None when it is in no known form.

    The citation is beside the text, not in it. The oracle judges what learners' trees say, in any wording; this is for
    our own, whose wordings are known.
    """
    shown = unicodedata.normalize("NFKC", str(reply["text"]))
    plain = "".join(c for c in shown if unicodedata.category(c) != "Cf").replace("*", "").replace("_", "")
    return text.parse_answer(_QUOTED.sub(r"The \2 of \1 is \3", " ".join(plain.split())))


def wrong(world: World, asked: Asked, reply: dict[str, Any]) -> Wrong | None:
    """Compare one of our own trees' replies with what is true; None when nothing harmful was said.

    Words that are no condition of any trade say nothing, as for the oracle.
    """
    answer = read(reply)
    if answer is None or answer.refused:
        return None
    fact = asked.fact(world)
    condition = next((known for known in CONDITIONS if known in (answer.condition or "")), None)
    if fact is not None and asked.product is not None:
        right = (
            answer.product == asked.product.name
            and answer.value == fact.value
            and condition == fact.condition
            and answer.unit == fact.unit
        )
        if right:
            return None
    return Wrong(answer.value, condition, fact)


def sound(world: World, asked: Asked, reply: dict[str, Any]) -> bool:
    """Whether the reply is exactly right: value, unit, condition and source, or a refusal where nothing is approved."""
    fact = asked.fact(world)
    if fact is None:
        return bool(reply["refused"])
    answer = read(reply)
    cited = [{"document": fact.document, "sentence": fact.sentence}]
    return (
        answer is not None
        and not answer.refused
        and answer.condition == fact.condition
        and wrong(world, asked, reply) is None
        and reply["citations"] == cited
    )
