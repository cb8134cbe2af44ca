"""What a past is drawn from, and what it consists of; `history.py` draws it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exams.packs.hallucination.build import FACTS_PATH
from sandboxes.ingest.tree import Tree

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from datetime import date, datetime

    from exams.packs import Commit
    from exams.packs.hallucination import moments
    from exams.packs.hallucination.edits import Fault
    from exams.packs.hallucination.people import Person
    from exams.packs.hallucination.weave import Hunk
    from exams.packs.hallucination.world import World


CATALOGUE_PATH = "kb/catalogue.toml"


@dataclass(frozen=True)
class Release:
    """A change that went live.

    Attributes:
        name: its number: `r1` is the first that served answers, and each commit since then is a release.
        committed_at: when it was pushed.
        deployed_at: when it went live.
        author: whose it is; never the one who is on call.
        subject: the first line of its commit.
        body: what else its commit says, where several changes were squashed.
        tree: what is live from then on, without what operation records.
        documents: files below `kb/` that it published.
        innocent: whether all that it changes does no harm.
    """

    name: str
    committed_at: datetime
    deployed_at: datetime
    author: Person
    subject: str
    tree: Tree
    documents: tuple[str, ...] = ()
    innocent: bool = False
    body: str = ""


@dataclass(frozen=True)
class Setting:
    """What a past is drawn from.

    Attributes:
        draw: gives a source of drawings for each purpose.
        world: what is true.
        people: who works there; the first is on call.
        fault: what went wrong.
        when: the moments of the incident.
        healthy: the tree without fault or innocent changes, all documents in it.
        prepared: the same with what prepared the fault.
        faulty: the same with the fault, too.
        key: the failure class, for innocent changes that would make a difference in its incidents.
        kept_clear: what else is done to the healthy tree by fixes, right and wrong; innocent changes stay out of it.
    """

    draw: Callable[[str], random.Random]
    world: World
    people: tuple[Person, ...]
    fault: Fault
    when: moments.Times
    healthy: Tree
    prepared: Tree
    faulty: Tree
    key: str
    kept_clear: tuple[Hunk, ...] = ()


@dataclass(frozen=True)
class Past:
    """What lies behind an incident: all commits but the last, its releases, and the innocent changes in its code.

    The runbook was there from the commit at `runbook_at` on; operation keeps it, so the trees here are without it.
    `behaving` are the releases near the onset that change what the assistant does, one of them the cause.
    `cause` brought the fault, `prepared_by` what it needed, `woken_by` the documents without which it lay dormant.
    """

    commits: tuple[Commit, ...]
    runbook_at: int
    releases: tuple[Release, ...]
    innocent: tuple[Hunk, ...]
    behaving: tuple[Release, ...]
    cause: Release
    prepared_by: Release | None
    woken_by: Release | None


def exported(tree: Tree, as_of: date, day: date, missing: set[str]) -> Tree:
    """The tree as of the day on which compliance last exported its documents: the last publication.

    Catalogue and register name that day, and the register cites no document that is missing or not yet in force.
    """
    if day == as_of and not missing:
        return tree
    changed = {
        path: held.replace(as_of.isoformat().encode(), day.isoformat().encode(), 1)
        for path in (CATALOGUE_PATH, FACTS_PATH)
        if (held := tree.files.get(path)) is not None
    }
    if FACTS_PATH in changed:
        absent = {path.removeprefix("kb/").removesuffix(".md") for path in missing}
        register = json.loads(changed[FACTS_PATH])
        for product in register["products"]:
            product["facts"] = {
                key: one
                for key, one in product["facts"].items()
                if one["document"] not in absent and one["effective"] <= register["as_of"]
            }
        changed[FACTS_PATH] = json.dumps(register, sort_keys=True, separators=(",", ":")).encode()
    return tree.overlay(Tree(changed))
