"""What learners are told of failure classes and components before they start: the same words for every incident.

Where a class may sit is meant widely: it must hold what its faults need, in incidents of two faults too, and must not
give away which places were chosen.
"""

from __future__ import annotations

from exams.packs.causes import Cause, CauseCatalogue, Component
from exams.packs.hallucination.hidden import CLASSES

LOOKS_LIKE: dict[str, tuple[str, tuple[str, ...]]] = {
    "H1": (
        "Asked about one product, the assistant answers with what it knows of another, whose name is much alike.",
        ("session", "index", "retriever"),
    ),
    "H2": (
        "It answers with a value that used to be approved and has since been replaced by a newer edition.",
        ("ingest", "index", "retriever"),
    ),
    "H3": (
        "The value is right, but the condition under which it holds is missing or breaks off.",
        ("ingest", "retriever", "prompt", "generate", "render"),
    ),
    "H4": (
        "Where no document states what was asked, the model makes up a value instead of saying so.",
        ("prompt", "config"),
    ),
    "H5": (
        "Asked about something that is not in the catalogue, it answers as if it were one of the products.",
        ("session", "abstain", "index", "server"),
    ),
    "H6": (
        "The guard overlooks numbers because of how an answer is written when it looks, and lets wrong ones out.",
        ("generate", "guard", "render", "server"),
    ),
    "H7": (
        "What was kept for one question is given again to another, because the two are kept under the same key.",
        ("session", "cache", "server"),
    ),
    "H8": (
        "The guard accepts a number that stands in the document cited, but not in a sentence about what was asked.",
        ("retriever", "guard"),
    ),
    "H9": (
        "The document states the right number, and on its way to the customer the number's digits change.",
        ("ingest", "prompt", "generate", "guard", "render"),
    ),
    "H10": (
        "The same question is answered rightly one time and wrongly the next: the model's words are drawn by chance.",
        ("generate", "server", "config"),
    ),
    "H11": (
        "A question in one conversation is answered with the product that another conversation was about.",
        ("session", "server"),
    ),
    "H12": (
        "It answers with what was never in force: a draft, a piece of news, or an edition that is still to come.",
        ("ingest", "index", "config"),
    ),
    "H13": (
        "Asked about a place in which the product is not offered, it gives the terms of another place.",
        ("ingest", "abstain", "cache", "server"),
    ),
    "H14": (
        "The guard does not come to a ruling, or leaves a check out, and the answers it should have blocked get out.",
        ("generate", "guard", "server", "config"),
    ),
}

COMPONENTS = (
    Component("ingest", "assistant/ingest.py", "reads the knowledge base: which documents are in force"),
    Component("index", "assistant/index.py", "files the sentences of documents by product"),
    Component("session", "assistant/session.py", "makes out what a question is about, in its conversation"),
    Component("abstain", "assistant/abstain.py", "decides what is refused before anything is looked up"),
    Component("cache", "assistant/cache.py", "keeps answers that were given before"),
    Component("retriever", "assistant/retriever.py", "chooses the sentences that the model sees"),
    Component("prompt", "assistant/prompt.py", "puts the question to the model"),
    Component("generate", "assistant/generate.py", "has the model answer and reads its answer"),
    Component("guard", "assistant/guard.py", "decides which answers do not get out"),
    Component("render", "assistant/render.py", "decides how an answer looks"),
    Component("server", "assistant/server.py", "puts the parts together"),
    Component("config", "config.toml", "the settings of the service"),
)

CATALOGUE = CauseCatalogue(
    tuple(Cause(key, CLASSES[key].title, *told) for key, told in LOOKS_LIKE.items() if key in CLASSES), COMPONENTS
)
