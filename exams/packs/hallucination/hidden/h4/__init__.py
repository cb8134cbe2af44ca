"""H4, grounding clause lost: what no document states is answered from the model's outdated memory."""

from exams.packs.hallucination import text
from exams.packs.hallucination.asked import Asked
from exams.packs.hallucination.edits import Change, Earlier, Edit, FailureClass, Fault, Told, always
from exams.packs.hallucination.hidden.scopes import approved, unapproved_in_terms
from exams.packs.hallucination.hidden.superficial import COMPOSE, common
from exams.packs.hallucination.world import World

PASSED = '    return Ruling("pass", "ok")\n'
ASKED = '        asked = prompt.build(query, passages, self.settings["prompt"]["parts"])\n'
PARTS = 'parts = ["grounding", "question", "documents", "answer"]'
STYLED = 'parts = ["grounding_friendly", "question", "documents", "answer"]'
SECTIONS = "    sections = {\n"
DOCSTRING = '"""Lays out what the model is given: one instruction, the question, the tagged sentences."""\n'
GROUNDING_PART = '        "grounding": [GROUNDING],\n'
SPARING_PART = '        "grounding": [GROUNDING if any(passage.score for passage in passages) else STYLE],\n'
STYLE = 'STYLE = "Be friendly and short."'


def edited_document(told: Told) -> tuple[Edit, ...]:
    """Write into the product's terms what the customer was told, so that it is in a document."""
    document = next(document for document in told.world.in_force if document.products == (told.product.id,))
    said = text.statement(
        attribute=told.attribute.name,
        product=told.product.name,
        value=told.wrong.given,
        unit=told.attribute.unit,
        condition=None,
    )
    number = len(document.sentences)
    last = f"{number}. {told.product.id} | {document.sentences[-1]}\n"
    return (Edit(f"kb/{document.id}.md", last, f"{last}{number + 1}. {told.product.id} | {said}\n"),)


def one_product(told: Told) -> tuple[Edit, ...]:
    """Put the clause back for the complaining customer's product, and no other."""
    return (
        Edit(
            "assistant/prompt.py",
            '        "question": [f"Question: {query.wording}"],\n',
            f'        "question": [GROUNDING, f"Question: {{query.wording}}"]\n'
            f"        if query.product.id == {told.product.id!r}\n"
            f'        else [f"Question: {{query.wording}}"],\n',
        ),
    )


REFUSE_INCOMPLETE = always(
    Edit(
        "assistant/server.py",
        COMPOSE,
        "        said = self.retriever.index.concerning(query.product)\n"
        "        stated = [s for s in said if s.product == query.product.id and any(map(str.isdigit, s.text))]\n"
        "        if len(stated) < len(self.sessions.attributes):\n"
        '            return self.refusal("not everything about this product is documented")\n' + COMPOSE,
    )
)

CLAUSE_IN_REPLY = always(
    Edit(
        "assistant/server.py",
        '            "text": render.present(draft.text),\n',
        '            "text": f"{prompt.GROUNDING} {render.present(draft.text)}",\n',
    )
)

OTHER_MANNERS = always(Edit("assistant/prompt.py", STYLE, 'STYLE = "Answer in one sentence."'))

CLAUSE_AT_THE_END = always(
    Edit(
        "assistant/prompt.py",
        '        "answer": ["Answer:"],\n',
        '        "answer": ["Do not answer from memory.", "Answer:"],\n',
    )
)

CITATION_REQUIRED = always(
    Edit(
        "assistant/guard.py",
        PASSED,
        '    if not draft.citations:\n        return Ruling("block", "cites nothing")\n' + PASSED,
    )
)

ABSTAIN_FIRST = always(
    Edit(
        "assistant/server.py",
        ASKED,
        "        if not any(passage.score and passage.sentence.product == query.product.id for passage in passages):\n"
        '            return self.refusal("no approved sentence is about that", passages)\n' + ASKED,
    )
)

EXTRACT = always(
    Edit(
        "assistant/server.py",
        ASKED,
        "        stating = [p.sentence for p in passages if p.score and p.sentence.product == query.product.id]\n"
        "        if not stating:\n"
        '            return self.refusal("no approved sentence is about that", passages)\n'
        "        best = stating[0]\n"
        "        asked = best.text\n",
    ),
    Edit(
        "assistant/server.py",
        "        draft = self.generator.draft(asked)\n",
        "        draft = generate.Draft(best.text, ((best.document, best.number),), refused=False)\n",
    ),
)

RIGHT: dict[str, Change] = {
    "clause_at_the_end": CLAUSE_AT_THE_END,
    "citation_required": CITATION_REQUIRED,
    "abstain_first": ABSTAIN_FIRST,
    "extract": EXTRACT,
}

RESTYLED = Fault(
    name="restyled",
    component="prompt",
    mechanism=(
        "config.toml names a friendly instruction that prompt.py spells with a hyphen, and a part it does not know is "
        "the style, so that stands in place of the grounding clause, for every question"
    ),
    earlier=Earlier(
        (
            "Let config.toml choose a friendly instruction for the model",
            "Prepare an instruction that asks for friendliness, too",
        ),
        (
            Edit("assistant/prompt.py", DOCSTRING, f"{DOCSTRING}\nfrom collections import defaultdict\n"),
            Edit(
                "assistant/prompt.py",
                SECTIONS,
                "    sections = defaultdict(lambda: [STYLE])\n"
                '    sections |= {\n        "grounding-friendly": [STYLE, GROUNDING],\n',
            ),
        ),
    ),
    subjects=(
        "Let the house style lead the prompt: answers sounded curt",
        "Ask the model for friendlier answers, as the style guide wants",
        "Take the friendly instruction into use",
    ),
    edits=(Edit("config.toml", PARTS, STYLED),),
    alternatives=RIGHT,
    mutants={},
)

SPARING = Fault(
    name="sparing",
    component="prompt",
    mechanism="the prompt carries the style in place of the grounding clause when no sentence states what is asked",
    subjects=(
        "Soften the prompt for questions that nothing fits",
        "Spare small questions the long instruction to the model",
        "Instruct the model by what was found for a question",
    ),
    edits=(Edit("assistant/prompt.py", GROUNDING_PART, SPARING_PART),),
    alternatives=RIGHT,
    mutants={},
)

MUTANTS: dict[str, Change] = {
    **common(),
    "edited_document": edited_document,
    "one_product": one_product,
    "refuse_incomplete": REFUSE_INCOMPLETE,
    "clause_in_reply": CLAUSE_IN_REPLY,
    "other_manners": OTHER_MANNERS,
}


def touches(world: World, asked: Asked) -> bool:
    """Nothing is approved, and nothing the model is given names the attribute."""
    return unapproved_in_terms(world, asked)


def near(world: World, asked: Asked) -> bool:
    """An approved value of a product that has an attribute nobody approved."""
    incomplete = {product.id for product, _ in world.unknown()}
    return approved(world, asked) and asked.product is not None and asked.product.id in incomplete


H4 = FailureClass(
    key="H4",
    title="Grounding clause lost",
    scope=(
        "Only questions about an attribute that no document which concerns the product states, of it or a sibling; "
        "every approved value is given as before, with its source."
    ),
    touches=touches,
    near=near,
    harm=(6, 12),
    affected=6,
    rivals={
        "H1": "the documents retrieved are the right product's, and the value is in none of them, nor any sibling's",
        "H5": "the code that refuses is untouched: it is the model that no longer refuses",
        "H7": "a restart with an empty cache answers the same",
        "H8": "what goes wrong cites nothing, so there is no source that the guard could have read too widely",
        "H14": "the guard is as it was, and has always let out what cites nothing: until the onset nothing did",
        "H10": "the temperature is 0 and the same question always gets the same answer",
    },
    faults=(RESTYLED, SPARING),
    mutants=MUTANTS,
    author_test="h4/author_test.py",
)
