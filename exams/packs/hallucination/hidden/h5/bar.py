"""Names are matched with a certainty, and the bar below which we refuse is never missed."""

from exams.packs.hallucination.edits import Earlier, Edit, Fault, always
from exams.packs.hallucination.hidden.h5.words import (
    ABSTAIN,
    FIND,
    FORGET,
    IMPORT_WORDS,
    PLACE,
    QUERY,
    SESSION,
    STRANGE,
    UNKNOWN,
    named,
)

ANY_ORDER = Earlier(
    subjects=("Know a product by its words in any order", "Find products by the share of their words, if that is sure"),
    edits=(
        Edit(
            SESSION, PLACE, f"{PLACE}    sure: float = 1.0  # that the product is the one that was named, from 0 to 1\n"
        ),
        Edit(
            SESSION,
            FIND,
            '''        """The product a question names, its words in any order, and how sure that is, from 0 to 1."""
        said = set(self.mention(words(question)))
        if not said:
            return None, 1.0
        alike = ((product, len(said & set(name)) / len(said | set(name))) for name, product in self.by_name.items())
        return max(alike, key=lambda found: found[1])
''',
        ),
        Edit(
            SESSION,
            "        product = self.find_product(question)\n",
            "        product, sure = self.find_product(question)\n",
        ),
        Edit(
            SESSION,
            "                self.remember(session, product)  # also a name that is not ours: a follow-up",
            "                self.remember(session, (product, sure))  # also when we are not: a follow-up",
        ),
        Edit(
            SESSION,
            "                product = self.recall(session)\n",
            "                product, sure = self.recall(session)\n",
        ),
        Edit(
            SESSION,
            QUERY,
            """        attribute, place = self.find_attribute(question), self.find_jurisdiction(question)
        return Query(question, product, attribute, place, sure)
""",
        ),
        Edit(
            SESSION, "        return self._last.get(session)\n", "        return self._last.get(session, (None, 1.0))\n"
        ),
        Edit(ABSTAIN, "\n\ndef reason(", "\nSURE = 0.9  # of the product, to answer\n\n\ndef reason("),
        Edit(
            ABSTAIN,
            UNKNOWN,
            UNKNOWN + '    if query.sure < SURE:\n        return "may or may not name a product of ours"\n',
        ),
    ),
)
SURE = "SURE = 0.9  # of the product, to answer\n"

NEVER_UNSURE = Fault(
    name="never_unsure",
    component="abstain",
    mechanism=(
        "how sure we are of a product is compared in per cent with a bar that is a share of one, so no name is too "
        "unlike, and the nearest product answers for it"
    ),
    subjects=(
        "Say in per cent how sure of a product we were",
        "Write certainty in the traces the way reports have it",
        "Give certainty in per cent, in reasons and traces",
    ),
    edits=(
        Edit(
            ABSTAIN,
            '    if query.sure < SURE:\n        return "may or may not name a product of ours"\n',
            """    sure = round(100 * query.sure)
    if sure < SURE:
        return f"names {query.product.name} with {sure} % certainty only"
""",
        ),
    ),
    earlier=ANY_ORDER,
    alternatives={
        "bar_in_per_cent": always(Edit(ABSTAIN, SURE, "SURE = 90  # per cent\n")),
        "whole_names_only": always(
            Edit(
                SESSION,
                "        product, sure = self.find_product(question)\n",
                """        product, sure = self.find_product(question)
        if sure < 1:
            product = None
""",
            )
        ),
        "asked_of_the_catalogue": always(
            IMPORT_WORDS,
            named("named and set(named) not in map(set, self.sessions.by_name)", FORGET.format((None, 1.0))),
        ),
    },
    mutants={
        "bar_too_low": always(Edit(ABSTAIN, SURE, "SURE = 50  # per cent\n")),
        "first_question_only": always(IMPORT_WORDS, named(STRANGE)),
    },
)
