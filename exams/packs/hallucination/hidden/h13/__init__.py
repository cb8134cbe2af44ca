"""H13, wrong jurisdiction fallback: what a product has at home is told where it is not offered."""

from exams.packs.hallucination.asked import Asked
from exams.packs.hallucination.edits import Change, Earlier, Edit, FailureClass, Fault, Told, always
from exams.packs.hallucination.hidden.superficial import FIRST_RULE, FLUSHED_CACHE, common
from exams.packs.hallucination.world import World

SERVER = "assistant/server.py"
CACHE = "assistant/cache.py"
INGEST = "assistant/ingest.py"
ABSTAIN = "assistant/abstain.py"

UNDERSTOOD = '        query = self.sessions.understand(question, str(request.get("session", "")))\n'
REFUSED_FIRST = """        refused = abstain.reason(query)
        if refused is not None:
            return self.refusal(refused)
        kept = self.cache.get(query)
        if kept is None:
            kept = self.compose(query)
            self.cache.put(query, kept)
        return dict(kept)
"""
CACHE_FIRST = """        kept = self.cache.get(query)
        if kept is not None:
            return dict(kept)
        refused = abstain.reason(query)
        if refused is not None:
            return self.refusal(refused)
        kept = self.compose(query)
        self.cache.put(query, kept)
        return dict(kept)
"""
GET = "    def get(self, query):\n"
INCOMPLETE = "        if query.product is None or query.attribute is None:\n            return None\n"
HOME_ONLY = "    if query.jurisdiction is not None and query.jurisdiction != query.product.jurisdiction:\n"
LISTED = "    if query.jurisdiction not in (None, query.product.jurisdiction, *query.product.offered):\n"
OWN_PLACE = "    line: str\n    jurisdiction: str\n"
ONE_PLACE = 'tuple(Product(row["id"], row["name"], row["line"], row["jurisdiction"]) for row in rows["product"])'
SEVERAL_PLACES = """tuple(
            Product(
                row["id"],
                row["name"],
                row["line"],
                row["jurisdiction"],
                tuple(row.get("jurisdictions", rows["jurisdictions"])),
            )
            for row in rows["product"]
        )"""


def refused_when(condition: str) -> Edit:
    """Refuse questions that meet a condition, as soon as they are understood."""
    return Edit(
        SERVER,
        UNDERSTOOD,
        f"{UNDERSTOOD}"
        f"        if query.product is not None and query.jurisdiction is not None and {condition}:\n"
        '            return self.refusal("not offered there")\n',
    )


ABROAD = "query.jurisdiction != query.product.jurisdiction"


def one_place(told: Told) -> tuple[Edit, ...]:
    """Refuse in the place the complaining customer was in, and nowhere else."""
    return (refused_when(f"{ABROAD} and query.jurisdiction == {told.asked.place!r}"),)


def one_product(told: Told) -> tuple[Edit, ...]:
    """Refuse for the complaining customer's product, and for no other."""
    return (refused_when(f"{ABROAD} and query.product.id == {told.product.id!r}"),)


def edited_catalogue(told: Told) -> tuple[Edit, ...]:
    """Write into the catalogue where the complaining customer's product is offered."""
    name = f'name = "{told.product.name}"\n'
    return (Edit("kb/catalogue.toml", name, f'{name}jurisdictions = ["{told.product.jurisdiction}"]\n'),)


NOT_RECOGNISED = always(
    Edit(
        "assistant/session.py",
        "        return Query(question, product, self.find_attribute(question), self.find_jurisdiction(question))\n",
        """        place = self.find_jurisdiction(question)
        if product is not None and place not in (None, product.jurisdiction):
            product = None  # not there
        return Query(question, product, self.find_attribute(question), place)
""",
    )
)

ANSWERED_FROM_CACHE = Fault(
    name="answered_from_cache",
    rivals={"H7": ""},
    also_right={"H13": ("H7",)},
    component="server",
    mechanism=(
        "the cache, whose key has no jurisdiction, is asked before it is decided what to refuse, so whoever asks where "
        "a product is not offered gets the answer that was kept for somebody at home"
    ),
    subjects=(
        "Look in the cache before anything else",
        "Answer repeated questions without any further work",
        "Ask the cache first: most questions were asked before",
    ),
    edits=(
        Edit(SERVER, REFUSED_FIRST, CACHE_FIRST),
        Edit(CACHE, GET, f"{GET}{INCOMPLETE}"),
    ),
    alternatives={
        "place_in_key": always(
            Edit(
                CACHE,
                "(self.fingerprint, query.product.id, query.attribute.key)",
                "(self.fingerprint, query.product.id, query.attribute.key, query.jurisdiction)",
            )
        ),
        "checked_on_the_way_out": always(
            Edit(
                SERVER, "        if kept is not None:\n", "        if kept is not None and not abstain.reason(query):\n"
            )
        ),
        "no_cache_for_places": always(
            Edit(
                CACHE,
                INCOMPLETE,
                "        if query.product is None or query.attribute is None or query.jurisdiction is not None:\n"
                "            return None\n",
            )
        ),
        "not_recognised": NOT_RECOGNISED,
    },
    mutants={},
)

OFFERED_EVERYWHERE = Fault(
    name="offered_everywhere",
    rivals={"H7": "the first to ask after a start, when nothing is kept yet, is answered wrongly too"},
    component="abstain",
    mechanism=(
        "a product that lists no jurisdictions of its own, as none does, falls back on all the catalogue knows, so it "
        "counts as offered everywhere"
    ),
    subjects=(
        "Answer about a product in each place that it lists",
        "Serve customers wherever a product is offered",
        "Look at all the places of a product before refusing",
    ),
    earlier=Earlier(
        (
            "Let the catalogue list several jurisdictions for a product",
            "Prepare for products that are sold in more than one place",
        ),
        (
            Edit(INGEST, OWN_PLACE, f"{OWN_PLACE}    offered: tuple = ()  # where else it is offered\n"),
            Edit(INGEST, ONE_PLACE, SEVERAL_PLACES),
        ),
    ),
    edits=(Edit(ABSTAIN, HOME_ONLY, LISTED),),
    alternatives={
        "own_place_by_default": always(
            Edit(
                INGEST,
                'row.get("jurisdictions", rows["jurisdictions"])',
                'row.get("jurisdictions", [row["jurisdiction"]])',
            )
        ),
        "own_place_only": always(
            Edit(ABSTAIN, LISTED, "    if query.jurisdiction not in (None, query.product.jurisdiction):\n")
        ),
        "refused_by_the_server": always(refused_when(ABROAD)),
        "not_recognised": NOT_RECOGNISED,
    },
    mutants={"flushed_cache": FLUSHED_CACHE, "edited_catalogue": edited_catalogue},
)

MUTANTS: dict[str, Change] = {
    **common(without=("flushed_cache",)),
    "one_place": one_place,
    "one_product": one_product,
    "any_place": always(refused_when("True")),
    "as_written": always(refused_when(f"query.jurisdiction in question and {ABROAD}")),
    "first_question_only": always(refused_when(f"query.product.name.lower() in question.lower() and {ABROAD}")),
    "guarded_only": always(
        Edit(
            "assistant/guard.py",
            FIRST_RULE,
            "    if query.jurisdiction not in (None, query.product.jurisdiction):\n"
            '        return Ruling("block", f"{query.product.name} is not offered in {query.jurisdiction}")\n'
            + FIRST_RULE,
        )
    ),
}


def touches(_world: World, asked: Asked) -> bool:
    """The customer says where they are, and the product is not offered there."""
    return asked.kind == "abroad"


def near(_world: World, asked: Asked) -> bool:
    """The customer says where they are, and the product is offered there."""
    return asked.kind == "at_home"


H13 = FailureClass(
    key="H13",
    title="Wrong jurisdiction fallback",
    scope=(
        "Only questions that name a jurisdiction in which the product is not offered; who names the right one, or "
        "none, is answered as before."
    ),
    touches=touches,
    near=near,
    harm=(6, 8),
    affected=6,
    rivals={
        "H1": "the values given are the asked product's own approved ones, cited as they should be",
        "H5": "names that are not in the catalogue are still refused",
        "H7": "neither product, attribute nor edition is ever mixed up; the only thing not asked about is the place",
        "H11": "questions outside any session go wrong too, and no other customer's product is named",
    },
    faults=(ANSWERED_FROM_CACHE, OFFERED_EVERYWHERE),
    mutants=MUTANTS,
    author_test="h13/author_test.py",
)
