"""The repository's past: how the assistant was built, and the fault as one change among innocent ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from exams.packs import Commit
from exams.packs.hallucination.edits import Edit, apply

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from exams.packs.hallucination.incident import Incident, Person
    from exams.packs.hallucination.world import Document
    from sandboxes.ingest.tree import Tree

INNOCENT: tuple[tuple[str, tuple[Edit, ...]], ...] = (
    (
        "Remember 500 conversations: evenings are busy",
        (Edit("assistant/session.py", "remembered=200", "remembered=500"),),
    ),
    (
        "Keep 256 answers in the cache",
        (Edit("config.toml", "entries = 128", "entries = 256"),),
    ),
    (
        "Take questions of up to 500 characters",
        (Edit("assistant/server.py", "MAX_QUESTION = 400", "MAX_QUESTION = 500"),),
    ),
    (
        "Let the guard say which number it missed",
        (
            Edit(
                "assistant/guard.py",
                'f"says a number that {citation[0]}:{citation[1]} does not"',
                "f\"says {', '.join(sorted(missing))}, which {citation[0]}:{citation[1]} does not\"",
            ),
        ),
    ),
    (
        "Rank passages in place, and say why equals keep their order",
        (
            Edit(
                "assistant/retriever.py",
                "        passages = sorted(passages, key=lambda passage: passage.score, reverse=True)\n",
                "        passages.sort(key=lambda passage: -passage.score)"
                "  # stable: equals keep the documents' order\n",
            ),
        ),
    ),
    (
        "Give the tag of a sentence a function of its own",
        (
            Edit(
                "assistant/prompt.py",
                "def build(",
                "def tagged(passage):\n    sentence = passage.sentence\n"
                '    return f"[{sentence.document}:{sentence.number}] {sentence.text}"\n\n\ndef build(',
            ),
            Edit(
                "assistant/prompt.py",
                '        "documents": [\n'
                '            f"[{passage.document}:{passage.sentence.number}] {passage.sentence.text}"\n'
                "            for passage in passages\n"
                "        ],\n",
                '        "documents": [tagged(passage) for passage in passages],\n',
            ),
        ),
    ),
    (
        "Count a percent sign as a word",
        (Edit("assistant/index.py", 'r"[a-z0-9]+"', 'r"[a-z0-9%]+"'),),
    ),
)
INNOCENT_NEAR_THE_ONSET = 4

FOUNDATIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Say what this is and how to run it", ("README.md", ".gitignore", "pytest.ini", "assistant/__init__.py")),
    ("Read the catalogue and the approved documents", ("assistant/ingest.py", "tests/test_ingest.py")),
    ("Take over the approved documents from compliance", ("kb",)),
    ("File sentences by product", ("assistant/index.py",)),
    ("Pick the sentences the model gets to see", ("assistant/retriever.py",)),
    (
        "Understand follow-up questions",
        ("assistant/session.py", "tests/test_session.py", "tests/test_retriever.py", "tests/small.py"),
    ),
    ("Bring in the language model, read only", ("assistant/lm", "assistant/generate.py")),
    ("Lay out the prompt", ("assistant/prompt.py", "tests/test_prompt.py")),
    ("Let nothing out that the cited sentence does not hold", ("assistant/guard.py", "tests/test_guard.py")),
    (
        "Put the parts together, with a cache in front",
        ("assistant/server.py", "assistant/cache.py", "config.toml", "tests/test_cache.py"),
    ),
    (
        "Test answers against compliance's register",
        ("conftest.py", "tests/approved_facts.json", "tests/test_answers.py"),
    ),
    ("Write the runbook", ("ops/runbook.md",)),
)
LATE_DOCUMENT = "Publish {document}: {title}"
EXPORT = "Export traces, metrics and complaints for the incident"


@dataclass(frozen=True)
class Release:
    """A change that went live: its name (`r41`), when, whose, what it says and what it edits."""

    name: str
    deployed_at: datetime
    author: Person
    subject: str
    edits: tuple[Edit, ...]


def last_published(incident: Incident) -> Document:
    """The newest of the approved documents: it came when the rest was there already."""
    return max(incident.world.documents, key=lambda document: (document.effective, document.id))


def releases(incident: Incident) -> tuple[Release, ...]:
    """The releases before the incident opened, oldest first; the first is what was live before the changes here."""
    drawing = incident.random("history")
    innocent = drawing.sample(INNOCENT, INNOCENT_NEAR_THE_ONSET)
    after = drawing.randrange(1, 3)
    before = INNOCENT_NEAR_THE_ONSET - after
    since = int((incident.opened_at - incident.deployed_at).total_seconds())
    earlier = [
        incident.deployed_at - timedelta(hours=hours, minutes=drawing.randrange(30))
        for hours in sorted(drawing.sample(range(1, 30), before), reverse=True)
    ]
    later = [
        incident.deployed_at + timedelta(seconds=since * part // (after + 1) - drawing.randrange(since // 8))
        for part in range(1, after + 1)
    ]
    landed = [
        *zip(earlier, innocent[:before], strict=True),
        (incident.deployed_at, (incident.fault.subject, incident.fault.edits)),
        *zip(later, innocent[before:], strict=True),
    ]
    first = incident.release - len(landed)
    late = last_published(incident)
    previous = Release(
        name=f"r{first}",
        deployed_at=earlier[0] - timedelta(days=2, minutes=drawing.randrange(600)),
        author=drawing.choice(incident.people),
        subject=LATE_DOCUMENT.format(document=late.id, title=late.title),
        edits=(),
    )
    return (
        previous,
        *(
            Release(
                name=f"r{first + number}",
                deployed_at=at,
                author=drawing.choice(incident.people),
                subject=subject,
                edits=(
                    *edits,
                    Edit("config.toml", f'version = "r{first + number - 1}"', f'version = "r{first + number}"'),
                ),
            )
            for number, (at, (subject, edits)) in enumerate(landed, start=1)
        ),
    )


def write(incident: Incident, *, head: Tree) -> tuple[Commit, ...]:
    """The commits that lead to `head`, oldest first.

    1. What operation exported is the last commit.
    2. Going back, each release near the onset is taken out of the tree.
    3. What is left arrives part by part, the last published document apart.
    """
    drawing = incident.random("commits")
    previous, *recent = releases(incident)
    commits = [_commit(EXPORT, incident.people[0], incident.opened_at + timedelta(minutes=2), head)]
    tree = head.without("ops", "traces.jsonl").overlay(head.under("ops/runbook.md"))
    for release in reversed(recent):
        at = release.deployed_at - timedelta(minutes=drawing.randrange(6, 18))
        commits.append(_commit(release.subject, release.author, at, tree))
        tree = apply(tree, [edit.undone() for edit in reversed(release.edits)])

    late = last_published(incident)
    at = previous.deployed_at - timedelta(minutes=11)
    commits.append(_commit(previous.subject, previous.author, at, tree))
    commits.extend(_foundations(incident, tree.without(f"kb/{late.id}.md"), until=previous.deployed_at))
    return tuple(reversed(commits))


def _foundations(incident: Incident, tree: Tree, *, until: datetime) -> Sequence[Commit]:
    """How the assistant was built, newest first."""
    drawing = incident.random("foundations")
    commits = []
    at = until - timedelta(days=drawing.randrange(3, 9), minutes=drawing.randrange(500))
    for number in range(len(FOUNDATIONS) - 1, -1, -1):
        subject, paths = FOUNDATIONS[number]
        at = _in_working_hours(at)
        commits.append(_commit(subject, drawing.choice(incident.people), at, tree))
        tree = tree.without(*paths)
        at -= timedelta(days=drawing.randrange(1, 6), minutes=drawing.randrange(600))
    return commits


def _in_working_hours(at: datetime) -> datetime:
    return at.replace(hour=8 + at.hour % 10)


def _commit(subject: str, author: Person, at: datetime, tree: Tree) -> Commit:
    return Commit(message=subject, author=author.name, email=author.email, at=at, tree=tree)
