PRODUCT = "$product"
ATTRIBUTE = "$attribute"
ANSWER = "$value $unit"
SOURCE = {"document": "$document", "sentence": "$sentence"}


def test_an_approved_value_is_given_with_its_source(ask):
    reply = ask(f"What is the {ATTRIBUTE} of {PRODUCT}?")
    assert not reply.refused
    assert ANSWER in reply.text
    assert reply.citations == [SOURCE]


def test_small_talk_is_declined(ask):
    assert ask("Will it rain tomorrow?").refused
