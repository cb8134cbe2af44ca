"""H8, citation checked by document: a number passes when the cited document is the right one, whoever it is about."""

from exams.packs.hallucination.edits import Change, Earlier, Edit, FailureClass, Fault, always
from exams.packs.hallucination.hidden.guarding import HARM, RIGHT, SUBJECT_FIRST, WRONG, near, touches
from exams.packs.hallucination.hidden.pairs import both

GIVEN = "    given = {(passage.document, passage.sentence.number): passage.sentence for passage in passages}\n"
UNKNOWN_PLACE = (
    "        sentence = given.get(citation)\n"
    "        if sentence is None:\n"
    '            return Ruling("block", f"cites {place}, which was not retrieved")\n'
)
OTHERS = (
    "        if sentence.product != query.product.id:\n"
    '            return Ruling("block", f"cites {place}, which is not about {query.product.name}")\n'
)
MISSING = "        missing = claims - set(CLAIM.findall(sentence.text))\n"
PASSAGE = "    sentence: Sentence\n    score: int  # 1 if it names the attribute asked for, else 0\n"
FOUND = "            Passage(sentence, score=int(wanted in f\" {' '.join(words(sentence.text))} \"))\n"

GIVEN_BY_DOCUMENT = """    given = {}
    for passage in passages:
        given.setdefault(passage.document, set()).update(CLAIM.findall(passage.sentence.text))
"""
DOCUMENT_CHECK = """        stated = given.get(citation[0])
        if stated is None:
            return Ruling("block", f"cites {place}, which was not retrieved")
        missing = claims - stated
"""
NUMBERS_BY_SENTENCE = always(
    Edit(
        "assistant/guard.py",
        "        given.setdefault(passage.document, set()).update(CLAIM.findall(passage.sentence.text))\n",
        "        place = (passage.document, passage.sentence.number)\n"
        "        given.setdefault(place, set()).update(CLAIM.findall(passage.sentence.text))\n",
    ),
    Edit("assistant/guard.py", "        stated = given.get(citation[0])\n", "        stated = given.get(citation)\n"),
)

SAME_LINE = always(
    Edit(
        "assistant/guard.py",
        GIVEN_BY_DOCUMENT,
        GIVEN_BY_DOCUMENT.replace(
            "    for passage in passages:\n",
            '    line = query.product.id.split("-")[0]\n'
            "    for passage in passages:\n"
            "        if not passage.sentence.product.startswith(line):\n"
            "            continue\n",
        ),
    )
)

OWN_DOCUMENT = always(
    Edit(
        "assistant/guard.py",
        "        missing = claims - stated\n",
        "        if not any(p.sentence.product == query.product.id for p in passages if p.document == citation[0]):\n"
        '            return Ruling("block", f"cites {place}, and {citation[0]} is not about {query.product.name}")\n'
        "        missing = claims - stated\n",
    )
)

OWN_NUMBERS = always(
    Edit(
        "assistant/guard.py",
        "        given.setdefault(passage.document, set()).update(CLAIM.findall(passage.sentence.text))\n",
        "        own = passage.sentence.product == query.product.id and passage.score\n"
        "        stated = CLAIM.findall(passage.sentence.text) if own else ()\n"
        "        given.setdefault(passage.document, set()).update(stated)\n",
    )
)

BY_DOCUMENT = Fault(
    name="by_document",
    component="guard",
    mechanism=(
        "the guard looks for a number anywhere in the cited document, so a schedule's sentence about a sibling backs a "
        "value given for the product"
    ),
    subjects=(
        "Let citations survive when compliance inserts a line",
        "Check citations in a way that outlives renumbering",
        "Stop blocking answers for a number that moved a line",
    ),
    edits=(
        Edit("assistant/guard.py", GIVEN, GIVEN_BY_DOCUMENT),
        Edit("assistant/guard.py", UNKNOWN_PLACE + OTHERS + MISSING, DOCUMENT_CHECK),
    ),
    alternatives={
        **RIGHT,
        "subject_and_sentence": both(SUBJECT_FIRST, NUMBERS_BY_SENTENCE),
        "own_numbers": OWN_NUMBERS,
    },
    mutants={"numbers_by_sentence": NUMBERS_BY_SENTENCE, "same_line": SAME_LINE},
)

SUBJECT_OF_PASSAGE = "    @property\n    def product(self):\n        return self.sentence.product\n\n"
DOCUMENT_OF_PASSAGE = "    @property\n    def document(self):\n"

FOUND_FOR = Fault(
    name="found_for",
    component="retriever",
    mechanism=(
        "a passage says which product its document was found for, not which its sentence is about, and the guard takes "
        "that for the subject of what is cited"
    ),
    subjects=(
        "Keep with each passage the product it was found for",
        "Carry the product of a question along with its passages",
        "Let a passage know the product that was asked for",
    ),
    earlier=Earlier(
        ("Let a passage say whose it is", "Spare the guard a look into sentences"),
        (
            Edit("assistant/retriever.py", DOCUMENT_OF_PASSAGE, SUBJECT_OF_PASSAGE + DOCUMENT_OF_PASSAGE),
            Edit("assistant/guard.py", GIVEN, GIVEN.replace(": passage.sentence for", ": passage for")),
            Edit(
                "assistant/guard.py",
                UNKNOWN_PLACE + OTHERS + MISSING,
                (UNKNOWN_PLACE + OTHERS).replace("sentence", "passage")
                + MISSING.replace("sentence.text", "passage.sentence.text"),
            ),
        ),
    ),
    edits=(
        Edit("assistant/retriever.py", PASSAGE, PASSAGE + "    product: str  # it was found for\n"),
        Edit("assistant/retriever.py", SUBJECT_OF_PASSAGE + DOCUMENT_OF_PASSAGE, DOCUMENT_OF_PASSAGE),
        Edit("assistant/retriever.py", FOUND, FOUND.replace('"))\n', '"), product=query.product.id)\n')),
    ),
    alternatives={
        **RIGHT,
        "subject_first": SUBJECT_FIRST,
        "subject_of_sentence": always(
            Edit(
                "assistant/guard.py",
                "passage.product != query.product.id",
                "passage.sentence.product != query.product.id",
            )
        ),
        "found_by_line": always(
            Edit("assistant/retriever.py", "product=query.product.id)", "product=sentence.product)")
        ),
    },
    mutants={
        "same_line": always(
            Edit(
                "assistant/guard.py",
                "        if passage.product != query.product.id:\n",
                '        line = query.product.id.split("-")[0]\n'
                "        if passage.product != query.product.id or not passage.sentence.product.startswith(line):\n",
            )
        ),
    },
)

MUTANTS: dict[str, Change] = dict(WRONG)

H8 = FailureClass(
    key="H8",
    title="Citation checked by document, not by sentence",
    scope=(
        "Only questions about an attribute that is not approved for the product while its family's schedule states it "
        "for siblings; every approved value, and every refusal of what no document states at all, is as before."
    ),
    touches=touches,
    near=near,
    harm=HARM,
    affected=6,
    rivals={
        "H6": "the guard's reason on the wrong answers is ok: it saw the number and found it in what is cited",
        "H14": "the guard looked at the wrong answers and at what they cite, and found it in order",
        "H4": "the prompts keep the grounding clause, and the values are a sibling's, with its sentence cited",
        "H1": "products are asked for and named rightly, and every product that has the value gets its own",
    },
    faults=(BY_DOCUMENT, FOUND_FOR),
    mutants=MUTANTS,
    author_test="h8/author_test.py",
)
