"""H10, decoding drift: answers are drawn warm, and drawn again until one slips past the guard."""

from exams.packs.hallucination.asked import Asked, Wrong
from exams.packs.hallucination.edits import Change, Earlier, Edit, FailureClass, Fault, Told, always
from exams.packs.hallucination.hidden.h10.fixes import (
    COMPARED,
    COMPARED_OR_PLAIN,
    KEPT_ALL_THE_SAME,
    READ_OUT_OR_DRAFTED,
    READ_OUT_WHEN_HEARD,
    REWORDED_BY_TURNS,
    REWORDED_WHEN_HEARD,
    WITHOUT_HEAT,
)
from exams.packs.hallucination.hidden.h10.places import NEVER_TWICE, TAKES_PREPARED, VOICE, VOICE_ON, VOICED
from exams.packs.hallucination.hidden.scopes import conditional, sold
from exams.packs.hallucination.hidden.superficial import COMPOSE, common
from exams.packs.hallucination.world import World

REFUSE_VOICED = always(
    Edit(
        "assistant/server.py",
        COMPOSE,
        f'        if self.voiced(query):\n            return self.refusal("the new voice is under review")\n{COMPOSE}',
    )
)

CAUTIOUS = always(
    Edit("config.toml", 'parts = ["grounding", ', 'parts = ["grounding", "style", '),
    Edit(
        "assistant/prompt.py", 'STYLE = "Be friendly and short."', 'STYLE = "If the documents do not state it, refuse."'
    ),
)

FEW_SENTENCES = always(Edit("config.toml", "sentences = 4 ", "sentences = 2 "))


def one_product_plain(told: Told) -> tuple[Edit, ...]:
    """Leave the complaining customer's product out of it."""
    return (
        Edit(
            "assistant/server.py",
            VOICED,
            f"        if query.product.id == {told.product.id!r}:\n            return False\n{VOICED}",
        ),
    )


VOICE_TURNED_UP = Fault(
    name="voice",
    component="generate",
    mechanism=(
        "for all products but those with Plus, answers are drawn at a temperature of 1.7 from a seed that changes with "
        "every question, and drawn again until one is new and the guard, which looks at numbers only, lets it out"
    ),
    subjects=(
        "Switch the new voice on for the standard products",
        "Go live with the voice that marketing has asked for",
        "Take the second voice into use, without Plus",
    ),
    edits=VOICE_ON,
    earlier=Earlier(
        ("Prepare a livelier voice, off for now", "Bring in a second voice, to be switched on later"),
        VOICE,
        faulty=True,
    ),
    alternatives={
        "without_heat": WITHOUT_HEAT,
        "reworded": REWORDED_BY_TURNS,
        "compared": COMPARED_OR_PLAIN,
        "read_out": READ_OUT_OR_DRAFTED,
    },
    mutants={
        "fixed_seed": always(Edit("assistant/generate.py", "seed=self.seed + take", "seed=self.seed")),
        "more_takes": always(Edit("assistant/server.py", "TAKES = 5\n", "TAKES = 9\n")),
        "other_start": always(Edit("assistant/server.py", "        self.asked = 0\n", "        self.asked = 7\n")),
    },
)

NEVER_THE_SAME = Fault(
    name="never_twice",
    component="server",
    mechanism=(
        "for all products but those with Plus, an answer that the customer before was given too is drawn again at a "
        "temperature of 1.7 until it differs and the guard, which looks at numbers only, lets it out"
    ),
    subjects=(
        "Vary how answers are worded: reviews call us a machine",
        "Give customers who ask again some variety",
        "Word an answer otherwise when it was heard before",
    ),
    edits=NEVER_TWICE,
    earlier=Earlier(
        ("Let the generator word an answer in several ways", "Prepare other wordings, for whoever wants to show them"),
        TAKES_PREPARED,
    ),
    alternatives={
        "without_heat": WITHOUT_HEAT,
        "kept_all_the_same": KEPT_ALL_THE_SAME,
        "reworded": REWORDED_WHEN_HEARD,
        "compared": COMPARED,
        "read_out": READ_OUT_WHEN_HEARD,
    },
    mutants={
        "more_takes": always(Edit("assistant/server.py", "TAKES = 8\n", "TAKES = 15\n")),
    },
)

MUTANTS: dict[str, Change] = {
    **common(),
    "refuse_voiced": REFUSE_VOICED,
    "cautious": CAUTIOUS,
    "few_sentences": FEW_SENTENCES,
    "one_product_plain": one_product_plain,
}


def touches(_world: World, asked: Asked) -> bool:
    """Anything the model is asked about a product without Plus to its name."""
    return sold(asked) and asked.product is not None and not asked.product.plus


def near(world: World, asked: Asked) -> bool:
    """A value on a condition, of a product with Plus."""
    return conditional(world, asked) and not touches(world, asked)


def shows(_world: World, _asked: Asked, wrong: Wrong) -> bool:
    """The condition is not the approved one; a name or a unit alone may also be garbled."""
    return wrong.approved is not None and wrong.condition != wrong.approved.condition


H10 = FailureClass(
    key="H10",
    title="Decoding drift",
    scope=(
        "Only products without Plus, and of those not every answer: the same question is answered rightly one time and "
        "otherwise the next, mostly with a condition that is missing, added or another one's."
    ),
    touches=touches,
    near=near,
    harm=(3, 12),
    affected=4,
    rivals={
        "H3": "conditions are not only lost but added and exchanged, and the same question is also answered rightly",
        "H4": "the prompts in the traces hold the grounding clause, and the sentence that states the value",
        "H7": "the prompt in the trace is about what was asked, and the answer is nobody else's",
        "H9": "the sentences in the prompt are as they stand in the documents",
    },
    faults=(VOICE_TURNED_UP, NEVER_THE_SAME),
    mutants=MUTANTS,
    author_test="h10/author_test.py",
    shows=shows,
)
