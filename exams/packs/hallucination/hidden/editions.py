"""Wrong fixes for every class in which an edition that is not in force is answered from, whatever let it in.

Most of them know the right editions and use them too seldom: that is how such fixes fail in practice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exams.packs.hallucination import text
from exams.packs.hallucination.edits import Change, Edit, Told, always
from exams.packs.hallucination.hidden.superficial import COMPOSE

if TYPE_CHECKING:
    from exams.packs.hallucination.world import Edition

READ_FILE = '    for path in sorted(folder.glob("doc-*.md")):\n'
READY = '    return Assistant(knowledge, load(Path(__file__).parent / "lm"), settings)\n'
KEEP = "            self.cache.put(query, kept)\n"
LOOK_UP = "        kept = self.cache.get(query)\n"
METHOD = "    def compose(self, query):\n"

VERIFIED = (
    Edit(
        "assistant/ingest.py",
        "def read_catalogue(folder):\n",
        "def verified(folder, as_of):\n"
        '    """The newest approved edition of each series by the calendar, read afresh."""\n'
        "    newest = {}\n"
        '    for each in folder.glob("doc-*.md"):\n'
        '        text = each.read_text(encoding="utf-8")\n'
        '        header = dict(line.split(": ", 1) for line in text.split("---\\n", 2)[1].strip().splitlines())\n'
        '        since = date(*map(int, reversed(header["effective"].split("."))))\n'
        '        if header["status"] != "approved" or header["kind"] == "news" or since > as_of:\n'
        "            continue\n"
        '        if header["series"] not in newest or since > newest[header["series"]][0]:\n'
        '            newest[header["series"]] = (since, read_document(text))\n'
        "    return tuple(sorted((document for _, document in newest.values()), key=lambda document: document.id))\n"
        "\n\n"
        "def read_catalogue(folder):\n",
    ),
    Edit(
        "assistant/server.py",
        READY,
        '    assistant = Assistant(knowledge, load(Path(__file__).parent / "lm"), settings)\n'
        '    documents = ingest.verified(root / settings["knowledge"]["folder"], knowledge.catalogue.as_of)\n'
        "    checked = ingest.KnowledgeBase(knowledge.catalogue, documents)\n"
        '    assistant.checked = Retriever(Index(checked), settings["retrieval"]["sentences"])\n'
        "    assistant.current = {document.id for document in documents}\n"
        "    return assistant\n",
    ),
)
FROM_EITHER = Edit(
    "assistant/server.py",
    METHOD + COMPOSE,
    "    def compose(self, query, retriever=None):\n        passages = (retriever or self.retriever).retrieve(query)\n",
)


def _verified_when(condition: str) -> tuple[Edit, ...]:
    """Answer from the verified editions on a condition, and as before otherwise."""
    return (
        *VERIFIED,
        Edit(
            "assistant/server.py",
            COMPOSE,
            f"        trusted = self.checked if {condition} else self.retriever\n"
            "        passages = trusted.retrieve(query)\n",
        ),
    )


def one_product(told: Told) -> tuple[Edit, ...]:
    """Answer from the verified editions about the complaining customer's product, and no other."""
    return _verified_when(f"query.product.id == {told.product.id!r}")


def one_attribute(told: Told) -> tuple[Edit, ...]:
    """Answer from the verified editions about the attribute the complaint is about, and no other."""
    return _verified_when(f"query.attribute.key == {told.attribute.key!r}")


# The customer who asks in the house wording is answered from the verified editions, every other one as before.
HOUSE_WORDING = always(
    *VERIFIED,
    FROM_EITHER,
    Edit(
        "assistant/server.py",
        LOOK_UP,
        "        if question.strip() == query.wording:\n"
        "            return self.compose(query, self.checked)\n" + LOOK_UP,
    ),
)

# A new answer is looked at again before it goes out; what the cache keeps is the answer as it was.
CHECKED_ONCE = always(
    *VERIFIED,
    FROM_EITHER,
    Edit(
        "assistant/server.py",
        KEEP,
        KEEP + '            if not self.current.issuperset(kept["documents"]):\n'
        "                kept = self.compose(query, self.checked)\n",
    ),
)

# Nothing gets out that rests on another edition, and nothing takes its place.
REFUSE_AFFECTED = always(
    *VERIFIED,
    Edit(
        "assistant/server.py",
        COMPOSE,
        COMPOSE + "        if not self.current.issuperset(documents(passages)):\n"
        '            return self.refusal("rests on a document that is not in force", passages)\n',
    ),
)


def edited_document(told: Told) -> tuple[Edit, ...]:
    """Write the approved value into the very sentence that was cited."""
    if told.cited is None or told.wrong.approved is None:
        raise ValueError(f"{told.text!r} cites nothing, or nothing is approved: this fix is not for such a class")
    document = told.world.document(told.cited[0])
    number = told.cited[1]
    said = text.statement(
        attribute=told.attribute.name,
        product=told.product.name,
        value=told.wrong.approved.value,
        unit=told.attribute.unit,
        condition=told.wrong.approved.condition,
    )
    line = f"{number}. {told.product.id} | "
    return (Edit(f"kb/{document.id}.md", f"{line}{document.sentences[number - 1]}\n", f"{line}{said}\n"),)


def listed(*editions: Edition) -> Change:
    """Leave out by number the documents that were found so far: all of their kind but one."""

    def change(told: Told) -> tuple[Edit, ...]:
        found = [document for document in told.world.documents if document.edition in editions]
        found.sort(key=lambda document: told.product.id not in document.products)  # the complaint's own comes first
        names = ", ".join(f'"{document.id}"' for document in found[:-1])
        return (
            Edit(
                "assistant/ingest.py",
                READ_FILE,
                f"{READ_FILE}        if path.stem in ({names},):  # withdrawn\n            continue\n",
            ),
        )

    return change


MUTANTS: dict[str, Change] = {
    "one_product": one_product,
    "one_attribute": one_attribute,
    "house_wording": HOUSE_WORDING,
    "checked_once": CHECKED_ONCE,
    "refuse_affected": REFUSE_AFFECTED,
    "edited_document": edited_document,
}
