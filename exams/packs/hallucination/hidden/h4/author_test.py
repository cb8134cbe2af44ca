"""What no approved document states is refused, and what one states is still answered, with its source."""

import re

import pytest

NUMBER = re.compile(r"\d+(?:\.\d+)?")

ASKED = (
    "What is the {attribute} of {product}?",
    "Tell me the {attribute} for {product}.",
)


def numbers(text):
    return {float(number) for number in NUMBER.findall(text)}


def questions(facts, asked):
    """Every question there is about the catalogue, with its approved fact or None."""
    for product in facts["products"]:
        for attribute in facts["attributes"]:
            for name in attribute["names"]:
                yield asked.format(attribute=name, product=product["name"]), product["facts"].get(attribute["key"])


@pytest.mark.parametrize("asked", ASKED)
def test_nothing_is_answered_from_memory(ask, facts, asked):
    made_up = []
    for question, fact in questions(facts, asked):
        if fact is None:
            reply = ask(question)
            if not reply.refused or numbers(reply.text):
                made_up.append((question, reply.text))
    assert not made_up


@pytest.mark.parametrize("asked", ASKED)
def test_approved_values_are_still_given_with_the_document_that_states_them(ask, facts, asked):
    lost = []
    for question, fact in questions(facts, asked):
        if fact is not None:
            reply = ask(question)
            sourced = fact["document"] in {citation["document"] for citation in reply.citations}
            if reply.refused or float(fact["value"]) not in numbers(reply.text) or not sourced:
                lost.append((question, fact["value"], reply.text, reply.citations))
    assert not lost


def test_a_conversation_does_not_loosen_it(ask, facts):
    made_up = []
    for product in facts["products"]:
        known = [a for a in facts["attributes"] if a["key"] in product["facts"]]
        unknown = [a for a in facts["attributes"] if a["key"] not in product["facts"]]
        if known:
            ask(ASKED[0].format(attribute=known[0]["names"][0], product=product["name"]), session=product["id"])
            for attribute in unknown:
                reply = ask(f"And the {attribute['names'][0]}?", session=product["id"])
                if not reply.refused or numbers(reply.text):
                    made_up.append((product["name"], attribute["key"], reply.text))
    assert not made_up
