"""Where the faults of H7 lie: what they replace, and what they put there."""

from exams.packs.hallucination.edits import Edit

GET = "        kept = self.cache.get(query)\n"
PUT = "            self.cache.put(query, kept)\n"
KEPT = "            kept = self.compose(query)\n"
KEY = "        return (self.fingerprint, query.product.id, query.attribute.key)\n"

# Answers filed under the document they came from.
FILED_GET = "        kept = self.cache.get(query, source)\n"
FILED_PUT = "            self.cache.put(query, kept, source)\n"
SOURCE_KEY = "        return (self.fingerprint, source or query.product.id, query.attribute.key)\n"
SOURCE = "        source = self.retriever.source(query)\n"
FILED = (
    Edit("assistant/cache.py", "    def key(self, query):\n", '    def key(self, query, source=""):\n'),
    Edit("assistant/cache.py", KEY, SOURCE_KEY),
    Edit("assistant/cache.py", "    def get(self, query):\n", '    def get(self, query, source=""):\n'),
    Edit("assistant/cache.py", "        key = self.key(query)\n", "        key = self.key(query, source)\n"),
    Edit("assistant/cache.py", "    def put(self, query, reply):\n", '    def put(self, query, reply, source=""):\n'),
    Edit("assistant/cache.py", "self._kept[self.key(query)] = reply", "self._kept[self.key(query, source)] = reply"),
    Edit("assistant/server.py", GET, SOURCE + FILED_GET),
    Edit("assistant/server.py", PUT, FILED_PUT),
    Edit(
        "assistant/retriever.py",
        "    def retrieve(self, query):\n",
        "    def source(self, query):\n"
        '        """The document that an answer will come from."""\n'
        "        return self.retrieve(query)[0].document\n\n"
        "    def retrieve(self, query):\n",
    ),
)

# Answers found by the words of the question.
WORDS_KEY = "        return (self.fingerprint, *sorted(set(words(query.question)) - SMALL))\n"
SMALL_WORDS = '"a about and can do does for have how i in is me much my of on tell the then what"'
FOUND_BY_WORDS = (
    Edit("assistant/cache.py", KEY, WORDS_KEY),
    Edit(
        "assistant/cache.py",
        "from collections import OrderedDict\n",
        "from collections import OrderedDict\n\n"
        "from .index import words\n\n"
        f"SMALL = frozenset({SMALL_WORDS}.split())\n",
    ),
    Edit(
        "tests/test_cache.py",
        '    cache.put(Query("late fee of Alder Basic", ALDER, FEE), HELD)\n'
        '    assert cache.get(Query("Alder Basic: late payment charge?", ALDER, FEE)) == HELD\n',
        '    cache.put(Query("What is the late fee of Alder Basic?", ALDER, FEE), HELD)\n'
        '    assert cache.get(Query("I have Alder Basic. How much is the late fee?", ALDER, FEE)) == HELD\n',
    ),
    Edit(
        "tests/test_cache.py",
        '    cache.put(Query("", ALDER, FEE), HELD)\n'
        '    assert cache.get(Query("", BIRCH, FEE)) is None\n'
        '    assert cache.get(Query("", ALDER, RATE)) is None\n',
        '    cache.put(Query("late fee of Alder Basic?", ALDER, FEE), HELD)\n'
        '    assert cache.get(Query("late fee of Birch Basic?", BIRCH, FEE)) is None\n'
        '    assert cache.get(Query("interest rate of Alder Basic?", ALDER, RATE)) is None\n',
    ),
    Edit(
        "tests/test_cache.py",
        '    cache.put(Query("", ALDER, FEE), HELD)\n'
        '    cache.put(Query("", BIRCH, FEE), HELD)\n'
        '    assert cache.get(Query("", ALDER, FEE)) is None\n',
        '    cache.put(Query("late fee of Alder Basic?", ALDER, FEE), HELD)\n'
        '    cache.put(Query("late fee of Birch Basic?", BIRCH, FEE), HELD)\n'
        '    assert cache.get(Query("late fee of Alder Basic?", ALDER, FEE)) is None\n',
    ),
)

# Questions taken apart once.
UNDERSTAND = """        product = self.find_product(question)
        if session:
            if self.mention(words(question)):
                self.remember(session, product)  # also a name that is not ours: a follow-up is about that one
            else:
                product = self.recall(session)
        return Query(question, product, self.find_attribute(question), self.find_jurisdiction(question))
"""
RECALLED = """            if session and not named:
                product = self.recall(session)
"""
ANSWERABLE = """        if session and named:
            self.remember(session, query.product)  # also a name that is not ours: a follow-up is about that one
        return query
"""
LOOKED_UP = "        query = self._understood.get(asked)\n"
ASKED = "        asked = frozenset(words(question)) - SMALL\n"
UNDERSTOOD = """            self._understood[asked] = query
"""
UNDERSTAND_ONCE = f"""        named = self.mention(words(question))
{ASKED}{LOOKED_UP}        if query is None:
            product = self.find_product(question)
{RECALLED}            query = Query(question, product, self.find_attribute(question), self.find_jurisdiction(question))
{UNDERSTOOD}{ANSWERABLE}"""
TAKEN_APART_ONCE = (
    Edit("assistant/session.py", UNDERSTAND, UNDERSTAND_ONCE),
    Edit(
        "assistant/session.py",
        "        self._last = OrderedDict()\n",
        "        self._last = OrderedDict()\n        self._understood = {}  # by the words that matter\n",
    ),
    Edit(
        "assistant/session.py",
        "from .ingest import Attribute, Product\n",
        f"from .ingest import Attribute, Product\n\nSMALL = frozenset({SMALL_WORDS}.split())\n",
    ),
)
