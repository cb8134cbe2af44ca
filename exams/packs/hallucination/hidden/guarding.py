"""Fixes, right and wrong, for whatever lets a sibling's value past the guard: shared by H6, H8, H14 and their pairs.

What is not approved for a product but stated for its siblings, the model borrows from the family's schedule: only the
guard keeps it back. So the damage of these classes is alike, and so are the fixes that do not touch what is broken.
"""

from exams.packs.hallucination.asked import Asked
from exams.packs.hallucination.edits import Change, Edit, Told, always
from exams.packs.hallucination.hidden.h4 import ABSTAIN_FIRST, EXTRACT, edited_document
from exams.packs.hallucination.hidden.scopes import approved, scheduled, unapproved_in_schedule
from exams.packs.hallucination.hidden.superficial import COMPOSE, FIRST_RULE, common
from exams.packs.hallucination.world import World

DRAFT = "        draft = self.generator.draft(asked)\n"
RULING = "        ruling = guard.check(draft, passages, query)\n"
TEXT = '            "text": render.present(draft.text),\n'
KEPT = "        kept = self.cache.get(query)\n"
FALLBACK = (
    "        if not any(passage.score for passage in own):\n"
    "            own = [passage for passage in passages if passage.score and passage not in own] + own\n"
)

HARM = (6, 15)  # the six values of a world, and follow-up questions and the like for them


def touches(world: World, asked: Asked) -> bool:
    """Nothing is approved, and the family's schedule states the attribute for siblings."""
    return unapproved_in_schedule(world, asked)


def near(world: World, asked: Asked) -> bool:
    """An approved value that the same schedules state."""
    return scheduled(world, asked) and approved(world, asked)


# --- Right, whatever is broken ---------------------------------------------------------------------------------------

ONLY_OWN = always(Edit("assistant/retriever.py", FALLBACK, ""))

SUBJECT_FIRST = always(
    Edit(
        "assistant/guard.py",
        FIRST_RULE,
        "    about = {(each.document, each.sentence.number): each.sentence.product for each in passages}\n"
        "    for document, number in draft.citations:\n"
        "        if about.get((document, number)) != query.product.id:\n"
        '            return Ruling("block", f"cites {document}:{number}, which is not about {query.product.name}")\n'
        + FIRST_RULE,
    )
)

OWN_STATEMENT = always(
    Edit(
        "assistant/server.py",
        TEXT,
        '            "text": shown,\n',
    ),
    Edit(
        "assistant/server.py",
        "    def refusal(self, reason",
        "    def stated(self, shown, query):\n"
        '        """Whether one of the product\'s own sentences about the attribute holds every number shown."""\n'
        "        name = query.attribute.names[0]\n"
        "        own = [\n"
        "            set(NUMBER.findall(sentence.text))\n"
        "            for sentence in self.retriever.index.concerning(query.product)\n"
        "            if sentence.product == query.product.id and name in sentence.text\n"
        "        ]\n"
        "        said = set(NUMBER.findall(shown))\n"
        "        return not said or any(said <= numbers for numbers in own)\n\n"
        "    def refusal(self, reason",
    ),
    Edit(
        "assistant/server.py",
        '        return {\n            "text": shown,\n',
        "        shown = render.present(draft.text)\n"
        "        if not self.stated(shown, query):\n"
        '            return self.refusal("states what no sentence about the product does", passages, asked, "block")\n'
        '        return {\n            "text": shown,\n',
    ),
    Edit("assistant/server.py", "import tomllib\n", "import re\nimport tomllib\n"),
    Edit(
        "assistant/server.py",
        "MAX_QUESTION = 500\n",
        'MAX_QUESTION = 500\nNUMBER = re.compile(r"[0-9]+(?:\\.[0-9]+)?")\n',
    ),
)

RIGHT: dict[str, Change] = {
    "abstain_first": ABSTAIN_FIRST,
    "only_own": ONLY_OWN,
    "own_statement": OWN_STATEMENT,
    "extract": EXTRACT,
}

# --- Wrong, whatever is broken ---------------------------------------------------------------------------------------

UNSTATED = (
    "        name = query.attribute.names[0]\n"
    "        filed = self.retriever.index.concerning(query.product)\n"
    "        stated = any(name in each.text for each in filed if each.product == query.product.id)\n"
)


def refused_when(condition: str) -> Edit:
    """Refuse, before the cache is looked at, what the product's own sentences do not state, if a condition holds."""
    return Edit(
        "assistant/server.py",
        KEPT,
        f"{UNSTATED}        if not stated and {condition}:\n"
        f'            return self.refusal("no approved sentence is about that")\n{KEPT}',
    )


def one_family(told: Told) -> tuple[Edit, ...]:
    """Refuse what is not stated, for the complaining customer's family of products and no other."""
    return (refused_when(f"query.product.line == {told.product.family!r}"),)


HOUSE_WORDING = always(refused_when("name in question and query.product.name in question"))

ONE_WORDING = always(refused_when('question.startswith("What is the ")'))

SCHEDULES_OUT = always(
    Edit(
        "assistant/server.py",
        COMPOSE,
        f"{COMPOSE}"
        "        filed = self.retriever.index.concerning(query.product)\n"
        "        shared = {each.document for each in filed if each.product != query.product.id}\n"
        "        if any(passage.score and passage.document in shared for passage in passages):\n"
        '            return self.refusal("schedules are under investigation", passages)\n',
    )
)

MORE_INSTRUCTIONS = always(
    Edit("config.toml", 'parts = ["grounding", ', 'parts = ["grounding", "style", '),
    Edit(
        "assistant/prompt.py", 'STYLE = "Be friendly and short."', 'STYLE = "If the documents do not state it, refuse."'
    ),
)

WRONG: dict[str, Change] = {
    **common(),
    "edited_document": edited_document,
    "one_family": one_family,
    "house_wording": HOUSE_WORDING,
    "one_wording": ONE_WORDING,
    "schedules_out": SCHEDULES_OUT,
    "more_instructions": MORE_INSTRUCTIONS,
}
