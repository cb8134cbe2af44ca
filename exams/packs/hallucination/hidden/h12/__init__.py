"""H12, a draft, a news item or an edition to come outranks the disclosure: what is not in force is answered from."""

from exams.packs.hallucination.asked import Asked
from exams.packs.hallucination.edits import Change, Earlier, Edit, FailureClass, Fault, always
from exams.packs.hallucination.hidden import editions
from exams.packs.hallucination.hidden.scopes import also_stated_in, approved
from exams.packs.hallucination.hidden.superficial import common
from exams.packs.hallucination.world import World

CONFIG = "config.toml"
INGEST = "assistant/ingest.py"
INDEX = "assistant/index.py"
SERVER = "assistant/server.py"

FOLDER = 'folder = "kb"\n'
SOURCE = 'root / settings["knowledge"]["folder"]'
LOAD = "def load(folder"
NEWER = "        if held is None or document.effective > held.effective:\n"
NEWEST = "        held = newest.get(document.series)\n" + NEWER + "            newest[document.series] = document\n"
BY_NAME = "    return tuple(sorted(newest.values(), key=lambda document: document.id))\n"
FILED = "        for document in knowledge.documents:\n"
STATUS = '        status=fields["status"],\n'

# --- A switch that is written as a word is on ------------------------------------------------------------------------

PREVIEWED = '        status="approved" if preview else fields["status"],  # drafts count as approved\n'
PASSED = f'{SOURCE}, preview=settings["knowledge"]["preview"]'

SWITCH = Earlier(
    subjects=(
        "Let product managers preview drafts, on their own installation",
        "Add a preview for product managers, switched off here",
    ),
    edits=(
        Edit(CONFIG, FOLDER, f"{FOLDER}preview = false  # drafts are answered from as well\n"),
        Edit(INGEST, "def read_document(text):\n", "def read_document(text, preview=False):\n"),
        Edit(INGEST, STATUS, PREVIEWED),
        Edit(INGEST, LOAD, f"{LOAD}, preview=False"),
        Edit(INGEST, "documents.append(read_document(text))\n", "documents.append(read_document(text, preview))\n"),
        Edit(SERVER, SOURCE, PASSED),
    ),
)

WORDED = Fault(
    name="worded_switch",
    scope="Only what drafts state about a product; all else, and what its family's schedule states, is as before.",
    component="ingest",
    mechanism=(
        'config.toml says preview = "off", a text that is not empty and so is true: drafts are read as approved; '
        "nothing happens until one is published"
    ),
    subjects=(
        "Write switches as on and off, as in ops/flags.log",
        "Word the settings of documents the way operations does",
        "Bring our switches into one form",
    ),
    edits=(Edit(CONFIG, "preview = false ", 'preview = "off" '),),
    earlier=SWITCH,
    waits_for=("draft",),
    alternatives={
        "on_means_on": always(Edit(SERVER, '["preview"])', '["preview"] == "on")')),
        "status_as_written": always(Edit(INGEST, PREVIEWED, STATUS)),
        "no_previews": always(Edit(SERVER, PASSED, SOURCE)),
        "drafts_fill_gaps_only": always(
            Edit(INGEST, "    sentences: tuple\n", "    sentences: tuple\n    previewed: bool = False\n"),
            Edit(
                INGEST,
                "        sentences=tuple(sentences),\n",
                '        sentences=tuple(sentences),\n        previewed=fields["status"] == "draft",\n',
            ),
            Edit(
                INGEST,
                NEWER,
                "        if held is None or rank(document) > rank(held):\n",
            ),
            Edit(
                INGEST,
                "def in_force(",
                "def rank(document):\n"
                '    """What is approved comes before any preview, then the newer before the older."""\n'
                "    return not document.previewed, document.effective\n\n\n"
                "def in_force(",
            ),
        ),
    },
    mutants={
        "other_word": always(Edit(CONFIG, 'preview = "off" ', 'preview = "false" ')),
        "withdrawn_by_hand": editions.listed("draft"),
    },
)

# --- One list for two fields: news is a kind, not a status ------------------------------------------------------------

DISCLOSED = '    return document.status == "approved" and document.kind != "news" and document.effective <= as_of\n'
NOT_KEPT_OUT = "    return document.status not in KEPT_OUT and document.effective <= as_of\n"
NEWEST_FIRST = (
    "    return tuple(sorted(newest.values(), key=lambda document: (document.effective, document.id), reverse=True))\n"
)

ONE_LIST = Fault(
    name="one_list",
    scope="Only what news states about a product; all else, and what its family's schedule states, is as before.",
    component="ingest",
    mechanism=(
        "what customers are never told is one list that is compared with the status, but news is a kind: its status is "
        "approved, so news is served, and being newer it comes before the terms"
    ),
    subjects=(
        "Name in one place what customers are never told from",
        "Put the rules for what is disclosed into one list",
        "Check what is disclosed against one list",
    ),
    edits=(
        Edit(INGEST, DISCLOSED, NOT_KEPT_OUT),
        Edit(
            INGEST,
            'LINE = re.compile(r"',
            'KEPT_OUT = ("draft", "news")\nLINE = re.compile(r"',
        ),
    ),
    earlier=Earlier(
        subjects=("Show the model the newest document first", "Order documents by the day on which they took effect"),
        edits=(Edit(INGEST, BY_NAME, NEWEST_FIRST),),
    ),
    alternatives={
        "both_fields": always(
            Edit(
                INGEST, "document.status not in KEPT_OUT", "not {document.status, document.kind}.intersection(KEPT_OUT)"
            )
        ),
        "index_leaves_out": always(
            Edit(
                INDEX, FILED, '        for document in (each for each in knowledge.documents if each.kind != "news"):\n'
            )
        ),
        "not_loaded": always(
            Edit(
                INGEST,
                "        documents.append(read_document(text))\n",
                "        document = read_document(text)\n"
                '        if not document.series.endswith("/news"):\n'
                "            documents.append(document)\n",
            )
        ),
        "news_without_numbers": always(
            Edit(
                INGEST,
                "        number, product, sentence = match.groups()\n",
                "        number, product, sentence = match.groups()\n"
                '        if fields["kind"] == "news" and re.search(r"\\d", sentence):\n'
                "            continue  # only terms and schedules state values\n",
            )
        ),
    },
    mutants={
        "by_title": always(
            Edit(
                INGEST,
                NOT_KEPT_OUT,
                '    news = "news" in document.title.casefold()\n'
                "    return not news and document.status not in KEPT_OUT and document.effective <= as_of\n",
            )
        ),
        "withdrawn_by_hand": editions.listed("news"),
    },
)

# --- A setting lets editions take over before they are effective ------------------------------------------------------

TODAY = "in_force(documents, catalogue.as_of)"
AHEAD_OF_TODAY = "in_force(documents, catalogue.as_of + timedelta(days=ahead_days))"
PASSED_AHEAD = f'{SOURCE}, ahead_days=settings["knowledge"]["ahead_days"]'

AHEAD = Fault(
    name="ahead",
    scope=(
        "Only what editions that are not effective yet state about a product; all else, and what its family's schedule "
        "states, is as before."
    ),
    rivals={"H2": ""},
    also_right={"H12": ("H2",)},
    component="ingest",
    mechanism=(
        "ahead_days in config.toml lets an approved edition replace the one in force 60 days before it is effective; "
        "nothing happens until such an edition is published"
    ),
    subjects=(
        "Give customers the 60 days' notice that contracts promise",
        "Meet the notice period for changes of terms",
        "Take the next edition over as early as agreed",
    ),
    edits=(Edit(CONFIG, "ahead_days = 0 ", "ahead_days = 60 "),),
    earlier=Earlier(
        subjects=(
            "Make a setting of how early an edition is taken over",
            "Let editions be taken over ahead, where that is wanted",
        ),
        edits=(
            Edit(CONFIG, FOLDER, f"{FOLDER}ahead_days = 0  # how early the next edition is taken over\n"),
            Edit(INGEST, LOAD, f"{LOAD}, ahead_days=0"),
            Edit(INGEST, TODAY, AHEAD_OF_TODAY),
            Edit(INGEST, "from datetime import date\n", "from datetime import date, timedelta\n"),
            Edit(SERVER, SOURCE, PASSED_AHEAD),
        ),
    ),
    waits_for=("future",),
    alternatives={
        "business_day": always(Edit(INGEST, AHEAD_OF_TODAY, TODAY)),
        "setting_not_passed": always(Edit(SERVER, PASSED_AHEAD, SOURCE)),
        "current_first": always(
            Edit(
                INGEST,
                f"    return KnowledgeBase(catalogue, {AHEAD_OF_TODAY}, ",
                f"    current = {TODAY}\n"
                "    served = {document.series for document in current}\n"
                f"    coming = {AHEAD_OF_TODAY}\n"
                "    current += tuple(document for document in coming if document.series not in served)\n"
                "    return KnowledgeBase(catalogue, current, ",
            )
        ),
        "index_decides": always(
            Edit(INGEST, NEWEST, "        newest[document.id] = document\n"),
            Edit(
                INDEX,
                FILED,
                "        newest = {}\n"
                "        for document in sorted(knowledge.documents, key=lambda each: each.effective):\n"
                "            if document.effective <= knowledge.catalogue.as_of:\n"
                "                newest[document.series] = document\n"
                "        for document in sorted(newest.values(), key=lambda each: each.id):\n",
            ),
        ),
    },
    mutants={
        "in_order_of_date": always(Edit(INGEST, BY_NAME, NEWEST_FIRST)),
        "withdrawn_by_hand": editions.listed("future"),
    },
)

MUTANTS: dict[str, Change] = {**common(), **editions.MUTANTS}


def touches(world: World, asked: Asked) -> bool:
    """A draft, a news item or an edition to come states the attribute for the product."""
    return also_stated_in(world, asked, "draft", "news", "future")


def near(world: World, asked: Asked) -> bool:
    """An approved value of a product about which a document says something that is not in force, though not this."""
    return (
        approved(world, asked)
        and not touches(world, asked)
        and asked.product is not None
        and any(asked.product.id in each.products for each in world.documents if each.edition != "in_force")
    )


H12 = FailureClass(
    key="H12",
    title="Draft, news or coming edition outranks the disclosure",
    scope=(
        "Only what drafts, news items or editions not effective yet state about a product, and only one of these three "
        "at a time; every other product, and the attribute its family has a schedule of, is answered as before."
    ),
    touches=touches,
    near=near,
    harm=(6, 16),
    affected=3,
    rivals={
        "H2": "the documents cited never were in force: none of them has been superseded",
        "H4": "every wrong answer cites a sentence that was retrieved and that says so",
        "H7": "a restart with an empty cache answers the same, and the prompt already holds the wrong sentence",
        "H8": "the sentence cited does hold the number that was told",
        "H1": "the documents cited are about the product that was asked for",
    },
    faults=(WORDED, ONE_LIST, AHEAD),
    mutants=MUTANTS,
    author_test="h2/author_test.py",
)
