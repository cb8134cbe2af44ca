"""What a drawn tree does when it is asked: the battery's questions, and production until the incident opened.

Each check throws the drawing away by `Unusable` if it is not what an incident of its class must be.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from exams.packs.hallucination import build
from exams.packs.hallucination.asked import Judge, read, sound
from exams.packs.hallucination.battery import battery, plain
from exams.packs.hallucination.edits import Told
from exams.packs.hallucination.publications import last_published
from exams.packs.hallucination.traffic import stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from exams.packs.hallucination.asked import Asked, Wrong
    from exams.packs.hallucination.edits import FailureClass
    from exams.packs.hallucination.past import Release
    from exams.packs.hallucination.world import Fact, Product, World
    from sandboxes.ingest.tree import Tree

QUESTIONS_AN_HOUR = 600
REPOSITORY = timedelta(days=150)  # at most, between the repository's first commit and the incident


class Unusable(Exception):
    """Why a drawing is thrown away."""


@dataclass(frozen=True)
class Trace:
    """One question of production: when, what it was about, what was said, what was wrong."""

    at: datetime
    asked: Asked
    reply: build.Reply
    wrong: Wrong | None


def check_sound(tree: Tree, world: World, whose: str) -> None:
    """Every question of the battery must be answered exactly.

    Raises:
        Unusable: one is not.
    """
    with build.opened(tree) as ask:
        if not all(sound(world, asked, ask(asked.question, asked.session)) for asked in battery(world)):
            raise Unusable(f"{whose} made a mistake")


def tested(world: World, *trees: Tree) -> tuple[Product, Fact]:
    """An answer that the assistant's own tests may check: each of these trees gives it rightly, opened for it alone.

    Its document must not be the last that was published, nor younger than the repository: before, the tests were green,
    too.

    Raises:
        Unusable: there is none.
    """
    late = last_published(world)
    old = {one.id for one in world.in_force if one is not late and one.effective <= world.as_of - REPOSITORY}
    for product, fact in build.examples(world):
        asked = plain(product, world.domain.attribute(fact.key))
        if fact.document in old and all(_answers(tree, world, asked) for tree in trees):
            return product, fact
    raise Unusable("the fault leaves nothing for the assistant's own tests to ask")


def _answers(tree: Tree, world: World, asked: Asked) -> bool:
    with build.opened(tree) as ask:
        return sound(world, asked, ask(asked.question, asked.session))


def check_quiet(traces: list[Trace], *, until: datetime) -> None:
    """Nobody must be told anything wrong before the onset.

    Raises:
        Unusable: somebody was.
    """
    if any(trace.wrong is not None for trace in traces if trace.at < until):
        raise Unusable("harm was done before the onset")


def affected(harmed: Iterable[Asked]) -> int:
    """About how many products something harmful is said: those of the catalogue, or if none, made-up ones."""
    named = list(harmed)
    products = {asked.product.id for asked in named if asked.product is not None}
    return len(products) or len({asked.name for asked in named})


def check_affected(faulty: Tree, world: World, failure: FailureClass) -> None:
    """Throw away what cannot affect as many products as the class says, before the whole battery is asked.

    Only questions in the scope of the class are asked, with the rest of their conversations and what else asks for the
    same, which a cache may answer them from; and no more once too few or too many products are affected. What passes is
    not yet proved: `damage` asks everything, in order.

    Raises:
        Unusable: too few or too many products are affected.
    """
    scope = [asked for asked in battery(world) if failure.touches(world, asked)]
    talks = {asked.session for asked in scope} - {""}
    kept = {(asked.product, asked.attribute) for asked in scope}  # what a cache may have the answer of
    left = Counter((asked.product is None, asked.name) for asked in scope)
    judge, harmed = Judge(world), set[tuple[bool, str]]()
    with build.opened(faulty) as ask:
        for asked in battery(world):
            touched = failure.touches(world, asked)
            if not touched and asked.session not in talks and (asked.product, asked.attribute) not in kept:
                continue
            mistake = judge.wrong(asked, ask(asked.question, asked.session))
            if touched:
                left[asked.product is None, asked.name] -= 1
                harmed |= {(asked.product is None, asked.name)} if mistake is not None else set()
            possible = Counter(made_up for made_up, _ in harmed | {one for one, number in left.items() if number})
            ours = sum(not made_up for made_up, _ in harmed)
            if ours > failure.affected:
                raise Unusable(f"more than {failure.affected} products are affected")
            if max(possible.values(), default=0) < failure.affected:
                raise Unusable(f"fewer than {failure.affected} products are affected")


def damage(faulty: Tree, world: World, failure: FailureClass) -> tuple[tuple[Asked, ...], tuple[Asked, ...], Told]:
    """The questions of the battery that get a harmful answer, those that get any but the right one, and an example.

    Raises:
        Unusable: there are more or fewer of the first than the class says, or some of the second out of its scope.
    """
    with build.opened(faulty) as ask:
        replies = [(asked, ask(asked.question, asked.session)) for asked in battery(world)]
    judge = Judge(world)
    mistakes = [judge.wrong(asked, reply) for asked, reply in replies]
    harmed = tuple(asked for (asked, _), mistake in zip(replies, mistakes, strict=True) if mistake is not None)
    touched = tuple(asked for asked, reply in replies if not sound(world, asked, reply))
    least, most = failure.harm
    if not least <= len(harmed) <= most:
        raise Unusable(f"{len(harmed)} questions were harmed, not {least} to {most}")
    if affected(harmed) != failure.affected:
        raise Unusable(f"{affected(harmed)} products were affected, not {failure.affected}")
    for asked in touched:
        if not failure.touches(world, asked):
            raise Unusable(f"a question out of scope was touched ({asked.kind})")
    examples = (
        _told(world, failure, asked, reply, mistake) for (asked, reply), mistake in zip(replies, mistakes, strict=True)
    )
    example = next((told for told in examples if told is not None), None)
    if example is None:
        raise Unusable("no wrong answer shows the class")
    return harmed, touched, example


def check_damage(faulty: Tree, world: World, failure: FailureClass, expected: tuple[tuple[Asked, ...], ...]) -> None:
    """Innocent changes must neither mend the fault nor add to it: `expected` is what it did without them.

    Raises:
        Unusable: they do.
    """
    if damage(faulty, world, failure)[:2] != expected:
        raise Unusable("innocent changes changed the harm")


def _told(world: World, failure: FailureClass, asked: Asked, reply: build.Reply, mistake: Wrong | None) -> Told | None:
    """A wrong answer that shows the class plainly; None for any other, and for one that makes no sense."""
    if mistake is None or read(reply) is None or not failure.shows(world, asked, mistake):
        return None
    cited = [(str(one["document"]), int(one["sentence"])) for one in reply["citations"]]
    return Told(world, asked, str(reply["text"]), mistake, cited[0] if cited else None)


def production(world: World, landed: Sequence[Release], *, since: datetime, until: datetime, seed: str) -> list[Trace]:
    """What customers asked and were told; each release's own tree is live until the next, and starts anew."""
    seconds = int((until - since).total_seconds())
    asked = list(
        stream(world, seed=f"before/{seed}", seconds=seconds, count=seconds * QUESTIONS_AN_HOUR // 3600, prefix="a")
    )
    judge = Judge(world)
    traces: list[Trace] = []
    ends = [release.deployed_at for release in landed[1:]]
    for release, end in zip(landed, [*ends, until], strict=True):
        mine = [one for one in asked[len(traces) :] if since + timedelta(seconds=one.second) < end]
        if not mine:
            continue
        with build.opened(release.tree) as ask:
            for one in mine:
                reply = ask(one.question, one.session)
                traces.append(Trace(since + timedelta(seconds=one.second), one, reply, judge.wrong(one, reply)))
    return traces


def first_complaint(world: World, failure: FailureClass, traces: list[Trace]) -> Told:
    """The first wrong answer that shows the class plainly.

    Raises:
        Unusable: there is none.
    """
    for trace in traces:
        told = _told(world, failure, trace.asked, trace.reply, trace.wrong)
        if told is not None:
            return told
    raise Unusable("no wrong answer shows the class")
