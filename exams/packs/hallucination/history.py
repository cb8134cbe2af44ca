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
from exams.packs.hallucination import decoys, founding, moments, publications
from exams.packs.hallucination.innocents import INNOCENTS
from exams.packs.hallucination.past import Past, Release, Setting, exported
from exams.packs.hallucination.weave import apart, hunks, taken, woven

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from exams.packs.hallucination.incident import Incident
    from exams.packs.hallucination.innocents.change import Innocent
    from exams.packs.hallucination.people import Person
    from sandboxes.ingest.tree import Tree

COMMITS = (18, 20)
EXPORT = (
    "Export traces, metrics and complaints for the incident",
    "Export what production recorded, for whoever is on call",
    "Add traces, metrics and complaints up to now",
)


@dataclass
class _Step:
    """A change as it is made: when it goes live, what it says, which of the tree's states it leads to.

    `changes` are the innocent ones that it holds: one or two, or beside a fault one at most.
    """

    at: datetime
    subjects: tuple[str, ...]
    what: str
    changes: tuple[Innocent, ...] = ()
    documents: tuple[str, ...] = ()
    release: Release | None = field(default=None)

    @property
    def behaves(self) -> bool:
        """Whether the assistant does something otherwise from then on."""
        return self.what == "fault" or any(one.behaves for one in self.changes)


class _Drawing:
    """One drawing of a past."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.fault = setting.fault
        self.random = setting.draw("history")
        self.hunks = {one: taken(setting.healthy, one.edits) for one in INNOCENTS}
        usable = [
            one for one in INNOCENTS if setting.key not in one.not_with and apart(self.hunks[one], setting.kept_clear)
        ]
        chosen = decoys.choose(setting, self.random, self.hunks, usable)
        self.recent, self.riders, self.older = chosen.recent, chosen.riders, chosen.older
        self.late = publications.last_published(setting.world)
        self.landed: list[Innocent] = [*chosen.present]
        self.state = setting.healthy
        self.day = publications.of_the_day(self.random, setting.world, self.fault)
        self.exported = setting.world.as_of
        self.missing = {f"kb/{one.id}.md" for one in (self.late, *self.day)}

    def tree(self) -> Tree:
        """What is live with all that has landed so far."""
        innocent = sorted(self.landed, key=INNOCENTS.index)
        change = hunks(self.setting.healthy, self.state)
        tree = woven(self.setting.healthy, *(self.hunks[one] for one in innocent), change)
        return exported(tree.without(*self.missing), self.setting.world.as_of, self.exported, self.missing)

    def steps(self) -> list[_Step]:
        """Draw what went live near the onset, oldest first."""
        when = self.setting.when
        steps = [_Step(when.deployed_at, (self.random.choice(self.fault.subjects),), "fault"), *self._innocent()]
        for step, rider in zip(self.random.sample(steps, decoys.SQUASHED), self.riders, strict=True):
            step.changes = (*step.changes, rider)
            both = (*step.subjects, self.random.choice(rider.subjects))
            step.subjects = tuple(self.random.sample(both, len(both)))
        steps.append(self._publication([step.at for step in steps]))
        if self.fault.earlier is not None:
            day = moments.days_before(when.onset_at.date(), self.random.randrange(2, 5))
            at = moments.at_work(self.random, day)
            steps.append(_Step(at, (self.random.choice(self.fault.earlier.subjects),), "earlier"))
        return sorted(steps, key=lambda step: step.at)

    def _publication(self, releases: Sequence[datetime]) -> _Step:
        """The documents of the day: at the onset if they woke the fault, else some time before it."""
        subject = self.random.choice(publications.PUBLISHED).format(documents=", ".join(one.id for one in self.day))
        when, paths = self.setting.when, tuple(f"kb/{one.id}.md" for one in self.day)
        if self.fault.waits_for:
            return _Step(when.onset_at, (subject,), "woken", documents=paths)
        close = self.random.random() < publications.CLOSE_SHARE
        at = moments.published(self.random, when, releases, close=close)
        return _Step(at, (subject,), "published", documents=paths)

    def _innocent(self) -> list[_Step]:
        """Draw when innocent changes went live: the one close to the fault before the onset, others anywhere."""
        around = moments.innocent(self.random, self.setting.when, decoys.RECENT)
        near, *others = self.recent
        behind = [one for one in others if one.behaves][: len(around.behind)]
        before = self.random.sample(around.before, len(around.before))
        rest = self.random.sample([one for one in others if one not in behind], len(others) - len(behind))
        free = [*around.behind[len(behind) :], *before[1:], *around.after]
        made = [(before[0], near), *zip(around.behind, behind, strict=False), *zip(free, rest, strict=True)]
        return [_Step(at, (self.random.choice(one.subjects),), "innocent", (one,)) for at, one in made]

    def make(self, step: _Step) -> Tree:
        """Make a change and return what is live then."""
        self.landed += step.changes
        if step.what == "earlier":
            self.state = self.setting.prepared
        elif step.what == "fault":
            self.state = self.setting.faulty
        if step.documents:
            self.missing -= {*step.documents}
            self.exported = step.at.date()
        return self.tree()

    def past(self) -> Past:
        """Draw everything."""
        steps = self.steps()
        day = moments.days_before(min(step.at for step in steps).date(), self.random.randrange(1, 4))
        title = self.random.choice(publications.LATE).format(document=self.late.id, title=self.late.title)
        late = (f"kb/{self.late.id}.md",)
        steps.insert(0, _Step(moments.at_work(self.random, day), (title,), "late", documents=late))
        early = self._early(day, len(steps) - 1)
        commits = early.commits
        releases: list[Release] = []
        authors = self.setting.people[1:]
        for step, pushed in zip(steps, moments.pushed(self.random, [step.at for step in steps]), strict=True):
            author = self.random.choice(authors)
            tree = self.make(step)
            body = "\n".join(f"* {subject}" for subject in step.subjects) if len(step.subjects) > 1 else ""
            message = f"{step.subjects[0]}\n\n{body}".strip()
            commits.append(_commit(message, author, pushed, tree))
            step.release = Release(
                name=f"r{len(commits) - early.serves}",
                committed_at=pushed,
                deployed_at=step.at,
                author=author,
                subject=step.subjects[0],
                body=body,
                tree=tree,
                documents=step.documents,
                innocent=step.what == "innocent",
            )
            releases.append(step.release)
        by_kind = {step.what: step.release for step in steps if step.release is not None}
        return Past(
            commits=tuple(commits),
            runbook_at=early.runbook,
            releases=tuple(releases),
            innocent=tuple(hunk for one in sorted(self.landed, key=INNOCENTS.index) for hunk in self.hunks[one]),
            behaving=tuple(step.release for step in steps if step.behaves and step.release is not None),
            cause=by_kind["fault"],
            prepared_by=by_kind.get("earlier"),
            woken_by=by_kind.get("woken"),
        )

    def _early(self, before: date, later: int) -> _Early:
        """Draw the commits until the last published document, oldest first."""
        self.older = self.older[: COMMITS[1] - later - 2 - founding.FEWEST]
        wanted = self.random.randint(*COMMITS) - later - 2 - len(self.older)
        parts = founding.parts(self.random, min(max(wanted, founding.FEWEST), founding.MOST))
        days = [before]
        for _ in (*parts, *self.older):
            days.append(moments.days_before(days[-1], self.random.randrange(1, 5)))
        days = days[:0:-1]
        self.exported = next(day for day, part in zip(days, parts, strict=False) if "kb" in part.paths)
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
            subjects.append(self.random.choice(one.subjects))
        commits = [
            _commit(subject, self.random.choice(self.setting.people), moments.at_work(self.random, day), tree)
            for subject, day, tree in zip(subjects, days, trees, strict=True)
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
    at = incident.opened_at + timedelta(seconds=drawing.randrange(2, 9))
    export = _commit(drawing.choice(EXPORT), drawing.choice(incident.people[1:]), at, head)
    shown = [
        replace(commit, tree=commit.tree.overlay(runbook)) if number >= incident.past.runbook_at else commit
        for number, commit in enumerate(incident.past.commits)
    ]
    return (*shown, export)


def _commit(subject: str, author: Person, at: datetime, tree: Tree) -> Commit:
    return Commit(message=subject, author=author.name, email=author.email, at=at, tree=tree)
