"""H1, wrong-entity retrieval: a product with a Plus to its name is answered as its sibling without one."""

from exams.packs.hallucination.asked import Asked
from exams.packs.hallucination.edits import Change, Edit, FailureClass, Fault, Told, always
from exams.packs.hallucination.hidden.h1.inherited import INHERITED
from exams.packs.hallucination.hidden.scopes import with_twin
from exams.packs.hallucination.hidden.superficial import COMPOSE, common
from exams.packs.hallucination.trades import PLUS
from exams.packs.hallucination.world import World

HEALTHY_MENTION = """                end = start + 1
                while end < len(said) and said[end] in self.name_words:
                    end += 1
                return tuple(said[start:end])
"""
SHORT_MENTION = """                return tuple(said[start : start + 2])
"""
FIND = "        return self.by_name.get(self.mention(words(question)))\n"
WORDING = '        return f"What is the {self.attribute.names[0]} of {self.product.name}?"\n'
SHORT_WORDING = """        short = " ".join(self.product.name.split()[:2])  # a line and its tier
        return f"What is the {self.attribute.names[0]} of {short}?"
"""
ASKED = '        asked = prompt.build(query, passages, self.settings["prompt"]["parts"])\n'
DRAFT = "        draft = self.generator.draft(asked)\n"
TEXT = '            "text": render.present(draft.text),\n'


def one_product_named(told: Told) -> tuple[Edit, ...]:
    """Recognise the complaining customer's product by its full name, and no other."""
    name = tuple(told.asked.name.lower().split())
    return (
        Edit(
            "assistant/session.py",
            FIND,
            f"        if {' '.join(name)!r} in question.casefold():\n"
            f"            return self.by_name.get({name!r})\n{FIND}",
        ),
    )


def one_product_worded(told: Told) -> tuple[Edit, ...]:
    """Word the question in full for the complaining customer's product, and no other."""
    return (
        Edit(
            "assistant/session.py",
            SHORT_WORDING,
            f"        if self.product.id == {told.product.id!r}:\n    {WORDING}{SHORT_WORDING}",
        ),
    )


REFUSE_PAIRS = always(
    Edit(
        "assistant/server.py",
        COMPOSE,
        '        if query.product.id.endswith("-plus") or query.product.id + "-plus" in self.known:\n'
        '            return self.refusal("products with a Plus are under investigation")\n' + COMPOSE,
    ),
    Edit(
        "assistant/server.py",
        "        self.sessions = Sessions(knowledge.catalogue)\n",
        "        self.sessions = Sessions(knowledge.catalogue)\n"
        "        self.known = {product.id for product in knowledge.catalogue.products}\n",
    ),
)

MORE_INSTRUCTIONS = always(
    Edit("config.toml", 'parts = ["grounding", ', 'parts = ["grounding", "style", '),
    Edit(
        "assistant/prompt.py", 'STYLE = "Be friendly and short."', 'STYLE = "If the documents do not state it, refuse."'
    ),
)

CUT_NAME = Fault(
    name="cut_name",
    component="session",
    mechanism="a mention ends after two words, so a Plus is taken for the product without it",
    subjects=(
        "End product names before the words that follow them",
        "Read a product's name as its line and tier",
        "Match names by line and tier, the rest is chatter",
    ),
    edits=(Edit("assistant/session.py", HEALTHY_MENTION, SHORT_MENTION),),
    alternatives={
        "longest_known_name": always(
            Edit(
                "assistant/session.py",
                FIND,
                "        said = words(question)\n"
                "        found = None\n"
                "        for name, product in sorted(self.by_name.items(), key=lambda pair: len(pair[0])):\n"
                '            start = position(" ".join(name), said)\n'
                "            if start >= 0:\n"
                "                after = said[start + len(name) : start + len(name) + 1]\n"
                "                found = None if self.name_words.intersection(after) else product\n"
                "        return found\n",
            )
        ),
        "pattern": always(
            Edit(
                "assistant/session.py",
                FIND,
                "        named = self.pattern.search(question.casefold())\n"
                "        return self.by_name.get(tuple(named[0].split())) if named else None\n",
            ),
            Edit(
                "assistant/session.py",
                "        self.attributes = catalogue.attributes\n",
                "        self.attributes = catalogue.attributes\n"
                '        one_of = "|".join(sorted(self.name_words))\n'
                "        self.pattern = re.compile(rf\"\\b(?:{'|'.join(sorted(self.lines))})(?: (?:{one_of})\\b)*\")\n",
            ),
            Edit(
                "assistant/session.py",
                "from collections import OrderedDict\n",
                "import re\nfrom collections import OrderedDict\n",
            ),
        ),
        "settled_later": always(
            Edit(
                "assistant/server.py",
                "        refused = abstain.reason(query)\n",
                "        query = self.settle(query)\n        refused = abstain.reason(query)\n",
            ),
            Edit(
                "assistant/server.py",
                "    def compose(self, query):\n",
                "    def settle(self, query):\n"
                '        """When the question goes on after the name, the longer name is meant."""\n'
                "        if query.product is None:\n"
                "            return query\n"
                "        said = words(query.question)\n"
                "        tail = {word for name in self.sessions.by_name for word in name[2:]}\n"
                "        start = position(query.product.name, said)\n"
                "        name = tuple(words(query.product.name))\n"
                "        after = tuple(said[start + len(name) : start + len(name) + 1])\n"
                "        if start < 0 or not tail.intersection(after):\n"
                "            return query\n"
                "        return replace(query, product=self.sessions.by_name.get(name + after))\n\n"
                "    def compose(self, query):\n",
            ),
            Edit(
                "assistant/server.py",
                "        query = self.settle(query)\n",
                "        query = self.settle(query)\n"
                '        if request.get("session"):\n'
                '            self.sessions.remember(str(request["session"]), query.product)\n',
            ),
            Edit("assistant/server.py", "import tomllib\n", "import tomllib\nfrom dataclasses import replace\n"),
            Edit(
                "assistant/server.py",
                "from .index import Index\n",
                "from .index import Index, words\n",
            ),
            Edit(
                "assistant/server.py",
                "from .session import Sessions\n",
                "from .session import Sessions, position\n",
            ),
        ),
    },
    mutants={"one_product": one_product_named},
)

SHORTENED = Fault(
    name="shortened",
    rivals={"H2": "the value given is the asked product's own and in force; only the name beside it is a sibling's"},
    component="session",
    mechanism=(
        "the house wording names a product by line and tier alone, so the model is asked about the sibling without "
        "Plus and answers about it, with the value of the one that was asked for"
    ),
    subjects=(
        "Put the house wording in fewer words: the prompt had grown long",
        "Word questions to the model as the price lists do",
        "Spare words in the question that the model gets",
    ),
    edits=(Edit("assistant/session.py", WORDING, SHORT_WORDING),),
    alternatives={
        "named_in_prompt": always(
            Edit(
                "assistant/prompt.py",
                '        "question": [f"Question: {query.wording}"],\n',
                '        "question": [f"Question: What is the {query.attribute.names[0]} of {query.product.name}?"],\n',
            )
        ),
        "named_in_reply": always(
            Edit(
                "assistant/server.py",
                TEXT,
                '            "text": render.present('
                're.sub(r" of [A-Z].*? is ", f" of {query.product.name} is ", draft.text)),\n',
            ),
            Edit("assistant/server.py", "import tomllib\n", "import re\nimport tomllib\n"),
        ),
        "quoted": always(
            Edit(
                "assistant/server.py",
                TEXT,
                '            "text": render.present(self.quoted(draft, passages)),\n',
            ),
            Edit(
                "assistant/server.py",
                "    def refusal(self, reason",
                "    def quoted(self, draft, passages):\n"
                '        """The very sentence that is cited, not what the model made of it."""\n'
                "        said = {(each.document, each.sentence.number): each.sentence.text for each in passages}\n"
                "        return next((said[citation] for citation in draft.citations), draft.text)\n\n"
                "    def refusal(self, reason",
            ),
        ),
    },
    mutants={"one_product": one_product_worded},
)

MUTANTS: dict[str, Change] = {
    **common(),
    "refuse_pairs": REFUSE_PAIRS,
    "more_instructions": MORE_INSTRUCTIONS,
}


def touches(world: World, asked: Asked) -> bool:
    """A Plus, of the catalogue or made up, whose name without it is in the catalogue."""
    if asked.product is not None:
        return asked.product.plus
    return asked.name.endswith(PLUS) and any(f"{product.name} {PLUS}" == asked.name for product in world.products)


def near(world: World, asked: Asked) -> bool:
    """The product for which a Plus is taken, or any other sibling of one."""
    return with_twin(world, asked) and not touches(world, asked) and asked.fact(world) is not None


H1 = FailureClass(
    key="H1",
    title="Wrong-entity retrieval",
    scope=(
        "Only products with Plus in their names, sold or made up; every other product, and every question that names "
        "no product, is answered as before."
    ),
    touches=touches,
    near=near,
    harm=(17, 31),
    affected=6,
    rivals={
        "H4": "the prompts in the traces keep the grounding clause, and wrong answers carry a citation",
        "H7": "a restart with an empty cache answers the same; the first answer after the deploy is wrong already",
        "H11": "questions outside any session go wrong too",
        "H2": "the values given are approved ones, of another product, and not out of date",
    },
    faults=(CUT_NAME, SHORTENED, INHERITED),
    mutants=MUTANTS,
    author_test="h1/author_test.py",
)
