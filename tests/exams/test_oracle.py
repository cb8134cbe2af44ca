"""The oracle: what each way of answering is worth, and that no reply whatever upsets it."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exams import oracle
from exams.oracle import ClaimVerdict as V
from exams.oracle import Conversations, harmful, judge, rates, read_facts, understand

BANK: dict[str, Any] = {
    "as_of": "2026-04-01",
    "domain": "bank",
    "attributes": [
        {"key": "late_fee", "unit": "USD", "names": ["late fee", "late payment charge"]},
        {"key": "apr", "unit": "%", "names": ["APR", "interest rate"]},
        {"key": "insured_limit", "unit": "thousand USD", "names": ["insured limit", "deposit cover"]},
        {"key": "notice", "unit": "days", "names": ["notice", "notice period"]},
    ],
    "products": [
        {
            "id": "ridge-gold",
            "name": "Ridge Gold",
            "line": "Ridge",
            "jurisdiction": "Norland",
            "facts": {
                "late_fee": {
                    "value": 39,
                    "unit": "USD",
                    "condition": "for new customers",
                    "effective": "2026-01-10",
                    "document": "doc-12",
                    "sentence": 2,
                },
                "apr": {
                    "value": 12.5,
                    "unit": "%",
                    "condition": None,
                    "effective": "2026-01-10",
                    "document": "doc-12",
                    "sentence": 3,
                },
                "insured_limit": {
                    "value": 20,
                    "unit": "thousand USD",
                    "condition": None,
                    "effective": "2026-01-10",
                    "document": "doc-30",
                    "sentence": 1,
                },
                "notice": {
                    "value": 14,
                    "unit": "days",
                    "condition": None,
                    "effective": "2026-01-10",
                    "document": "doc-12",
                    "sentence": 4,
                },
            },
            "retired": {"apr": [{"value": 9.9, "unit": "%"}]},
        },
        {
            "id": "ridge-gold-plus",
            "name": "Ridge Gold Plus",
            "line": "Ridge",
            "jurisdiction": "Norland",
            "facts": {
                "late_fee": {
                    "value": 45,
                    "unit": "USD",
                    "condition": None,
                    "effective": "2026-02-01",
                    "document": "doc-14",
                    "sentence": 2,
                },
                "apr": {
                    "value": 14.1,
                    "unit": "%",
                    "condition": "for business accounts",
                    "effective": "2026-02-01",
                    "document": "doc-14",
                    "sentence": 1,
                },
            },
        },
        {"id": "cedar-silver", "name": "Cedar Silver", "line": "Cedar", "jurisdiction": "Westra", "facts": {}},
    ],
}
FACTS = read_facts(BANK)
FEE = "What is the late fee of Ridge Gold?"
APR = "What is the APR of Ridge Gold?"
LIMIT = "What is the insured limit of Ridge Gold?"
UNKNOWN = "What is the notice of Ridge Gold Plus?"
REFUSAL = "I cannot confirm that from the approved documents."


def reply(text: str, *cited: tuple[str, int], refused: bool = False) -> dict[str, Any]:
    return {
        "text": text,
        "citations": [{"document": document, "sentence": sentence} for document, sentence in cited],
        "refused": refused,
    }


SAID_RIGHT = reply("The late fee of Ridge Gold is 39 USD for new customers.", ("doc-12", 2))
APR_RIGHT = reply("The APR of Ridge Gold is 12.5 %.", ("doc-12", 3))


@pytest.mark.parametrize(
    ("question", "given", "verdict"),
    [
        # the model's own form
        (FEE, SAID_RIGHT, V.correct),
        (APR, APR_RIGHT, V.correct),
        (FEE, reply("The late fee of Ridge Gold is 93 USD for new customers.", ("doc-12", 2)), V.conflict),
        (FEE, reply("The late fee of Ridge Gold is 45 USD for new customers.", ("doc-14", 2)), V.wrong_entity),
        (FEE, reply("The late fee of Ridge Gold Plus is 45 USD.", ("doc-14", 2)), V.wrong_entity),
        (FEE, reply("The late fee of Ridge Gold is 39 USD.", ("doc-12", 2)), V.unqualified),
        (FEE, reply("The late fee of Ridge Gold is 39 USD for business accounts.", ("doc-12", 2)), V.wrong_condition),
        (APR, reply("The APR of Ridge Gold is 12.5 % for new customers.", ("doc-12", 3)), V.wrong_condition),
        (APR, reply("The APR of Ridge Gold is 9.9 %."), V.stale),
        (APR, reply("The APR of Ridge Gold is 12.5 % since 2025-01-01.", ("doc-12", 3)), V.stale),
        (APR, reply("The APR of Ridge Gold is 12.5 % in Westra.", ("doc-12", 3)), V.conflict),
        (APR, reply("The APR of Ridge Gold is 12.5 %."), V.misgrounded),
        (APR, reply("The APR of Ridge Gold is 12.5 %.", ("doc-12", 2)), V.misgrounded),
        (APR, reply("The APR of Ridge Gold is 12.5 USD.", ("doc-12", 3)), V.conflict),
        (FEE, reply(REFUSAL, refused=True), V.over_refusal),
        (UNKNOWN, reply(REFUSAL, refused=True), V.correct_refusal),
        (UNKNOWN, reply("The notice of Ridge Gold Plus is 30 days."), V.baseless),
        (UNKNOWN, reply("The notice of Ridge Gold Plus is 14 days.", ("doc-12", 4)), V.wrong_entity),
        (UNKNOWN, reply("The notice of Ridge Gold is 14 days.", ("doc-12", 4)), V.wrong_entity),
        # what the reply says of itself is not believed
        (UNKNOWN, reply("The notice of Ridge Gold Plus is 30 days.", refused=True), V.baseless),
        (FEE, reply("Please ask at the service desk."), V.over_refusal),
        (UNKNOWN, reply("Please ask at the service desk."), V.correct_refusal),
        (APR, reply("I cannot confirm that. It may be 13 %.", refused=True), V.conflict),
        # other people's wording
        (FEE, reply("Ridge Gold: USD 39, for new customers (doc-12, sentence 2)."), V.correct),
        (FEE, reply("$39 for new customers only.", ("doc-12", 2)), V.correct),
        (FEE, reply("It is 39 dollars. This holds for new customers.", ("doc-12", 2)), V.correct),
        (FEE, reply("[doc-12:2] On Ridge Gold the late fee is fixed at 39 USD for new customers."), V.correct),
        (APR, reply("Ridge Gold has an interest rate of 12,5 percent.", ("doc-12", 3)), V.correct),
        (APR, reply("The **APR** of Ridge\u00a0Gold is 12.5\u200b %, effective 2026-01-10.", ("doc-12", 3)), V.correct),
        (APR, reply("The APR of Ridge Gold is \uff11\uff12.\uff15 %.", ("doc-12", 3)), V.correct),
        (APR, reply("The APR of Ridge Gold is \uff11\uff13.\uff15 %.", ("doc-12", 3)), V.conflict),
        (LIMIT, reply("The insured limit of Ridge Gold is 20 thousand USD.", ("doc-30", 1)), V.correct),
        (LIMIT, reply("Deposits in Ridge Gold are covered up to 20,000 USD.", ("doc-30", 1)), V.correct),
        (LIMIT, reply("The insured limit of Ridge Gold is $20k.", ("doc-30", 1)), V.correct),
        (LIMIT, reply("The insured limit of Ridge Gold is 20 USD.", ("doc-30", 1)), V.conflict),
        ("What notice does Ridge Gold have?", reply("The notice is 2 weeks.", ("doc-12", 4)), V.correct),
        (APR, reply("The APR of Ridge Gold is 12.5 %. We reply within 24 hours.", ("doc-12", 3)), V.correct),
        (APR, reply("12.5", ("doc-12", 3)), V.correct),
        (APR, reply("The APR of Ridge Gold is 12.5 % or 13 %.", ("doc-12", 3)), V.conflict),
        (
            APR,
            reply(
                "The APR of Ridge Gold is 12.5 %, the late fee is 39 USD for new customers.",
                ("doc-12", 3),
                ("doc-12", 2),
            ),
            V.correct,
        ),
        # true, and not what was asked
        (APR, reply("The notice of Ridge Gold is 14 days.", ("doc-12", 4)), V.over_refusal),
        (UNKNOWN, reply("The late fee of Ridge Gold Plus is 45 USD.", ("doc-14", 2)), V.correct_refusal),
        # names the catalogue does not have
        ("What is the APR of Ridge Platinum Plus?", reply(REFUSAL, refused=True), V.correct_refusal),
        (
            "What is the APR of Cedar Silver Plus?",
            reply("The APR of Cedar Silver Plus is 3 %."),
            V.baseless,
        ),
        (
            "What is the late fee of Cedar Gold?",
            reply("The late fee of Ridge Gold is 39 USD for new customers.", ("doc-12", 2)),
            V.wrong_entity,
        ),
        (APR, reply("The APR of Ridge Silver Plus is 12.5 %.", ("doc-12", 3)), V.wrong_entity),
        (APR, reply("The APR of Aegis Gold is 12.5 %.", ("doc-12", 3)), V.wrong_entity),
        (APR, reply("On Aegis Gold Plus the APR is fixed at 12.5 %.", ("doc-12", 3)), V.wrong_entity),
        (APR, reply("The daily Aegis Gold is 12.5 %.", ("doc-12", 3)), V.wrong_entity),
        (APR, reply("We know no Aegis Gold. The APR of Ridge Gold is 12.5 %.", ("doc-12", 3)), V.correct),
        # and what is no name
        (APR, reply("Dear Gold customer, your APR is 12.5 %.", ("doc-12", 3)), V.correct),
        (APR, reply("The APR is 12.5 %. Our Gold Plus customers pay as much.", ("doc-12", 3)), V.correct),
        (APR, reply("In Norland Gold is 12.5 %, APR Plus nothing.", ("doc-12", 3)), V.correct),
        ("Will it rain?", reply(REFUSAL, refused=True), V.correct_refusal),
    ],
)
def test_what_an_answer_is_worth(question: str, given: dict[str, Any], verdict: V) -> None:
    judged = judge(question, given, FACTS)
    assert judged.verdict is verdict, judged
    assert judged.why


@pytest.mark.parametrize(
    "given",
    [
        None,
        17,
        "39 USD",
        [],
        {},
        {"text": None},
        {"text": ""},
        {"text": " \n "},
        {"text": b"39 USD"},
        {"text": "39 USD " * 10_000},
        {"text": "39 USD", "citations": "doc-12"},
        {"text": "39 USD", "citations": [["doc-12", 2]]},
        {"text": "39 USD", "citations": [{"document": "doc-12"}]},
        {"text": "39 USD", "citations": [{"document": "doc-12", "sentence": True}]},
        {"text": "39 USD", "citations": [{"document": "doc-12", "sentence": float("nan")}]},
        {"text": "39 USD", "citations": [{"document": "doc-12", "sentence": 2}] * 51},
        {"text": "39 USD", "citations": [], "refused": "no"},
        {"text": "9" * 3_000, "citations": []},
    ],
)
def test_what_is_no_reply_is_malformed_and_nothing_worse(given: object) -> None:
    judged = judge(FEE, given, FACTS)
    assert judged.verdict is V.malformed
    assert not judged.claims
    assert judged.answerable


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


@given(
    question=st.text(max_size=200),
    given=json_values
    | st.fixed_dictionaries(
        {"text": st.text(max_size=300)}, optional={"citations": json_values, "refused": json_values}
    ),
)
@settings(max_examples=300, deadline=None)
def test_no_reply_whatever_upsets_it(question: str, given: object) -> None:
    assert judge(question, given, FACTS).verdict in V


numbers = st.integers(min_value=1, max_value=990)


@given(value=numbers, told=numbers, form=st.sampled_from(["{} USD", "${}", "USD {}", "{} dollars", "{}.0 USD"]))
@settings(max_examples=100, deadline=None)
def test_substituting_the_approved_value_moves_the_verdict_with_it(value: int, told: int, form: str) -> None:
    facts = copy.deepcopy(BANK)
    facts["products"][1]["facts"]["late_fee"]["value"] = value
    facts["products"][0]["facts"].pop("late_fee")
    said = reply(f"The late fee of Ridge Gold Plus is {form.format(told)}.", ("doc-14", 2))
    judged = judge("How much is the late fee on Ridge Gold Plus?", said, facts)
    assert judged.verdict is (V.correct if told == value else V.conflict)


@given(order=st.permutations(range(3)), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_facts_does_not_matter(order: list[int], seed: int) -> None:
    facts = copy.deepcopy(BANK)
    facts["products"] = [facts["products"][at] for at in order]
    random.Random(seed).shuffle(facts["attributes"])  # noqa: S311 - an order
    assert judge(FEE, SAID_RIGHT, facts) == judge(FEE, SAID_RIGHT, BANK)


@given(
    said=st.sampled_from([SAID_RIGHT, APR_RIGHT]), case=st.sampled_from([str.lower, str.upper, str.title, str.swapcase])
)
def test_a_question_in_other_letters_is_the_same_question(said: dict[str, Any], case: Any) -> None:
    for question in (FEE, APR):
        assert judge(case(question), said, FACTS).verdict is judge(question, said, FACTS).verdict


def test_deleting_the_only_document_makes_a_refusal_right_and_the_answer_baseless() -> None:
    facts = copy.deepcopy(BANK)
    del facts["products"][0]["facts"]["apr"]
    del facts["products"][1]["facts"]["apr"]
    assert judge(APR, reply(REFUSAL, refused=True), facts).verdict is V.correct_refusal
    assert judge(APR, reply("The APR of Ridge Gold is 12.5 %."), facts).verdict is V.baseless


def test_swapping_two_siblings_makes_each_answer_the_others() -> None:
    facts = copy.deepcopy(BANK)
    first, second = facts["products"][0], facts["products"][1]
    first["facts"], second["facts"] = second["facts"], first["facts"]
    assert judge(APR, APR_RIGHT, facts).verdict is V.wrong_entity


def test_a_question_is_understood_by_the_names_in_the_facts() -> None:
    asked = understand("hey, what's the LATE payment charge for ridge gold plus?", FACTS)
    assert asked.product is not None
    assert asked.attribute is not None
    assert (asked.product.id, asked.attribute.key) == ("ridge-gold-plus", "late_fee")
    assert asked.stranger is None
    assert understand("What is the APR of Ridge Silver Plus?", FACTS).stranger == "ridge silver plus"
    assert understand("Good morning", FACTS) == oracle.Asked()


def test_a_follow_up_is_judged_by_its_own_conversation() -> None:
    talk = Conversations(FACTS)
    assert talk.judge(FEE, "one", SAID_RIGHT).verdict is V.correct
    assert talk.judge("What is the APR of Ridge Gold Plus?", "two", reply(REFUSAL)).verdict is V.over_refusal
    assert talk.judge("And the APR?", "one", APR_RIGHT).verdict is V.correct
    assert talk.judge("And the late fee?", "two", SAID_RIGHT).verdict is V.wrong_entity
    assert talk.judge("And the APR?", "", reply(REFUSAL)).verdict is V.correct_refusal


def test_who_has_named_no_product_can_be_told_of_none() -> None:
    talk = Conversations(FACTS)
    assert talk.judge(FEE, "anna", SAID_RIGHT).verdict is V.correct
    told = talk.judge("And the late fee?", "bert", SAID_RIGHT)  # it is Anna who asked about Ridge Gold
    assert (told.verdict, oracle.harmful(told.verdict)) == (V.wrong_entity, True)
    assert "Ridge Gold" in told.why
    assert talk.judge("And the APR?", "bert", APR_RIGHT).verdict is V.wrong_entity  # an answer names nothing for them
    assert talk.judge("What is the late fee?", "", SAID_RIGHT).verdict is V.wrong_entity
    for words in (REFUSAL, "Which product do you mean: Ridge Gold or Ridge Gold Plus?"):
        assert talk.judge("And the late fee?", "bert", reply(words)).verdict is V.correct_refusal
    assert talk.judge("And the late fee of Ridge Gold?", "bert", SAID_RIGHT).verdict is V.correct
    assert talk.judge("And the APR?", "bert", APR_RIGHT).verdict is V.correct
    assert talk.judge("Good morning", "carl", SAID_RIGHT).verdict is V.correct  # nothing was asked for


def test_refusing_everything_shows_in_the_answer_rate() -> None:
    judged = [judge(question, reply(REFUSAL, refused=True), FACTS) for question in (FEE, APR, LIMIT, UNKNOWN)]
    counted = rates(judged)
    assert (counted.harmful, counted.total) == (0, 4)
    assert (counted.answered, counted.answerable) == (0, 3)
    assert counted.right == 1
    assert str(counted) == "0 of 4 harmful, 0 of 3 answered"


def test_rates_count_each_kind_exactly() -> None:
    judged = [
        judge(FEE, SAID_RIGHT, FACTS),
        judge(APR, reply("The APR of Ridge Gold is 13 %."), FACTS),
        judge(APR, None, FACTS),
        judge(UNKNOWN, reply("The notice of Ridge Gold Plus is 30 days."), FACTS),
    ]
    counted = rates(judged)
    assert counted.by_verdict == {V.correct: 1, V.conflict: 1, V.malformed: 1, V.baseless: 1}
    assert (counted.total, counted.harmful, counted.answerable, counted.answered, counted.right) == (4, 2, 3, 2, 1)


def test_a_claim_says_all_that_was_said() -> None:
    said = reply("In Norland the late fee of Ridge Gold is 39 USD for new customers since 2026-01-10.", ("doc-12", 2))
    [claim] = judge(FEE, said, FACTS).claims
    assert claim == oracle.Claim(
        product="ridge-gold",
        attribute="late_fee",
        value="39",
        unit="usd",
        condition="for new customers",
        jurisdiction="norland",
        effective="2026-01-10",
        document="doc-12",
        sentence=2,
    )


def test_harm_is_what_compliance_cannot_stand_by() -> None:
    harmless = {V.correct, V.correct_refusal, V.over_refusal, V.malformed}
    assert {verdict for verdict in V if not harmful(verdict)} == harmless


@pytest.mark.parametrize("broken", [b"not json", {}, {"attributes": [], "products": [{"id": "x"}]}])
def test_facts_that_cannot_be_read_are_our_own_fault_and_said_so(broken: Any) -> None:
    with pytest.raises(oracle.BadFacts):
        read_facts(broken)


PLACES = copy.deepcopy(BANK) | {"jurisdictions": ["Estmark", "Sudoria"]}
PLACES["products"][0]["retired"] |= {"late_fee": [{"value": 35, "unit": "USD"}, {"value": 45, "unit": "USD"}]}
PLACES["products"][0]["pending"] = {"late_fee": [{"value": 49, "unit": "USD"}]}
PLACES["products"][1]["pending"] = {"notice": [{"value": 30, "unit": "days"}]}
PLACES["products"][2]["facts"] = {
    "late_fee": {"value": 27, "unit": "USD", "condition": None, "effective": None, "document": "doc-7", "sentence": 1}
}
BONUS = "What is the joining bonus of Ridge Gold?"


@pytest.mark.parametrize(
    ("question", "given", "verdict"),
    [
        # a place that is not the product's own: nothing is approved there
        ("What is the late fee of Ridge Gold in Norland?", SAID_RIGHT, V.correct),
        ("What is the late fee of Ridge Gold in Estmark?", reply(REFUSAL, refused=True), V.correct_refusal),
        ("What is the late fee of Ridge Gold in Estmark?", SAID_RIGHT, V.baseless),
        ("what's the late fee of ridge gold in SUDORIA", reply("$39.", ("doc-12", 2)), V.baseless),
        ("In Westra, what is the APR of Ridge Gold?", APR_RIGHT, V.baseless),
        ("What is the late fee of Ridge Gold in Estmark?", reply("In Estmark it is 81 USD."), V.baseless),
        ("What is the late fee of Ridge Gold in Westra?", reply("It is 27 USD.", ("doc-7", 1)), V.wrong_entity),
        ("What is the late fee of Ridge Gold in Westra?", reply("It is 27 USD."), V.wrong_entity),
        ("What is the late fee of Ridge Gold in Norland, not Estmark?", SAID_RIGHT, V.correct),
        ("What is the late fee of Ridge Gold in Atlantis?", SAID_RIGHT, V.correct),  # no place we know
        (
            FEE,
            reply("The late fee of Ridge Gold is 39 USD for new customers; not in Estmark.", ("doc-12", 2)),
            V.correct,
        ),
        (FEE, reply("The late fee of Ridge Gold is 39 USD for new customers in Estmark.", ("doc-12", 2)), V.conflict),
        # something that no document speaks of
        (BONUS, reply(REFUSAL, refused=True), V.correct_refusal),
        (BONUS, reply("The joining bonus of Ridge Gold is 50 USD."), V.baseless),
        (BONUS, reply("It is 50 USD."), V.baseless),
        (BONUS, reply("50"), V.baseless),
        (BONUS, reply("It is 39 USD for new customers.", ("doc-12", 2)), V.baseless),
        (BONUS, reply("I cannot confirm that. We reply within 24 hours."), V.correct_refusal),
        (BONUS, reply("The late fee of Ridge Gold is 39 USD for new customers.", ("doc-12", 2)), V.correct_refusal),
        # a name that is not in the catalogue
        ("What is the late fee of Ridge Diamond?", reply(REFUSAL, refused=True), V.correct_refusal),
        ("What is the late fee of Ridge Diamond?", reply("The late fee is 39 USD.", ("doc-12", 2)), V.baseless),
        ("What is the late fee of ridge diamond?", SAID_RIGHT, V.wrong_entity),
        ("What is the late fee of Ridge Gold Prime?", SAID_RIGHT, V.wrong_entity),
        ("What is the late fee of Ridge Gold Prime?", reply(REFUSAL, refused=True), V.correct_refusal),
        ("What is the late fee of cedar silver plus?", reply("It is 27 USD.", ("doc-7", 1)), V.baseless),
        ("What is the late fee of Falcon Gold?", reply(REFUSAL, refused=True), V.correct_refusal),
        ("What is the late fee of Falcon Gold?", SAID_RIGHT, V.wrong_entity),
        ("What is the joining bonus of Falcon Gold?", reply("It is 50 USD."), V.baseless),
        ("What Is The Late Fee Of Ridge Gold Today?", SAID_RIGHT, V.correct),  # capitals say nothing here
        # values that were approved once, or are not yet
        (FEE, reply("The late fee of Ridge Gold is 35 USD for new customers.", ("doc-12", 2)), V.stale),
        (FEE, reply("The late fee of Ridge Gold is 45 USD for new customers."), V.stale),  # its own past comes first
        (FEE, reply("The late fee of Ridge Gold is 45 USD.", ("doc-14", 2)), V.wrong_entity),
        (FEE, reply("The late fee of Ridge Gold is 49 USD for new customers.", ("doc-12", 2)), V.conflict),
        (UNKNOWN, reply("The notice of Ridge Gold Plus is 30 days."), V.conflict),
        # as it is shown: bold, wide, split by what cannot be seen
        (
            FEE,
            reply("The **late** fee of Ridge\u00a0Gold is **3\u200b9**\u00a0USD *for new customers*.", ("doc-12", 2)),
            V.correct,
        ),
        (FEE, reply("The late fee of Ridge Gold is \uff14\uff15 ＵＳＤ.", ("doc-14", 2)), V.wrong_entity),
        (FEE, reply("The late fee of Ridge Gold is **4\u20605**\u202fUSD.", ("doc-14", 2)), V.wrong_entity),
        (UNKNOWN, reply("The notice of Ridge Gold Plus is `3\ufeff0` days\u200d."), V.conflict),
    ],
)
def test_what_is_approved_nowhere_not_any_more_or_not_yet(question: str, given: dict[str, Any], verdict: V) -> None:
    judged = judge(question, given, PLACES)
    assert judged.verdict is verdict, judged
    assert judged.why


def test_a_follow_up_takes_over_what_it_does_not_say() -> None:
    talk = Conversations(read_facts(PLACES))
    assert talk.judge(FEE, "s", SAID_RIGHT).verdict is V.correct
    assert talk.judge("And in Estmark?", "s", SAID_RIGHT).verdict is V.baseless
    assert talk.judge("And the APR?", "s", APR_RIGHT).verdict is V.baseless  # still about Estmark
    assert talk.judge("And in Norland?", "s", APR_RIGHT).verdict is V.correct
    sibling = reply("The APR of Ridge Gold Plus is 14.1 % for business accounts.", ("doc-14", 1))
    assert talk.judge("What about Ridge Gold Plus?", "s", sibling).verdict is V.correct
    assert talk.judge("What about its joining bonus?", "s", sibling).verdict is V.correct_refusal


@given(
    value=st.sampled_from([39, 35, 45, 49, 27, 14, 81]),
    place=st.sampled_from(["", " in Norland", " in Estmark", " in Westra"]),
    name=st.sampled_from(["Ridge Gold", "Ridge Diamond", "Falcon Gold", "Ridge Gold Prime"]),
    attribute=st.sampled_from(["late fee", "joining bonus"]),
)
@settings(max_examples=200, deadline=None)
def test_only_the_approved_value_of_the_right_thing_in_its_own_place_is_no_harm(
    value: int, place: str, name: str, attribute: str
) -> None:
    asked = f"What is the {attribute} of {name}{place}?"
    told = judge(asked, reply(f"The {attribute} of {name} is {value} USD for new customers.", ("doc-12", 2)), PLACES)
    approved = name == "Ridge Gold" and attribute == "late fee" and place in {"", " in Norland"}
    assert harmful(told.verdict) is not (approved and value == 39)
    refused = judge(asked, reply(REFUSAL, refused=True), PLACES)
    assert refused.verdict is (V.over_refusal if approved else V.correct_refusal)


@given(
    value=st.integers(10, 999), split=st.sampled_from(["\u200b", "\u2060", "\ufeff", "**", "_", ""]), wide=st.booleans()
)
@settings(max_examples=100, deadline=None)
def test_how_a_value_is_shown_does_not_change_what_it_is_worth(value: int, split: str, wide: bool) -> None:
    def shown(number: int) -> str:
        digits = str(number)
        digits = digits[0] + split + digits[1:]
        return "".join(chr(ord(c) + 0xFEE0) if wide and c.isdigit() else c for c in digits)

    said = reply(f"The **APR** of Ridge\u00a0Gold Plus is {shown(value)}\u202fUSD.", ("doc-12", 2))
    plain = reply(f"The APR of Ridge Gold Plus is {value} USD.", ("doc-12", 2))
    assert judge(FEE, said, PLACES) == judge(FEE, plain, PLACES)


def test_facts_are_read_from_their_bytes() -> None:
    assert read_facts(json.dumps(BANK).encode()).products == FACTS.products
