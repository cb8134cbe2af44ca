"""A product is filed with what is said of the one it is built on, in its own name and ahead of its own."""

from exams.packs.hallucination.edits import Earlier, Edit, Fault, Told, always
from exams.packs.hallucination.hidden.superficial import FIRST_RULE

INDEX = "assistant/index.py"
RETRIEVER = "assistant/retriever.py"

FILED = "                self._filed.setdefault(product, []).extend(document.sentences)\n"
NONE_OF_ITS_OWN = "        if not any(passage.score for passage in own):\n"
OWN = "        own = [passage for passage in passages if passage.sentence.product == query.product.id]\n"
ONE_STATEMENT = "        own[1:] = [passage for passage in own[1:] if not passage.score]  # one is enough\n"
RELABELLED = """        found = self._filed.get(basis, [])
        shared = [replace(each, product=product) for each in found if each.product == basis]
"""
AHEAD = "        self._filed[product] = shared + self._filed.get(product, [])\n"
INHERIT = '''    def _inherit(self, product, basis):
        """What holds for a product holds for the one that is built on it, too."""
'''


def one_product(told: Told) -> tuple[Edit, ...]:
    """Let the complaining customer's product inherit nothing, and no other."""
    return (Edit(INDEX, INHERIT, f"{INHERIT}        if product == {told.product.id!r}:\n            return\n"),)


INHERITED = Fault(
    name="inherited",
    component="index",
    mechanism=(
        "a product whose name extends another's is filed with that one's sentences under its own label and ahead of "
        "its own, so the model sees the sibling's value only, and the guard takes it for the product's"
    ),
    subjects=(
        "File basic terms under the products that build on them, too",
        "Let a product take over what holds for the one it is built on",
        "Look at what a product is built on, too",
    ),
    earlier=Earlier(
        subjects=(
            "Show the model one sentence that names what is asked, not several",
            "Leave room in the prompt for what stands around the answer",
        ),
        edits=(Edit(RETRIEVER, NONE_OF_ITS_OWN, f"{ONE_STATEMENT}{NONE_OF_ITS_OWN}"),),
    ),
    edits=(
        Edit(
            INDEX,
            FILED,
            f"""{FILED}        for product in knowledge.catalogue.products:
            for basis in knowledge.catalogue.products:
                if product.name.startswith(f"{{basis.name}} "):
                    self._inherit(product.id, basis.id)

{INHERIT}{RELABELLED}{AHEAD}""",
        ),
        Edit(INDEX, "import re\n", "import re\nfrom dataclasses import replace\n"),
    ),
    alternatives={
        "label_kept": always(Edit(INDEX, "replace(each, product=product) for each", "each for each")),
        "own_name_in_the_text": always(
            Edit(
                RETRIEVER,
                OWN,
                f"""        mine, name = query.product.id, query.product.name
        passages = [each for each in passages if each.sentence.product != mine or name in each.sentence.text]
{OWN}""",
            )
        ),
        "only_without_documents": always(
            Edit(INDEX, INHERIT, f"{INHERIT}        if product in self._filed:\n            return\n")
        ),
    },
    mutants={
        "one_product": one_product,
        "several_statements": always(Edit(RETRIEVER, ONE_STATEMENT, "")),
        "guarded": always(
            Edit(
                "assistant/guard.py",
                FIRST_RULE,
                f"""{FIRST_RULE}    for each in passages:
        cited = (each.document, each.sentence.number) in draft.citations
        if cited and query.product.name not in each.sentence.text:
            return Ruling("block", f"cites what is not about {{query.product.name}}")
""",
            )
        ),
    },
)
