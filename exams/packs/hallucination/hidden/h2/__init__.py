"""H2, stale index: answers come from editions that have been superseded."""

from exams.packs.hallucination.asked import Asked
from exams.packs.hallucination.edits import Change, Earlier, Edit, FailureClass, Fault, always
from exams.packs.hallucination.hidden import editions
from exams.packs.hallucination.hidden.scopes import also_stated_in, approved
from exams.packs.hallucination.hidden.superficial import common
from exams.packs.hallucination.world import World

INGEST = "assistant/ingest.py"
INDEX = "assistant/index.py"
SERVER = "assistant/server.py"

NEWER = "        if held is None or document.effective > held.effective:\n"
NEWEST_ONLY = (
    "        held = newest.get(document.series)\n"
    + NEWER
    + "            newest[document.series] = document\n"
    + "    return tuple(sorted(newest.values(), key=lambda document: document.id))\n"
)
EVERY_EDITION = (
    "        newest[document.id] = document\n"
    "    return tuple(sorted(newest.values(), key=lambda document: document.id))\n"
)
FILED = "        for document in knowledge.documents:\n"
INDEX_CLASS = "class Index:\n"
LOADED = "in_force(documents, catalogue.as_of)"
FINGERPRINT = '    fingerprint: str = field(default="")\n'
RETURNED = f"    return KnowledgeBase(catalogue, {LOADED}, digest.hexdigest()[:12])\n"

# --- Dates stay as they are written, and are compared as text -----------------------------------------------------

AS_WRITTEN = Fault(
    name="as_written",
    component="ingest",
    mechanism=(
        "effective dates are kept as text, day first, so the newest edition of a series is the one whose text sorts "
        "last: 24.01.2024 beats 03.09.2024"
    ),
    subjects=(
        "Keep dates as compliance writes them, for messages about errors",
        "Quote dates in errors the way the document has them",
        "Keep dates as they were written in the document",
    ),
    edits=(
        Edit(INGEST, "    effective: date\n", "    effective: str  # as compliance writes it\n"),
        Edit(INGEST, '        effective=read_date(fields["effective"]),\n', '        effective=fields["effective"],\n'),
        Edit(INGEST, " and document.effective <= as_of\n", " and read_date(document.effective) <= as_of\n"),
        Edit(
            "tests/test_ingest.py",
            "    assert document.effective == date(2024, 2, 11)\n",
            '    assert document.effective == "11.02.2024"\n',
        ),
        Edit("tests/test_ingest.py", "from datetime import date\n\nimport pytest\n", "import pytest\n"),
    ),
    alternatives={
        "compare_dates": always(
            Edit(
                INGEST,
                NEWER,
                "        if held is None or read_date(document.effective) > read_date(held.effective):\n",
            )
        ),
        "text_that_sorts": always(
            Edit(
                INGEST,
                '        effective=fields["effective"],\n',
                '        effective=read_date(fields["effective"]).isoformat(),  # sorts as it reads\n',
            ),
            Edit(
                INGEST,
                " and read_date(document.effective) <= as_of\n",
                " and document.effective <= as_of.isoformat()\n",
            ),
        ),
        "oldest_first": always(
            Edit(
                INGEST,
                "        held = newest.get(document.series)\n"
                + NEWER
                + "            newest[document.series] = document\n",
                "        newest[document.series] = document  # they come oldest first\n",
            ),
            Edit(
                INGEST,
                "    return KnowledgeBase(",
                "    documents.sort(key=lambda document: read_date(document.effective))\n    return KnowledgeBase(",
            ),
        ),
        "index_decides": always(
            Edit(INGEST, NEWEST_ONLY, EVERY_EDITION),
            Edit(
                INDEX,
                FILED,
                "        newest = {}\n"
                "        for document in sorted(knowledge.documents, key=lambda each: read_date(each.effective)):\n"
                "            newest[document.series] = document\n"
                "        for document in sorted(newest.values(), key=lambda each: each.id):\n",
            ),
            Edit(INDEX, "import re\n\n", "import re\n\nfrom .ingest import read_date\n\n"),
        ),
    },
    mutants={
        "numbers_in_order_written": always(
            Edit(
                INGEST,
                NEWER,
                "        if held is None or day_number(document) > day_number(held):\n",
            ),
            Edit(
                INGEST,
                "def in_force(",
                "def day_number(document):\n"
                '    """Numbers compare as they should; texts do not."""\n'
                '    return tuple(int(part) for part in document.effective.split("."))\n\n\n'
                "def in_force(",
            ),
        ),
        "withdrawn_by_hand": editions.listed("superseded"),
    },
)

# --- What used to be in force is filed again, and first --------------------------------------------------------------

ARCHIVE = Earlier(
    subjects=("Keep earlier editions at hand for compliance's questions", "Hold on to what used to be in force"),
    edits=(
        Edit(
            INGEST,
            FINGERPRINT,
            FINGERPRINT + "    archive: tuple = ()  # what was in force before\n",
        ),
        Edit(
            INGEST,
            RETURNED,
            f"    current = {LOADED}\n"
            "    past = [each for each in documents if disclosed(each, catalogue.as_of) and each not in current]\n"
            "    return KnowledgeBase(catalogue, current, digest.hexdigest()[:12], tuple(past))\n",
        ),
    ),
)
ALL_FILED = "        for document in (*knowledge.archive, *knowledge.documents):\n"

ARCHIVED = Fault(
    name="archived",
    component="index",
    mechanism=(
        "the index files superseded editions too, before those in force; of two sentences that state the attribute of "
        "the product the model takes the first, and the guard finds the number in the sentence cited"
    ),
    subjects=(
        "File editions in their order, so that answers can be traced",
        "Make earlier editions traceable through the index",
        "Let the index know every edition of a document",
    ),
    edits=(Edit(INDEX, FILED, ALL_FILED),),
    earlier=ARCHIVE,
    alternatives={
        "retriever_skips": always(
            Edit(
                INDEX,
                "        self._filed = {}\n",
                "        self._filed = {}\n        self.current = {document.id for document in knowledge.documents}\n",
            ),
            Edit(
                "assistant/retriever.py",
                "            for sentence in self.index.concerning(query.product)\n",
                "            for sentence in self.index.concerning(query.product)\n"
                "            if sentence.document in self.index.current\n",
            ),
        ),
        "one_edition_a_series": always(
            Edit(
                INDEX,
                ALL_FILED,
                "        held = {each.series: each for each in (*knowledge.archive, *knowledge.documents)}\n"
                "        for document in sorted(held.values(), key=lambda each: each.id):\n",
            )
        ),
        "archive_apart": always(
            Edit(SERVER, "Retriever(Index(knowledge), ", "Retriever(Index(replace(knowledge, archive=())), "),
            Edit(SERVER, "import tomllib\n", "import tomllib\nfrom dataclasses import replace\n"),
        ),
        "no_archive": always(
            Edit(INGEST, "current, digest.hexdigest()[:12], tuple(past))", "current, digest.hexdigest()[:12])")
        ),
    },
    mutants={
        "fewer_sentences": always(Edit("config.toml", "sentences = 4 ", "sentences = 1 ")),
        "withdrawn_by_hand": editions.listed("superseded"),
    },
)

MUTANTS: dict[str, Change] = {**common(), **editions.MUTANTS}


def touches(world: World, asked: Asked) -> bool:
    """A superseded edition states the attribute for the product."""
    return also_stated_in(world, asked, "superseded")


def near(world: World, asked: Asked) -> bool:
    """An approved value of a product about which a document says something that is not in force, though not this."""
    return (
        approved(world, asked)
        and not touches(world, asked)
        and asked.product is not None
        and any(asked.product.id in each.products for each in world.documents if each.edition != "in_force")
    )


H2 = FailureClass(
    key="H2",
    title="Stale index: superseded editions are answered from",
    scope=(
        "Only what an older edition of a product's terms states; schedules, and products whose terms have no older "
        "edition, are answered as before, whatever drafts, news and coming editions say."
    ),
    touches=touches,
    near=near,
    harm=(15, 28),
    affected=6,
    rivals={
        "H4": "every wrong answer cites a sentence that was retrieved and that says so",
        "H7": "a restart with an empty cache answers the same, and the prompt already holds the wrong sentence",
        "H9": "the number told stands in the document cited, to the letter",
        "H12": "the documents cited are approved terms that used to be in force: no drafts, no news, nothing to come",
        "H1": "the documents cited are about the product that was asked for",
    },
    faults=(AS_WRITTEN, ARCHIVED),
    mutants=MUTANTS,
    author_test="h2/author_test.py",
)
