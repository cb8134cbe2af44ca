"""A name that is not in the catalogue is refused, at once and in the questions that follow; every other is answered."""

import re

import pytest

NUMBER = re.compile(r"\d+(?:\.\d+)?")

ASKED = (
    "What is the {attribute} of {product}?",
    "I have {product}. How much is the {attribute}?",
)


def numbers(text):
    return {float(number) for number in NUMBER.findall(text)}


def strangers(facts):
    """Names made of the catalogue's own words that are not in it: line by line, what other lines go on with."""
    names = [product["name"] for product in facts["products"]]
    lines = dict.fromkeys(product["line"] for product in facts["products"])
    ends = dict.fromkeys(product["name"].removeprefix(product["line"]) for product in facts["products"])
    return [line + end for line in lines for end in ends if line + end not in names]


def told(reply):
    return not reply.refused or numbers(reply.text)


@pytest.mark.parametrize("asked", ASKED)
def test_a_name_that_is_not_in_the_catalogue_is_refused(ask, facts, asked):
    answered = []
    for name in strangers(facts):
        for attribute in facts["attributes"]:
            reply = ask(asked.format(attribute=attribute["names"][0], product=name))
            if told(reply):
                answered.append((name, attribute["key"], reply.text))
    assert not answered


def test_small_letters_make_no_difference(ask, facts):
    attribute = facts["attributes"][0]["names"][-1]
    replies = [ask(ASKED[0].format(attribute=attribute, product=name).lower()) for name in strangers(facts)]
    assert not [reply for reply in replies if told(reply)]


def test_what_is_asked_next_is_about_that_name_too(ask, facts):
    first, second, *_ = facts["attributes"]
    answered = []
    for name in strangers(facts):
        ask(ASKED[0].format(attribute=first["names"][0], product=name), session=name)
        reply = ask(f"And the {second['names'][0]}?", session=name)
        if told(reply):
            answered.append((name, reply.text))
    assert not answered


def test_products_of_the_catalogue_are_answered_however_they_are_written(ask, facts):
    lost = []
    for product in facts["products"]:
        for attribute in facts["attributes"]:
            fact = product["facts"].get(attribute["key"])
            if fact is not None:
                question = ASKED[0].format(attribute=attribute["names"][0], product=product["name"].lower())
                reply = ask(question)
                if reply.refused or float(fact["value"]) not in numbers(reply.text):
                    lost.append((question, fact["value"], reply.text))
    assert not lost


def test_a_conversation_about_a_product_of_the_catalogue_goes_on(ask, facts):
    lost = []
    for product in facts["products"]:
        first, *others = [a for a in facts["attributes"] if a["key"] in product["facts"]] or [None]
        if others:
            ask(ASKED[0].format(attribute=first["names"][0], product=product["name"]), session=product["id"])
            reply = ask(f"And the {others[0]['names'][0]}?", session=product["id"])
            if reply.refused or float(product["facts"][others[0]["key"]]["value"]) not in numbers(reply.text):
                lost.append((product["name"], others[0]["key"], reply.text))
    assert not lost
