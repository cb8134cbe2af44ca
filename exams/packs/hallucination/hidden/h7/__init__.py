"""H7, a key that says too little: what a customer is told depends on who asked before."""

from exams.packs.hallucination.asked import Asked
from exams.packs.hallucination.edits import Change, Edit, FailureClass, Fault, Told, always
from exams.packs.hallucination.hidden.h7.fixes import (
    CHECKED_WHEN_FOUND,
    COMPLETIONS_KEPT,
    FILED_COMPLETIONS_KEPT,
    NAMED_BEFORE_IT_IS_LOOKED_UP,
    NAMED_ONLY,
    PUT_AS_WHOLE_QUESTION,
    RECALLED_EACH_TIME,
    RESOLVED_IN_SERVER,
    WHOLE_QUESTIONS_ONLY,
    WITHOUT_CACHE,
)
from exams.packs.hallucination.hidden.h7.places import (
    ASKED,
    FILED,
    FILED_GET,
    FOUND_BY_WORDS,
    GET,
    LOOKED_UP,
    SOURCE_KEY,
    TAKEN_APART_ONCE,
    UNDERSTOOD,
    WORDS_KEY,
)
from exams.packs.hallucination.hidden.scopes import approved, scheduled, with_twin
from exams.packs.hallucination.hidden.superficial import COMPOSE, FLUSHED_CACHE, common
from exams.packs.hallucination.world import World

FEW_ENTRIES = always(Edit("config.toml", "entries = 256", "entries = 16"))

NEW_FINGERPRINT = always(
    Edit(
        "assistant/server.py",
        'Cache(settings["cache"]["entries"], knowledge.fingerprint)',
        'Cache(settings["cache"]["entries"], f"{knowledge.fingerprint}-2")',
    )
)

ASKED_FOR = always(
    Edit(
        "assistant/prompt.py",
        '        "question": [f"Question: {query.wording}"],\n',
        '        "question": [f"Question: {query.wording}", "Answer in one sentence."],\n',
    )
)


def refuse_attribute(told: Told) -> tuple[Edit, ...]:
    """Refuse whatever is asked about the attribute a customer complained about."""
    return (
        Edit(
            "assistant/server.py",
            COMPOSE,
            f"        if query.attribute.key == {told.attribute.key!r}:\n"
            f'            return self.refusal("under review")\n{COMPOSE}',
        ),
    )


def one_product_looked_up(told: Told) -> tuple[Edit, ...]:
    """Do not look in the cache for the complaining customer's product."""
    return (
        Edit(
            "assistant/server.py",
            FILED_GET,
            f"        kept = None if query.product.id == {told.product.id!r} else self.cache.get(query, source)\n",
        ),
    )


LINE_CHECKED = always(
    Edit(
        "assistant/server.py",
        FILED_GET,
        f"{FILED_GET}"
        '        if kept is not None and query.product.line not in kept["text"]:\n'
        "            kept = None\n",
    )
)

BY_SENTENCE = always(
    Edit(
        "assistant/retriever.py",
        "        return self.retrieve(query)[0].document\n",
        '        best = self.retrieve(query)[0]\n        return f"{best.document}:{best.sentence.number}"\n',
    )
)

BY_SOURCE = Fault(
    name="by_source",
    scope=(
        "Only questions about the attribute that a line's schedule states: the first to ask after a start is answered "
        "well, and whoever comes next, about whichever product of the line, gets that answer again."
    ),
    component="cache",
    mechanism=(
        "answers are kept by the document they come from, and the products of a line share the document that states "
        "one attribute for all of them: whoever asks first is answered for all"
    ),
    subjects=(
        "Make cached answers easy to drop when a document changes",
        "Let a correction clear the answers of one document alone",
        "Keep answers by the document that they come from",
    ),
    edits=FILED,
    alternatives={
        "without_cache": WITHOUT_CACHE,
        "checked_when_found": CHECKED_WHEN_FOUND,
        "completions_kept": FILED_COMPLETIONS_KEPT,
    },
    mutants={
        "one_product_looked_up": one_product_looked_up,
        "line_checked": LINE_CHECKED,
        "by_sentence": BY_SENTENCE,
        "with_name_of_line": always(
            Edit("assistant/cache.py", SOURCE_KEY, SOURCE_KEY.replace("source or", "query.product.line, source or"))
        ),
    },
)

BY_WORDS = Fault(
    name="by_words",
    scope=(
        "Only follow-up questions, which name no product: the first to ask one after a start is answered well, and "
        "whoever words theirs alike gets that answer again; whoever names a product is answered as before."
    ),
    component="cache",
    mechanism=(
        "answers are found by the words of the question, and a follow-up question does not name its product: whoever "
        "asks it first is answered for everybody"
    ),
    subjects=(
        "Raise the cache's hit rate for questions that are worded alike",
        "Find kept answers also when the small words differ",
        "Make the cache's keys of the words that matter",
    ),
    edits=FOUND_BY_WORDS,
    alternatives={
        "without_cache": WITHOUT_CACHE,
        "checked_when_found": CHECKED_WHEN_FOUND,
        "completions_kept": COMPLETIONS_KEPT,
        "whole_questions_only": WHOLE_QUESTIONS_ONLY,
        "put_as_whole_question": PUT_AS_WHOLE_QUESTION,
    },
    mutants={
        "with_attribute": always(
            Edit("assistant/cache.py", WORDS_KEY, WORDS_KEY.replace("(self.fingerprint, ", "(query.attribute.key, "))
        ),
        "every_word": always(Edit("assistant/cache.py", "set(words(query.question)) - SMALL", "words(query.question)")),
        "one_wording": always(
            Edit(
                "assistant/server.py",
                GET,
                '        kept = None if query.question.startswith("And") else self.cache.get(query)\n',
            )
        ),
    },
)

UNDERSTOOD_ONCE = Fault(
    name="understood_once",
    scope=(
        "Only follow-up questions, which name no product: the first to ask one after a start is answered well, and "
        "whoever words theirs alike gets an answer about that product, or its refusal; whoever names a product is "
        "answered as before, unless its words in another order name one that somebody asked about first."
    ),
    rivals={
        "H8": "the guard passed the answer rightly, for the product that the question was taken to be about",
        "H10": "the temperature is 0, and whoever asks after the first is told of the same product each time",
        "H11": "",
    },
    also_right={"H7": ("H11",)},
    component="session",
    mechanism=(
        "what a question is about is worked out once for everybody who words it so, and for a follow-up question that "
        "includes the product of the conversation it was first asked in"
    ),
    subjects=(
        "Take each question apart once, instead of in three places",
        "Halve the time that is spent looking for names in questions",
        "Keep what a question was understood to ask",
    ),
    edits=TAKEN_APART_ONCE,
    alternatives={
        "recalled_each_time": RECALLED_EACH_TIME,
        "named_only": NAMED_ONLY,
        "named_before_it_is_looked_up": NAMED_BEFORE_IT_IS_LOOKED_UP,
        "resolved_in_server": RESOLVED_IN_SERVER,
    },
    mutants={
        "flushed_cache": FLUSHED_CACHE,
        "every_word": always(
            Edit("assistant/session.py", "frozenset(words(question)) - SMALL", "tuple(words(question))")
        ),
        "few_understood": always(
            Edit(
                "assistant/session.py",
                UNDERSTOOD,
                "            if len(self._understood) >= 64:\n                self._understood.clear()\n" + UNDERSTOOD,
            )
        ),
        "one_wording": always(
            Edit(
                "assistant/session.py",
                LOOKED_UP,
                '        query = None if question.startswith("And") else self._understood.get(asked)\n',
            )
        ),
    },
)

MUTANTS: dict[str, Change] = {
    **common(without=("flushed_cache",)),
    "few_entries": FEW_ENTRIES,
    "new_fingerprint": NEW_FINGERPRINT,
    "asked_for": ASKED_FOR,
    "refuse_attribute": refuse_attribute,
}


def touches(world: World, asked: Asked) -> bool:
    """A value that the family's schedule states or could, or a question that does not name its product."""
    return scheduled(world, asked) or asked.kind == "follow_up"


def near(world: World, asked: Asked) -> bool:
    """An approved value that the product's own terms state, of a product that has a twin."""
    return approved(world, asked) and with_twin(world, asked) and not touches(world, asked)


H7 = FailureClass(
    key="H7",
    title="A key that says too little",
    scope=(
        "Only questions that share a key with somebody else's: either those about the attribute that a line's "
        "schedule states, or follow-up questions, which name no product; the first to ask after a start is answered "
        "well, and whoever comes next gets that answer again."
    ),
    touches=touches,
    near=near,
    harm=(10, 17),
    affected=9,
    rivals={
        "H1": "the same question is answered well when nobody has asked its neighbour's before, as after a start",
        "H8": "the guard passed the answer rightly, for the product that was asked about then",
        "H10": "the temperature is 0, and whoever asks after the first gets that answer to the letter",
        "H11": "the wrong product is the one of whoever asked first, and not of a conversation going on beside it",
    },
    faults=(BY_SOURCE, BY_WORDS, UNDERSTOOD_ONCE),
    mutants=MUTANTS,
    author_test="h7/author_test.py",
)
