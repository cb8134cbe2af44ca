"""What of a tree is served: no tests, nothing that no assistant reads, and our own protected parts."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from exams import incident
from exams.live.deployments.trees import tree_of
from exams.live.questions import answer_waiting, ask
from exams.packs import Spec
from exams.trees import served
from grading import repro
from sandboxes.fake_sandbox import FakeSandbox
from sandboxes.ingest.tree import Tree
from sandboxes.limits import Limits
from tests.attempts import NOON, live_attempt
from tests.deployed import deployed, fixed
from tests.packs import PACK
from tests.work import EARLY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandboxes.sandbox import Served
    from tests.people import Cast

BASE = PACK.base(Spec("T1", 7))


@pytest.mark.parametrize("path", ["ops/deploys.log", "OPS/deploys.log", "Ops", "tests/test_it.py", "Tests/a/b.json"])
def test_tests_and_records_are_served_in_no_spelling(path: str) -> None:
    assert served(PACK, BASE.overlay(Tree({path: b"learnt by heart"}))) == BASE


def test_what_only_sounds_like_records_is_served() -> None:
    tree = BASE.overlay(Tree({"opsy/a.py": b"", "assistant/ops/a.py": b"", "ops.py": b""}))
    assert served(PACK, tree) == tree


def test_of_what_was_handed_in_the_protected_parts_are_ours() -> None:
    ours = BASE.overlay(Tree({"assistant/lm/weights.bin": b"ours", "ops/deploys.log": b"ours"}))
    theirs = BASE.overlay(Tree({"assistant/LM/weights.bin": b"theirs", "ops/deploys.log": b"theirs"}))
    assert served(PACK, theirs, ours=ours) == BASE.overlay(Tree({"assistant/lm/weights.bin": b"ours"}))


def test_an_assistant_that_reads_records_while_it_serves_finds_no_file() -> None:
    server = (
        "class Assistant:\n"
        "    def __init__(self, root):\n"
        "        self.root = root\n\n"
        "    def reply(self, request):\n"
        "        return {'text': (self.root / request['question']).read_text()}\n\n\n"
        "def open_assistant(root):\n"
        "    return Assistant(root)\n"
    )
    tree = BASE.overlay(Tree({"assistant/server.py": server.encode(), "ops/deploys.log": b"deploy 1"}))
    with FakeSandbox().serve(served(PACK, tree), limits=Limits()) as assistant:
        assert assistant.ask("README.md").reply is not None
        lacking = assistant.ask("ops/deploys.log")
    assert lacking.reply is None
    assert "FileNotFoundError" in str(lacking.fault)


class Watched(FakeSandbox):
    """Keeps every tree it is given to serve."""

    def __init__(self) -> None:
        super().__init__()
        self.trees: list[Tree] = []

    @contextmanager
    def serve(self, tree: Tree, *, limits: Limits) -> Iterator[Served]:
        """See `FakeSandbox.serve`."""
        self.trees.append(tree)
        with super().serve(tree, limits=limits) as assistant:
            yield assistant


@pytest.mark.django_db
def test_a_question_a_repro_and_a_deployment_are_served_without_records(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = type(PACK).base
    log = Tree({"ops/deploys.log": b"deploy 1"})
    monkeypatch.setattr(type(PACK), "base", lambda pack, spec: bare(pack, spec).overlay(log))
    attempt = live_attempt(cast.learner, started_at=NOON)
    assert "ops/deploys.log" in incident.base_tree(attempt).files
    row = deployed(attempt, fixed(attempt).overlay(Tree({"OPS/answers.json": b"{}"})))
    watched = Watched()
    repro.ask(attempt, ["Good morning"], watched)
    ask(attempt=attempt, question="Good morning", session="", actor=cast.learner, received_at=EARLY)
    assert answer_waiting(attempt_id=attempt.pk, sandbox=watched, now=EARLY) == 1
    assert len(watched.trees) == 2
    for tree in (*watched.trees, tree_of(row)):
        assert {"assistant/server.py"} <= tree.files.keys()
        assert not [path for path in tree.files if path.casefold().startswith("ops")]
