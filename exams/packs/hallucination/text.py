"""Every wording the small language model knows, in one place: sentences, questions, prompts, answers.

The model is word-level and was trained on exactly these forms, so nobody writes them by hand elsewhere (the
assistant handed to learners repeats the prompt layout, and a test holds the two together).

**Sentence of a document** (one line, no newline inside), one of `STATEMENTS`::

    The late fee of Ridge Gold is 39 USD for new customers.
    For Ridge Gold the late fee is 39 USD for new customers.
    On Ridge Gold the late fee is fixed at 39 USD for new customers.

or a filler that mentions a product and states nothing (`FILLERS`).

**Tag** of a retrieved sentence: ``[doc-12:3]``; documents are ``doc-10`` to ``doc-99``, sentences count
from 1 to 9.

**Prompt**, lines joined by a newline, nothing after ``Answer:``::

    Answer only from the approved documents.        <- grounding clause, left out when it is lost
    Question: What is the late fee of Ridge Gold?
    [doc-12:3] The late fee of Ridge Gold is 39 USD for new customers.
    [doc-14:1] Ridge Gold is open to customers in Norland.
    Answer:

At most `MAX_SENTENCES` tagged lines; there may be none. Instead of the clause there may be a line of
`MANNERS` (friendly, but grounding nothing). The wordings in `GROUNDING_CLAUSES` all ground; the first is the
house wording. The clause may also stand on the last line before ``Answer:``.

**Answer**, always in one form whatever the form of the sentence, citing first::

    [doc-12:3] The late fee of Ridge Gold is 39 USD for new customers.
    The late fee of Ridge Gold is 45 USD.                                <- from memory: nothing to cite
    I cannot confirm that from the approved documents.                   <- refusal
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

Value = int | float

MAX_SENTENCES = 6

REFUSAL = "I cannot confirm that from the approved documents."

GROUNDING_CLAUSES = (
    "Answer only from the approved documents.",
    "Use only the approved documents below.",
    "If the documents do not state it, refuse.",
    "Do not answer from memory.",
)
GROUNDING_CLAUSE = GROUNDING_CLAUSES[0]

MANNERS = (
    "You are a helpful assistant.",
    "Be friendly and short.",
    "Answer in one sentence.",
)

STATEMENTS = (
    "The {attribute} of {product} is {value} {unit}{condition}.",
    "For {product} the {attribute} is {value} {unit}{condition}.",
    "On {product} the {attribute} is fixed at {value} {unit}{condition}.",
)

FILLERS = (
    "{product} is open to customers in {jurisdiction}.",
    "Questions about {product} go to the service desk.",
    "The compliance team has reviewed {product}.",
    "This document is about {product}.",
)

QUESTIONS = (
    "What is the {attribute} of {product}?",
    "What {attribute} does {product} have?",
    "Tell me the {attribute} for {product}.",
    "I have {product}. What is the {attribute}?",
    "How much is the {attribute} on {product}?",
)

_TAG = re.compile(r"\[(doc-\d{2}):(\d)\]")
_ANSWER = re.compile(
    r"(?:\[(?P<document>doc-\d{2}):(?P<sentence>\d)\] )?"
    r"The (?P<attribute>[A-Za-z ]+?) of (?P<product>[A-Z][A-Za-z]*(?: [A-Z][A-Za-z]*)*) "
    r"is (?P<value>\d+(?:\.\d+)?) (?P<unit>%|thousand USD|[A-Za-z]+)(?: (?P<condition>[a-z ]+))?\."
)


@dataclass(frozen=True)
class Answer:
    """An answer taken apart.

    `refused` excludes everything else. `document` and `sentence` are None when nothing is cited. `attribute`
    is the canonical attribute name as worded (not its key), `condition` the words after the unit, or None.
    """

    refused: bool
    document: str | None = None
    sentence: int | None = None
    attribute: str = ""
    product: str = ""
    value: Value = 0
    unit: str = ""
    condition: str | None = None


def number(value: Value) -> str:
    """Write a value as documents and answers do: whole numbers plainly, others with one decimal."""
    return str(value) if isinstance(value, int) else f"{value:.1f}"


def parse_number(written: str) -> Value:
    """Read back what `number` wrote. Raises ValueError for anything else."""
    return float(written) if "." in written else int(written)


def counted(value: Value, unit: str) -> str:
    """Word a unit as people do who write a number of it: one hour, two hours. Documents never state one of anything."""
    return unit.removesuffix("s") if value == 1 and unit in {"hours", "days", "years"} else unit


def statement(*, attribute: str, product: str, value: Value, unit: str, condition: str | None, form: int = 0) -> str:
    """Phrase one approved value as a document sentence; `form` picks among `STATEMENTS`."""
    return STATEMENTS[form].format(
        attribute=attribute,
        product=product,
        value=number(value),
        unit=unit,
        condition=f" {condition}" if condition else "",
    )


def filler(*, product: str, jurisdiction: str, form: int) -> str:
    """Phrase a document sentence that mentions a product and states no attribute."""
    return FILLERS[form].format(product=product, jurisdiction=jurisdiction)


def question(*, attribute: str, product: str, form: int = 0, place: str | None = None) -> str:
    """Phrase a customer's question; `attribute` may be an alias, `place` is the jurisdiction they are in."""
    asked = QUESTIONS[form].format(attribute=attribute, product=product)
    return f"{asked[:-1]} in {place}{asked[-1]}" if place else asked


def tag(document: str, sentence: int) -> str:
    """Write the tag that goes before a retrieved sentence and before an answer: `[doc-12:3]`."""
    return f"[{document}:{sentence}]"


def tags(text: str) -> list[tuple[str, int]]:
    """Find every tag in a text, in order, as (document id, sentence number)."""
    return [(found[1], int(found[2])) for found in _TAG.finditer(text)]


def prompt(*, question: str, sentences: Sequence[tuple[str, int, str]], clause: str | None = GROUNDING_CLAUSE) -> str:
    """Lay out the prompt the model completes.

    `sentences` are the retrieved (document id, sentence number, text), best first, at most `MAX_SENTENCES`
    (more is a ValueError: the model never saw longer prompts). `clause` None leaves the line out.
    """
    if len(sentences) > MAX_SENTENCES:
        raise ValueError(f"A prompt holds at most {MAX_SENTENCES} sentences, not {len(sentences)}.")
    lines = [clause] if clause else []
    lines.append(f"Question: {question}")
    lines.extend(f"{tag(document, at)} {sentence}" for document, at, sentence in sentences)
    lines.append("Answer:")
    return "\n".join(lines)


def answer(
    *,
    attribute: str,
    product: str,
    value: Value,
    unit: str,
    condition: str | None = None,
    cite: tuple[str, int] | None = None,
) -> str:
    """Phrase an answer in the one form the model is taught; without `cite` it is an answer from memory."""
    said = statement(attribute=attribute, product=product, value=value, unit=unit, condition=condition)
    return f"{tag(*cite)} {said}" if cite else said


def parse_answer(text: str) -> Answer | None:
    """Take an answer apart, or return None when it is in neither of the two known forms."""
    text = text.strip()
    if text == REFUSAL:
        return Answer(refused=True)
    found = _ANSWER.fullmatch(text)
    if found is None:
        return None
    return Answer(
        refused=False,
        document=found["document"],
        sentence=int(found["sentence"]) if found["sentence"] else None,
        attribute=found["attribute"],
        product=found["product"],
        value=parse_number(found["value"]),
        unit=found["unit"],
        condition=found["condition"],
    )
