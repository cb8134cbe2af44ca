from assistant import abstain
from assistant.session import Query
from small import ALDER, FEE


def test_a_question_about_a_product_and_an_attribute_is_answered():
    assert abstain.reason(Query("", ALDER, FEE)) is None
    assert abstain.reason(Query("", ALDER, FEE, "Norland")) is None


def test_what_is_no_question_about_our_products_is_refused():
    assert abstain.reason(Query("", None, None)) is not None
