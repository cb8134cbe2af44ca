"""A value that holds on a condition is given with it, and one that holds without is given without."""

import re

import pytest

NUMBER = re.compile(r"\d+(?:\.\d+)?")

ASKED = (
    "What is the {attribute} of {product}?",
    "I have {product}. What is the {attribute}?",
)


def plainly(text):
    return " ".join(text.casefold().split())


def conditions(facts):
    """Every condition on which anything holds."""
    found = {fact["condition"] for product in facts["products"] for fact in product["facts"].values()}
    return {plainly(condition) for condition in found if condition}


def is_right(reply, fact, known):
    said = plainly(reply.text)
    wanted = {plainly(fact["condition"])} if fact["condition"] else set()
    return (
        not reply.refused
        and {float(number) for number in NUMBER.findall(said)} == {float(fact["value"])}
        and {condition for condition in known if condition in said} == wanted
    )


def test_a_condition_is_not_lost_in_a_conversation_or_by_another_name(ask, facts):
    known = conditions(facts)
    mistaken = []
    for product in facts["products"]:
        held = [a for a in facts["attributes"] if product["facts"].get(a["key"], {}).get("condition")]
        if not held:
            continue
        ask(f"Tell me about {product['name']}.", session=product["id"])
        for attribute in held:
            reply = ask(f"And the {attribute['names'][-1]}?", session=product["id"])
            if not is_right(reply, product["facts"][attribute["key"]], known):
                mistaken.append((product["name"], attribute["key"], reply.text))
    assert not mistaken


@pytest.mark.parametrize("asked", ASKED)
def test_every_value_comes_with_its_condition(ask, facts, asked):
    known = conditions(facts)
    mistaken = []
    for product in facts["products"]:
        for attribute in facts["attributes"]:
            fact = product["facts"].get(attribute["key"])
            if fact is None:
                continue
            question = asked.format(attribute=attribute["names"][0], product=product["name"])
            reply = ask(question)
            if not is_right(reply, fact, known):
                mistaken.append((question, fact["value"], fact["condition"], reply.text))
    assert not mistaken


def test_what_nobody_approved_is_still_refused(ask, facts):
    made_up = []
    for product in facts["products"]:
        for attribute in facts["attributes"]:
            if attribute["key"] not in product["facts"]:
                reply = ask(ASKED[0].format(attribute=attribute["names"][0], product=product["name"]))
                if not reply.refused or NUMBER.search(reply.text):
                    made_up.append((product["name"], attribute["key"], reply.text))
    assert not made_up
