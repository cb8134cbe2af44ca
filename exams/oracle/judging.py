"""What a reply is worth: each claim is compared with the approved facts, and the worst one names it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from exams.oracle.claims import Claim, Malformed, read_reply, said_in
from exams.oracle.facts import Facts, read_facts
from exams.oracle.quantities import fold
from exams.oracle.questions import understand

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exams.oracle.claims import Reply, Said
    from exams.oracle.facts import Attribute, Fact, Product
    from exams.oracle.questions import Asked


class ClaimVerdict(StrEnum):
    """What a reply is worth, the worst of what its claims are worth.

    conflict: another value than the approved one, one that is not approved yet too. wrong_entity: another product's
    value, or an answer about another product, whether the catalogue has it or not; about any, where a value was asked
    for and the conversation has named no product. stale: a value that was approved once. unqualified: the condition is
    left out. wrong_condition: a condition that is not the approved one. baseless: a value where none is approved, in
    another jurisdiction too. misgrounded: the right value without the sentence that states it. over_refusal: no value
    although one is approved. malformed: not a reply at all.
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

_ONCE = {V.stale: ", which was approved once", V.wrong_entity: ", which is another product's"}


def harmful(verdict: ClaimVerdict) -> bool:
    """Whether a customer was told something that compliance cannot stand by."""
    return verdict in HARMFUL


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
    return judge_asked(understand(question, known, earlier=earlier), reply, known)


def judge_asked(asked: Asked, reply: object, known: Facts) -> Judgement:
    """Say what a reply is worth to a question that is understood."""
    answerable = asked.fact is not None
    try:
        read = read_reply(reply)
    except Malformed as malformed:
        return Judgement(V.malformed, (), f"The reply is malformed: {malformed}.", answerable)
    said = said_in(read, asked, known)
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
    why = "No approved value exists for what was asked, and none was given" + (
        "; what was said is true." if said else "."
    )
    return Judgement(V.correct_refusal, claims, why, answerable)


def _answers(said: Iterable[Said], asked: Asked) -> bool:
    """Whether any claim is about what was asked."""
    return any(one.product is asked.product and one.attribute is asked.attribute for one in said)


def _judge_claim(one: Said, asked: Asked, reply: Reply, facts: Facts) -> tuple[ClaimVerdict, str]:
    """Judge one claim by the facts of the product it is about; being about another product than asked is wrong too."""
    if one.stranger or asked.stranger:
        other = one.product if asked.stranger else asked.product
        return V.wrong_entity if other else V.baseless, (
            f"{one.claim.value} was given for a product that is not in the catalogue."
        )
    if asked.product is not None and one.product is not None and one.product is not asked.product:
        return V.wrong_entity, f"It is about {one.product.name}; asked was {asked.product.name}."
    if asked.nobodys and one.product is not None:
        return V.wrong_entity, f"It is about {one.product.name}; asked was of none that the conversation had named."
    if one.product is None or one.attribute is None:
        of = "what no approved document speaks of" if asked.unheard_of else "nothing that was named"
        return V.baseless, f"{one.claim.value} was given of {of}."
    return _judge_value(one, (one.product, one.attribute), asked, reply, facts)


def _judge_value(
    one: Said, of: tuple[Product, Attribute], asked: Asked, reply: Reply, facts: Facts
) -> tuple[ClaimVerdict, str]:
    """Judge a claim that is about a known attribute of the product asked about, or of the one it names itself."""
    product, attribute = of
    fact = product.facts.get(attribute.key)
    name = f"{attribute.names[0]} of {product.name}"
    if asked.elsewhere:
        ours = fact is not None and _says(one, fact)
        verdict = V.baseless if ours else (_whose(one, asked, facts) or V.baseless)
        return verdict, f"Nothing is approved of the {name} in {asked.jurisdiction}; {one.claim.value} was given."
    if fact is None:
        verdict = _whose(one, asked, facts) or V.baseless
        return verdict, f"No approved document states the {name}; {one.claim.value} was given."
    if not _says(one, fact):
        verdict = _whose(one, asked, facts) or V.conflict
        return verdict, f"The {name} is {fact.written}; {one.claim.value} was given{_ONCE.get(verdict, '')}."
    return _judge_circumstances(one, product, fact, name, reply)


def _says(one: Said, fact: Fact) -> bool:
    """Whether a claim's value is the approved one."""
    return one.amount.fits(fact.amount) or (one.amount.unit is None and one.written == fact.written)


def _judge_circumstances(one: Said, product: Product, fact: Fact, name: str, reply: Reply) -> tuple[ClaimVerdict, str]:
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


def _whose(one: Said, asked: Asked, facts: Facts) -> ClaimVerdict | None:
    """Where a wrong value comes from; None for nowhere known.

    What is cited says most; then its own past and future; then its siblings, and products of the place asked about.
    """
    if one.product is None or one.attribute is None:
        return None
    key = one.attribute.key
    cited = facts.sentences.get((one.claim.document or "", one.claim.sentence or 0))
    if cited is not None and cited is not one.product:
        return V.wrong_entity
    if any(one.amount.fits(old) for old in one.product.retired.get(key, ())):
        return V.stale
    if any(one.amount.fits(new) for new in one.product.pending.get(key, ())):
        return V.conflict
    for other in facts.products:
        fact = other.facts.get(key)
        near = other.line == one.product.line or (
            asked.elsewhere and fold(other.jurisdiction or "") == asked.jurisdiction
        )
        if other is not one.product and near and fact and one.amount.fits(fact.amount):
            return V.wrong_entity
    return None
