"""The nearest name is taken."""

from exams.packs.hallucination.edits import Edit, Fault, always
from exams.packs.hallucination.hidden.h5.words import (
    ABSTAIN,
    FIND,
    FORGET,
    IMPORT_WORDS,
    NO_PRODUCT,
    PLACE,
    QUERY,
    SESSION,
    STRANGE,
    named,
)

MOST_WORDS = """        shared = [(len({*name} & {*said}) / len(name), known) for name, known in self.by_name.items()]
        return max(shared, key=lambda found: found[0])[1]
"""

NEAREST_NAME = Fault(
    name="nearest_name",
    component="session",
    mechanism=(
        "a name that is not in the catalogue becomes the product that shares most words with it, so what refuses "
        "questions that name no product of ours never sees one"
    ),
    subjects=(
        "Understand customers who mix up the words of a name",
        "Be lenient with product names: many customers shorten them",
        "Take the nearest name when a customer slips",
    ),
    edits=(
        Edit(
            SESSION,
            FIND,
            f'''        """The product a question names, or the one that shares most words with the name it uses."""
        said = self.mention(words(question))
        if not said or said in self.by_name:
            return self.by_name.get(said)
{MOST_WORDS}''',
        ),
    ),
    alternatives={
        "same_words": always(
            Edit(
                SESSION,
                MOST_WORDS,
                "        return next((known for name, known in self.by_name.items() if {*name} == {*said}), None)\n",
            )
        ),
        "asked_of_the_catalogue": always(IMPORT_WORDS, named(STRANGE, FORGET.format(None))),
        "guesses_refused": always(
            Edit(SESSION, PLACE, f"{PLACE}    guessed: bool = False  # its name is not what was said\n"),
            Edit(
                SESSION,
                QUERY,
                """        named = self.mention(words(question))
        guessed = named not in self.by_name if named else session in self._guesses
        if session:
            (self._guesses.add if guessed else self._guesses.discard)(session)
        attribute, place = self.find_attribute(question), self.find_jurisdiction(question)
        return Query(question, product, attribute, place, guessed)
""",
            ),
            Edit(
                SESSION,
                "        self._last = OrderedDict()\n",
                "        self._last = OrderedDict()\n        self._guesses = set()\n",
            ),
            Edit(ABSTAIN, NO_PRODUCT, "    if query.product is None or query.guessed:\n"),
        ),
    },
    mutants={
        "two_words_needed": always(
            Edit(
                SESSION,
                MOST_WORDS,
                "        known = ((len({*name} & {*said}), product) for name, product in self.by_name.items())\n"
                "        return next((product for shared, product in known if shared > 1), None)\n",
            )
        ),
        "first_question_only": always(IMPORT_WORDS, named(STRANGE)),
    },
)
