"""Bots that play: each manner of playing is proposed what it deserves, and words alone buy nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deploy.bots import game, scoring
from deploy.bots.acts import HandIn
from deploy.bots.in_process import TrustedTrees
from deploy.bots.knowing import Case
from deploy.bots.players import BOTS
from exams import packs, twins
from exams.database_clock import database_now
from exams.models import Attempt
from exams.packs import Spec
from grading import plan, run
from grading.verdicts import Occasion
from sandboxes.docker_sandbox import DockerSandbox
from sandboxes.ingest.tree import Tree
from sandboxes.limits import Limits
from sandboxes.sandbox import BadJob, Exchange, NodeOutcome

if TYPE_CHECKING:
    from deploy.bots.scoring import Row
    from sandboxes.sandbox import Sandbox

PACK = packs.load("exams.packs.hallucination")
SEED = 7
SHOWN = "H4"


@pytest.fixture
def twin(db: None) -> None:
    """The twin as it is published."""
    twins.publish(twins.read(twins.CONTENT / "jt-incident-4"), now=database_now())


def as_it_should_be(rows: list[Row]) -> None:
    assert [f"{one.spec.key} {one.bot}: {each}" for one in rows for each in scoring.off(one)] == []
    assert scoring.length_buys(rows) == []


@pytest.mark.timeout(600)  # half a minute of a core, which a busy machine may not have to spare
@pytest.mark.usefixtures("twin")
def test_every_manner_of_playing_is_proposed_what_it_deserves() -> None:
    rows = list(game.played(PACK, Spec(SHOWN, SEED), tuple(BOTS)))
    assert [one.bot for one in rows] == list(BOTS)
    as_it_should_be(rows)
    assert {one.bot for one in rows if one.passes} == {"reference"}
    verbose, terse = (next(one for one in rows if one.bot == name) for name in ("verbose", "terse"))
    assert verbose.words > 20 * terse.words
    assert not Attempt.objects.exists()


@pytest.mark.nightly
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("twin")
@pytest.mark.parametrize("failure_class", [each for each in PACK.classes if each != SHOWN])
def test_so_it_is_on_every_class(failure_class: str) -> None:
    as_it_should_be(list(game.played(PACK, Spec(failure_class, SEED), tuple(BOTS))))


# --- This process instead of containers -------------------------------------------------------------------------------

TEST = """
import pytest

@pytest.mark.parametrize("question", ["a", "b"])
def test_it(ask, question):
    assert ask(question).text

def test_raises(ask):
    raise KeyError("no assertion")

def test_stands_aside(facts):
    assert facts == {"products": []}
"""


def asked(question: str, session: str) -> Exchange:
    return Exchange(question, session, {"text": ""} if question == "b" else {"text": "x"}, None, 0.0)


def test_tests_end_as_pytest_would_have_them_end() -> None:
    tree = Tree({"tests/regression/test_it.py": TEST.encode()})
    trees = TrustedTrees(PACK)
    trees.trust(tree)
    ran = trees.run_test(tree, facts=b'{"products": []}', ask=asked, limits=Limits())
    assert [node.outcome for node in ran.nodes] == [
        NodeOutcome.passed, NodeOutcome.failed_assert, NodeOutcome.failed_raise, NodeOutcome.passed,
    ]  # fmt: skip
    assert [each.question for each in ran.exchanges] == ["a", "b"]


def test_code_and_tests_that_were_not_named_as_ours_are_refused() -> None:
    trees = TrustedTrees(PACK)
    with pytest.raises(BadJob), trees.serve(Tree({"assistant/server.py": b""}), limits=Limits()):
        pass
    tree = Tree({"tests/regression/test_it.py": TEST.encode()})
    with pytest.raises(BadJob):
        trees.run_test(tree, facts=b"{}", ask=asked, limits=Limits())


@pytest.mark.docker
@pytest.mark.nightly
@pytest.mark.timeout(600)
@pytest.mark.parametrize("bot", ["reference", "superficial"])
def test_cells_come_out_as_in_containers(sandbox_image: str, bot: str) -> None:
    case = Case(PACK, Spec(SHOWN, SEED))
    (submitted,) = (act.tree for act in BOTS[bot](case).acts if isinstance(act, HandIn))
    containers = DockerSandbox(image=sandbox_image, pool_size=2)
    drawn = plan.draw_up(pack=PACK, spec=case.spec, submitted=submitted, hand_in=True, seed=SEED)

    def found(sandbox: Sandbox) -> tuple[object, ...]:
        finding = run.conclude(drawn, run.execute(drawn, sandbox=sandbox), occasion=Occasion.stage_closed)
        cells = sorted((cell.kind, cell.key, cell.repeat, cell.result) for cell in finding.cells)
        return finding.decision, finding.because, finding.counts, cells

    try:
        assert found(game.trusted(case)) == found(containers)
    finally:
        containers.close()
