"""Nothing is told of a product to a customer who is where it is not offered; at home, everything is."""

import re

NUMBER = re.compile(r"\d+(?:\.\d+)?")

AT_HOME = "What is the {attribute} of {product}?"
THERE = "What is the {attribute} of {product} in {place}?"
ALSO_THERE = "I have {product}. What is the {attribute} in {place}?"
NEXT = "And the {attribute} in {place}?"


def numbers(text):
    return {float(number) for number in NUMBER.findall(text)}


def told(reply):
    return not reply.refused or numbers(reply.text)


def given(reply, fact):
    return not reply.refused and float(fact["value"]) in numbers(reply.text)


def approved(facts):
    """Each product with its approved values, and the places where it is not offered."""
    for product in facts["products"]:
        values = [(a["names"], product["facts"][a["key"]]) for a in facts["attributes"] if a["key"] in product["facts"]]
        if values:
            yield product, values, [place for place in facts["jurisdictions"] if place != product["jurisdiction"]]


def test_nothing_is_told_where_it_is_not_offered_even_if_it_was_at_home_just_before(ask, facts):
    mistaken = []
    for product, [(names, fact), *_], places in approved(facts):
        reply = ask(AT_HOME.format(attribute=names[0], product=product["name"]))
        if not given(reply, fact):
            mistaken.append((product["name"], reply.text))
        for place in places:
            reply = ask(THERE.format(attribute=names[0], product=product["name"], place=place))
            if told(reply):
                mistaken.append((product["name"], place, reply.text))
    assert not mistaken


def test_wording_and_capitals_make_no_difference(ask, facts):
    mistaken = []
    for product, values, places in approved(facts):
        names, _ = values[-1]
        question = ALSO_THERE.format(attribute=names[-1], product=product["name"], place=places[0])
        if told(ask(question)) or told(ask(question.lower())):
            mistaken.append(question)
    assert not mistaken


def test_at_home_everything_is_told_even_if_it_was_refused_elsewhere_just_before(ask, facts):
    lost = []
    for product, values, places in approved(facts):
        names, fact = values[-1]
        ask(THERE.format(attribute=names[0], product=product["name"], place=places[-1]))
        reply = ask(THERE.format(attribute=names[0], product=product["name"], place=product["jurisdiction"]))
        if not given(reply, fact):
            lost.append((product["name"], names[0], reply.text))
    assert not lost


def test_the_place_may_come_later_in_a_conversation(ask, facts):
    mistaken = []
    for product, values, places in approved(facts):
        names, fact = values[0]
        ask(AT_HOME.format(attribute=values[-1][0][0], product=product["name"]), session=product["id"])
        if told(ask(NEXT.format(attribute=names[0], place=places[0]), session=product["id"])):
            mistaken.append((product["name"], places[0]))
        if not given(ask(NEXT.format(attribute=names[0], place=product["jurisdiction"]), session=product["id"]), fact):
            mistaken.append((product["name"], product["jurisdiction"]))
    assert not mistaken
