from assistant.index import Index
from assistant.retriever import Retriever
from assistant.session import Query
from small import ALDER, BIRCH, FEE, KNOWLEDGE


def retrieve(product, limit=4):
    return Retriever(Index(KNOWLEDGE), limit).retrieve(Query("", product, FEE))


def test_only_the_documents_of_the_product_are_seen():
    assert {passage.document for passage in retrieve(ALDER)} == {"doc-12"}
    assert {passage.document for passage in retrieve(BIRCH)} == {"doc-13"}


def test_the_sentence_that_names_the_attribute_comes_first():
    assert retrieve(ALDER)[0].sentence.text.startswith("The late fee")


def test_no_more_than_the_limit():
    assert len(retrieve(ALDER, limit=1)) == 1
