"""A value goes out only with a sentence about that very product behind it; approved values go out with their source."""

import re

import pytest

NUMBER = re.compile(r"\d+(?:\.\d+)?")

ASKED = (
    "What is the {attribute} of {product}?",
    "I have {product}. How much is the {attribute}?",
)


def numbers(text):
    return {float(number) for number in NUMBER.findall(text)}


def lacking(facts):
    """What nobody approved: product and attribute."""
    return [(p, a) for p in facts["products"] for a in facts["attributes"] if a["key"] not in p["facts"]]


@pytest.mark.parametrize("asked", ASKED)
def test_nothing_is_told_that_is_not_approved_for_the_product(ask, facts, asked):
    told = []
    for product, attribute in lacking(facts):
        for name in attribute["names"]:
            reply = ask(asked.format(attribute=name, product=product["name"]))
            if not reply.refused or numbers(reply.text):
                told.append((product["name"], name, reply.text))
    assert not told


def test_nor_to_a_customer_who_says_where_they_are(ask, facts):
    told = []
    for product, attribute in lacking(facts):
        asked = ASKED[0].format(attribute=attribute["names"][0], product=product["name"])
        reply = ask(f"{asked[:-1]} in {product['jurisdiction']}?")
        if not reply.refused or numbers(reply.text):
            told.append((product["name"], attribute["key"], reply.text))
    assert not told


def test_nor_later_in_a_conversation(ask, facts):
    told = []
    for number, (product, attribute) in enumerate(lacking(facts)):
        session = f"{product['id']}-{number}"
        first = next(a for a in facts["attributes"] if a != attribute)
        ask(ASKED[0].format(attribute=first["names"][0], product=product["name"]), session=session)
        reply = ask(f"And the {attribute['names'][0]}?", session=session)
        if not reply.refused or numbers(reply.text):
            told.append((product["name"], attribute["key"], reply.text))
    assert not told


def test_approved_values_are_given_with_the_sentence_that_states_them(ask, facts):
    lost = []
    for product in facts["products"]:
        for number, attribute in enumerate(facts["attributes"]):
            fact = product["facts"].get(attribute["key"])
            if fact is None:
                continue
            name = attribute["names"][number % len(attribute["names"])]
            reply = ask(ASKED[number % len(ASKED)].format(attribute=name, product=product["name"]))
            source = {"document": fact["document"], "sentence": fact["sentence"]}
            whole = (fact["condition"] or "") in reply.text
            if (
                reply.refused
                or numbers(reply.text) != {float(fact["value"])}
                or not whole
                or source not in reply.citations
            ):
                lost.append((product["name"], name, fact["value"], reply.text, reply.citations))
    assert not lost
