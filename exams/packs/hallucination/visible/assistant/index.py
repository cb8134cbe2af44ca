"""Finds the sentences of the documents that concern a product."""

import re

WORD = re.compile(r"[a-z0-9%]+")


def words(text):
    return WORD.findall(text.casefold())


class Index:
    def __init__(self, knowledge):
        self._filed = {}
        for document in knowledge.documents:
            for product in dict.fromkeys(sentence.product for sentence in document.sentences):
                self._filed.setdefault(product, []).extend(document.sentences)

    def concerning(self, product):
        """All sentences of the documents that concern this product, in the order of the documents.

        A schedule concerns a whole line, so what it says of the product's siblings is among them.
        """
        return list(self._filed.get(product.id, []))
