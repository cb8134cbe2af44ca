"""The product is looked up in the documents."""

from exams.packs.hallucination.edits import Edit, Fault, always
from exams.packs.hallucination.hidden.h5.words import ABSTAIN, INDEX, NO_PRODUCT, PLACE, SERVER, SESSION

UNDERSTOOD = '        query = self.sessions.understand(question, str(request.get("session", "")))\n'
SEARCHED = """        if query.product is None and self.sessions.mention(words(question)):
            query = replace(query, product=self.products.get(self.index.likeliest(question)))
"""
BY_NAME = Edit(SERVER, "self.index.likeliest(question)", "self.index.likeliest(self.sessions.mention(words(question)))")
BEST = """        said = set(words(question))
        found = max(self._all, key=lambda sentence: len(said.intersection(words(sentence.text))), default=None)
"""

FOUND_IN_TEXT = Fault(
    name="found_in_text",
    component="server",
    mechanism=(
        "for a name that is not in the catalogue the product is looked up in the documents, and the sentence that has "
        "most words of the question is always some product's, so nothing is left to refuse"
    ),
    subjects=(
        "Look in the documents for products that reached the catalogue late",
        "Answer about new products from the day their terms arrive",
        "Find products in the documents when their name is new",
    ),
    edits=(
        Edit(
            SERVER,
            "        self.retriever = Retriever(Index(knowledge), settings",
            """        self.products = {product.id: product for product in knowledge.catalogue.products}
        self.index = Index(knowledge)
        self.retriever = Retriever(self.index, settings""",
        ),
        Edit(SERVER, UNDERSTOOD, UNDERSTOOD + SEARCHED),
        Edit(SERVER, "from .index import Index\n", "from .index import Index, words\n"),
        Edit(SERVER, "import tomllib\n", "import tomllib\nfrom dataclasses import replace\n"),
        Edit(
            INDEX, "        self._filed = {}\n", "        self._filed = {}\n        self._all = knowledge.sentences()\n"
        ),
        Edit(
            INDEX,
            "    def concerning(self, product):\n",
            f'''    def likeliest(self, question):
        """The product of the sentence that has most words of a question."""
{BEST}        return found.product if found else None

    def concerning(self, product):
''',
        ),
    ),
    alternatives={
        "suggested_only": always(
            Edit(
                SERVER,
                SEARCHED,
                """        if query.product is None and self.sessions.mention(words(question)):
            return self.refusal(f"did they mean {self.index.likeliest(question)}?")
""",
            )
        ),
        "name_in_the_sentence": always(
            BY_NAME,
            Edit(
                INDEX,
                BEST,
                '        name = " ".join(question)\n'
                '        found = next((each for each in self._all if name in " ".join(words(each.text))), None)\n',
            ),
        ),
        "guesses_refused": always(
            Edit(SESSION, PLACE, f"{PLACE}    guessed: bool = False  # from the documents, not from the catalogue\n"),
            Edit(
                SERVER,
                "self.products.get(self.index.likeliest(question)))\n",
                "self.products.get(self.index.likeliest(question)), guessed=True)\n",
            ),
            Edit(ABSTAIN, NO_PRODUCT, "    if query.product is None or query.guessed:\n"),
        ),
    },
    mutants={
        "most_of_the_name": always(
            BY_NAME,
            Edit(
                INDEX,
                BEST,
                "        name = {*question}\n"
                "        found = next((each for each in self._all if len(name & {*words(each.text)}) > 1), None)\n",
            ),
        ),
    },
)
