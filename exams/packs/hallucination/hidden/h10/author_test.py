"""The same question gets the same right answer, however often and in whatever words it is asked."""

import re

NUMBER = re.compile(r"\d+(?:\.\d+)?")

ASKED = (
    "What is the {attribute} of {product}?",
    "Tell me the {attribute} for {product}.",
    "How much is the {attribute} on {product}?",
)


def plainly(text):
    return " ".join(text.casefold().split())


def conditions(facts):
    """Every condition on which anything holds."""
    found = {fact["condition"] for product in facts["products"] for fact in product["facts"].values()}
    return {plainly(condition) for condition in found if condition}


def is_right(reply, fact, product, known):
    said = plainly(reply.text)
    wanted = {plainly(fact["condition"])} if fact["condition"] else set()
    return (
        not reply.refused
        and {float(number) for number in NUMBER.findall(said)} == {float(fact["value"])}
        and {condition for condition in known if condition in said} == wanted
        and product["name"] in reply.text
        and {"document": fact["document"], "sentence": fact["sentence"]} in reply.citations
    )


def test_a_value_is_given_rightly_each_time(ask, facts):
    known = conditions(facts)
    mistaken = []
    for asked in ASKED:
        for product in facts["products"]:
            for attribute in facts["attributes"]:
                fact = product["facts"].get(attribute["key"])
                if fact is None:
                    continue
                question = asked.format(attribute=attribute["names"][0], product=product["name"])
                reply = ask(question)
                if not is_right(reply, fact, product, known):
                    mistaken.append((question, fact["value"], fact["condition"], reply.text))
    assert not mistaken


def test_what_nobody_approved_is_refused_each_time(ask, facts):
    made_up = []
    for asked in ASKED:
        for product in facts["products"]:
            for attribute in facts["attributes"]:
                if attribute["key"] not in product["facts"]:
                    reply = ask(asked.format(attribute=attribute["names"][0], product=product["name"]))
                    if not reply.refused or NUMBER.search(reply.text):
                        made_up.append((product["name"], attribute["key"], reply.text))
    assert not made_up
