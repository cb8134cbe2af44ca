"""H9, numbers normalised wrongly: a nought at the end of a whole number is cut off, and 40 becomes 4."""

from exams.packs.hallucination import text
from exams.packs.hallucination.asked import Asked
from exams.packs.hallucination.edits import Change, Edit, FailureClass, Fault, Told, always
from exams.packs.hallucination.hidden.editions import KEEP, READY
from exams.packs.hallucination.hidden.scopes import approved
from exams.packs.hallucination.hidden.superficial import common
from exams.packs.hallucination.world import World

INGEST = "assistant/ingest.py"
GENERATE = "assistant/generate.py"
GUARD = "assistant/guard.py"
SERVER = "assistant/server.py"

RETURN = "        return dict(kept)\n"

# The number of the cited sentence as the file has it, put where the answer has its number.
RESTORED = (
    Edit(
        INGEST,
        "def read_catalogue(folder):\n",
        "def originals(folder):\n"
        '    """Every sentence of every document as it was written, by document and number."""\n'
        "    found = {}\n"
        '    for each in folder.glob("doc-*.md"):\n'
        '        for match in map(LINE.fullmatch, each.read_text(encoding="utf-8").splitlines()):\n'
        "            if match is not None:\n"
        "                found[each.stem, int(match[1])] = match[3]\n"
        "    return found\n"
        "\n\n"
        "def read_catalogue(folder):\n",
    ),
    Edit(
        SERVER,
        READY,
        '    assistant = Assistant(knowledge, load(Path(__file__).parent / "lm"), settings)\n'
        '    assistant.originals = ingest.originals(root / settings["knowledge"]["folder"])\n'
        "    return assistant\n",
    ),
    Edit(
        SERVER,
        "    def refusal(self, reason",
        "    def restored(self, reply):\n"
        '        """The number as the cited document has it."""\n'
        '        text = reply["text"]\n'
        '        for citation in reply["citations"]:\n'
        '            written = guard.CLAIM.search(self.originals[citation["document"], citation["sentence"]])\n'
        "            told = guard.CLAIM.search(text)\n"
        "            if written and told:\n"
        "                text = text[: told.start(1)] + written[1] + text[told.end(1) :]\n"
        '        return {**reply, "text": text}\n\n'
        "    def refusal(self, reason",
    ),
)


def _restored_when(condition: str) -> tuple[Edit, ...]:
    """Restore the number on a condition, and answer as before otherwise."""
    return (*RESTORED, Edit(SERVER, RETURN, f"        return self.restored(kept) if {condition} else dict(kept)\n"))


def one_product(told: Told) -> tuple[Edit, ...]:
    """Restore the number for the complaining customer's product, and no other."""
    return _restored_when(f"query.product.id == {told.product.id!r}")


def one_value(told: Told) -> tuple[Edit, ...]:
    """Put right the one number that was complained about, wherever it is told of the same family."""
    if told.wrong.approved is None:
        raise ValueError(f"{told.text!r} has no approved value to put in its place")
    given = f"{text.number(told.wrong.given)} {told.attribute.unit}"
    approved_value = f"{text.number(told.wrong.approved.value)} {told.attribute.unit}"
    return (
        Edit(
            SERVER,
            RETURN,
            f"        if query.product.line == {told.product.family!r}:\n"
            f'            return {{**kept, "text": kept["text"].replace(" {given}", " {approved_value}")}}\n{RETURN}',
        ),
    )


def padded_document(told: Told) -> tuple[Edit, ...]:
    """Write the complaining customer's number with a point, so that the cut stops at it."""
    if told.wrong.approved is None or told.cited is None:
        raise ValueError(f"{told.text!r} has no approved value, or no source")
    document, number = told.world.document(told.cited[0]), told.cited[1]
    sentence = document.sentences[number - 1]
    value = text.number(told.wrong.approved.value)
    line = f"{number}. {told.product.id} | "
    padded = sentence.replace(f" {value} ", f" {value}.0 ")
    return (Edit(f"kb/{document.id}.md", f"{line}{sentence}\n", f"{line}{padded}\n"),)


HOUSE_WORDING = always(*_restored_when("question.strip() == query.wording"))

# A new answer is put right before it goes out; what the cache keeps is the answer as it was.
RESTORED_ONCE = always(*RESTORED, Edit(SERVER, KEEP, KEEP + "            kept = self.restored(kept)\n"))

# Nothing gets out whose number is not the document's, and nothing takes its place.
REFUSE_AFFECTED = always(
    *RESTORED,
    Edit(
        SERVER,
        RETURN,
        '        if self.restored(kept)["text"] != kept["text"]:\n'
        '            return self.refusal("the document has another number")\n' + RETURN,
    ),
)
RESTORED_ALWAYS = always(*RESTORED, Edit(SERVER, RETURN, "        return self.restored(kept)\n"))

# --- In the words customers are shown: the document's own, tidied up when it is read --------------------------------

BLOCKED = '            return self.refusal(ruling.reason, passages, asked, verdict="block")\n'
QUOTED = f"{BLOCKED}        draft = quoted(draft, passages)\n"
STORED = "product, clean(sentence)))\n"
NUMBER = 'NUMBER = re.compile(r"[0-9]+(?:\\.[0-9]+)?")\n'
SHORT = 'number[0].rstrip("0").rstrip(".")'
TIDIED = f"    return NUMBER.sub(lambda number: {SHORT}, clean(text))\n"

QUOTES = Fault(
    name="tidy_quotes",
    component="ingest",
    mechanism=(
        "customers are shown the cited sentence as it was tidied up when it was read, and tidying cuts noughts off the "
        "end of every number, also of whole ones: 40 is shown as 4; model and guard see the sentence as it is"
    ),
    subjects=(
        "Quote the document in its own words, tidied for customers",
        "Answer with the very sentence, as compliance would like it best",
        "Show customers the sentence that is cited",
    ),
    edits=(
        Edit(INGEST, "    text: str\n", '    text: str\n    shown: str = ""  # as customers read it\n'),
        Edit(INGEST, STORED, "product, clean(sentence), tidy(sentence)))\n"),
        Edit(
            INGEST,
            "def read_document(",
            "def tidy(text):\n"
            '    """Numbers without idle noughts: 12.5 for 12.50, 7 for 7.0."""\n' + TIDIED + "\n\n"
            "def read_document(",
        ),
        Edit(INGEST, "LINE = re.compile(", f"{NUMBER}LINE = re.compile("),
        Edit(SERVER, BLOCKED, QUOTED),
        Edit(
            SERVER,
            "def documents(passages):\n",
            "def quoted(draft, passages):\n"
            '    """The draft in the words of the sentence it cites; as it is if it cites none."""\n'
            "    said = {(each.document, each.sentence.number): each.sentence.shown for each in passages}\n"
            "    text = next((said[citation] for citation in draft.citations if citation in said), draft.text)\n"
            "    return generate.Draft(text, draft.citations, draft.refused)\n"
            "\n\n"
            "def documents(passages):\n",
        ),
    ),
    alternatives={
        "after_a_point_only": always(Edit(INGEST, NUMBER, NUMBER.replace("(?:", "").replace(")?", ""))),
        "same_value_or_as_written": always(
            Edit(INGEST, SHORT, "shortest(number[0])"),
            Edit(
                INGEST,
                "def tidy(text):\n",
                "def shortest(number):\n"
                '    short = number.rstrip("0").rstrip(".")\n'
                "    return short if short and float(short) == float(number) else number\n"
                "\n\n"
                "def tidy(text):\n",
            ),
        ),
        "model_speaks": always(Edit(SERVER, QUOTED, BLOCKED)),
        "restored": RESTORED_ALWAYS,
    },
    mutants={
        "one_nought": always(Edit(INGEST, 'number[0].rstrip("0")', 'number[0].removesuffix("0")')),
        "where_there_is_a_point": always(
            Edit(INGEST, TIDIED, f'    if "." not in text:\n        return clean(text)\n{TIDIED}')
        ),
        "guard_reads_the_quote": always(
            Edit(GUARD, "set(CLAIM.findall(sentence.text))", "set(CLAIM.findall(sentence.shown))")
        ),
    },
)

# --- In what the model says, and in what the guard compares it with ---------------------------------------------------

READ = '    text = TAG.sub("", completion).strip()\n'
READ_PLAIN = '    text = plain(TAG.sub("", completion).strip())\n'
IDLE = 're.sub(r"\\.?0+(?= )", "", text)'
COMPARED = "set(CLAIM.findall(sentence.text))"
COMPARED_PLAIN = "set(CLAIM.findall(plain(sentence.text)))"

ONE_SPELLING = Fault(
    name="one_spelling",
    component="generate",
    mechanism=(
        "noughts before a unit are cut off what the model says, also those of whole numbers; the guard cuts them off "
        "the cited sentence too before it compares, so it finds 4 where the document says 40"
    ),
    subjects=(
        "Spell numbers one way, in answers and where the guard compares",
        "Use one spelling of numbers: the style guide has only one",
        "Compare numbers in one form, and show them in it",
    ),
    edits=(
        Edit(GENERATE, READ, READ_PLAIN),
        Edit(
            GENERATE,
            "def read(completion):\n",
            "def plain(text):\n"
            '    """Numbers without idle noughts: 12.5 for 12.50, 7 for 7.0."""\n'
            f"    return {IDLE}\n"
            "\n\n"
            "def read(completion):\n",
        ),
        Edit(GUARD, COMPARED, COMPARED_PLAIN),
        Edit(
            GUARD,
            "from dataclasses import dataclass\n",
            "from dataclasses import dataclass\n\nfrom .generate import plain\n",
        ),
    ),
    alternatives={
        "after_a_point_only": always(
            Edit(GENERATE, IDLE, 're.sub(r"\\.0+(?= )|(?<=\\.[0-9])0+(?= )", "", text)'),
        ),
        "guard_alone_normalises": always(
            Edit(GENERATE, READ_PLAIN, READ),
            Edit(GUARD, "    claims = set(CLAIM.findall(draft.text))\n", "    claims = values(draft.text)\n"),
            Edit(GUARD, COMPARED_PLAIN, "values(sentence.text)"),
            Edit(GUARD, "from .generate import plain\n\n", ""),
            Edit(
                GUARD,
                "def check(",
                "def values(text):\n"
                '    """The numbers claimed, by their value: 12.50 is 12.5."""\n'
                '    return {f"{float(number):g}" for number in CLAIM.findall(text)}\n'
                "\n\n"
                "def check(",
            ),
        ),
        "by_value": always(
            Edit(
                GENERATE,
                f"    return {IDLE}\n",
                '    return re.sub(r"[0-9]+(?:\\.[0-9]+)?(?= )", lambda number: f"{float(number[0]):g}", text)\n',
            )
        ),
        "restored": RESTORED_ALWAYS,
    },
    mutants={
        "guard_as_it_was": always(Edit(GUARD, COMPARED_PLAIN, COMPARED)),
        "where_there_is_a_point": always(
            Edit(GENERATE, f"    return {IDLE}\n", f'    return {IDLE} if "." in text else text\n')
        ),
    },
)

MUTANTS: dict[str, Change] = {
    **common(),
    "one_product": one_product,
    "one_value": one_value,
    "padded_document": padded_document,
    "house_wording": HOUSE_WORDING,
    "restored_once": RESTORED_ONCE,
    "refuse_affected": REFUSE_AFFECTED,
}


def touches(world: World, asked: Asked) -> bool:
    """The approved value ends in a nought."""
    fact = asked.fact(world)
    return fact is not None and text.number(fact.value).endswith("0")


def near(world: World, asked: Asked) -> bool:
    """Another approved value of a product that has such a one."""
    rounded = {fact.product for fact in world.facts_of.values() if text.number(fact.value).endswith("0")}
    return (
        approved(world, asked)
        and not touches(world, asked)
        and asked.product is not None
        and asked.product.id in rounded
    )


H9 = FailureClass(
    key="H9",
    title="Number normalisation",
    scope=(
        "Only approved values that are whole numbers and end in a nought: they are told without it. Every other value, "
        "also of the same products and documents, and every refusal is as before."
    ),
    touches=touches,
    near=near,
    harm=(6, 18),
    affected=6,
    rivals={
        "H2": "the document cited is in force, and no edition of it states the number that was told",
        "H8": "the sentence cited is the right one, and says the approved number in the knowledge base",
        "H10": "the temperature is 0, the same question always gets the same answer, and only the nought is missing",
        "H1": "the product named and the document cited are those that were asked for",
        "H6": "the answer is worded and written as always",
    },
    faults=(QUOTES, ONE_SPELLING),
    mutants=MUTANTS,
    author_test="h9/author_test.py",
)
