"""H1+H8: siblings' sentences crowd a product's own out, which only leads to refusals until the guard opens."""

from exams.packs.hallucination.asked import Asked
from exams.packs.hallucination.edits import Change, Earlier, Edit, FailureClass, Fault, always
from exams.packs.hallucination.hidden.guarding import FALLBACK, SUBJECT_FIRST, WRONG
from exams.packs.hallucination.hidden.h8 import (
    BY_DOCUMENT,
    FOUND,
    GIVEN,
    MISSING,
    NUMBERS_BY_SENTENCE,
    OTHERS,
    PASSAGE,
    UNKNOWN_PLACE,
)
from exams.packs.hallucination.hidden.pairs import both, quote, taken_back
from exams.packs.hallucination.hidden.scopes import approved, scheduled, unapproved_in_schedule
from exams.packs.hallucination.world import Fact, World

SHOWN = 2  # sentences of a schedule: what the index leaves of it

# --- First half, retriever -------------------------------------------------------------------------------------------

OWN_FIRST = (
    "        own = [passage for passage in passages if passage.sentence.product == query.product.id]\n"
    "        own.sort(key=lambda passage: -passage.score)  # stable: equals keep the documents' order\n"
    + FALLBACK
    + "        return own[: self.limit]\n"
)
SPREAD = """        best = {}
        for passage in passages:
            if passage.score:
                best.setdefault(passage.document, passage)
        rest = [each for each in passages if not each.score and each.sentence.product == query.product.id]
        return [*best.values(), *rest][: self.limit]
"""
RULE = """\
        What is said of the product itself comes first. If none of it names the attribute, a schedule of its line may
        be about the attribute all the same: then the model sees that, and the guard sees to it that no sibling's
        value gets out.
"""
SPREAD_RULE = """\
        What names the attribute comes first, one sentence of each document, so that a long one leaves room for the
        others; then what is said of the product. The guard sees to it that no sibling's value gets out.
"""
BEST = "        best = {}\n"

CROWDED = (
    Edit("assistant/retriever.py", RULE, SPREAD_RULE),
    Edit("assistant/retriever.py", OWN_FIRST, SPREAD),
)
OWN_BEST = always(
    Edit(
        "assistant/retriever.py",
        BEST,
        "        passages.sort(key=lambda each: each.sentence.product != query.product.id)  # its own first\n" + BEST,
    )
)

CROWDED_AND_BY_DOCUMENT = Fault(
    name="crowded_and_by_document",
    component="guard",
    mechanism=(
        "the retriever shows the first statement of a schedule, whoever it is about, and the guard, which used to "
        "refuse what came of that, looks for a number anywhere in the cited document"
    ),
    subjects=BY_DOCUMENT.subjects,
    earlier=Earlier(
        (
            "Take one sentence of each document that names the attribute",
            "Leave room for the terms when a schedule is long",
        ),
        CROWDED,
        faulty=True,
    ),
    edits=BY_DOCUMENT.edits,
    alternatives={
        "quote": quote(),
        "own_only": always(
            Edit(
                "assistant/retriever.py",
                BEST,
                "        passages = [each for each in passages if each.sentence.product == query.product.id]\n" + BEST,
            )
        ),
        "own_best_subject_checked": both(OWN_BEST, SUBJECT_FIRST, NUMBERS_BY_SENTENCE),
    },
    mutants={
        "guard_alone": taken_back(*BY_DOCUMENT.edits),
        "retriever_alone": taken_back(*CROWDED),
        "subject_alone": SUBJECT_FIRST,
        "own_best_alone": OWN_BEST,
    },
)

# --- First half, index -----------------------------------------------------------------------------------------------

FILED = """            for product in dict.fromkeys(sentence.product for sentence in document.sentences):
                self._filed.setdefault(product, []).extend(document.sentences)
"""
FILED_HEAD = """            products = dict.fromkeys(sentence.product for sentence in document.sentences)
            kept = document.sentences if len(products) == 1 else document.sentences[:HEAD]
            for product in products:
                self._filed.setdefault(product, []).extend(kept)
"""
HEAD = (
    Edit(
        "assistant/index.py",
        'WORD = re.compile(r"[a-z0-9%]+")\n',
        'WORD = re.compile(r"[a-z0-9%]+")\nHEAD = 2  # sentences that are kept of a document about several products\n',
    ),
    Edit("assistant/index.py", FILED, FILED_HEAD),
)
FOUND_FOR = (
    Edit("assistant/retriever.py", PASSAGE, PASSAGE + "    product: str  # it was found for\n"),
    Edit("assistant/retriever.py", FOUND, FOUND.replace('"))\n', '"), product=query.product.id)\n')),
    Edit("assistant/guard.py", GIVEN, GIVEN.replace(": passage.sentence for", ": passage for")),
    Edit(
        "assistant/guard.py",
        UNKNOWN_PLACE + OTHERS + MISSING,
        (UNKNOWN_PLACE + OTHERS).replace("sentence", "passage")
        + MISSING.replace("sentence.text", "passage.sentence.text"),
    ),
)

HEAD_AND_FOUND_FOR = Fault(
    name="head_and_found_for",
    component="guard",
    mechanism=(
        "the index keeps the first two sentences of a schedule, whoever they are about, and the guard, which used to "
        "refuse what came of that, takes what a passage was found for as its subject"
    ),
    subjects=(
        "Keep with each passage the product it was found for",
        "Let the guard go by what the retriever was asked for",
        "Look at what a passage was found for, not into it",
    ),
    earlier=Earlier(
        (
            "File the head of a schedule, not all of its rows",
            "Keep the index small: schedules are mostly about other products",
        ),
        HEAD,
        faulty=True,
    ),
    edits=FOUND_FOR,
    alternatives={
        "quote": quote(),
        "filed_by_sentence": always(
            Edit(
                "assistant/index.py",
                FILED_HEAD,
                "            for sentence in document.sentences:\n"
                "                self._filed.setdefault(sentence.product, []).append(sentence)\n",
            )
        ),
        "whole_subject_checked": both(
            always(Edit("assistant/index.py", "HEAD = 2 ", "HEAD = 9 ")),
            SUBJECT_FIRST,
        ),
    },
    mutants={
        "guard_alone": taken_back(*FOUND_FOR),
        "index_alone": taken_back(*HEAD),
        "subject_alone": SUBJECT_FIRST,
        "three_of_a_schedule": always(Edit("assistant/index.py", "HEAD = 2 ", "HEAD = 3 ")),
    },
)

MUTANTS: dict[str, Change] = dict(WRONG)


def first_in_schedule(world: World, fact: Fact) -> bool:
    """No value is stated before it in its document."""
    before = [other.sentence for other in world.facts_of.values() if other.document == fact.document]
    return fact.sentence == min(before)


def touches(world: World, asked: Asked) -> bool:
    """What the family's schedule states of a product, but for its first value; or of siblings only."""
    if unapproved_in_schedule(world, asked):
        return True
    fact = asked.fact(world)
    if fact is None or not scheduled(world, asked):
        return False
    return fact.sentence > SHOWN or not first_in_schedule(world, fact)


def near(world: World, asked: Asked) -> bool:
    """What the same schedules state first."""
    return scheduled(world, asked) and approved(world, asked) and not touches(world, asked)


H1_H8 = FailureClass(
    key="H1+H8",
    title="Siblings crowd out a product's own, and citations count by document",
    scope=(
        "Only the attribute that a family's schedule states: for products that do not come first in it, which were "
        "refused for days before, and for those it states nothing of. What it states first, and all terms, are as "
        "before."
    ),
    touches=touches,
    near=near,
    harm=(10, 28),
    affected=11,
    rivals={
        "H8": "approved values are given wrong too, their sentence missing in the prompt, and were refused before",
        "H1": "of products whose own sentence is missing in the prompt, the guard blocked every answer until the onset",
        "H6": "the guard's reason on the wrong answers is ok: it saw the number and found it in what is cited",
        "H14": "the guard looked at the wrong answers and at what they cite, and found it in order",
        "H2": "the values given are approved ones, of siblings, and not out of date",
    },
    faults=(CROWDED_AND_BY_DOCUMENT, HEAD_AND_FOUND_FOR),
    mutants=MUTANTS,
    author_test="h8/author_test.py",
)
