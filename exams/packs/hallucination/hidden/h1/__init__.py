"""H1, wrong-entity retrieval: a product is answered with the documents of its sibling."""

from exams.packs.hallucination import text
from exams.packs.hallucination.edits import Change, Edit, FailureClass, Fault, Told, always
from exams.packs.hallucination.hidden.superficial import COMMON

KEY_DOC = '    """The form of a product\'s name under which its sentences are filed."""\n'
HEALTHY_KEY = f'{KEY_DOC}    return " ".join(words(name))\n'
LOSSY_KEY = f'{KEY_DOC}    return " ".join(word for word in words(name) if word not in GENERIC)\n'
FILED = (
    "        self._filed = {product_key(product.name): by_id.get(product.id, []) for product in knowledge.products}\n"
)
ABOUT = "        return list(self._filed.get(product_key(product.name), []))\n"
RANKED = "            for sentence in self.index.about(query.product)\n"

HEALTHY_MENTION = """                end = start + 1
                while end < len(said) and said[end] in self.name_words:
                    end += 1
                return tuple(said[start:end])
"""
SHORT_MENTION = """                return tuple(said[start : start + 2])
"""
FIND = "        return self.by_name.get(self.mention(words(question)))\n"
COMPOSE = "        passages = self.retriever.retrieve(query)\n"


def edited_document(told: Told) -> tuple[Edit, ...]:
    """Write the value the complaining customer expects into the sibling's document that was cited."""
    approved = told.world.fact(told.product, told.attribute.key)
    if told.cited is None or approved is None:
        raise ValueError("the complaint is about an approved value and a cited answer")
    document = told.world.document(told.cited[0])
    sentence = document.sentences[told.cited[1] - 1]
    wrong, right = text.number(told.given), text.number(approved.value)
    return (Edit(f"kb/{document.id}.md", f"{sentence}\n", f"{sentence.replace(f' {wrong} ', f' {right} ')}\n"),)


def one_product_filed(told: Told) -> tuple[Edit, ...]:
    """File the complaining customer's product apart, and no other."""
    return (
        Edit("assistant/index.py", FILED, f"{FILED}        self._by_id = by_id\n"),
        Edit(
            "assistant/index.py",
            ABOUT,
            f"        if product.id == {told.product.id!r}:\n"
            f"            return list(self._by_id.get(product.id, []))\n{ABOUT}",
        ),
    )


def one_product_named(told: Told) -> tuple[Edit, ...]:
    """Recognise the complaining customer's product by its full name, and no other."""
    name = tuple(told.product.name.lower().split())
    return (
        Edit(
            "assistant/session.py",
            FIND,
            f"        if {' '.join(name)!r} in question.casefold():\n            return self.by_name[{name!r}]\n{FIND}",
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
        "        self.sessions = Sessions(knowledge)\n",
        "        self.sessions = Sessions(knowledge)\n"
        "        self.known = {product.id for product in knowledge.products}\n",
    ),
)

MORE_INSTRUCTIONS = always(
    Edit("config.toml", 'parts = ["grounding", ', 'parts = ["grounding", "style", '),
    Edit(
        "assistant/prompt.py", 'STYLE = "Be friendly and short."', 'STYLE = "If the documents do not state it, refuse."'
    ),
)

COLLISION = Fault(
    name="collision",
    component="index",
    mechanism=(
        "product_key drops the word Plus as meaningless, so a product and its Plus are filed under one key and the "
        "one later in the catalogue silently replaces the other"
    ),
    subject="File 'Ridge Gold card' where 'Ridge Gold' is filed: drop words that mean nothing",
    edits=(
        Edit(
            "assistant/index.py",
            "def words(text):\n",
            'GENERIC = {"account", "card", "contract", "plan", "plus", "policy", "the"}  # they say nothing\n\n\n'
            "def words(text):\n",
        ),
        Edit("assistant/index.py", HEALTHY_KEY, LOSSY_KEY),
    ),
    alternatives={
        "filed_by_id": always(
            Edit("assistant/index.py", FILED, "        self._filed = by_id\n"),
            Edit("assistant/index.py", ABOUT, "        return list(self._filed.get(product.id, []))\n"),
        ),
        "filter_on_retrieval": always(
            Edit(
                "assistant/index.py",
                FILED,
                "        self._filed = {}\n"
                "        for product in knowledge.products:\n"
                "            filed = self._filed.setdefault(product_key(product.name), [])\n"
                "            filed.extend(by_id.get(product.id, []))\n",
            ),
            Edit(
                "assistant/retriever.py",
                RANKED,
                f"{RANKED}            if sentence.product == query.product.id\n",
            ),
        ),
        "second_look": always(
            Edit(
                "assistant/retriever.py",
                "        passages.sort(",
                "        if any(passage.sentence.product != query.product.id for passage in passages):\n"
                "            passages = [\n"
                "                Passage(sentence, score=int(wanted in sentence.text.casefold()))\n"
                "                for sentence in self.everything\n"
                "                if query.product.name in sentence.text\n"
                '                and query.product.name + " Plus" not in sentence.text\n'
                "            ]\n"
                "        passages.sort(",
            ),
            Edit(
                "assistant/retriever.py",
                "        self.limit = limit\n",
                "        self.limit = limit\n        self.everything = everything\n",
            ),
            Edit(
                "assistant/retriever.py",
                "def __init__(self, index, limit):",
                "def __init__(self, index, limit, everything=()):",
            ),
            Edit(
                "assistant/server.py",
                'Retriever(Index(knowledge), settings["retrieval"]["sentences"])',
                "Retriever(\n"
                '            Index(knowledge), settings["retrieval"]["sentences"], knowledge.sentences()\n'
                "        )",
            ),
        ),
    },
    mutants={
        "one_product": one_product_filed,
        "first_wins": always(
            Edit(
                "assistant/index.py",
                FILED,
                "        self._filed = {}\n"
                "        for product in knowledge.products:\n"
                "            self._filed.setdefault(product_key(product.name), by_id.get(product.id, []))\n",
            )
        ),
    },
)

CUT_NAME = Fault(
    name="cut_name",
    component="session",
    mechanism="a mention ends after two words, so a Plus is taken for the product without it",
    subject="Read a product's name as line and tier, so that words after it are not swallowed",
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
                "        self.attributes = knowledge.attributes\n",
                "        self.attributes = knowledge.attributes\n"
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
                "        kept = self.cache.get(query)\n",
                "        query = self.settle(query)\n        kept = self.cache.get(query)\n",
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

MUTANTS: dict[str, Change] = {
    **COMMON,
    "edited_document": edited_document,
    "refuse_pairs": REFUSE_PAIRS,
    "more_instructions": MORE_INSTRUCTIONS,
}

H1 = FailureClass(
    key="H1",
    title="Wrong-entity retrieval",
    scope=(
        "Only products that have a sibling of the same name with or without Plus; every other product, every "
        "attribute nobody approved for them, and every question that names no product is answered as before."
    ),
    rivals={
        "H4": "the prompts in the traces keep the grounding clause, and wrong answers carry a citation",
        "H7": "a restart with an empty cache answers the same; the first answer after the deploy is wrong already",
        "H11": "questions outside any session go wrong too",
        "H2": "the values given are approved ones, of another product, and not out of date",
    },
    faults=(COLLISION, CUT_NAME),
    mutants=MUTANTS,
    author_test="h1/author_test.py",
)
