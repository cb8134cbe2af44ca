from assistant.cache import Cache
from assistant.session import Query
from small import ALDER, BIRCH, FEE, RATE

HELD = {"text": "39"}


def test_the_same_question_in_other_words_is_found():
    cache = Cache(4, "v1")
    cache.put(Query("late fee of Alder Basic", ALDER, FEE), HELD)
    assert cache.get(Query("Alder Basic: late payment charge?", ALDER, FEE)) == HELD


def test_another_product_or_attribute_is_another_question():
    cache = Cache(4, "v1")
    cache.put(Query("", ALDER, FEE), HELD)
    assert cache.get(Query("", BIRCH, FEE)) is None
    assert cache.get(Query("", ALDER, RATE)) is None


def test_the_oldest_goes_first():
    cache = Cache(1, "v1")
    cache.put(Query("", ALDER, FEE), HELD)
    cache.put(Query("", BIRCH, FEE), HELD)
    assert cache.get(Query("", ALDER, FEE)) is None
