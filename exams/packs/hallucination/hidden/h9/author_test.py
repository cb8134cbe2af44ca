"""Customers are told every digit of an approved number, however they ask and however often."""

import re

import pytest

NUMBER = re.compile(r"\d+(?:\.\d+)?")

ASKED = (
    "What is the {attribute} of {product}?",
    "Tell me the {attribute} for {product}.",
    "I have {product}. What is the {attribute}?",
)


def numbers(text):
    return {float(number) for number in NUMBER.findall(text)}


def approved(facts, *, rounded=False):
    """Every approved fact with its product and attribute; or those only whose whole number ends in a nought."""
    for product in facts["products"]:
        for attribute in facts["attributes"]:
            fact = product["facts"].get(attribute["key"])
            if fact is not None and (not rounded or fact["value"] % 10 == 0):
                yield product, attribute, fact


def mistake(reply, fact):
    """What is wrong with a reply, or None."""
    if reply.refused or numbers(reply.text) != {float(fact["value"])} or fact["unit"] not in reply.text:
        return f"{reply.text} It is {fact['value']} {fact['unit']}."
    return None


def test_every_approved_number_is_told(ask, facts):
    told = [
        mistake(ask(ASKED[0].format(attribute=attribute["names"][0], product=product["name"])), fact)
        for product, attribute, fact in approved(facts)
    ]
    assert [each for each in told if each] == []


@pytest.mark.parametrize("asked", ASKED)
def test_a_round_number_is_told_in_full_whatever_it_is_called(ask, facts, asked):
    told = [
        mistake(ask(asked.format(attribute=name, product=product["name"])), fact)
        for product, attribute, fact in approved(facts, rounded=True)
        for name in attribute["names"]
    ]
    assert [each for each in told if each] == []


def test_a_round_number_is_told_in_full_when_asked_again(ask, facts):
    told = []
    for product, attribute, fact in approved(facts, rounded=True):
        question = ASKED[0].format(attribute=attribute["names"][0], product=product["name"])
        told += [mistake(ask(question), fact) for _ in range(2)]
    assert [each for each in told if each] == []


def test_a_round_number_is_told_in_full_in_a_conversation(ask, facts):
    told = []
    for product, attribute, fact in approved(facts, rounded=True):
        session = f"{product['id']} {attribute['key']}"
        ask(f"Is {product['name']} still sold?", session=session)
        told.append(mistake(ask(f"And the {attribute['names'][0]}?", session=session), fact))
    assert [each for each in told if each] == []
