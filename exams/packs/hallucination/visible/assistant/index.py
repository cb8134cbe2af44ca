"""Finds the sentences that are about a product."""

import re

WORD = re.compile(r"[a-z0-9%]+")


def words(text):
    return WORD.findall(text.casefold())


def product_key(name):
    """The form of a product's name under which its sentences are filed."""
    return " ".join(words(name))


class Index:
    def __init__(self, knowledge):
        by_id = {}
        for sentence in knowledge.sentences():
            by_id.setdefault(sentence.product, []).append(sentence)
        self._filed = {product_key(product.name): by_id.get(product.id, []) for product in knowledge.products}

    def about(self, product):
        """All sentences about this product, in the order of the documents."""
        return list(self._filed.get(product_key(product.name), []))
