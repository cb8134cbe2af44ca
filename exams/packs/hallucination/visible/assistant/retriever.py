"""Picks the few sentences the model gets to see."""

from dataclasses import dataclass

from .index import words
from .ingest import Sentence


@dataclass(frozen=True)
class Passage:
    sentence: Sentence
    score: int

    @property
    def document(self):
        return self.sentence.document


class Retriever:
    def __init__(self, index, limit):
        self.index = index
        self.limit = limit

    def retrieve(self, query):
        """The best sentences about the product asked for, best first; none if the product is not ours."""
        if query.product is None or query.attribute is None:
            return []
        wanted = " ".join(words(query.attribute.names[0]))
        passages = [
            Passage(sentence, score=int(f" {wanted} " in f" {' '.join(words(sentence.text))} "))
            for sentence in self.index.about(query.product)
        ]
        passages.sort(key=lambda passage: -passage.score)  # stable: equals keep the documents' order
        return passages[: self.limit]
