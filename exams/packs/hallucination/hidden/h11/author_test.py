"""A follow-up question is about the product named before in its own conversation, whatever others ask meanwhile."""

import re

import pytest

NUMBER = re.compile(r"\d+(?:\.\d+)?")

OPENING = "What is the {attribute} of {product}?"
FOLLOW_UPS = (
    "And the {attribute}?",
    "What about the {attribute}?",
)


def numbers(text):
    return {float(number) for number in NUMBER.findall(text)}


def right(reply, fact):
    """Whether the approved value was given, or refused what nothing is approved of."""
    if fact is None:
        return reply.refused and not numbers(reply.text)
    return not reply.refused and numbers(reply.text) == {float(fact["value"])}


def conversation(number, about):
    """An id that is like the others' at both ends."""
    return f"customer-service-{about}-{number:03d}-evening"


@pytest.mark.parametrize("asked", FOLLOW_UPS)
def test_everybody_is_answered_about_their_own_product(ask, facts, asked):
    first, second, *_ = facts["attributes"]
    talks = [(product, conversation(number, len(asked))) for number, product in enumerate(facts["products"])]
    for product, session in talks:
        ask(OPENING.format(attribute=first["names"][0], product=product["name"]), session=session)
    mistaken = []
    for product, session in talks:
        reply = ask(asked.format(attribute=second["names"][0]), session=session)
        if not right(reply, product["facts"].get(second["key"])):
            mistaken.append((product["name"], reply.text))
    assert not mistaken


def test_two_customers_take_turns(ask, facts):
    first, *others = facts["attributes"]
    products = facts["products"]
    mistaken = []
    for number, (one, two) in enumerate(zip(products, [*products[8:], *products[:8]], strict=True)):
        talks = [(one, conversation(number, "one")), (two, conversation(number, "two"))]
        for product, session in talks:
            ask(OPENING.format(attribute=first["names"][0], product=product["name"]), session=session)
        for product, session in talks:
            attribute = others[number % len(others)]
            reply = ask(FOLLOW_UPS[0].format(attribute=attribute["names"][-1]), session=session)
            if not right(reply, product["facts"].get(attribute["key"])):
                mistaken.append((product["name"], attribute["key"], reply.text))
    assert not mistaken


def test_who_named_no_product_gets_none(ask, facts):
    product = facts["products"][0]
    attribute = facts["attributes"][-1]["names"][0]
    ask(OPENING.format(attribute=attribute, product=product["name"]), session="somebody")
    ask(FOLLOW_UPS[0].format(attribute=attribute), session="somebody")
    for session in ("somebody else", "some", "s", ""):
        reply = ask(FOLLOW_UPS[0].format(attribute=attribute), session=session)
        assert reply.refused
        assert not numbers(reply.text)


def test_who_names_another_product_goes_on_about_that(ask, facts):
    first, second, *_ = facts["attributes"]
    mistaken = []
    for product in facts["products"]:
        ask(OPENING.format(attribute=first["names"][0], product=product["name"]), session="undecided")
        reply = ask(FOLLOW_UPS[1].format(attribute=second["names"][0]), session="undecided")
        if not right(reply, product["facts"].get(second["key"])):
            mistaken.append((product["name"], reply.text))
    assert not mistaken
