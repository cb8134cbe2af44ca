"""What no document in force says is not told as if it were, whatever drafts, news and coming editions say."""

import re

import pytest

NUMBER = re.compile(r"\d+(?:\.\d+)?")

ASKED = (
    "What is the {attribute} of {product}?",
    "Tell me the {attribute} for {product}.",
)


def numbers(text):
    return {float(number) for number in NUMBER.findall(text)}


def contested(facts):
    """Every approved fact that some document states otherwise, with its product and attribute."""
    for product in facts["products"]:
        for attribute in facts["attributes"]:
            key = attribute["key"]
            if key in product["facts"] and (key in product["retired"] or key in product["pending"]):
                yield product, attribute, product["facts"][key]


def mistake(reply, fact):
    """What is wrong with a reply, or None."""
    if reply.refused or numbers(reply.text) != {float(fact["value"])}:
        return reply.text
    if fact["condition"] and fact["condition"] not in reply.text:
        return f"{reply.text} leaves out: {fact['condition']}"
    if fact["document"] not in {citation["document"] for citation in reply.citations}:
        return f"{reply.text} cites {reply.citations}"
    return None


@pytest.mark.parametrize("asked", ASKED)
def test_what_is_in_force_is_what_customers_are_told(ask, facts, asked):
    told = [
        (product["name"], mistake(ask(asked.format(attribute=attribute["names"][-1], product=product["name"])), fact))
        for product, attribute, fact in contested(facts)
    ]
    assert [each for each in told if each[1]] == []


def test_asking_again_gives_the_same(ask, facts):
    told = []
    for product, attribute, fact in contested(facts):
        question = ASKED[0].format(attribute=attribute["names"][0], product=product["name"])
        told += [(question, mistake(ask(question), fact)) for _ in range(2)]
    assert [each for each in told if each[1]] == []


def test_a_follow_up_is_told_the_same(ask, facts):
    told = []
    for product, attribute, fact in contested(facts):
        session = f"{product['id']} {attribute['key']}"
        ask(f"Is {product['name']} still sold?", session=session)
        told.append((product["name"], mistake(ask(f"And the {attribute['names'][0]}?", session=session), fact)))
    assert [each for each in told if each[1]] == []


def test_the_rest_of_such_a_product_is_answered_as_approved(ask, facts):
    told = []
    for product in {product["id"]: product for product, _, _ in contested(facts)}.values():
        for attribute in facts["attributes"]:
            fact = product["facts"].get(attribute["key"])
            reply = ask(ASKED[0].format(attribute=attribute["names"][0], product=product["name"]))
            if fact is None and (not reply.refused or numbers(reply.text)):
                told.append((product["name"], reply.text))
            if fact is not None and mistake(reply, fact):
                told.append((product["name"], mistake(reply, fact)))
    assert told == []
