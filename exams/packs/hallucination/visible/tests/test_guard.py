from assistant import guard
from assistant.generate import read
from assistant.index import Index
from assistant.retriever import Retriever
from assistant.session import Query
from small import ALDER, FEE, KNOWLEDGE

PASSAGES = Retriever(Index(KNOWLEDGE), 4).retrieve(Query("", ALDER, FEE))


def test_a_number_that_the_cited_sentence_holds_passes():
    assert guard.check(read("[doc-12:2] The late fee of Alder Basic is 39 USD."), PASSAGES).verdict == "pass"


def test_a_number_that_the_cited_sentence_does_not_hold_is_blocked():
    assert guard.check(read("[doc-12:2] The late fee of Alder Basic is 93 USD."), PASSAGES).verdict == "block"


def test_a_citation_of_something_not_retrieved_is_blocked():
    assert guard.check(read("[doc-13:1] The late fee of Alder Basic is 25 USD."), PASSAGES).verdict == "block"


def test_a_refusal_passes():
    assert guard.check(read("I cannot confirm that from the approved documents."), PASSAGES).verdict == "pass"
