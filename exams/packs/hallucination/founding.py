"""How an assistant was built: its parts, in an order and in words that differ from company to company."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random


@dataclass(frozen=True)
class Part:
    """A commit of the early days: what its message may be, and the files it brought."""

    subjects: tuple[str, ...]
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Begun:
    """A drawn part: its message and files; whether it put the parts together, and whether it brought the runbook."""

    subject: str
    paths: tuple[str, ...]
    serves: bool
    runbook: bool


README = ("README.md", ".gitignore", "pytest.ini", "assistant/__init__.py")
INGEST = ("assistant/ingest.py", "tests/test_ingest.py")
DOCUMENTS = ("kb",)
RETRIEVAL = ("assistant/retriever.py", "tests/test_retriever.py")
SESSION = ("assistant/index.py", "assistant/session.py", "tests/test_session.py", "tests/small.py")
ABSTAIN = ("assistant/abstain.py", "tests/test_abstain.py")
MODEL = ("assistant/lm", "assistant/generate.py")
PROMPT = ("assistant/prompt.py", "tests/test_prompt.py")
GUARD = ("assistant/guard.py", "tests/test_guard.py")
SERVER: tuple[str, ...] = ()  # what no other part names
REGISTER = ("conftest.py", "tests/approved_facts.json", "tests/test_answers.py")
RUNBOOK = ("ops/runbook.md",)

SINGLE = {
    "readme": Part(
        ("Say what this is and how to run it", "Begin: a readme and an empty package", "First lines"), README
    ),
    "ingest": Part(
        (
            "Read the catalogue and the documents in force",
            "Load the knowledge base, newest approved edition first",
            "Parse catalogue and documents",
        ),
        INGEST,
    ),
    "documents": Part(
        ("Take over the documents from compliance", "Add the knowledge base", "Import compliance's export"), DOCUMENTS
    ),
    "retrieval": Part(
        (
            "Find and rank the sentences that concern a product",
            "Index sentences by product, pick the best for a question",
            "Add index and retriever",
        ),
        RETRIEVAL,
    ),
    "session": Part(
        ("Understand follow-up questions", "Make out what a question is about", "Add conversations"), SESSION
    ),
    "abstain": Part(
        ("Refuse what we cannot know", "Turn away questions that are none of ours", "Refuse early, before retrieval"),
        ABSTAIN,
    ),
    "model": Part(
        (
            "Bring in the language model, read only",
            "Add the model's weights and a wrapper around it",
            "Vendor the language model",
        ),
        MODEL,
    ),
    "prompt": Part(
        ("Lay out the prompt as the model was taught it", "Build prompts from parts", "Put the prompt together"), PROMPT
    ),
    "guard": Part(
        (
            "Let nothing out that the cited sentence does not hold",
            "Check numbers against what is cited",
            "Add a guard behind the model",
        ),
        GUARD,
    ),
    "server": Part(
        (
            "Put the parts together, with a cache in front",
            "Answer end to end: server, cache and settings",
            "Serve answers",
        ),
        SERVER,
    ),
    "register": Part(
        (
            "Test answers against compliance's register",
            "Add approved facts and an end-to-end test",
            "Ask the whole assistant in a test",
        ),
        REGISTER,
    ),
    "runbook": Part(("Write the runbook", "Say what to do when it goes wrong", "Add a runbook for on-call"), RUNBOOK),
}
JOINED = {
    ("readme", "ingest"): Part(
        ("Start with reading the knowledge base", "Set the project up; read documents and catalogue"),
        (*README, *INGEST),
    ),
    ("ingest", "documents"): Part(
        ("Read documents and catalogue, with compliance's first export", "Take over the documents, and read them"),
        (*INGEST, *DOCUMENTS),
    ),
    ("retrieval", "session"): Part(
        ("Make out what is asked, and find what is said of it", "Add retrieval and conversations"),
        (*RETRIEVAL, *SESSION),
    ),
    ("session", "abstain"): Part(
        ("Understand questions, refuse those we cannot answer", "Add conversations and early refusals"),
        (*SESSION, *ABSTAIN),
    ),
    ("model", "prompt"): Part(
        ("Bring in the language model and lay out its prompt", "Ask the model: weights, wrapper, prompt"),
        (*MODEL, *PROMPT),
    ),
    ("guard", "server"): Part(
        ("Serve answers, checked by a guard", "Put everything together behind a guard"), (*GUARD, *SERVER)
    ),
    ("register", "runbook"): Part(
        ("Test against compliance's register; write the runbook", "Get ready for production: runbook, answers' test"),
        (*REGISTER, *RUNBOOK),
    ),
}
FEWEST, MOST = 7, 9
# What must be there already for a part's tests to be green. All that serves is there before the end-to-end test.
NEEDS: dict[str, set[str]] = {
    "ingest": {"readme"},
    "documents": {"readme"},
    "session": {"ingest"},
    "abstain": {"session"},
    "retrieval": {"session"},
    "model": {"readme", "ingest"},
    "prompt": {"retrieval"},
    "guard": {"prompt", "model"},
    "server": {"documents", "abstain", "prompt", "guard"},
    "register": {"server"},
    "runbook": {"server"},
}
LATE = {("model", "prompt"), ("guard", "server")}  # come when the second has what it needs, others when the first has


def parts(drawing: random.Random, number: int) -> list[Begun]:
    """Draw how the assistant came about in `number` commits, oldest first."""
    units: list[tuple[str, ...]] = [(name,) for name in _order(drawing)]
    for pair in drawing.sample(list(JOINED), len(JOINED)):
        if len(units) > number and all((name,) in units for name in pair):
            place = (max if pair in LATE else min)((units.index((name,)), name) for name in pair)[1]
            units = [pair if unit == (place,) else unit for unit in units if unit == (place,) or unit[0] not in pair]
    found = []
    for unit in units:
        part = SINGLE[unit[0]] if len(unit) == 1 else JOINED[unit[0], unit[1]]
        found.append(Begun(drawing.choice(part.subjects), part.paths, "server" in unit, "runbook" in unit))
    return found


def _order(drawing: random.Random) -> list[str]:
    """Draw an order in which one could work: what others, or their tests, build on comes first."""
    order = ["readme"]
    while len(order) < len(SINGLE):
        order.append(drawing.choice([name for name in SINGLE if name not in order and NEEDS[name] <= {*order}]))
    return order
