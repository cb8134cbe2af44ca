"""H5, abstain path gone: a name that is not in the catalogue is answered as a product that resembles it."""

from exams.packs.hallucination.asked import Asked
from exams.packs.hallucination.edits import Change, Edit, FailureClass, Told, always
from exams.packs.hallucination.hidden.h5.bar import NEVER_UNSURE
from exams.packs.hallucination.hidden.h5.nearest import NEAREST_NAME
from exams.packs.hallucination.hidden.h5.search import FOUND_IN_TEXT
from exams.packs.hallucination.hidden.h5.words import IMPORT_WORDS, REFUSED, SERVER, STRANGE, named
from exams.packs.hallucination.hidden.scopes import approved, with_twin
from exams.packs.hallucination.hidden.superficial import common
from exams.packs.hallucination.world import World


def one_line(told: Told) -> tuple[Edit, ...]:
    """Be strict about names that begin as the complaining customer's did, and about no other."""
    return (IMPORT_WORDS, named(f"{STRANGE} and named[0] == {told.asked.name.lower().split()[0]!r}"))


MUTANTS: dict[str, Change] = {
    **common(),
    "one_line": one_line,
    "plus_only": always(IMPORT_WORDS, named(f'{STRANGE} and named[-1] == "plus"')),
    "any_known_name": always(
        IMPORT_WORDS,
        named("named and not any(' '.join(name) in ' '.join(said) for name in self.sessions.by_name)"),
    ),
    "name_as_written": always(
        Edit(
            SERVER,
            REFUSED,
            REFUSED + "        if query.product is not None and query.product.name not in question:\n"
            '            refused = "does not name the product it is about"\n',
        )
    ),
}


def touches(_world: World, asked: Asked) -> bool:
    """A name that sounds like the catalogue's and is not in it."""
    return asked.kind == "stranger"


def near(world: World, asked: Asked) -> bool:
    """An approved value of a product that such a name is easily taken for."""
    return with_twin(world, asked) and approved(world, asked)


H5 = FailureClass(
    key="H5",
    title="Abstain path gone",
    scope=(
        "Only questions that use a name which is not in the catalogue, and what is asked next in their conversations; "
        "whatever names a product of the catalogue, or none at all, is answered or refused as before."
    ),
    touches=touches,
    near=near,
    harm=(6, 8),
    affected=8,
    rivals={
        "H1": "every product of the catalogue, whatever its siblings are called, is answered as itself",
        "H4": "the prompts keep the grounding clause, and each wrong answer cites a sentence that says what it says",
        "H7": "a restart with an empty cache answers the same, and so does the first answer after it",
        "H11": "questions outside any session go wrong too, and no other customer asked about that product just before",
    },
    faults=(NEVER_UNSURE, NEAREST_NAME, FOUND_IN_TEXT),
    mutants=MUTANTS,
    author_test="h5/author_test.py",
)
