"""What a customer is told does not depend on who asked before."""

import re

NUMBER = re.compile(r"\d+(?:\.\d+)?")
ASKED = "What is the {attribute} of {product}?"


def is_right(reply, fact, product):
    numbers = {float(number) for number in NUMBER.findall(reply.text)}
    if fact is None:
        return reply.refused and not numbers
    return (
        not reply.refused
        and numbers == {float(fact["value"])}
        and product["name"] in reply.text
        and fact["document"] in {citation["document"] for citation in reply.citations}
    )


def questions(facts):
    """Every product with every attribute; products of one line by turns."""
    for attribute in facts["attributes"]:
        for product in facts["products"]:
            yield product, attribute, product["facts"].get(attribute["key"])


def asked_in_turn(ask, several):
    mistaken = []
    for product, attribute, fact in several:
        reply = ask(ASKED.format(attribute=attribute["names"][0], product=product["name"]))
        if not is_right(reply, fact, product):
            mistaken.append((product["name"], attribute["key"], fact and fact["value"], reply.text))
    return mistaken


def test_follow_up_questions_are_about_the_conversation_they_are_asked_in(ask, facts):
    attribute, *others = facts["attributes"]
    mistaken = []
    for product in facts["products"]:
        ask(ASKED.format(attribute=attribute["names"][0], product=product["name"]), session=product["id"])
    for other in others:
        for product in facts["products"]:
            reply = ask(f"What about the {other['names'][0]}?", session=product["id"])
            if not is_right(reply, product["facts"].get(other["key"]), product):
                mistaken.append((product["name"], other["key"], reply.text))
    assert not mistaken


def test_every_product_gets_its_own_answer_whoever_asked_before(ask, facts):
    several = list(questions(facts))
    assert not asked_in_turn(ask, several)
    assert not asked_in_turn(ask, reversed(several))
