"""Each product is answered with its own approved values, however much a sibling's name resembles its own."""

import re

import pytest

NUMBER = re.compile(r"\d+(?:\.\d+)?")

ASKED = (
    "What is the {attribute} of {product}?",
    "I have {product}. How much is the {attribute}?",
)


def numbers(text):
    return {float(number) for number in NUMBER.findall(text)}


@pytest.mark.parametrize("asked", ASKED)
def test_every_product_gets_its_own_value(ask, facts, asked):
    mistaken = []
    for product in facts["products"]:
        for attribute in facts["attributes"]:
            fact = product["facts"].get(attribute["key"])
            if fact is None:
                continue
            question = asked.format(attribute=attribute["names"][0], product=product["name"])
            reply = ask(question)
            named = product["name"] in reply.text
            if reply.refused or not named or numbers(reply.text) != {float(fact["value"])}:
                mistaken.append((question, fact["value"], reply.text))
    assert not mistaken


def test_a_product_never_borrows_a_value_it_does_not_have(ask, facts):
    borrowed = []
    for product in facts["products"]:
        for attribute in facts["attributes"]:
            if attribute["key"] not in product["facts"]:
                reply = ask(ASKED[0].format(attribute=attribute["names"][0], product=product["name"]))
                if not reply.refused or numbers(reply.text):
                    borrowed.append((product["name"], attribute["key"], reply.text))
    assert not borrowed


def test_a_conversation_stays_with_the_product_it_is_about(ask, facts):
    mistaken = []
    for product in facts["products"]:
        first, *others = [a for a in facts["attributes"] if a["key"] in product["facts"]] or [None]
        if first is None:
            continue
        ask(ASKED[0].format(attribute=first["names"][0], product=product["name"]), session=product["id"])
        for attribute in others:
            reply = ask(f"And the {attribute['names'][0]}?", session=product["id"])
            if reply.refused or float(product["facts"][attribute["key"]]["value"]) not in numbers(reply.text):
                mistaken.append((product["name"], attribute["key"], reply.text))
    assert not mistaken
