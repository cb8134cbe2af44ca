"""A knowledge base small enough to read at a glance."""

from datetime import date

from assistant.ingest import Attribute, Catalogue, Document, KnowledgeBase, Product, Sentence

ALDER = Product("alder-basic", "Alder Basic", "Alder", "Norland")
BIRCH = Product("birch-basic", "Birch Basic", "Birch", "Westra")
FEE = Attribute("late_fee", ("late fee", "late payment charge"))
RATE = Attribute("rate", ("interest rate",))

CATALOGUE = Catalogue(date(2024, 5, 12), ("Norland", "Westra"), (ALDER, BIRCH), (FEE, RATE))


def document(name, product, *sentences):
    return Document(
        id=name,
        title=f"{product.name} terms",
        series=f"{product.id}/terms",
        kind="terms",
        status="approved",
        effective=date(2024, 2, 11),
        sentences=tuple(Sentence(name, at, product.id, text) for at, text in enumerate(sentences, 1)),
    )


KNOWLEDGE = KnowledgeBase(
    catalogue=CATALOGUE,
    documents=(
        document("doc-12", ALDER, "This document is about Alder Basic.", "The late fee of Alder Basic is 39 USD."),
        document("doc-13", BIRCH, "The late fee of Birch Basic is 25 USD."),
    ),
    fingerprint="small",
)
