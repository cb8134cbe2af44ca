"""Picks the few sentences the model gets to see."""

from dataclasses import dataclass

from .index import words
from .ingest import Sentence


@dataclass(frozen=True)
class Passage:
    sentence: Sentence
    score: int  # 1 if it names the attribute asked for, else 0

    @property
    def document(self):
        return self.sentence.document


class Retriever:
    def __init__(self, index, limit):
        self.index = index
        self.limit = limit

    def retrieve(self, query):
        """The best sentences for the question, best first.

        What is said of the product itself comes first. If none of it names the attribute, a schedule of its line may
        be about the attribute all the same: then the model sees that, and the guard sees to it that no sibling's
        value gets out.
        """
        wanted = f" {' '.join(words(query.attribute.names[0]))} "
        passages = [
            Passage(sentence, score=int(wanted in f" {' '.join(words(sentence.text))} "))
            for sentence in self.index.concerning(query.product)
        ]
        own = [passage for passage in passages if passage.sentence.product == query.product.id]
        own.sort(key=lambda passage: -passage.score)  # stable: equals keep the documents' order
        if not any(passage.score for passage in own):
            own = [passage for passage in passages if passage.score and passage not in own] + own
        return own[: self.limit]
