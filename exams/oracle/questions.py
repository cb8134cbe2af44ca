"""What a question is about: the product, the attribute, the place; and names that are not in the catalogue."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exams.oracle.quantities import fold, plain, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exams.oracle.facts import Attribute, Fact, Facts, Product

MOST_QUESTION = 2_000
_TOKEN = re.compile(r"[A-Za-z0-9%]+")
# A follow-up of these words alone ("And what about Ridge Silver?") asks the same of another product or place.
_FILLERS = frozenset(words("and what about for how is it of on in the with same then ok so or please s"))
_BEFORE_A_NAME = frozenset(words("of for on with has does is"))
_NO_NAMES = frozenset(words("the a an my your our their this that new any all each every it"))


@dataclass(frozen=True)
class Asked:
    """What a question is about.

    `stranger` is a name that sounds like the catalogue's and is not in it; `jurisdiction` a place named
    with it, folded.
    """

    product: Product | None = None
    attribute: Attribute | None = None
    stranger: str | None = None
    jurisdiction: str | None = None

    @property
    def elsewhere(self) -> bool:
        """Whether it is asked about a place where nothing is approved of the product."""
        home = self.product.jurisdiction if self.product else None
        return home is not None and self.jurisdiction is not None and self.jurisdiction != fold(home)

    @property
    def unheard_of(self) -> bool:
        """Whether it asks something of a product, or of a name, that no approved document speaks of."""
        return self.attribute is None and (self.product is not None or self.stranger is not None)

    @property
    def nobodys(self) -> bool:
        """Whether it asks for a value, and neither it nor its conversation names of what: nobody can know that."""
        return self.product is None and self.stranger is None and self.attribute is not None

    @property
    def fact(self) -> Fact | None:
        """The approved answer, or None: then a refusal is right."""
        if self.product is None or self.attribute is None or self.elsewhere:
            return None
        return self.product.facts.get(self.attribute.key)


def understand(question: str, facts: Facts, *, earlier: Asked | None = None) -> Asked:
    """Tell what a question is about.

    A follow-up takes what it does not say from `earlier`: one that names no product, the product and the place; one
    that names a product or a place and asks nothing else, the attribute.
    """
    asked = question[:MOST_QUESTION]
    folded = fold(asked)
    tokens = spelled(asked)
    start, end = _mention(tokens, facts)
    mention = tuple(token.lower() for token, _ in tokens[start:end])
    before = earlier or Asked()
    attribute = _named_attribute(folded, facts)
    named = facts.jurisdictions_named(folded)
    if attribute is None and (mention or named):
        rest = [token.lower() for token, _ in (*tokens[:start], *tokens[end:])]
        places = {word for one in named for word in one.split()}
        attribute = before.attribute if all(word in _FILLERS or word in places for word in rest) else None
    if mention:
        product = facts.by_name.get(mention)
        return Asked(product, attribute, None if product else " ".join(mention), _place(named, product))
    place = _place(named, before.product) if named else before.jurisdiction
    return Asked(before.product, attribute, before.stranger, place)


def _place(named: Sequence[str], product: Product | None) -> str | None:
    """The place asked about: the product's own if that is named at all, else the first named."""
    home = fold(product.jurisdiction) if product and product.jurisdiction else None
    return home if home in named else next(iter(named), None)


def spelled(text: str) -> list[tuple[str, bool]]:
    """The words of a text in its own letters, and whether nothing but a space parts each from the one before."""
    shown = plain(text)
    found = list(_TOKEN.finditer(shown))
    return [
        (one.group(), number > 0 and shown[found[number - 1].end() : one.start()] == " ")
        for number, one in enumerate(found)
    ]


def _mention(tokens: Sequence[tuple[str, bool]], facts: Facts) -> tuple[int, int]:
    """Where the first name in a question stands: a line, and the words after it that names are made of.

    A capital letter makes a word part of the name where the question is not written in capitals throughout: "Ridge Gold
    Prime" is none of ours. Failing a line, words that our names end in, after one that is none of ours: "Falcon Gold".
    """
    low = [token.lower() for token, _ in tokens]
    capitals = _capitals(tokens, facts)
    for start, word in enumerate(low):
        if word in facts.lines:
            end = start + 1
            while end < len(low) and (low[end] in facts.name_words or (end in capitals and tokens[end][1])):
                end += 1
            return start, end
    for at in range(1, len(low) - 1):
        name = low[at] not in _NO_NAMES and low[at] not in facts.name_words and low[at] not in _BEFORE_A_NAME
        if low[at - 1] in _BEFORE_A_NAME and name and low[at + 1] in facts.name_words and tokens[at + 1][1]:
            end = at + 2
            while end < len(low) and low[end] in facts.name_words:
                end += 1
            return at, end
    return 0, 0


def _capitals(tokens: Sequence[tuple[str, bool]], facts: Facts) -> frozenset[int]:
    """The words with a capital that could be of a name; none where capitals say nothing."""
    upper = [number for number, (token, _) in enumerate(tokens) if token[0].isupper() and len(token) > 1]
    if 2 * len(upper) > len(tokens):
        return frozenset()
    return frozenset(number for number in upper if tokens[number][0].lower() not in facts.other_words)


def strangers(text: str, facts: Facts) -> frozenset[tuple[str, ...]]:
    """The names in a reply that end as ours do and begin with a word that is none of ours: "the fee of Falcon Gold".

    In capitals, and not where a sentence begins: there, any word has one.
    """
    tokens = spelled(text)
    ours = facts.lines | facts.name_words | facts.other_words | _NO_NAMES | _BEFORE_A_NAME
    found = set()
    for at in range(1, len(tokens) - 1):
        (word, inside), (after, adjoins) = tokens[at], tokens[at + 1]
        low = word.lower()
        if not (inside and adjoins and word[0].isupper() and after[0].isupper() and after.lower() in facts.name_words):
            continue
        if low in ours:
            continue
        end = at + 2
        while end < len(tokens) and tokens[end][0].lower() in facts.name_words:
            end += 1
        found.add(tuple(token.lower() for token, _ in tokens[at:end]))
    return frozenset(found)


def _named_attribute(text: str, facts: Facts) -> Attribute | None:
    """The attribute of the longest name found."""
    found = facts.attribute_mentions(text)
    return max(found, key=lambda one: one[1] - one[0])[2] if found else None
