"""Understands a question in its conversation: which product, which attribute, where."""

from collections import OrderedDict
from dataclasses import dataclass

from .index import words
from .ingest import Attribute, Product


@dataclass(frozen=True)
class Query:
    question: str
    product: Product | None  # None: none named, or none of ours
    attribute: Attribute | None
    jurisdiction: str | None = None  # where the customer says they are; None: nothing said

    @property
    def wording(self):
        """The question in the house wording, which the model answers best."""
        return f"What is the {self.attribute.names[0]} of {self.product.name}?"


def position(name, said):
    """Where the words of `name` begin in the list of words `said`, or -1."""
    wanted = words(name)
    for start in range(len(said) - len(wanted) + 1):
        if said[start : start + len(wanted)] == wanted:
            return start
    return -1


class Sessions:
    """Remembers, for each conversation, the product it is about."""

    def __init__(self, catalogue, remembered=500):
        self.by_name = {tuple(words(product.name)): product for product in catalogue.products}
        self.lines = {words(product.line)[0] for product in catalogue.products}
        self.name_words = {word for name in self.by_name for word in name} - self.lines
        self.attributes = catalogue.attributes
        self.jurisdictions = catalogue.jurisdictions
        self.remembered = remembered
        self._last = OrderedDict()

    def mention(self, said):
        """The words of the first product name in a question: a line and what follows it, as far as names go."""
        for start, word in enumerate(said):
            if word in self.lines:
                end = start + 1
                while end < len(said) and said[end] in self.name_words:
                    end += 1
                return tuple(said[start:end])
        return ()

    def find_product(self, question):
        """The product a question names; None for a name that is not in the catalogue."""
        return self.by_name.get(self.mention(words(question)))

    def find_attribute(self, question):
        """The attribute a question names, by the longest of its names; None if it names none of ours."""
        said = words(question)
        named = [
            (len(words(name)), attribute)
            for attribute in self.attributes
            for name in attribute.names
            if position(name, said) >= 0
        ]
        return max(named, key=lambda pair: pair[0])[1] if named else None

    def find_jurisdiction(self, question):
        """The jurisdiction a question names; None if it names none."""
        said = words(question)
        return next((place for place in self.jurisdictions if position(place, said) >= 0), None)

    def understand(self, question, session=""):
        product = self.find_product(question)
        if session:
            if self.mention(words(question)):
                self.remember(session, product)  # also a name that is not ours: a follow-up is about that one
            else:
                product = self.recall(session)
        return Query(question, product, self.find_attribute(question), self.find_jurisdiction(question))

    def recall(self, session):
        return self._last.get(session)

    def remember(self, session, product):
        self._last[session] = product
        self._last.move_to_end(session)
        while len(self._last) > self.remembered:
            self._last.popitem(last=False)
