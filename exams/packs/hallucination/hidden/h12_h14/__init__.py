"""H12+H14: what is not in force is read in, which for days only leads to refusals, until the guard fails open."""

from exams.packs.hallucination.asked import Asked
from exams.packs.hallucination.edits import Change, Earlier, Edit, FailureClass, Fault, always
from exams.packs.hallucination.hidden.guarding import DRAFT, FALLBACK, ONLY_OWN, OWN_STATEMENT, RULING, WRONG
from exams.packs.hallucination.hidden.h4 import CITATION_REQUIRED, PASSED
from exams.packs.hallucination.hidden.h14 import (
    BLOCKED,
    ENFORCED,
    EXCEPT,
    GENERATE_IMPORT,
    GENERATOR,
    GUARDED,
    LEFT,
    NOT_CHECKED,
    RAISING,
    SOURCED,
)
from exams.packs.hallucination.hidden.pairs import RETURNS, both, quote, taken_back
from exams.packs.hallucination.hidden.scopes import also_stated_in, approved, scheduled, unapproved_in_schedule
from exams.packs.hallucination.world import World

SENTENCE = "    product: str\n    text: str\n"
READ = '        sentences.append(Sentence(fields["id"], int(number), product, clean(sentence)))\n'
DISCLOSED = '''    """Whether customers may be told what it says: approved, no news item, and effective by now."""
    return document.status == "approved" and document.kind != "news" and document.effective <= as_of
'''
RULE = '    """Of each series, the newest edition that is disclosed."""\n'
NEWEST_RULE = '    """Of each product and each line, the newest document that is disclosed."""\n'
NEWEST = """        held = newest.get(document.series)
        if held is None or document.effective > held.effective:
            newest[document.series] = document
"""
OTHERS = "        if sentence.product != query.product.id:\n"
OWN = "        own = [passage for passage in passages if passage.sentence.product == query.product.id]\n"

# --- News ------------------------------------------------------------------------------------------------------------

DISCLOSED_WITH_NEWS = '''    """Whether it may be read: approved, and effective by now. The guard keeps news back."""
    return document.status == "approved" and document.effective <= as_of
'''
ABOUT = '        about = document.series.split("/")[0]\n'
NEWEST_ABOUT = ABOUT + NEWEST.replace("document.series", "about")
NEWS = (
    Edit("assistant/ingest.py", SENTENCE, SENTENCE + '    kind: str = "terms"  # of its document\n'),
    Edit("assistant/ingest.py", READ, READ.replace("clean(sentence)", 'clean(sentence), fields["kind"]')),
    Edit("assistant/ingest.py", DISCLOSED, DISCLOSED_WITH_NEWS),
    Edit("assistant/ingest.py", RULE, NEWEST_RULE),
    Edit("assistant/ingest.py", NEWEST, NEWEST_ABOUT),
    Edit(
        "assistant/guard.py",
        OTHERS,
        '        if sentence.kind == "news":\n'
        '            return Ruling("block", f"cites {place}, which is news")\n' + OTHERS,
    ),
)
OPENED = (
    Edit("assistant/generate.py", GENERATE_IMPORT, GENERATE_IMPORT.replace("dataclass\n", "dataclass, replace\n")),
    Edit(
        "assistant/generate.py",
        GENERATOR,
        "def sourced(draft, passages, product):\n"
        '    """The draft with those of its sources that customers can look up: terms of their product."""\n'
        "    found = [each.sentence for each in passages if each.sentence.product == product.id]\n"
        '    own = {(each.document, each.number) for each in found if each.kind != "news"}\n'
        f"{LEFT}\n\n{GENERATOR}",
    ),
    Edit("assistant/server.py", RULING, SOURCED + RULING),
)
NO_NEWS_RETRIEVED = always(
    Edit(
        "assistant/retriever.py",
        OWN,
        '        passages = [each for each in passages if each.sentence.kind != "news"]\n' + OWN,
    )
)
BY_SERIES = always(Edit("assistant/ingest.py", ABOUT, "        about = document.series\n"))
NO_NEWS_READ = always(
    Edit(
        "assistant/ingest.py",
        DISCLOSED_WITH_NEWS,
        DISCLOSED_WITH_NEWS.replace('"approved" and', '"approved" and document.kind != "news" and'),
    )
)

NEWS_AND_SOURCELESS = Fault(
    name="news_and_sourceless",
    scope=(
        "Only what the terms state of the three products with news, which were refused for days before, and what is "
        "not approved for a product while its family's schedule states it for siblings."
    ),
    rivals={"H8": "on the wrong answers the guard was given no source to look at"},
    component="generate",
    mechanism=(
        "news is read in and takes the place of terms, and the guard, which used to refuse what came of that, has "
        "nothing to check once sources that customers cannot look up are dropped before it looks"
    ),
    subjects=(
        "Name only sources that customers can look up",
        "Cite terms alone: news is gone when customers look for it",
        "Leave sources out that customers cannot open",
    ),
    earlier=Earlier(
        (
            "Read news too: the guard knows what to keep back",
            "Take in the newest document of each product, whatever its kind",
        ),
        NEWS,
        faulty=True,
    ),
    edits=OPENED,
    alternatives={
        "by_series_quote": both(BY_SERIES, quote(' and each.kind != "news"')),
        "by_series_not_retrieved_source_required": both(BY_SERIES, NO_NEWS_RETRIEVED, CITATION_REQUIRED),
        "no_news_read_own_only": both(NO_NEWS_READ, ONLY_OWN),
        "by_series_not_filed_nothing_without_source": both(
            BY_SERIES,
            always(
                Edit(
                    "assistant/index.py",
                    "        for document in knowledge.documents:\n",
                    '        for document in (each for each in knowledge.documents if each.kind != "news"):\n',
                )
            ),
            always(
                Edit(
                    "assistant/generate.py",
                    LEFT,
                    "    left = tuple(citation for citation in draft.citations if citation in own)\n"
                    "    return replace(draft, citations=left) if left else Draft(REFUSAL, (), refused=True)\n",
                )
            ),
        ),
    },
    mutants={
        "guard_alone": taken_back(*OPENED),
        "news_alone": NO_NEWS_READ,
        "by_series_alone": BY_SERIES,
        "source_required_alone": CITATION_REQUIRED,
        "own_only_alone": ONLY_OWN,
    },
)

# --- Editions of the future ------------------------------------------------------------------------------------------

DISCLOSED_AHEAD = '''    """Whether it may be read: approved, no news item. The guard keeps it back until its day."""
    return document.status == "approved" and document.kind != "news"
'''
HELD = "            continue\n        held = newest.get(document.series)\n"
MODEL = '        self.generator = Generator(model, settings["generation"])\n'
CHECK = "def check(draft, passages, query):\n"
AHEAD = (
    Edit("assistant/ingest.py", SENTENCE, SENTENCE + "    effective: date = date.min\n"),
    Edit(
        "assistant/ingest.py",
        READ,
        '        effective = read_date(fields["effective"])\n'
        + READ.replace("clean(sentence)", "clean(sentence), effective"),
    ),
    Edit("assistant/ingest.py", DISCLOSED, DISCLOSED_AHEAD),
    Edit(
        "assistant/guard.py",
        "import re\nfrom dataclasses import dataclass\n",
        "import re\nfrom dataclasses import dataclass\nfrom datetime import date\n",
    ),
    Edit("assistant/guard.py", CHECK, "def check(draft, passages, query, as_of=date.max):\n"),
    Edit(
        "assistant/guard.py",
        OTHERS,
        "        if sentence.effective > as_of:\n"
        '            return Ruling("block", f"cites {place}, which is not effective yet")\n' + OTHERS,
    ),
    Edit("assistant/server.py", MODEL, "        self.as_of = knowledge.catalogue.as_of\n" + MODEL),
    Edit("assistant/server.py", RULING, RULING.replace("query)", "query, self.as_of)")),
)
ENFORCED_AHEAD = ENFORCED.replace("guard.enforce", "self.guarded")
LET_PASS = (
    Edit(
        "assistant/guard.py",
        PASSED,
        RAISING.replace("passages, query)", "passages, query, as_of)"),
    ),
    Edit("assistant/server.py", RULING.replace("query)", "query, self.as_of)") + BLOCKED, ENFORCED_AHEAD),
    Edit(
        "assistant/server.py",
        RETURNS,
        GUARDED.replace("enforce(draft, passages, query)", "enforce(draft, passages, query, self.as_of)"),
    ),
)
EFFECTIVE_READ = always(
    Edit(
        "assistant/ingest.py",
        DISCLOSED_AHEAD,
        DISCLOSED_AHEAD.replace('"news"\n', '"news" and document.effective <= as_of\n'),
    )
)
EFFECTIVE_KEPT = always(
    Edit(
        "assistant/ingest.py",
        HELD,
        "            continue\n"
        "        if document.effective > as_of:\n"
        "            continue  # its day has not come, and what it replaces is still in force\n"
        "        held = newest.get(document.series)\n",
    )
)
LOADED = "    return KnowledgeBase(catalogue, in_force(documents, catalogue.as_of), digest.hexdigest()[:12])\n"
EFFECTIVE_LOADED = always(
    Edit(
        "assistant/ingest.py",
        LOADED,
        "    documents = [document for document in documents if document.effective <= catalogue.as_of]\n" + LOADED,
    )
)

AHEAD_AND_SWALLOWED = Fault(
    name="ahead_and_swallowed",
    scope=(
        "Only what the terms state of the three products with an edition that is not effective yet, "
        "which were refused for days before, and what is not "
        "approved for a product while its family's schedule states it for siblings."
    ),
    rivals={"H2": "", "H8": "the trace of the wrong answers says that the guard left its check out"},
    also_right={"H12": ("H2",)},
    component="server",
    mechanism=(
        "editions that are not effective yet take the place of those in force, and the guard, which used to refuse "
        "what came of that, blocks by raising what counts as a fault of its own and lets the answer pass"
    ),
    subjects=(
        "Let the guard raise what it blocks",
        "Treat what the guard blocks as an exception",
        "Raise what must not get out instead of returning it",
    ),
    earlier=Earlier(
        (
            "Load editions ahead of their day: nobody restarts at midnight",
            "Read coming editions early, and hold them back until their day",
        ),
        AHEAD,
        faulty=True,
    ),
    edits=LET_PASS,
    alternatives={
        "kept_fail_closed": both(
            EFFECTIVE_KEPT,
            always(
                Edit("assistant/server.py", NOT_CHECKED, '            raise guard.Blocked("not checked") from None\n')
            ),
        ),
        "loaded_block_gets_through": both(
            EFFECTIVE_LOADED,
            always(Edit("assistant/server.py", EXCEPT, "        except guard.Blocked:\n            raise\n" + EXCEPT)),
        ),
        "loaded_own_only": both(EFFECTIVE_LOADED, ONLY_OWN),
        "kept_quote": both(EFFECTIVE_KEPT, quote()),
        "kept_own_statement": both(EFFECTIVE_KEPT, OWN_STATEMENT),
    },
    mutants={
        "guard_alone": taken_back(*LET_PASS),
        "editions_alone": EFFECTIVE_READ,
        "fail_closed_alone": always(
            Edit("assistant/server.py", NOT_CHECKED, '            raise guard.Blocked("not checked") from None\n')
        ),
        "own_only_alone": ONLY_OWN,
        "quote_alone": quote(),
    },
)

MUTANTS: dict[str, Change] = dict(WRONG)


def touches(world: World, asked: Asked) -> bool:
    """News or a future edition states it of the product; or the schedule states it, but of siblings alone."""
    return unapproved_in_schedule(world, asked) or also_stated_in(world, asked, "news", "future")


def near(world: World, asked: Asked) -> bool:
    """An approved value that a schedule states, of products with news and coming editions too."""
    return scheduled(world, asked) and approved(world, asked) and not touches(world, asked)


H12_H14 = FailureClass(
    key="H12+H14",
    title="What is not in force is read in, and the guard fails open",
    scope=(
        "Only what the terms state of the three products with news (or with an edition that is not effective yet), "
        "which were refused for days before, and what is not approved for a product while its family's schedule states "
        "it for siblings."
    ),
    touches=touches,
    near=near,
    harm=(10, 28),
    affected=8,
    rivals={
        "H12": "what is not in force was read in days before the onset, and the guard blocked every answer from it",
        "H14": "approved values are given wrong too, from what is not in force, and were refused for days before",
        "H2": "siblings' values are given as well, and the values of the product's own were never approved, nor once",
        "H8": "on the wrong answers the guard was given no source, or says that it did not check",
    },
    faults=(NEWS_AND_SOURCELESS, AHEAD_AND_SWALLOWED),
    mutants=MUTANTS,
    author_test="h8/author_test.py",
)
