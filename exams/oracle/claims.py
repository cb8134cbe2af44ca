"""The values a reply states: each number in its place, and whose it is taken to be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exams.oracle.places import Place
from exams.oracle.quantities import LONG_DIGITS, QUANTITY, WORD, Amount, amount_of, fold
from exams.oracle.questions import strangers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from exams.oracle.facts import Attribute, Facts, Product
    from exams.oracle.places import Sentence
    from exams.oracle.questions import Asked

MOST_TEXT = 4_000  # characters of a reply that are an answer; more is none
MOST_CITATIONS = 50
_TAG = re.compile(r"\[?\b(?P<document>doc-\d+)(?:(?:\s?[:#]\s?|,?\s?(?:sentence|s\.?)\s?)(?P<sentence>\d{1,4}))?\b\]?")
_DATE = re.compile(
    r"\b(?P<iso>\d{4}-\d{2}-\d{2})\b"
    r"|\b\d{1,2}\s(?:january|february|march|april|may|june|july|august|september|october|november|december)\s\d{4}\b"
    r"|\b(?:january|february|march|april|may|june|july|august|september|october|november|december)\s\d{1,2},?\s\d{4}\b"
)
_SENTENCE_END = re.compile(r"(?<=[a-z%)\]])[.!?](?=\s|$)|[.!?](?=\s+[a-z(\[])|[\n;]")


@dataclass(frozen=True)
class Claim:
    """One value a customer was told, with everything said about it. `product` and `attribute` are what it is about.

    `product` is None for a name nobody knows, or when neither question nor reply names one. `value` and `unit` are as
    they were said. `document` and `sentence` are those of the reply's first citation.
    """

    product: str | None
    attribute: str | None
    value: str
    unit: str | None
    condition: str | None
    jurisdiction: str | None
    effective: str | None
    document: str | None
    sentence: int | None


@dataclass(frozen=True)
class Said:
    """A quantity in its place: the claim it makes, what it amounts to, and whose it is taken to be."""

    claim: Claim
    amount: Amount
    written: Decimal
    product: Product | None
    attribute: Attribute | None
    stranger: bool


@dataclass(frozen=True)
class Reply:
    """A reply that has the form of one."""

    text: str
    citations: tuple[tuple[str, int], ...]


class Malformed(Exception):
    """The reply does not have the agreed form."""


def read_reply(reply: object) -> Reply:
    """The reply with every citation, those in its text too.

    Raises:
        Malformed: it does not have the agreed form.
    """
    if not isinstance(reply, Mapping):
        raise Malformed("it is not an object")
    text = reply.get("text")
    if not isinstance(text, str) or not text.strip():
        raise Malformed("it has no text")
    if len(text) > MOST_TEXT:
        raise Malformed(f"its text has {len(text)} characters; an answer has at most {MOST_TEXT}")
    if not isinstance(reply.get("refused", False), bool):
        raise Malformed("`refused` is neither true nor false")
    given = reply.get("citations", [])
    if not isinstance(given, list) or len(given) > MOST_CITATIONS:
        raise Malformed("`citations` is not a list of at most 50")
    citations = []
    for one in given:
        document = one.get("document") if isinstance(one, Mapping) else None
        sentence = one.get("sentence") if isinstance(one, Mapping) else None
        if not isinstance(document, str) or type(sentence) is not int:
            raise Malformed("a citation is not {document: text, sentence: whole number}")
        citations.append((document, sentence))
    folded = fold(text)
    if LONG_DIGITS.search(folded):
        raise Malformed("it holds a number of more than 15 digits")
    citations += [
        (found["document"], int(found["sentence"])) for found in _TAG.finditer(folded) if found["sentence"] is not None
    ]
    return Reply(text, tuple(citations))


def _blank(text: str, pattern: re.Pattern[str]) -> str:
    return pattern.sub(lambda found: " " * len(found[0]), text)


def _without(text: str, names: Iterable[tuple[int, int]]) -> str:
    """A text with a nought for each letter of the names that stand in it, in their order."""
    parts, done = [], 0
    for start, end in names:
        parts += [text[done:start], "\0" * (end - start)]
        done = end
    return "".join([*parts, text[done:]])


def _product_mentions(
    text: str, facts: Facts, unheard_of: frozenset[tuple[str, ...]]
) -> list[tuple[int, int, Product | None]]:
    """Where a text names products: (start, end, product); None for a name the catalogue does not have.

    `unheard_of` are such names that begin with no word of ours.
    """
    found: list[tuple[int, int, Product | None]] = []
    tokens = list(WORD.finditer(text))
    beginning: dict[str, list[tuple[str, ...]]] = {}
    for name in sorted(unheard_of, key=len, reverse=True):
        beginning.setdefault(name[0], []).append(name)
    at = 0
    while at < len(tokens):
        if tokens[at][0] not in facts.lines:
            strange = next((name for name in beginning.get(tokens[at][0], ()) if _stands(name, tokens, at)), ())
            if strange:
                found.append((tokens[at].start(), tokens[at + len(strange) - 1].end(), None))
            at += len(strange) or 1
            continue
        end = at + 1
        while end < len(tokens) and tokens[end][0] in facts.name_words:
            end += 1
        product = facts.by_name.get(tuple(token[0] for token in tokens[at:end]))
        if product is not None or end - at > 1:
            found.append((tokens[at].start(), tokens[end - 1].end(), product))
        at = end
    return found


def _stands(name: tuple[str, ...], tokens: list[re.Match[str]], at: int) -> bool:
    """Whether a name begins at a word."""
    return tuple(token[0] for token in tokens[at : at + len(name)]) == name


def said_in(reply: Reply, asked: Asked, facts: Facts) -> list[Said]:
    """The values a reply states.

    1. Citations, dates and names are set aside: their digits are no values.
    2. A number with a unit is a claim if what was asked for is counted in that unit or in none we know of, or its
       sentence names a product or an attribute. A number without one is a claim only if no other is, and its sentence
       names either, or it is the only number.
    3. It is about the product and the attribute named last before it, else first after it in its sentence, else asked.
    """
    text = fold(reply.text)
    without_tags = _blank(text, _TAG)
    clean = _blank(without_tags, _DATE)
    mentions = _product_mentions(clean, facts, strangers(reply.text, facts))
    clean = _without(clean, [(start, end) for start, end, _ in mentions])
    place = Place(
        text=clean.replace("\0", " "),
        bounds=(0, *(end.end() for end in _SENTENCE_END.finditer(clean)), len(clean)),
        products=tuple((start, product) for start, _, product in mentions),
        dates=tuple((found.start(), found["iso"]) for found in _DATE.finditer(without_tags) if found["iso"]),
        facts=facts,
    )
    quantities = list(QUANTITY.finditer(clean))
    edges = [0, *(found.start() for found in quantities[1:]), len(clean)]
    said = [
        _claimed(found, place, asked, reply, stretch=(edges[number], edges[number + 1]))
        for number, found in enumerate(quantities)
    ]
    counted = [one for one in said if one is not None]
    with_unit = [one for one in counted if one.amount.unit is not None]
    return with_unit or counted


def _claimed(
    found: re.Match[str], place: Place, asked: Asked, reply: Reply, *, stretch: tuple[int, int]
) -> Said | None:
    """The claim a number makes where it stands, or None if it makes none.

    `stretch` reaches from this number to the next, or from the beginning and to the end: conditions in it are its own.
    """
    alone = stretch == (0, len(place.text))
    said = place.sentence(found.start(), found.end())
    amount, written = amount_of(found)
    here = place.first_product(said.start, said.end)
    named = place.last_product(found.start()) or here
    attribute = said.attribute(found.start())
    sentence_is_about_us = here is not None or attribute is not None
    asked_for = _could_be_asked_for(amount, said, asked)
    if not (sentence_is_about_us or asked_for or (amount.unit is None and alone)):
        return None
    product = named[0] if named else asked.product
    about = attribute or asked.attribute
    condition = place.conditions(max(said.start, stretch[0]), min(said.end, stretch[1]))
    if condition is None and alone:
        condition = place.conditions(*stretch)
    document, sentence = reply.citations[0] if reply.citations else (None, None)
    return Said(
        claim=Claim(
            product=product.id if product else None,
            attribute=about.key if about else None,
            value=str(written),
            unit=found["before"] or found["after"],
            condition=condition,
            jurisdiction=_jurisdiction(said, product or asked.product),
            effective=place.date(said.start, said.end),
            document=document,
            sentence=sentence,
        ),
        amount=amount,
        written=written,
        product=product,
        attribute=about,
        stranger=product is None if named else bool(asked.stranger),
    )


def _could_be_asked_for(amount: Amount, sentence: Sentence, asked: Asked) -> bool:
    """Whether an amount could be the answer: of what no document speaks of, any but how soon people are served."""
    if asked.attribute is not None:
        return amount.unit == asked.attribute.unit
    served = amount.unit == "hours" and sentence.of_service
    return asked.unheard_of and amount.unit is not None and not served


def _jurisdiction(said: Sentence, product: Product | None) -> str | None:
    """The place a claim is made for: one that is not the product's own, before its own."""
    home = fold(product.jurisdiction) if product and product.jurisdiction else None
    return next((one for one in said.jurisdictions if one != home), next(iter(said.jurisdictions), None))
