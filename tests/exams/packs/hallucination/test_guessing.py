"""Nobody finds the cause by rule: a table of guessers that read times, sizes and bodies, and no code.

Those who read times know the files of operation by heart, and even how soon customers complain.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import mean
from typing import TYPE_CHECKING

import pytest

from exams.packs import Spec
from exams.packs.hallucination import moments
from exams.packs.hallucination.hidden import CLASSES
from exams.packs.hallucination.incident import domain_of, fault_of
from exams.packs.hallucination.moments import BETWEEN_QUEUES
from exams.packs.hallucination.weave import hunks, size

from .pasts import of_spec, world_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from exams.packs.hallucination.past import Past, Setting

SEEDS = 200
PASTS = 12
AT_MOST = 0.4
SOON, LATE = 3, 11  # minutes after the onset, between which the first customer complains of a wrong answer


class Seen:
    """What a log of releases shows, and when somebody first complained."""

    def __init__(self, key: str, seed: int) -> None:
        spec = Spec(key, seed)
        draw = random.Random(f"guessing/{key}/{seed}")  # noqa: S311 - a seeded drawing
        day = moments.working_day(world_of(domain_of(seed)).as_of + timedelta(days=seed))
        self.when = moments.times(draw, day, dormant=bool(fault_of(spec).waits_for))
        around = moments.innocent(draw, self.when, 5)
        self.fault = self.when.deployed_at
        self.at = sorted([*around.before, *around.behind, *around.after, self.fault])
        self.complained = self.when.onset_at + timedelta(minutes=draw.uniform(SOON, LATE))
        self.gaps = [two - one for one, two in pairwise(self.at)]

    def queues(self) -> list[list[datetime]]:
        found = [[self.at[0]]]
        for gap, at in zip(self.gaps, self.at[1:], strict=True):
            if gap < BETWEEN_QUEUES:
                found[-1].append(at)
            else:
                found.append([at])
        return found

    def before_complaint(self) -> list[datetime]:
        return [at for at in self.at if at < self.complained]

    def complained_after(self) -> list[datetime]:
        """Those behind which the first complaint came as soon as it comes behind an onset."""
        return [at for at in self.at if SOON <= (self.complained - at).total_seconds() / 60 <= LATE]

    def paged_after(self) -> list[datetime]:
        """Those from which the page came as long afterwards as it comes after an onset."""
        least, most = (timedelta(minutes=one) for one in moments.HARMFUL_MINUTES)
        return [at for at in self.at if least <= self.when.opened_at - at <= most]


def at(place: int, found: list[datetime]) -> datetime | None:
    return found[place] if -len(found) <= place < len(found) else None


GUESSERS: dict[str, Callable[[Seen], datetime | None]] = {
    "the first of the first close pair": lambda s: next(q[0] for q in s.queues() if len(q) > 1),
    "the last of the first close pair": lambda s: next(q[1] for q in s.queues() if len(q) > 1),
    "the first of the last close pair": lambda s: [q[0] for q in s.queues() if len(q) > 1][-1],
    "the first of the longest queue": lambda s: max(s.queues(), key=len)[0],
    "the last of the longest queue": lambda s: max(s.queues(), key=len)[-1],
    "who stands alone": lambda s: next((q[0] for q in s.queues() if len(q) == 1), None),
    "before the shortest gap": lambda s: s.at[s.gaps.index(min(s.gaps))],
    "behind the shortest gap": lambda s: s.at[s.gaps.index(min(s.gaps)) + 1],
    "before the longest gap": lambda s: s.at[s.gaps.index(max(s.gaps))],
    "behind the longest gap": lambda s: s.at[s.gaps.index(max(s.gaps)) + 1],
    "ten to fifty minutes behind another": lambda s: next(
        (two for gap, two in zip(s.gaps, s.at[1:], strict=True) if 10 <= gap.total_seconds() / 60 <= 50), None
    ),
    "the last before the first complaint": lambda s: at(-1, s.before_complaint()),
    "the last but one before it": lambda s: at(-2, s.before_complaint()),
    "the last but two before it": lambda s: at(-3, s.before_complaint()),
    "the first of the queue before the first complaint": lambda s: [q[0] for q in s.queues() if q[0] < s.complained][
        -1
    ],
    "the first from which a page comes in time": lambda s: at(0, s.paged_after()),
    "the last from which a page comes in time": lambda s: at(-1, s.paged_after()),
    "the first of its day": lambda s: next((at for at in s.at if at.date() == s.when.onset_at.date()), None),
    "the last that fits the first complaint": lambda s: at(-1, s.complained_after()),
    "the first that fits the first complaint": lambda s: at(0, s.complained_after()),
    "the last release": lambda s: s.at[-1],
    "the last but one": lambda s: s.at[-2],
    "the last but two": lambda s: s.at[-3],
    "the last but three": lambda s: s.at[-4],
    "the last but four": lambda s: s.at[-5],
}


@pytest.fixture(scope="module")
def seen() -> list[Seen]:
    return [Seen(key, seed) for key in CLASSES for seed in range(SEEDS)]


@pytest.mark.parametrize("rule", GUESSERS)
def test_no_rule_about_times_finds_the_cause(seen: list[Seen], rule: str) -> None:
    assert mean(GUESSERS[rule](one) == one.fault for one in seen) <= AT_MOST


def test_the_cause_is_first_middle_or_last_of_its_queue_as_chance_has_it(seen: list[Seen]) -> None:
    places, by_chance = Counter[str](), Counter[str]()
    for one in seen:
        for queue in one.queues():
            for number, release in enumerate(queue):
                last = "alone" if len(queue) == 1 else "last"
                place = "first" if number == 0 < len(queue) - 1 else last if number == len(queue) - 1 else "middle"
                by_chance[place] += 1
                places[place] += release == one.fault
    for place in ("first", "middle", "last", "alone"):
        # In the middle rather more often: who is last of a queue is also the last before a complaint.
        assert abs(places[place] / places.total() - by_chance[place] / by_chance.total()) < 0.18, place
    assert mean(any(gap < BETWEEN_QUEUES for gap in one.gaps) for one in seen) > 0.9


def test_neither_day_nor_hour_nor_length_is_always_the_same(seen: list[Seen]) -> None:
    days = Counter(one.when.opened_at.weekday() for one in seen)
    assert max(days.values()) < 0.35 * len(seen)
    hours = Counter(one.when.opened_at.hour for one in seen)
    assert len(hours) >= 8
    assert max(hours.values()) < 0.25 * len(seen)
    lasted = Counter((one.when.opened_at - one.when.onset_at).seconds // 3600 for one in seen)
    assert len(lasted) >= 4


# --- With sizes, bodies and documents --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn() -> list[tuple[Setting, Past]]:
    return [of_spec(key, seed) for key in CLASSES for seed in range(PASTS)]


@pytest.mark.parametrize("most", [True, False], ids=["most", "fewest"])
@pytest.mark.parametrize("what", ["files", "lines", "body"])
def test_no_rule_about_what_a_commit_looks_like_finds_it(
    drawn: list[tuple[Setting, Past]], what: str, *, most: bool
) -> None:
    chances = []
    for _, past in drawn:
        counted: dict[str, int] = {}
        for before, release in pairwise(past.releases):
            if release.innocent or release is past.cause:
                made = hunks(before.tree, release.tree)
                files = len({hunk.path for hunk in made})
                counted[release.name] = {"files": files, "lines": size(made), "body": bool(release.body)}[what]
        chosen = (max if most else min)(counted.values())
        named = [name for name, number in counted.items() if number == chosen]
        chances.append((past.cause.name in named) / len(named))
    assert mean(chances) <= AT_MOST


def test_documents_are_published_on_every_incidents_day_and_often_close_to_the_onset(
    drawn: list[tuple[Setting, Past]],
) -> None:
    close, wakes, behind = [], [], []
    for setting, past in drawn:
        *_, last = [release for release in past.releases if release.documents]
        onset = setting.when.onset_at
        assert last.deployed_at.date() == onset.date()
        assert last is past.woken_by or last.deployed_at < min(onset, past.cause.deployed_at)
        assert len(last.documents) == 3
        close.append(onset - last.deployed_at < timedelta(minutes=60))
        wakes.append(last is past.woken_by)
        behind.append(past.releases.index(past.cause) == past.releases.index(last) + 1)
    assert 0.25 < mean(close) < 0.6
    assert mean(wakes) < 0.2
    assert mean(behind) <= AT_MOST


def test_the_knowledge_base_names_the_day_of_its_last_export(drawn: list[tuple[Setting, Past]]) -> None:
    for setting, past in drawn[::5]:
        day = None
        for release in past.releases:
            if release.documents:
                day = release.deployed_at.date().isoformat()
            register = json.loads(release.tree.files["tests/approved_facts.json"])
            assert release.tree.files["kb/catalogue.toml"].startswith(f'as_of = "{day}"'.encode())
            assert register["as_of"] == day
        assert day == setting.world.as_of.isoformat()
        assert register == setting.world.facts()
        first = next(commit for commit in past.commits if "kb/catalogue.toml" in commit.tree.files)
        assert f'as_of = "{first.at.date()}"'.encode() in first.tree.files["kb/catalogue.toml"]
        for commit in past.commits:
            if "tests/approved_facts.json" in commit.tree.files:
                facts = json.loads(commit.tree.files["tests/approved_facts.json"])
                assert facts["as_of"] <= commit.at.date().isoformat()
                stated = [fact for product in facts["products"] for fact in product["facts"].values()]
                assert all(fact["effective"] <= facts["as_of"] for fact in stated)
                assert all(f"kb/{fact['document']}.md" in commit.tree.files for fact in stated)
