"""What colleagues say of an incident's real customers: it goes on where nothing was mended, and not where it was."""

from __future__ import annotations

from functools import lru_cache

import pytest

from exams import oracle
from exams.coworkers.engine import due
from exams.coworkers.history import Complaint, Deployment, History, Minute, Update
from exams.packs import Spec
from exams.packs.hallucination import PACK
from sandboxes.ingest.tree import Tree

CLOSES, SEED = 90 * 60, 7
SHOWN = ("H5", "H13")  # the rarest harm: some three answers in a hundred
REST = tuple(key for key in PACK.classes if key not in SHOWN)
EVERY_CLASS = [*SHOWN, *(pytest.param(key, marks=pytest.mark.nightly) for key in REST)]
DEPLOYED = (Deployment(1800, "live", "deployment 1"),)
RESOLVED = (Update(2100, "stakeholders", "resolved"),)


@lru_cache(maxsize=4)
def harmed(spec: Spec) -> dict[str, tuple[bool, ...]]:
    """Which of the live window's questions the faulty tree and our fix answer harmfully."""
    return {name: tuple(_harm(spec, tree)) for name, tree in (("base", PACK.base(spec)), ("fix", PACK.reference(spec)))}


def _harm(spec: Spec, tree: Tree) -> list[bool]:
    talk = oracle.Conversations(oracle.read_facts(PACK.facts(spec)))
    with PACK.opened(tree) as ask:
        return [
            oracle.harmful(talk.judge(one.question, one.session, ask(one.question, one.session)).verdict)
            for one in PACK.traffic(spec)
        ]


def heard(spec: Spec, *, then: str, since: int = 0, **acts: object) -> list[str]:
    """What is said from a second on, the faulty tree being live until minute 30, then another one or the same."""
    found = harmed(spec)
    minutes = [[0, 0, 0] for _ in range(90)]
    for one, at_first, later in zip(PACK.traffic(spec), found["base"], found[then], strict=True):
        now = at_first if one.second < 1800 else later
        for place, adds in enumerate((1, now, at_first)):
            minutes[one.second // 60][place] += adds
    seen = History(
        closings=((0, CLOSES),),
        minutes=tuple(
            Minute(number, asked, asked - harm, harmful=harm, opening=at_first)
            for number, (asked, harm, at_first) in enumerate(minutes)
        ),
        complaints=(Complaint(400, "a question", "an answer"),),
        **acts,  # type: ignore[arg-type]
    )
    return [one.rule for one in due(PACK.injects(spec), seen, CLOSES) if one.second >= since]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("key", EVERY_CLASS)
def test_who_does_nothing_and_says_resolved_is_contradicted(key: str) -> None:
    said = heard(Spec(key, SEED), then="base", updates=RESOLVED)
    assert "not_resolved" in said
    assert "better" not in said


@pytest.mark.timeout(300)
@pytest.mark.parametrize("key", EVERY_CLASS)
def test_who_deploys_what_changes_nothing_is_told(key: str) -> None:
    said = heard(Spec(key, SEED), then="base", updates=RESOLVED, deployments=DEPLOYED)
    assert {"still_wrong", "not_resolved"} <= set(said)
    assert "better" not in said


@pytest.mark.timeout(300)
@pytest.mark.parametrize("key", EVERY_CLASS)
def test_who_deploys_the_fix_is_told_that_it_is_better_and_nothing_else(key: str) -> None:
    said = heard(Spec(key, SEED), then="fix", since=1800, updates=RESOLVED, deployments=DEPLOYED)
    assert "better" in said
    assert not {"still_wrong", "not_resolved", "answers_nothing", "switch_off", "time_to_fix"} & set(said)
