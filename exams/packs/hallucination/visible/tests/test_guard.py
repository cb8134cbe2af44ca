from assistant import guard
from assistant.generate import read
from assistant.index import Index
from assistant.retriever import Retriever
from assistant.session import Query
from small import ALDER, FEE, KNOWLEDGE

QUERY = Query("", ALDER, FEE)
PASSAGES = Retriever(Index(KNOWLEDGE), 4).retrieve(QUERY)


def verdict(completion):
    return guard.check(read(completion), PASSAGES, QUERY).verdict


def test_a_number_that_the_cited_sentence_holds_passes():
    assert verdict("[doc-12:2] The late fee of Alder Basic is 39 USD.") == "pass"


def test_a_number_that_the_cited_sentence_does_not_hold_is_blocked():
    assert verdict("[doc-12:2] The late fee of Alder Basic is 93 USD.") == "block"


def test_a_citation_of_something_not_retrieved_is_blocked():
    assert verdict("[doc-13:1] The late fee of Alder Basic is 25 USD.") == "block"


def test_a_refusal_passes():
    assert verdict("I cannot confirm that from the approved documents.") == "pass"
