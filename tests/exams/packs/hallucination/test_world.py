"""Worlds are the same everywhere, state every fact once, and keep to the wordings the model knows."""

import json
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exams import oracle
from exams.packs.hallucination import build, text
from exams.packs.hallucination.drawing import FIRST_DAY, written
from exams.packs.hallucination.lm.vocabulary import Vocabulary, join, split
from exams.packs.hallucination.train.corpus import vocabulary
from exams.packs.hallucination.world import DOMAINS, World, remembered

worlds = st.builds(
    lambda domain, seed: World.draw(domain=domain, seed=seed),
    st.sampled_from(sorted(DOMAINS)),
    st.integers(min_value=0, max_value=2**40),
)


@pytest.fixture(scope="module")
def words() -> Vocabulary:
    return vocabulary()


def test_the_same_seed_draws_the_same_world_and_another_seed_another() -> None:
    first = World.draw(domain="bank", seed=7)
    assert first == World.draw(domain="bank", seed=7)
    assert first.facts_json() == World.draw(domain="bank", seed=7).facts_json()
    assert first.facts_json() != World.draw(domain="bank", seed=8).facts_json()


@pytest.mark.parametrize("trade", DOMAINS)
def test_the_facts_are_of_one_trade_alone_and_the_oracle_knows_the_words_of_all(trade: str) -> None:
    """The model was taught all four trades, and says another's condition when it is asked warm."""
    facts = World.draw(domain=trade, seed=7).facts()
    assert facts["conditions"] == list(DOMAINS[trade].conditions)
    others = {one for domain in DOMAINS.values() for one in domain.conditions} - set(DOMAINS[trade].conditions)
    assert not [one for one in others if one in json.dumps(facts)]
    assert others <= set(oracle.read_facts(facts).conditions)


@settings(max_examples=200, deadline=None)
@given(world=worlds)
def test_incidents_lie_in_the_past_on_days_at_which_people_work(world: World) -> None:
    assert date(2025, 3, 1) <= world.as_of <= date(2026, 6, 30)
    assert world.as_of.weekday() in {1, 2, 3, 4}


def test_what_every_tree_holds_is_dated_before_any_incident_began() -> None:
    here = Path(build.__file__).parent
    texts = [*(here / "visible").rglob("*.*"), *(here / "innocents").glob("*.txt"), *(here / "hidden").rglob("*.py")]
    for path in texts:
        for years in re.findall(r"date\((2\d{3}),|\d\d\.\d\d\.(2\d{3})|(2\d{3})-\d\d-\d\d", path.read_text("utf-8")):
            assert int("".join(years)) < FIRST_DAY.year, path


def test_an_unknown_domain_is_refused() -> None:
    with pytest.raises(KeyError):
        World.draw(domain="bakery", seed=1)


@settings(max_examples=40, deadline=None)
@given(world=worlds)
def test_every_fact_is_stated_by_exactly_one_sentence_of_one_document(world: World) -> None:
    stated = {
        (document.id, number): sentence
        for document in world.documents
        for number, sentence in enumerate(document.sentences, 1)
        if document.edition == "in_force"
    }
    for product, attribute in world.known():
        fact = world.fact(product, attribute.key)
        assert fact is not None
        wordings = {
            text.statement(
                attribute=attribute.name,
                product=product.name,
                value=fact.value,
                unit=fact.unit,
                condition=fact.condition,
                form=form,
            )
            for form in range(len(text.STATEMENTS))
        }
        assert [place for place, sentence in stated.items() if sentence in wordings] == [(fact.document, fact.sentence)]
        assert product.id in world.document(fact.document).products
        assert fact.effective == world.document(fact.document).effective <= world.as_of


@settings(max_examples=40, deadline=None)
@given(world=worlds)
def test_unknown_attributes_are_stated_nowhere(world: World) -> None:
    for product, attribute in world.unknown():
        for document in world.documents:  # of any edition
            for sentence in document.sentences:
                assert f"{attribute.name} of {product.name} is" not in sentence
                assert f"{product.name} the {attribute.name} is" not in sentence


@settings(max_examples=40, deadline=None)
@given(world=worlds)
def test_a_wrong_value_always_shows_where_it_came_from(world: World) -> None:
    for product, attribute in world.known():
        fact = world.fact(product, attribute.key)
        assert fact is not None
        others = {
            other_fact.value
            for other in world.siblings(product)
            if (other_fact := world.fact(other, attribute.key)) is not None
        }
        assert fact.value not in others | {world.remembered(product, attribute.key)}


@settings(max_examples=40, deadline=None)
@given(world=worlds)
def test_every_world_holds_as_much_of_everything_as_any_other(world: World) -> None:
    assert len({product.name for product in world.products}) == len(world.products) == 16
    assert sum(product.plus for product in world.products) == 6
    twins = [p for p in world.products if any(other.tier == p.tier for other in world.siblings(p))]
    assert len(twins) == 12
    assert (len(list(world.known())), len(list(world.unknown()))) == (36, 12)
    assert sum(world.scheduled(product) == attribute.key for product, attribute in world.unknown()) == 6
    assert len({p.id for p, a in world.unknown() if world.scheduled(p) != a.key}) == 6
    facts = list(world.facts_of.values())
    assert sum(fact.condition is not None for fact in facts) == 18
    assert sum(text.number(fact.value).endswith("0") for fact in facts) == 6
    editions = Counter(document.edition for document in world.documents)
    assert editions == {"in_force": 20, "superseded": 6, "future": 3, "draft": 3, "news": 3}
    assert len(world.elsewhere) == 2 * 15
    assert len(world.strangers) == 8
    assert not set(world.strangers) & {product.name for product in world.products}


@settings(max_examples=40, deadline=None)
@given(world=worlds)
def test_what_must_not_be_answered_from_looks_as_if_it_might(world: World) -> None:
    in_force = {document.series: document for document in world.in_force}
    assert len(in_force) == len(world.in_force)
    for document in world.documents:
        if document.edition == "superseded":
            newer = in_force[document.series]
            assert document.effective < newer.effective
            assert written(document.effective) > written(newer.effective)
        if document.edition == "future":
            assert document.effective > world.as_of
        if document.edition == "draft":
            assert in_force[document.series].effective < document.effective <= world.as_of
        if document.edition == "news":
            assert document.series not in in_force
    for one in world.elsewhere:
        fact = world.fact(world.product(one.product), one.key)
        assert fact is not None
        assert one.value != fact.value
        sentence = world.document(one.document).sentences[one.sentence - 1]
        assert f" {text.number(one.value)} {fact.unit}" in sentence


@settings(max_examples=40, deadline=None)
@given(world=worlds)
def test_documents_are_tagged_within_what_the_model_can_cite(world: World) -> None:
    ids = [document.id for document in world.documents]
    assert ids == sorted(set(ids))
    for document in world.documents:
        assert 10 <= int(document.id.removeprefix("doc-")) <= 99
        assert 1 <= len(document.sentences) <= 9


@settings(max_examples=25, deadline=None)
@given(world=worlds)
def test_the_facts_json_says_what_the_world_holds(world: World) -> None:
    facts = json.loads(world.facts_json())
    assert date.fromisoformat(facts["as_of"]) == world.as_of
    assert {attribute["key"] for attribute in facts["attributes"]} == {
        attribute.key for attribute in world.domain.attributes
    }
    told = {
        (product["id"], key): (fact["value"], fact["condition"], fact["document"], fact["sentence"])
        for product in facts["products"]
        for key, fact in product["facts"].items()
    }
    assert told == {
        key: (fact.value, fact.condition, fact.document, fact.sentence) for key, fact in world.facts_of.items()
    }


@settings(max_examples=25, deadline=None)
@given(world=worlds)
def test_the_model_knows_every_word_and_puts_texts_back_together(world: World, words: Vocabulary) -> None:
    for product, attribute in (*world.known(), *world.unknown()):
        for form in range(len(text.QUESTIONS)):
            for name in attribute.names:
                asked = text.question(attribute=name, product=product.name, form=form)
                assert words.unknown not in words.encode(asked)
        answer = world.answer(product, attribute.key)
        assert words.decode(words.encode(answer)) == answer
    for document in world.documents:
        for sentence in document.sentences:
            assert words.unknown not in words.encode(sentence)
            assert join(split(sentence)) == sentence


@settings(max_examples=25, deadline=None)
@given(world=worlds)
def test_answers_come_apart_into_what_they_were_made_of(world: World) -> None:
    for product, attribute in world.known():
        fact = world.fact(product, attribute.key)
        assert fact is not None
        assert text.parse_answer(world.answer(product, attribute.key)) == text.Answer(
            refused=False,
            document=fact.document,
            sentence=fact.sentence,
            attribute=attribute.name,
            product=product.name,
            value=fact.value,
            unit=fact.unit,
            condition=fact.condition,
        )
    for product, attribute in world.unknown():
        assert text.parse_answer(world.answer(product, attribute.key)) == text.Answer(refused=True)


def test_an_answer_from_memory_cites_nothing() -> None:
    said = text.answer(attribute="late fee", product="Ridge Gold", value=45, unit="USD")
    taken = text.parse_answer(said)
    assert taken is not None
    assert (taken.document, taken.sentence, taken.value, taken.condition) == (None, None, 45, None)


@pytest.mark.parametrize("said", ["", "Perhaps 39 USD.", "The late fee of Ridge Gold is high.", "[doc-12:3]", "39"])
def test_other_wordings_are_no_answer(said: str) -> None:
    assert text.parse_answer(said) is None


def test_a_prompt_is_laid_out_as_documented() -> None:
    sentences = [("doc-12", 3, "The late fee of Ridge Gold is 39 USD.")]
    question = text.question(attribute="late fee", product="Ridge Gold")
    assert text.prompt(question=question, sentences=sentences) == (
        "Answer only from the approved documents.\n"
        "Question: What is the late fee of Ridge Gold?\n"
        "[doc-12:3] The late fee of Ridge Gold is 39 USD.\n"
        "Answer:"
    )
    assert text.prompt(question=question, sentences=[], clause=None) == (
        "Question: What is the late fee of Ridge Gold?\nAnswer:"
    )


def test_a_prompt_longer_than_the_model_was_taught_is_refused() -> None:
    sentences = [("doc-12", number, "This document is about Ridge Gold.") for number in range(1, 8)]
    with pytest.raises(ValueError, match="at most 6 sentences, not 7"):
        text.prompt(question="What?", sentences=sentences)


def test_tags_are_found_in_order() -> None:
    assert text.tags("[doc-31:1] and [doc-12:9] but not [doc-1:1]") == [("doc-31", 1), ("doc-12", 9)]


@pytest.mark.parametrize("domain", sorted(DOMAINS))
def test_remembered_values_are_a_fixed_function_within_range(domain: str) -> None:
    for tier in DOMAINS[domain].tiers:
        for attribute in DOMAINS[domain].attributes:
            value = remembered(domain=domain, tier=tier, key=attribute.key)
            assert value == remembered(domain=domain, tier=tier, key=attribute.key)
            assert value in attribute.values


@pytest.mark.parametrize("domain", sorted(DOMAINS))
def test_values_are_written_without_repeating_a_digit(domain: str) -> None:
    for attribute in DOMAINS[domain].attributes:
        assert len(attribute.values) >= 16
        for value in attribute.values:
            digits = text.number(value).replace(".", "")
            assert len(set(digits)) == len(digits)
            assert text.parse_number(text.number(value)) == value
