from assistant import prompt
from assistant.index import Index
from assistant.retriever import Retriever
from assistant.session import Query
from small import ALDER, FEE, KNOWLEDGE


def test_sentences_are_tagged_and_the_answer_comes_last():
    query = Query("Alder Basic late fee?", ALDER, FEE)
    passages = Retriever(Index(KNOWLEDGE), 4).retrieve(query)
    lines = prompt.build(query, passages, ["question", "documents", "answer"]).splitlines()
    assert lines == [
        "Question: What is the late fee of Alder Basic?",
        "[doc-12:2] The late fee of Alder Basic is 39 USD.",
        "[doc-12:1] This document is about Alder Basic.",
        "Answer:",
    ]
