from assistant.session import Sessions
from small import ALDER, BIRCH, CATALOGUE, FEE


def test_a_question_names_its_product_and_attribute():
    query = Sessions(CATALOGUE).understand("What is the late payment charge on Alder Basic?")
    assert (query.product, query.attribute) == (ALDER, FEE)
    assert query.wording == "What is the late fee of Alder Basic?"


def test_case_and_punctuation_do_not_matter():
    assert Sessions(CATALOGUE).understand("late fee, ALDER basic").product == ALDER


def test_a_follow_up_is_about_the_product_named_before():
    sessions = Sessions(CATALOGUE)
    sessions.understand("What is the late fee of Birch Basic?", "one")
    sessions.understand("What is the late fee of Alder Basic?", "two")
    assert sessions.understand("And the interest rate?", "one").product == BIRCH


def test_without_a_session_nothing_is_remembered():
    sessions = Sessions(CATALOGUE)
    sessions.understand("What is the late fee of Birch Basic?")
    assert sessions.understand("And the interest rate?").product is None


def test_a_jurisdiction_is_heard():
    assert Sessions(CATALOGUE).understand("Late fee of Alder Basic in Westra?").jurisdiction == "Westra"
    assert Sessions(CATALOGUE).understand("Late fee of Alder Basic?").jurisdiction is None
