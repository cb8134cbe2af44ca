"""H3, context cut short: a value is given without the condition on which it holds."""

from exams.packs.hallucination.asked import Asked
from exams.packs.hallucination.edits import Change, Earlier, Edit, FailureClass, Fault, Told, always
from exams.packs.hallucination.hidden.h3.fixes import (
    BEST_IN_FULL,
    BY_SOURCE,
    FEW_BUBBLES,
    FEW_QUOTED,
    JOINED_IN_INDEX,
    JOINED_IN_RETRIEVER,
    ONE_FIGURE,
    QUOTED,
    QUOTED_PIECES,
    REST_APPENDED,
    SECOND_DRAFT,
    SOURCED_IN_FULL,
    TO_THE_FULL_STOP,
)
from exams.packs.hallucination.hidden.h3.places import (
    AT_PAUSES,
    CUT,
    FITTED,
    PAUSES,
    PIECES,
    SHORTENED,
    WORDS_MORE,
)
from exams.packs.hallucination.hidden.scopes import approved, conditional
from exams.packs.hallucination.hidden.superficial import COMPOSE, common
from exams.packs.hallucination.world import World

ANSWERED = "            kept = self.compose(query)\n"


def one_answer(told: Told) -> tuple[Edit, ...]:
    """Add the missing condition to the complaining customer's answer, and to no other."""
    condition = told.wrong.approved.condition if told.wrong.approved else None
    return (
        Edit(
            "assistant/server.py",
            ANSWERED,
            f"{ANSWERED}"
            "            about = (query.product.id, query.attribute.key)\n"
            f"            if about == ({told.product.id!r}, {told.attribute.key!r}):\n"
            f'                kept["text"] = kept["text"].rstrip(".") + " {condition}."\n',
        ),
    )


def condition_for_all(told: Told) -> tuple[Edit, ...]:
    """Add the missing condition to every answer about the attribute, whatever the product."""
    condition = told.wrong.approved.condition if told.wrong.approved else None
    return (
        Edit(
            "assistant/server.py",
            ANSWERED,
            f"{ANSWERED}"
            f'            if query.attribute.key == {told.attribute.key!r} and not kept["refused"]:\n'
            f'                kept["text"] = kept["text"].rstrip(".") + " {condition}."\n',
        ),
    )


def refuse_attribute(told: Told) -> tuple[Edit, ...]:
    """Refuse whatever is asked about the attribute a customer complained about."""
    return (
        Edit(
            "assistant/server.py",
            COMPOSE,
            f"        if query.attribute.key == {told.attribute.key!r}:\n"
            f'            return self.refusal("conditions are under review")\n{COMPOSE}',
        ),
    )


def edited_document(told: Told) -> tuple[Edit, ...]:
    """Bring the condition forward in the one document a customer complained about."""
    fact = told.wrong.approved
    if fact is None or fact.condition is None:
        raise ValueError("this class is about values that hold on a condition")
    old = told.world.document(fact.document).sentences[fact.sentence - 1]
    name = told.product.name
    new = old.replace(f" {fact.condition}.", ".").replace(name, f"{name} {fact.condition}")
    return (Edit(f"kb/{fact.document}.md", old, new),)


MORE_TOKENS = always(Edit("config.toml", "max_tokens = 40", "max_tokens = 64"))

ASKED_FOR = always(
    Edit("config.toml", 'parts = ["grounding", ', 'parts = ["style", "grounding", '),
    Edit("assistant/prompt.py", 'STYLE = "Be friendly and short."', 'STYLE = "Answer in one sentence."'),
)

CLAUSES = Fault(
    name="clauses",
    component="ingest",
    mechanism=(
        "sentences of documents are taken apart before linking words too, so a condition is a piece of its own; the "
        "retriever keeps the piece that names the attribute, and the model never sees the other"
    ),
    subjects=(
        "Take long sentences apart at linking words, too",
        "Split sentences finer: long ones rank for all that they mention",
        "Read long sentences in pieces: they say several things",
    ),
    edits=(Edit("assistant/ingest.py", AT_PAUSES, CUT),),
    earlier=Earlier(("Take sentences with a semicolon apart", "Rank the parts of a sentence on their own"), PIECES),
    alternatives={
        "joined_in_index": JOINED_IN_INDEX,
        "joined_in_retriever": JOINED_IN_RETRIEVER,
        "one_figure": ONE_FIGURE,
        "quoted": QUOTED_PIECES,
    },
    mutants={
        **FEW_QUOTED,
        "most_linking_words": always(
            Edit("assistant/ingest.py", "(?:after|for|in|outside|under|with)", "(?:after|in|outside|under|with)")
        ),
        "both_pieces": always(
            Edit("assistant/retriever.py", "        return self.once(own)[: self.limit]\n", PAUSES),
        ),
    },
)

FIGURES = Fault(
    name="figures",
    component="prompt",
    mechanism="each sentence in the prompt ends with its figure, so the model never sees the condition behind it",
    subjects=(
        "Bring the prompt down in length",
        "Shorten the prompt: reading it is most of the answer time",
        "Cut what the model reads down to the statement",
    ),
    edits=SHORTENED,
    alternatives={
        "best_in_full": BEST_IN_FULL,
        "rest_appended": REST_APPENDED,
        "second_draft": SECOND_DRAFT,
        "quoted": QUOTED,
    },
    mutants={
        **FEW_QUOTED,
        "not_for": always(
            Edit(
                "assistant/prompt.py",
                '    return f"{text[: figure.end()]}." if figure else text\n',
                '    short = figure and " for " not in text[figure.end() :]\n'
                '    return f"{text[: figure.end()]}." if short else text\n',
            )
        ),
    },
)

BUBBLE = Fault(
    name="bubble",
    rivals={
        "H10": "the temperature is 0, and one question always loses as much; a longer one about the same loses less"
    },
    component="render",
    mechanism="an answer is cut to two words more than its question, and a condition is what it ends with",
    subjects=(
        "Fit answers into the new chat window",
        "Lay out answers for two lines, which is what the new window has",
        "Hold answers to what the window shows of them",
    ),
    edits=FITTED,
    alternatives={
        "to_the_full_stop": TO_THE_FULL_STOP,
        "by_source": BY_SOURCE,
        "sourced_in_full": SOURCED_IN_FULL,
    },
    mutants={
        **FEW_BUBBLES,
        "one_word_more": always(Edit("assistant/render.py", WORDS_MORE, WORDS_MORE.replace("+ 2", "+ 3"))),
        "customers_words": always(Edit("assistant/server.py", "query.wording)}", "query.question)}")),
        "no_dangling_word": always(
            Edit(
                "assistant/render.py",
                f'{WORDS_MORE}    return present(" ".join(kept))\n',
                f"{WORDS_MORE}"
                '    while kept[-1] in ("after", "for", "new", "outside", "the", "under", "with"):\n'
                "        kept.pop()\n"
                '    return present(" ".join(kept))\n',
            )
        ),
    },
)

MUTANTS: dict[str, Change] = {
    **common(),
    "one_answer": one_answer,
    "condition_for_all": condition_for_all,
    "refuse_attribute": refuse_attribute,
    "edited_document": edited_document,
    "more_tokens": MORE_TOKENS,
    "asked_for": ASKED_FOR,
}


def near(world: World, asked: Asked) -> bool:
    """An approved value without a condition, of a product that has another with one."""
    return (
        approved(world, asked)
        and not conditional(world, asked)
        and asked.product is not None
        and any(
            fact.condition is not None
            for attribute in world.domain.attributes
            if (fact := world.fact(asked.product, attribute.key)) is not None
        )
    )


H3 = FailureClass(
    key="H3",
    title="Cut short: conditions lost",
    scope=(
        "Only values that hold on a condition: the number is right, the condition is missing or broken off; values "
        "that hold without one, and refusals, are as before."
    ),
    touches=conditional,
    near=near,
    harm=(22, 42),
    affected=12,
    rivals={
        "H1": "number, product and source are the right ones; what is missing stands in the sentence that is cited",
        "H2": "the number is the one in force, and the sentence cited is of the edition in force",
        "H8": "the sentence cited is the one that states the value, it only says more than the answer does",
        "H10": "the temperature is 0, and every value on a condition loses it, each time in the same way",
    },
    faults=(CLAUSES, FIGURES, BUBBLE),
    mutants=MUTANTS,
    author_test="h3/author_test.py",
)
