"""A knowledge base small enough to read at a glance."""

from assistant.ingest import Attribute, Document, KnowledgeBase, Product, Sentence

ALDER = Product("alder-basic", "Alder Basic", "Alder")
BIRCH = Product("birch-basic", "Birch Basic", "Birch")
FEE = Attribute("late_fee", ("late fee", "late payment charge"))
RATE = Attribute("rate", ("interest rate",))

KNOWLEDGE = KnowledgeBase(
    products=(ALDER, BIRCH),
    attributes=(FEE, RATE),
    documents=(
        Document(
            "doc-12",
            "Alder Basic terms",
            "2026-02-11",
            (
                Sentence("doc-12", 1, "alder-basic", "This document is about Alder Basic."),
                Sentence("doc-12", 2, "alder-basic", "The late fee of Alder Basic is 39 USD."),
            ),
        ),
        Document(
            "doc-13",
            "Birch Basic terms",
            "2026-02-11",
            (Sentence("doc-13", 1, "birch-basic", "The late fee of Birch Basic is 25 USD."),),
        ),
    ),
    fingerprint="small",
)
