"""H11, session bleed: a follow-up question is answered about the product another customer asked about."""

from exams.packs.hallucination.asked import Asked
from exams.packs.hallucination.edits import Change, Edit, FailureClass, Fault, Told, always
from exams.packs.hallucination.hidden.superficial import common
from exams.packs.hallucination.world import World

SERVER = "assistant/server.py"
SESSION = "assistant/session.py"

REFUSED = "        refused = abstain.reason(query)\n"
SESSIONS = "from .session import Sessions\n"
IMPORT_WORDS = Edit(SERVER, SESSIONS, "from .session import Sessions, words\n")
LAST = "        self._last = OrderedDict()\n"
UNDERSTAND = """        product = self.find_product(question)
        if session:
            if self.mention(words(question)):
                self.remember(session, product)  # also a name that is not ours: a follow-up is about that one
            else:
                product = self.recall(session)
        return Query(question, product, self.find_attribute(question), self.find_jurisdiction(question))
"""


def unnamed(condition: str) -> Edit:
    """Refuse questions that name no product and meet a condition."""
    return Edit(
        SERVER,
        REFUSED,
        "        said = words(question)\n"
        f"        if not self.sessions.mention(said) and {condition}:\n"
        '            return self.refusal("names no product")\n' + REFUSED,
    )


def one_attribute(told: Told) -> tuple[Edit, ...]:
    """Let nobody ask for what the complaining customer asked for without naming the product."""
    return (IMPORT_WORDS, unnamed(f"query.attribute and query.attribute.key == {told.attribute.key!r}"))


def one_product(told: Told) -> tuple[Edit, ...]:
    """Give no more answers to follow-up questions about the product whose value the complaining customer got."""
    given = next(
        (fact.product for fact in told.world.facts_of.values() if fact.value == told.wrong.given), told.product.id
    )
    return (IMPORT_WORDS, unnamed(f"query.product and query.product.id == {given!r}"))


# --- Understood before -----------------------------------------------------------------------------------------------

KEY = "        said = tuple(words(question))\n"
READ_ONCE = f"""{KEY}        if len(self._read) >= 2000:
            self._read.clear()
        if said not in self._read:
            self._read[said] = self.read(question, session)
        query = self._read[said]
        if session and self.mention(said):
            self.remember(session, query.product)  # also a name that is not ours: a follow-up is about that one
        return query

    def read(self, question, session):
        product = self.find_product(question)
        if session and not self.mention(words(question)):
            product = self.recall(session)
        return Query(question, product, self.find_attribute(question), self.find_jurisdiction(question))
"""

READ_BEFORE = Fault(
    name="read_before",
    rivals={"H7": ""},
    also_right={"H11": ("H7",)},
    component="session",
    mechanism=(
        "what a question was understood to mean is kept by its words alone, with the product of the conversation it "
        "was first asked in, so the same follow-up question means that product in every other conversation"
    ),
    subjects=(
        "Understand each question once, however often it is asked",
        "Save work on questions that come again every evening",
        "Look up questions that were understood before",
    ),
    edits=(
        Edit(SESSION, UNDERSTAND, READ_ONCE),
        Edit(SESSION, LAST, f"{LAST}        self._read = {{}}  # questions understood before\n"),
    ),
    alternatives={
        "product_in_key": always(Edit(SESSION, KEY, "        said = (self.recall(session), *words(question))\n")),
        "whole_questions_only": always(
            Edit(
                SESSION,
                KEY,
                f"{KEY}        if not self.mention(said):\n            return self.read(question, session)\n",
            )
        ),
        "settled_in_the_server": always(
            IMPORT_WORDS,
            Edit(
                SERVER,
                REFUSED,
                """        if not self.sessions.mention(words(question)):
            query = replace(query, product=self.sessions.recall(str(request.get("session", ""))))
"""
                + REFUSED,
            ),
            Edit(SERVER, "import tomllib\n", "import tomllib\nfrom dataclasses import replace\n"),
        ),
    },
    mutants={
        "session_in_key": always(Edit(SESSION, KEY, "        said = (session, *words(question))\n")),
        "as_written": always(Edit(SESSION, KEY, f"{KEY}        said = (question, *said)\n")),
        "one_wording": always(
            Edit(
                SESSION,
                KEY,
                f'{KEY}        if said[:1] == ("and",):\n            return self.read(question, session)\n',
            )
        ),
        "read_again_often": always(Edit(SESSION, "len(self._read) >= 2000", "len(self._read) >= 2")),
    },
)

# --- Short ids -------------------------------------------------------------------------------------------------------

ID = 'str(request.get("session", ""))'
CLASS = "\n\nclass Assistant:\n"
MAX_SESSION = "MAX_SESSION = 4  # characters of a session's id: the whole of it could tell who asks\n"

SHORT_IDS = Fault(
    name="short_ids",
    component="server",
    mechanism=(
        "conversations are told apart by the first characters of their ids, which those of one stretch of time share, "
        "so a follow-up question is about whatever product anybody named last"
    ),
    subjects=(
        "Store less personal data with conversations",
        "Follow the privacy review: no whole ids of sessions in memory",
        "Keep the start of a session's id only",
    ),
    edits=(
        Edit(SERVER, CLASS, f"{MAX_SESSION}{CLASS}"),
        Edit(SERVER, f"understand(question, {ID})", f"understand(question, {ID}[:MAX_SESSION])"),
    ),
    alternatives={
        "digest": always(
            Edit(SERVER, f"understand(question, {ID}[:MAX_SESSION])", f"understand(question, digest({ID}))"),
            Edit(
                SERVER,
                "def documents(passages):\n",
                '''def digest(session):
    """Tells one conversation from another, and not who asks."""
    return session and hashlib.sha256(session.encode()).hexdigest()[:16]


def documents(passages):
''',
            ),
            Edit(SERVER, "import tomllib\n", "import hashlib\nimport tomllib\n"),
        ),
        "numbered": always(
            Edit(SERVER, f"understand(question, {ID}[:MAX_SESSION])", f"understand(question, self.number({ID}))"),
            Edit(
                SERVER,
                "    def compose(self, query):\n",
                '''    def number(self, session):
        """A number of our own for each conversation."""
        return session and f"conversation {self.numbers.setdefault(session, len(self.numbers))}"

    def compose(self, query):
''',
            ),
            Edit(
                SERVER,
                "        self.sessions = Sessions(knowledge.catalogue)\n",
                "        self.sessions = Sessions(knowledge.catalogue)\n        self.numbers = {}\n",
            ),
        ),
        "hashed_where_it_is_kept": always(
            Edit(SERVER, f"{ID}[:MAX_SESSION]", ID),
            Edit(SESSION, "        return self._last.get(session)\n", "        return self._last.get(hash(session))\n"),
            Edit(
                SESSION,
                "        self._last[session] = product\n        self._last.move_to_end(session)\n",
                "        self._last[hash(session)] = product\n        self._last.move_to_end(hash(session))\n",
            ),
        ),
    },
    mutants={
        "six_characters": always(Edit(SERVER, "MAX_SESSION = 4", "MAX_SESSION = 6")),
        "first_and_last": always(
            Edit(SERVER, f"{ID}[:MAX_SESSION]", f"{ID}[:MAX_SESSION] + {ID}[-1:]"),
        ),
    },
)

MUTANTS: dict[str, Change] = {
    **common(),
    "one_attribute": one_attribute,
    "one_product": one_product,
    "no_follow_ups": always(IMPORT_WORDS, unnamed("query.product is not None")),
    "one_conversation_at_a_time": always(Edit(SESSION, "remembered=500", "remembered=1")),
    "name_in_reply": always(
        Edit(
            SERVER,
            '            "text": render.present(draft.text),\n',
            '            "text": f"You asked about {query.product.name}. {render.present(draft.text)}",\n',
        )
    ),
}


def touches(_world: World, asked: Asked) -> bool:
    """A question of a conversation that leaves its product to what was said before."""
    return asked.kind == "follow_up"


def near(_world: World, asked: Asked) -> bool:
    """A question of a conversation that names its product."""
    return asked.kind == "plain" and bool(asked.session)


H11 = FailureClass(
    key="H11",
    title="Session bleed",
    scope=(
        "Only questions of a conversation that do not name their product themselves; whoever names it, in a "
        "conversation or not, is answered as before."
    ),
    touches=touches,
    near=near,
    harm=(5, 8),
    affected=6,
    rivals={
        "H1": "asked by its full name every product is answered as itself, siblings too",
        "H7": "a restart with an empty cache answers the same, and the prompt is about the wrong product already",
        "H5": "names that are not in the catalogue are still refused",
        "H10": "the temperature is 0, and what goes wrong depends on who asked before",
    },
    faults=(READ_BEFORE, SHORT_IDS),
    mutants=MUTANTS,
    author_test="h11/author_test.py",
)
