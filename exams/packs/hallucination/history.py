"""The repository's past: how the assistant was built, and the fault as one change among innocent ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from exams.packs import Commit
from exams.packs.hallucination.edits import Edit, EditDoesNotApply, apply

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from datetime import datetime

    from exams.packs.hallucination.incident import Incident, Person
    from exams.packs.hallucination.world import Document
    from sandboxes.ingest.tree import Tree

Change = tuple[str, tuple[Edit, ...]]  # what its commit says, and what it does

INNOCENT: tuple[Change, ...] = (
    (
        "Remember 500 conversations: evenings are busy",
        (Edit("assistant/session.py", "remembered=200", "remembered=500"),),
    ),
    (
        "Hear where a customer says they are",
        (
            Edit(
                "assistant/session.py",
                "        said = question.split()\n"
                "        return next((place for place in self.jurisdictions if position(place, said) >= 0), None)\n",
                "        said = words(question)\n"
                "        return next((place for place in self.jurisdictions if position(place, said) >= 0), None)\n",
            ),
        ),
    ),
    (
        "Keep 256 answers in the cache",
        (Edit("config.toml", "entries = 128", "entries = 256"),),
    ),
    (
        "Keep what was asked last longest",
        (
            Edit(
                "assistant/cache.py",
                "        if key in self._kept:\n            return self._kept[key]\n        return None\n",
                "        if key in self._kept:\n            self._kept.move_to_end(key)\n"
                "            return self._kept[key]\n        return None\n",
            ),
        ),
    ),
    (
        "Take questions of up to 500 characters",
        (Edit("assistant/server.py", "MAX_QUESTION = 400", "MAX_QUESTION = 500"),),
    ),
    (
        "Name each document once",
        (
            Edit(
                "assistant/server.py",
                "    return [passage.document for passage in passages]\n",
                "    return list(dict.fromkeys(passage.document for passage in passages))\n",
            ),
        ),
    ),
    (
        "Let the guard say which number it missed",
        (
            Edit(
                "assistant/guard.py",
                'f"says a number that {place} does not"',
                "f\"says {', '.join(sorted(missing))}, which {place} does not\"",
            ),
        ),
    ),
    (
        "Rank passages in place, and say why equals keep their order",
        (
            Edit(
                "assistant/retriever.py",
                "        own = sorted(own, key=lambda passage: passage.score, reverse=True)\n",
                "        own.sort(key=lambda passage: -passage.score)  # stable: equals keep the documents' order\n",
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
    (
        "End answers with a full stop, as the style guide wants",
        (
            Edit(
                "assistant/render.py",
                '    return " ".join(text.split())\n',
                '    shown = " ".join(text.split())\n'
                '    return shown if shown.endswith((".", "!", "?")) else f"{shown}."\n',
            ),
        ),
    ),
    (
        "Say why a question is refused, by product and place",
        (
            Edit(
                "assistant/abstain.py",
                '        return "not offered there"\n',
                '        return f"{query.product.name} is not offered in {query.jurisdiction}"\n',
            ),
        ),
    ),
    (
        "Read dates once, when a document is read",
        (
            Edit(
                "assistant/ingest.py",
                '    day, month, year = (int(part) for part in text.split("."))\n    return date(year, month, day)\n',
                '    day, month, year = text.split(".")\n    return date(int(year), int(month), int(day))\n',
            ),
        ),
    ),
    (
        "Answer in up to 40 words",
        (Edit("config.toml", "max_tokens = 32", "max_tokens = 40"),),
    ),
)
INNOCENT_SUBJECTS = frozenset(subject for subject, _ in INNOCENT)
INNOCENT_NEAR_THE_ONSET = 5
NEAR_HOURS = 30  # before the onset: what went live in them comes into question

FOUNDATIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Say what this is and how to run it", ("README.md", ".gitignore", "pytest.ini", "assistant/__init__.py")),
    ("Read the catalogue and the documents in force", ("assistant/ingest.py", "tests/test_ingest.py")),
    ("Take over the documents from compliance", ("kb",)),
    (
        "Find and rank the sentences that concern a product",
        ("assistant/index.py", "assistant/retriever.py", "tests/test_retriever.py", "tests/small.py"),
    ),
    ("Understand follow-up questions", ("assistant/session.py", "tests/test_session.py")),
    ("Refuse what we cannot know", ("assistant/abstain.py", "tests/test_abstain.py")),
    (
        "Bring in the language model, read only, and lay out its prompt",
        ("assistant/lm", "assistant/generate.py", "assistant/prompt.py", "tests/test_prompt.py"),
    ),
    ("Let nothing out that the cited sentence does not hold", ("assistant/guard.py", "tests/test_guard.py")),
    (
        "Put the parts together, with a cache in front",
        (
            "assistant/server.py",
            "assistant/cache.py",
            "assistant/render.py",
            "config.toml",
            "tests/test_cache.py",
            "tests/test_render.py",
        ),
    ),
    (
        "Test answers against compliance's register; write the runbook",
        ("conftest.py", "tests/approved_facts.json", "tests/test_answers.py", "ops/runbook.md"),
    ),
)
LATE_DOCUMENT = "Publish {document}: {title}"
EXPORT = "Export traces, metrics and complaints for the incident"


@dataclass(frozen=True)
class Release:
    """A change that went live: its name (`r41`), when, whose, what it says, what it edits and which files it adds."""

    name: str
    deployed_at: datetime
    author: Person
    subject: str
    edits: tuple[Edit, ...]
    documents: tuple[str, ...] = ()


def last_published(incident: Incident) -> Document:
    """The newest of the documents in force: it came when the rest was there already."""
    return max(incident.world.in_force, key=lambda document: (document.effective, document.id))


def woken_by(incident: Incident) -> list[Document]:
    """The documents that were published when the fault began to do harm; none if it did so at once."""
    return [document for document in incident.world.documents if document.edition in incident.fault.waits_for]


@dataclass(frozen=True)
class _Step:
    """A change near the onset, as it is taken out of the tree again: what went live when."""

    at: datetime
    subject: str
    edits: tuple[Edit, ...] = ()
    documents: tuple[str, ...] = ()


def releases(incident: Incident) -> tuple[Release, ...]:
    """The releases before the incident opened, oldest first; the first is what was live before the changes here."""
    drawing = incident.random("history")
    fault = incident.fault
    quiet = incident.onset_at - timedelta(hours=drawing.randrange(40, 70), minutes=drawing.randrange(60))
    steps = [_Step(incident.deployed_at, fault.subject, fault.edits)]
    if incident.onset_at > incident.deployed_at:
        titles = f"Publish what compliance sent: {', '.join(document.id for document in woken_by(incident))}"
        steps.append(_Step(incident.onset_at, titles, documents=tuple(f"kb/{d.id}.md" for d in woken_by(incident))))
    if fault.earlier is not None:
        steps.append(_Step(quiet, fault.earlier.subject, fault.earlier.edits))
    for (subject, edits), at in zip(_innocent(incident, drawing), _moments(incident, drawing), strict=True):
        steps.append(_Step(at, subject, edits))
    steps.sort(key=lambda step: (step.at, step.subject))
    first = incident.release - len(steps)
    late = last_published(incident)
    previous = Release(
        name=f"r{first}",
        deployed_at=steps[0].at - timedelta(days=2, minutes=drawing.randrange(600)),
        author=drawing.choice(incident.people),
        subject=LATE_DOCUMENT.format(document=late.id, title=late.title),
        edits=(),
    )
    return (
        previous,
        *(
            Release(
                name=f"r{first + number}",
                deployed_at=step.at,
                author=drawing.choice(incident.people),
                subject=step.subject,
                edits=(
                    *step.edits,
                    Edit("config.toml", f'version = "r{first + number - 1}"', f'version = "r{first + number}"'),
                ),
                documents=step.documents,
            )
            for number, step in enumerate(steps, start=1)
        ),
    )


def _moments(incident: Incident, drawing: random.Random) -> list[datetime]:
    """When the innocent changes went live; the first two, which touch the fault's files, after the harm began.

    One comes just after that and one just before, so that no complaint tells them from its cause.
    """
    onset, span = incident.onset_at, incident.opened_at - incident.onset_at
    return [
        onset + timedelta(minutes=drawing.randrange(3, 9)),
        onset + timedelta(seconds=int(span.total_seconds() * drawing.uniform(0.4, 0.8))),
        onset - timedelta(minutes=drawing.randrange(10, 26)),
        onset - timedelta(hours=drawing.randrange(2, 9), minutes=drawing.randrange(60)),
        onset - timedelta(hours=drawing.randrange(10, 24), minutes=drawing.randrange(60)),
    ]


def _innocent(incident: Incident, drawing: random.Random) -> list[Change]:
    """Draw innocent changes that can be told apart from the fault's lines; first those that touch its files."""
    files = {edit.path for edit in incident.fault.edits}
    drawn = drawing.sample(INNOCENT, len(INNOCENT))
    drawn.sort(key=lambda change: not any(edit.path in files for edit in change[1]))
    drawn = [change for change in drawn if _apart(incident, change)]
    return drawn[:INNOCENT_NEAR_THE_ONSET]


def _apart(incident: Incident, change: Change) -> bool:
    """Whether a change and the fault, with what prepared it, can be taken off the tree in either order."""
    fault = incident.fault
    prepared = fault.earlier.edits if fault.earlier is not None else ()
    back = [edit.undone() for edit in reversed(change[1])]
    cause = [edit.undone() for edit in reversed((*prepared, *fault.edits))]
    try:
        first_the_change = apply(apply(incident.faulty, back), cause)
        first_the_fault = apply(apply(incident.faulty, cause), back)
        again = apply(apply(incident.faulty, back), change[1])
    except EditDoesNotApply:
        return False
    return first_the_change == first_the_fault and again == incident.faulty


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
        commits.append(_commit(release.subject, release.author, min(at, commits[-1].at), tree))
        tree = apply(tree, [edit.undone() for edit in reversed(release.edits)]).without(*release.documents)

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
