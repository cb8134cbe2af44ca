"""Judges what an assistant told a customer: takes the reply apart into claims and compares them with approved facts.

Everything here is a pure function of the question, the reply and the facts. Nothing the assistant says about itself is
believed: a reply marked as refused that still names a value made a claim. The reply may be hostile; whatever it is, it
gets a verdict and never raises.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

MOST_TEXT = 4_000  # characters of a reply that are an answer; more is none
MOST_CITATIONS = 50
MOST_QUESTION = 2_000


class BadFacts(ValueError):
    """The approved facts are not in the agreed form; that is the platform's fault, never the learner's."""


class ClaimVerdict(StrEnum):
    """What a reply is worth, the worst of what its claims are worth.

    conflict: another value than the approved one. wrong_entity: another product's value, or an answer about another
    product. stale: a value that was approved once. unqualified: the condition is left out. wrong_condition: a condition
    that is not the approved one. baseless: a value where none is approved. misgrounded: the right value without the
    sentence that states it. over_refusal: no value although one is approved. malformed: not a reply at all.
    """

    correct = "correct"
    correct_refusal = "correct_refusal"
    conflict = "conflict"
    wrong_entity = "wrong_entity"
    stale = "stale"
    unqualified = "unqualified"
    wrong_condition = "wrong_condition"
    baseless = "baseless"
    misgrounded = "misgrounded"
    over_refusal = "over_refusal"
    malformed = "malformed"


V = ClaimVerdict
HARMFUL = frozenset({V.conflict, V.wrong_entity, V.stale, V.unqualified, V.wrong_condition, V.baseless, V.misgrounded})
RIGHT = frozenset({V.correct, V.correct_refusal})
# When several claims are wrong in different ways, the first of these names the reply.
WORST_FIRST = (
    V.wrong_entity,
    V.stale,
    V.conflict,
    V.baseless,
    V.wrong_condition,
    V.unqualified,
    V.misgrounded,
)


def harmful(verdict: ClaimVerdict) -> bool:
    """Whether a customer was told something that compliance cannot stand by."""
    return verdict in HARMFUL


# --- Facts -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Amount:
    """A quantity in the base unit of its dimension: 2 days and 48 hours are equal; `unit` None fits any."""

    number: Decimal
    unit: str | None

    def fits(self, other: Amount) -> bool:
        """Whether both say the same, or one does not say its unit and the numbers agree."""
        return self.number == other.number and (self.unit == other.unit or self.unit is None or other.unit is None)


@dataclass(frozen=True)
class Fact:
    """One approved value; `written` is the bare number as documents write it."""

    amount: Amount
    written: Decimal
    condition: str | None
    effective: str | None
    document: str
    sentence: int


@dataclass(frozen=True)
class Product:
    """A product and its approved facts by attribute key; `retired` are amounts that were approved once."""

    id: str
    name: str
    line: str
    jurisdiction: str | None
    facts: Mapping[str, Fact]
    retired: Mapping[str, tuple[Amount, ...]]


@dataclass(frozen=True)
class Attribute:
    """Something products have a value of; the first name is how documents call it."""

    key: str
    unit: str | None
    names: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """The approved facts in the form the judging needs: everything folded, longest names first."""

    products: tuple[Product, ...]
    attributes: tuple[Attribute, ...]
    by_name: Mapping[tuple[str, ...], Product]
    lines: frozenset[str]
    name_words: frozenset[str]
    conditions: tuple[str, ...]
    jurisdictions: tuple[str, ...]
    sentences: Mapping[tuple[str, int], Product]

    def attribute(self, key: str) -> Attribute:
        """The attribute of a key; KeyError if there is none."""
        return next(attribute for attribute in self.attributes if attribute.key == key)


def read_facts(given: Mapping[str, Any] | bytes | str) -> Facts:
    """Read the approved facts from their JSON.

    Raises:
        BadFacts: they are not in the agreed form.
    """
    try:
        stored: Mapping[str, Any] = given if isinstance(given, Mapping) else json.loads(given)
        attributes = tuple(
            Attribute(row["key"], _unit(str(row["unit"]))[0], tuple(fold(name) for name in row["names"]))
            for row in stored["attributes"]
        )
        products = tuple(_product(row) for row in stored["products"])
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise BadFacts(f"the approved facts cannot be read: {error!r}") from error
    by_name = {tuple(words(product.name)): product for product in products}
    lines = frozenset(name[0] for name in by_name if name)
    conditions = {fold(fact.condition) for product in products for fact in product.facts.values() if fact.condition}
    return Facts(
        products=products,
        attributes=attributes,
        by_name=by_name,
        lines=lines,
        name_words=frozenset(word for name in by_name for word in name) - lines,
        conditions=tuple(sorted(conditions, key=len, reverse=True)),
        jurisdictions=tuple(sorted({fold(product.jurisdiction) for product in products if product.jurisdiction})),
        sentences={(f.document, f.sentence): product for product in products for f in product.facts.values()},
    )


def _product(row: Mapping[str, Any]) -> Product:
    facts = {}
    for key, stored in row["facts"].items():
        unit, factor = _unit(str(stored["unit"]))
        written = Decimal(str(stored["value"]))
        facts[key] = Fact(
            amount=Amount(written * factor, unit),
            written=written,
            condition=stored.get("condition"),
            effective=stored.get("effective"),
            document=stored["document"],
            sentence=stored["sentence"],
        )
    retired = {
        key: tuple(
            Amount(Decimal(str(old["value"])) * _unit(str(old["unit"]))[1], _unit(str(old["unit"]))[0]) for old in rows
        )
        for key, rows in row.get("retired", {}).items()
    }
    return Product(row["id"], row["name"], row.get("line", ""), row.get("jurisdiction"), facts, retired)


# --- Words and quantities --------------------------------------------------------------------------------------

_UNITS: Mapping[str, tuple[str, Decimal]] = {
    spelled: (unit, Decimal(factor))
    for unit, factor, spellings in (
        ("usd", "1", "usd $ us$ dollar dollars"),
        ("eur", "1", "eur € euro euros"),
        ("gbp", "1", "gbp £ pound pounds"),
        ("%", "1", "% percent pct"),
        ("gb", "1", "gb gigabyte gigabytes"),
        ("gb", "1000", "tb terabyte terabytes"),
        ("gb", "0.001", "mb megabyte megabytes"),
        ("mg", "1", "mg milligram milligrams milligramme milligrammes"),
        ("mg", "1000", "g gram grams gramme grammes"),
        ("hours", "1", "hour hours h hrs"),
        ("hours", "24", "day days"),
        ("hours", "168", "week weeks"),
        ("years", "1", "year years"),
    )
    for spelled in spellings.split()
}
_SCALES = {"thousand": Decimal(1000), "k": Decimal(1000), "million": Decimal(1_000_000)}
_BEFORE = "|".join(re.escape(sign) for sign in ("us$", "$", "€", "£", "usd", "eur", "gbp"))
_AFTER = "|".join(sorted((re.escape(unit) for unit in _UNITS), key=len, reverse=True))
_QUANTITY = re.compile(
    rf"(?<![\w.])(?P<before>{_BEFORE})?\s?(?P<sign>[-−])?"
    r"(?P<number>\d{1,3}(?:[,' ]\d{3})+(?:\.\d+)?|\d{1,15},\d{1,2}(?![\d,])|\d{1,15}(?:\.\d{1,6})?)(?![\d])"
    rf"(?:[\s-]?(?P<scale>thousand|million|k)(?![\w]))?(?:[\s-]?(?P<after>{_AFTER})(?![\w]))?"
)
_LONG_DIGITS = re.compile(r"\d{16,}")
_WORD = re.compile(r"[a-z0-9%]+")
_TAG = re.compile(r"\[?\b(?P<document>doc-\d+)(?:(?:\s?[:#]\s?|,?\s?(?:sentence|s\.?)\s?)(?P<sentence>\d{1,4}))?\b\]?")
_DATE = re.compile(
    r"\b(?P<iso>\d{4}-\d{2}-\d{2})\b"
    r"|\b\d{1,2}\s(?:january|february|march|april|may|june|july|august|september|october|november|december)\s\d{4}\b"
    r"|\b(?:january|february|march|april|may|june|july|august|september|october|november|december)\s\d{1,2},?\s\d{4}\b"
)
_SENTENCE_END = re.compile(r"(?<=[a-z%)\]])[.!?](?=\s|$)|[.!?](?=\s+[a-z(\[])|[\n;]")
_INVISIBLE = {"Cf", "Cc", "Cs", "Co", "Cn"}


def fold(text: str) -> str:
    """One spelling for what looks alike: compatibility forms, case, spaces, invisible characters, markup."""
    shown = unicodedata.normalize("NFKC", text)
    plain = "".join(
        " " if c.isspace() else c for c in shown if c.isspace() or unicodedata.category(c) not in _INVISIBLE
    )
    return " ".join(re.sub(r"[*_`~]+", "", plain).casefold().split())


def words(text: str) -> list[str]:
    """The words of a text, folded."""
    return _WORD.findall(fold(text))


def _unit(spelled: str) -> tuple[str | None, Decimal]:
    """The base unit of a unit as facts write it, and how many of it one is: `thousand USD` is 1000 usd."""
    factor = Decimal(1)
    unit: str | None = None
    for word in fold(spelled).split():
        if word in _SCALES:
            factor *= _SCALES[word]
        elif word in _UNITS:
            unit, times = _UNITS[word]
            factor *= times
        else:
            unit = word
    return unit, factor


def _number(written: str) -> Decimal:
    if re.fullmatch(r"\d+,\d{1,2}", written):
        return Decimal(written.replace(",", "."))
    return Decimal(re.sub(r"[,' ]", "", written))


# --- Questions -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """What a question is about. `stranger` is a name that sounds like the catalogue's and is not in it."""

    product: Product | None = None
    attribute: Attribute | None = None
    stranger: str | None = None

    @property
    def fact(self) -> Fact | None:
        """The approved answer, or None: then a refusal is right."""
        if self.product is None or self.attribute is None:
            return None
        return self.product.facts.get(self.attribute.key)


def understand(question: str, facts: Facts, *, earlier: Asked | None = None) -> Asked:
    """Tell which product and attribute a question is about; a follow-up takes the product from what came `earlier`."""
    said = words(question[:MOST_QUESTION])
    mention = _mention(said, facts)
    attribute = _named_attribute(fold(question[:MOST_QUESTION]), facts)
    if mention:
        product = facts.by_name.get(mention)
        return Asked(product, attribute, None if product else " ".join(mention))
    return Asked(earlier.product if earlier else None, attribute, earlier.stranger if earlier else None)


def _mention(said: Sequence[str], facts: Facts) -> tuple[str, ...]:
    """The first name in a question: a line and the words after it that names are made of."""
    for start, word in enumerate(said):
        if word in facts.lines:
            end = start + 1
            while end < len(said) and said[end] in facts.name_words:
                end += 1
            return tuple(said[start:end])
    return ()


def _named_attribute(text: str, facts: Facts) -> Attribute | None:
    """The attribute of the longest name found."""
    found = _attribute_mentions(text, facts)
    return max(found, key=lambda one: one[1] - one[0])[2] if found else None


def _attribute_mentions(text: str, facts: Facts) -> list[tuple[int, int, Attribute]]:
    """Where a text names attributes: (start, end, attribute), in order; a name inside a longer one does not count."""
    found = [
        (match.start(), match.end(), attribute)
        for attribute in facts.attributes
        for name in attribute.names
        for match in re.finditer(rf"\b{re.escape(name)}\b", text)
    ]
    return sorted(
        (one for one in found if not any(o[0] <= one[0] and one[1] <= o[1] and o[:2] != one[:2] for o in found)),
        key=lambda one: one[:2],
    )


# --- Claims ----------------------------------------------------------------------------------------------------


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
class Judgement:
    """What a reply is worth and why; `answerable` says whether an approved value exists for what was asked."""

    verdict: ClaimVerdict
    claims: tuple[Claim, ...] = ()
    why: str = ""
    answerable: bool = False

    @property
    def answered(self) -> bool:
        """Whether a customer was told any value."""
        return bool(self.claims)


@dataclass(frozen=True)
class _Said:
    """A quantity in its place: the claim it makes, what it amounts to, and whose it is taken to be."""

    claim: Claim
    amount: Amount
    written: Decimal
    product: Product | None
    attribute: Attribute | None
    stranger: bool


@dataclass(frozen=True)
class _Reply:
    """A reply that has the form of one."""

    text: str
    citations: tuple[tuple[str, int], ...]


class _Malformed(Exception):
    """The reply does not have the agreed form."""


def _read_reply(reply: object) -> _Reply:
    if not isinstance(reply, Mapping):
        raise _Malformed("it is not an object")
    text = reply.get("text")
    if not isinstance(text, str) or not text.strip():
        raise _Malformed("it has no text")
    if len(text) > MOST_TEXT:
        raise _Malformed(f"its text has {len(text)} characters; an answer has at most {MOST_TEXT}")
    if not isinstance(reply.get("refused", False), bool):
        raise _Malformed("`refused` is neither true nor false")
    given = reply.get("citations", [])
    if not isinstance(given, list) or len(given) > MOST_CITATIONS:
        raise _Malformed("`citations` is not a list of at most 50")
    citations = []
    for one in given:
        document = one.get("document") if isinstance(one, Mapping) else None
        sentence = one.get("sentence") if isinstance(one, Mapping) else None
        if not isinstance(document, str) or type(sentence) is not int:
            raise _Malformed("a citation is not {document: text, sentence: whole number}")
        citations.append((document, sentence))
    folded = fold(text)
    if _LONG_DIGITS.search(folded):
        raise _Malformed("it holds a number of more than 15 digits")
    citations += [
        (found["document"], int(found["sentence"])) for found in _TAG.finditer(folded) if found["sentence"] is not None
    ]
    return _Reply(text, tuple(citations))


def _blank(text: str, pattern: re.Pattern[str]) -> str:
    return pattern.sub(lambda found: " " * len(found[0]), text)


def _product_mentions(text: str, facts: Facts) -> list[tuple[int, int, Product | None]]:
    """Where a text names products: (start, end, product); None for a name the catalogue does not have."""
    found: list[tuple[int, int, Product | None]] = []
    tokens = list(_WORD.finditer(text))
    at = 0
    while at < len(tokens):
        if tokens[at][0] not in facts.lines:
            at += 1
            continue
        end = at + 1
        while end < len(tokens) and tokens[end][0] in facts.name_words:
            end += 1
        product = facts.by_name.get(tuple(token[0] for token in tokens[at:end]))
        if product is not None or end - at > 1:
            found.append((tokens[at].start(), tokens[end - 1].end(), product))
        at = end
    return found


def _said(reply: _Reply, asked: Asked, facts: Facts) -> list[_Said]:
    """The values a reply states.

    1. Citations, dates and names are set aside: their digits are no values.
    2. A number with a unit is a claim if what was asked for is counted in that unit, or its sentence names a product
       or an attribute. A number without one is a claim only if no other is, and its sentence names either, or it is
       the only number.
    3. It is about the product and the attribute named last before it, else first after it in its sentence, else asked.
    """
    text = fold(reply.text)
    without_tags = _blank(text, _TAG)
    clean = _blank(without_tags, _DATE)
    mentions = _product_mentions(clean, facts)
    for start, end, _ in mentions:
        clean = clean[:start] + "\0" * (end - start) + clean[end:]
    place = _Place(
        text=clean.replace("\0", " "),
        bounds=(0, *(end.end() for end in _SENTENCE_END.finditer(clean)), len(clean)),
        products=tuple((start, product) for start, _, product in mentions),
        dates=tuple((found.start(), found["iso"]) for found in _DATE.finditer(without_tags) if found["iso"]),
    )
    quantities = list(_QUANTITY.finditer(clean))
    edges = [0, *(found.start() for found in quantities[1:]), len(clean)]
    said = [
        _claimed(found, place, asked, reply, facts, stretch=(edges[number], edges[number + 1]))
        for number, found in enumerate(quantities)
    ]
    counted = [one for one in said if one is not None]
    with_unit = [one for one in counted if one.amount.unit is not None]
    return with_unit or counted


@dataclass(frozen=True)
class _Place:
    """A reply's text made ready: names blanked out, sentences bounded, and where products and dates were."""

    text: str
    bounds: tuple[int, ...]
    products: tuple[tuple[int, Product | None], ...]
    dates: tuple[tuple[int, str], ...]

    def conditions(self, start: int, end: int, facts: Facts) -> str | None:
        """The known conditions said between two places."""
        text = self.text[start:end]
        found = [known for known in facts.conditions if re.search(rf"\b{re.escape(known)}\b", text)]
        return " / ".join(found) or None


def _claimed(
    found: re.Match[str], place: _Place, asked: Asked, reply: _Reply, facts: Facts, *, stretch: tuple[int, int]
) -> _Said | None:
    """The claim a number makes where it stands, or None if it makes none.

    `stretch` reaches from this number to the next, or from the beginning and to the end: conditions in it are its own.
    """
    alone = stretch == (0, len(place.text))
    start = max(bound for bound in place.bounds if bound <= found.start())
    end = min(bound for bound in place.bounds if bound >= found.end())
    amount, written = _amount(found)
    here = [product for at, product in place.products if start <= at < end]
    before = [product for at, product in place.products if at < found.start()]
    named = _attribute_mentions(place.text[start:end], facts)
    preceding = [attribute for at, _, attribute in named if start + at < found.start()]
    attribute = preceding[-1] if preceding else (named[0][2] if named else None)
    sentence_is_about_us = bool(here) or attribute is not None
    asked_for = asked.attribute is not None and amount.unit == asked.attribute.unit
    if not (sentence_is_about_us or asked_for or (amount.unit is None and alone)):
        return None
    product = before[-1] if before else (here[0] if here else asked.product)
    about = attribute or asked.attribute
    condition = place.conditions(max(start, stretch[0]), min(end, stretch[1]), facts)
    if condition is None and alone:
        condition = place.conditions(*stretch, facts)
    document, sentence = reply.citations[0] if reply.citations else (None, None)
    said = place.text[start:end]
    return _Said(
        claim=Claim(
            product=product.id if product else None,
            attribute=about.key if about else None,
            value=str(written),
            unit=found["before"] or found["after"],
            condition=condition,
            jurisdiction=next((one for one in facts.jurisdictions if re.search(rf"\b{re.escape(one)}\b", said)), None),
            effective=next((iso for at, iso in place.dates if start <= at < end), None),
            document=document,
            sentence=sentence,
        ),
        amount=amount,
        written=written,
        product=product,
        attribute=about,
        stranger=(bool(before or here) and product is None) or (not before and not here and bool(asked.stranger)),
    )


def _amount(found: re.Match[str]) -> tuple[Amount, Decimal]:
    number = _number(found["number"])
    if found["sign"] and not found["before"] and found.start() and found.string[found.start() - 1].isalnum():
        sign = 1  # a hyphen inside a word, as in "covid-19"
    else:
        sign = -1 if found["sign"] else 1
    scale = _SCALES[found["scale"]] if found["scale"] else Decimal(1)
    spelled = found["before"] or found["after"]
    unit, factor = _UNITS[spelled] if spelled else (None, Decimal(1))
    return Amount(sign * number * scale * factor, unit), sign * number


# --- Judging ---------------------------------------------------------------------------------------------------


def judge(question: str, reply: object, facts: Facts | Mapping[str, Any], *, earlier: Asked | None = None) -> Judgement:
    """Say what a reply is worth.

    Args:
        question: what was asked.
        reply: what came back, whatever it is; an object with `text`, `citations` and `refused` if all is well.
        facts: the approved facts, read or as their JSON object.
        earlier: what the conversation was about before, for a follow-up that names no product.

    Raises:
        BadFacts: the facts are not in the agreed form.
    """
    known = facts if isinstance(facts, Facts) else read_facts(facts)
    asked = understand(question, known, earlier=earlier)
    answerable = asked.fact is not None
    try:
        read = _read_reply(reply)
    except _Malformed as malformed:
        return Judgement(V.malformed, (), f"The reply is malformed: {malformed}.", answerable)
    said = _said(read, asked, known)
    claims = tuple(one.claim for one in said)
    judged = [_judge_claim(one, asked, read, known) for one in said]
    for worst in WORST_FIRST:
        for verdict, why in judged:
            if verdict is worst:
                return Judgement(verdict, claims, why, answerable)
    open_question = asked.product is None and asked.stranger is None
    if judged and (open_question or (answerable and _answers(said, asked))):
        return Judgement(V.correct, claims, judged[0][1], answerable)
    if answerable:
        return Judgement(V.over_refusal, claims, "An approved value exists and was not given.", answerable)
    return Judgement(V.correct_refusal, claims, "No approved value exists, and none was given.", answerable)


def _answers(said: Iterable[_Said], asked: Asked) -> bool:
    """Whether any claim is about what was asked."""
    return any(one.product is asked.product and one.attribute is asked.attribute for one in said)


def _judge_claim(one: _Said, asked: Asked, reply: _Reply, facts: Facts) -> tuple[ClaimVerdict, str]:
    """Judge one claim by the facts of the product it is about; being about another product than asked is wrong too."""
    if one.stranger or asked.stranger:
        return V.wrong_entity if asked.stranger and one.product else V.baseless, (
            f"{one.claim.value} was given for a product that is not in the catalogue."
        )
    if asked.product is not None and one.product is not None and one.product is not asked.product:
        return V.wrong_entity, f"It is about {one.product.name}; asked was {asked.product.name}."
    if one.product is None or one.attribute is None:
        return V.baseless, f"{one.claim.value} was given, and nothing says what of."
    fact = one.product.facts.get(one.attribute.key)
    name = f"{one.attribute.names[0]} of {one.product.name}"
    if fact is None:
        verdict = _whose(one, facts) or V.baseless
        return verdict, f"No approved document states the {name}; {one.claim.value} was given."
    if not (one.amount.fits(fact.amount) or (one.amount.unit is None and one.written == fact.written)):
        verdict = _whose(one, facts) or V.conflict
        return verdict, f"The {name} is {fact.written}; {one.claim.value} was given."
    return _judge_circumstances(one, one.product, fact, name, reply)


def _judge_circumstances(
    one: _Said, product: Product, fact: Fact, name: str, reply: _Reply
) -> tuple[ClaimVerdict, str]:
    """The value is right: is everything that belongs to it?"""
    claim = one.claim
    approved = fold(fact.condition) if fact.condition else None
    if claim.condition != approved:
        if claim.condition is None:
            return V.unqualified, f"The {name} is {fact.written} only {fact.condition}, which was not said."
        return V.wrong_condition, f"The {name} was given {claim.condition!r}; approved is {fact.condition or 'none'!r}."
    if claim.jurisdiction and product.jurisdiction and claim.jurisdiction != fold(product.jurisdiction):
        return V.conflict, f"The {name} holds in {product.jurisdiction}, not in {claim.jurisdiction}."
    if claim.effective and fact.effective and claim.effective != fact.effective:
        return V.stale, f"The {name} is in force since {fact.effective}, not {claim.effective}."
    if (fact.document, fact.sentence) not in reply.citations:
        return V.misgrounded, f"The {name} is stated by {fact.document}:{fact.sentence}, which is not cited."
    return V.correct, f"The {name} is {fact.written}, as {fact.document}:{fact.sentence} states."


def _whose(one: _Said, facts: Facts) -> ClaimVerdict | None:
    """Where a wrong value comes from: a sibling, the past, or None for nowhere known."""
    if one.product is None or one.attribute is None:
        return None
    for other in facts.products:
        fact = other.facts.get(one.attribute.key)
        if other is not one.product and other.line == one.product.line and fact and one.amount.fits(fact.amount):
            return V.wrong_entity
    cited = facts.sentences.get((one.claim.document or "", one.claim.sentence or 0))
    if cited is not None and cited is not one.product:
        return V.wrong_entity
    if any(one.amount.fits(old) for old in one.product.retired.get(one.attribute.key, ())):
        return V.stale
    return None


# --- Conversations and counts ----------------------------------------------------------------------------------


@dataclass
class Conversations:
    """Judges replies in the order they were given, and remembers what each conversation is about."""

    facts: Facts
    _last: dict[str, Asked] = field(default_factory=dict)

    def judge(self, question: str, session: str, reply: object) -> Judgement:
        """Judge the next reply of a conversation; session ``""`` stands alone."""
        earlier = self._last.get(session) if session else None
        if session:
            self._last[session] = understand(question, self.facts, earlier=earlier)
        return judge(question, reply, self.facts, earlier=earlier)


@dataclass(frozen=True)
class Rates:
    """Exact counts; the hallucination rate is `harmful` of `total`, the answer rate `answered` of `answerable`.

    They belong together: refusing everything has no harm and no use.
    """

    total: int
    harmful: int
    answerable: int
    answered: int
    right: int
    by_verdict: Mapping[ClaimVerdict, int]

    def __str__(self) -> str:
        return f"{self.harmful} of {self.total} harmful, {self.answered} of {self.answerable} answered"


def rates(judgements: Iterable[Judgement]) -> Rates:
    """Count judgements. A question counts as answered when it has an approved value and any value was given."""
    given = list(judgements)
    return Rates(
        total=len(given),
        harmful=sum(harmful(one.verdict) for one in given),
        answerable=sum(one.answerable for one in given),
        answered=sum(one.answerable and one.answered and one.verdict is not V.malformed for one in given),
        right=sum(one.verdict in RIGHT for one in given),
        by_verdict=dict(sorted(Counter(one.verdict for one in given).items())),
    )
