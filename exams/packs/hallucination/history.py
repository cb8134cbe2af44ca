"""The repository's past: how the assistant was built, and the fault as one change among innocent ones.

What was live when is said here, and nowhere else: `Incident.releases` are the releases from the last published document
to the page, oldest first, and each carries the tree that served customers from its `deployed_at` on (`Release.tree`,
without what operation records). Production is replayed on exactly those trees, and the commits hold the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from exams.packs import Commit
from exams.packs.hallucination import founding, moments
from exams.packs.hallucination.innocents import INNOCENTS
from exams.packs.hallucination.past import Past, Release, Setting
from exams.packs.hallucination.weave import apart, hunks, size, taken, woven

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from exams.packs.hallucination.edits import Fault
    from exams.packs.hallucination.incident import Incident
    from exams.packs.hallucination.innocents.change import Innocent
    from exams.packs.hallucination.people import Person
    from exams.packs.hallucination.world import Document, World
    from sandboxes.ingest.tree import Tree

RECENT = 5  # innocent releases near the onset, in every incident
LARGE = 12  # lines taken away or added: as many as faults of the larger sort have
LARGE_ONES = (1, 2, 2)  # of the innocent releases
OLDER = 2  # at most, between the founding and the last published document
PRESENT = 0.45  # of the other innocent changes are in the code from the start
COMMITS = (17, 20)
LATE_DOCUMENT = ("Publish {document}: {title}", "Add {document} ({title})", "{title}: publish {document}")
WOKEN = ("Publish what compliance sent: {documents}", "Take over {documents} from compliance", "Add {documents}")
EXPORT = (
    "Export traces, metrics and complaints for the incident",
    "Export what production recorded, for whoever is on call",
    "Add traces, metrics and complaints up to now",
)


@dataclass
class _Step:
    """A change as it is made: when it goes live, what it says, which of the tree's states it leads to."""

    at: datetime
    subject: str
    what: str
    innocent: Innocent | None = None
    documents: tuple[str, ...] = ()
    release: Release | None = field(default=None)


def last_published(world: World) -> Document:
    """The newest of the documents in force: it came when the rest was there already."""
    return max(world.in_force, key=lambda document: (document.effective, document.id))


def woken_by(world: World, fault: Fault) -> list[Document]:
    """The documents that were published when the fault began to do harm; none if it did so at once."""
    return [document for document in world.documents if document.edition in fault.waits_for]


class _Drawing:
    """One drawing of a past."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.fault = setting.fault
        self.random = setting.draw("history")
        self.hunks = {one: taken(setting.healthy, one.edits) for one in INNOCENTS}
        usable = [one for one in INNOCENTS if apart(self.hunks[one], setting.kept_clear)]
        self.recent, self.older, self.present = self._share(usable)
        self.late = last_published(setting.world)
        self.landed: list[Innocent] = [*self.present]
        self.state = setting.healthy
        self.missing = {f"kb/{self.late.id}.md", *self._woken_paths()}

    def _woken_paths(self) -> tuple[str, ...]:
        return tuple(f"kb/{document.id}.md" for document in woken_by(self.setting.world, self.fault))

    def _share(self, usable: list[Innocent]) -> tuple[list[Innocent], list[Innocent], list[Innocent]]:
        """Draw which innocent changes were made lately, the first close to the fault; which before; which at all."""
        files = {edit.path for edit in self.fault.edits if not edit.path.startswith("tests/")}
        drawn = self.random.sample(usable, len(usable))
        drawn.sort(key=lambda one: one.note)  # what nobody would suspect is no decoy
        near = next((one for one in drawn if one.files & files and not one.note), drawn[0])
        large = [one for one in drawn if one is not near and not one.note and size(self.hunks[one]) >= LARGE]
        first = [near, *large[: self.random.choice(LARGE_ONES)]]
        drawn = [*first, *(one for one in drawn if one not in first)]
        together: list[Innocent] = []
        for one in drawn:
            if all(apart(self.hunks[one], self.hunks[other]) for other in together):
                together.append(one)
        recent, rest = together[:RECENT], together[RECENT:]
        older = rest[: self.random.randrange(1, OLDER + 1)]
        present = [one for one in rest[len(older) :] if self.random.random() < PRESENT]
        return recent, older, present

    def tree(self) -> Tree:
        """What is live with all that has landed so far."""
        innocent = sorted(self.landed, key=INNOCENTS.index)
        change = hunks(self.setting.healthy, self.state)
        tree = woven(self.setting.healthy, *(self.hunks[one] for one in innocent), change)
        return tree.without(*self.missing)

    def steps(self) -> list[_Step]:
        """Draw what went live near the onset, oldest first."""
        when = self.setting.when
        steps = [_Step(when.deployed_at, self.random.choice(self.fault.subjects), "fault")]
        if self._woken_paths():
            names = ", ".join(document.id for document in woken_by(self.setting.world, self.fault))
            subject = self.random.choice(WOKEN).format(documents=names)
            steps.append(_Step(when.onset_at, subject, "woken", documents=self._woken_paths()))
        if self.fault.earlier is not None:
            day = moments.days_before(when.onset_at.date(), self.random.randrange(2, 5))
            at = moments.at_work(self.random, day)
            steps.append(_Step(at, self.random.choice(self.fault.earlier.subjects), "earlier"))
        after = moments.after_onset(self.random)
        order = moments.innocent(self.random, when, before=len(self.recent) - after, after=after)
        own = self.random.randrange(len(order) - after)  # the change that is close to the fault comes before the onset
        order.insert(0, order.pop(own))
        steps += [_Step(moment, one.subject, "innocent", one) for moment, one in zip(order, self.recent, strict=True)]
        return sorted(steps, key=lambda step: step.at)

    def make(self, step: _Step) -> Tree:
        """Make a change and return what is live then."""
        if step.innocent is not None:
            self.landed.append(step.innocent)
        elif step.what == "earlier":
            self.state = self.setting.prepared
        elif step.what == "fault":
            self.state = self.setting.faulty
        self.missing -= {*step.documents}
        return self.tree()

    def past(self) -> Past:
        """Draw everything."""
        steps = self.steps()
        day = moments.days_before(min(step.at for step in steps).date(), self.random.randrange(1, 4))
        title = self.random.choice(LATE_DOCUMENT).format(document=self.late.id, title=self.late.title)
        first = _Step(moments.at_work(self.random, day), title, "late", documents=(f"kb/{self.late.id}.md",))
        early = self._early(day, len(steps))
        commits = early.commits
        releases: list[Release] = []
        last_push = None
        authors = self.setting.people[1:]
        for step in (first, *steps):
            last_push = moments.pushed(self.random, step.at, last_push)
            author = self.random.choice(authors)
            tree = self.make(step)
            commits.append(_commit(step.subject, author, last_push, tree))
            step.release = Release(
                name=f"r{len(commits) - early.serves}",
                committed_at=last_push,
                deployed_at=step.at,
                author=author,
                subject=step.subject,
                tree=tree,
                documents=step.documents,
                innocent=step.innocent is not None,
            )
            releases.append(step.release)
        by_kind = {step.what: step.release for step in steps if step.release is not None}
        return Past(
            commits=tuple(commits),
            runbook_at=early.runbook,
            releases=tuple(releases),
            innocent=tuple(hunk for one in sorted(self.landed, key=INNOCENTS.index) for hunk in self.hunks[one]),
            cause=by_kind["fault"],
            prepared_by=by_kind.get("earlier"),
            woken_by=by_kind.get("woken"),
        )

    def _early(self, before: date, later: int) -> _Early:
        """Draw the commits until the last published document, oldest first."""
        wanted = self.random.randint(*COMMITS) - later - 2 - len(self.older)
        parts = founding.parts(self.random, min(max(wanted, founding.FEWEST), founding.MOST))
        named = {path for part in parts for path in part.paths}
        trees = [self.tree()]
        for part in reversed(parts[1:]):
            unnamed = [path for path in trees[-1].files if not _below(path, named)] if part.serves else []
            trees.append(trees[-1].without(*part.paths, *unnamed))
        trees.reverse()
        subjects = [part.subject for part in parts]
        for one in self.older:
            self.landed.append(one)
            trees.append(self.tree())
            subjects.append(one.subject)
        days = [before]
        for _ in trees:
            days.append(moments.days_before(days[-1], self.random.randrange(1, 5)))
        commits = [
            _commit(subject, self.random.choice(self.setting.people), moments.at_work(self.random, day), tree)
            for subject, day, tree in zip(subjects, reversed(days[1:]), trees, strict=True)
        ]
        serves = next(at for at, part in enumerate(parts) if part.serves)
        return _Early(commits, serves, next(at for at, part in enumerate(parts) if part.runbook))


@dataclass
class _Early:
    """The early commits, and which of them was the first that served answers, and which brought the runbook."""

    commits: list[Commit]
    serves: int
    runbook: int


def _below(path: str, folders: set[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def draw(setting: Setting) -> Past:
    """Draw the past of an incident: the same for the same setting."""
    return _Drawing(setting).past()


def releases(incident: Incident) -> tuple[Release, ...]:
    """The releases before the incident opened, oldest first, each with the tree that was live from then on."""
    return incident.past.releases


def live(landed: Sequence[Release], at: datetime) -> Release:
    """The release that served customers at a moment."""
    return next((release for release in reversed(landed) if release.deployed_at <= at), landed[0])


def write(incident: Incident, *, head: Tree) -> tuple[Commit, ...]:
    """The commits that lead to `head`, oldest first; the last is what operation exported."""
    drawing = incident.random("commits")
    runbook = head.under("ops/runbook.md")
    at = incident.opened_at + timedelta(seconds=drawing.randrange(60, 200))
    export = _commit(drawing.choice(EXPORT), drawing.choice(incident.people[1:]), at, head)
    shown = [
        replace(commit, tree=commit.tree.overlay(runbook)) if number >= incident.past.runbook_at else commit
        for number, commit in enumerate(incident.past.commits)
    ]
    return (*shown, export)


def _commit(subject: str, author: Person, at: datetime, tree: Tree) -> Commit:
    return Commit(message=subject, author=author.name, email=author.email, at=at, tree=tree)
