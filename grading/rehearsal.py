"""Rehearses a pack's cells in this process, without containers: seconds where `prove` takes minutes.

Only the pack's own trees and its own test are run here. What `prove` shows in containers is what counts.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from exams import oracle
from grading import plan
from grading.verdicts import ENOUGH_PERCENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from exams.packs import Pack, ProbeSuite, Spec
    from sandboxes.ingest.tree import Tree

QUESTIONS_SEED = 11


@dataclass(frozen=True)
class Rehearsal:
    """What was off in one incident: cell and reason. `cells` were looked at in `seconds`."""

    spec: Spec
    off: tuple[tuple[str, str], ...]
    cells: int
    seconds: float


def rehearse(pack: Pack, spec: Spec, *, seed: int = QUESTIONS_SEED) -> Rehearsal:
    """Look at every cell of an incident once.

    1. The author's test must fail on the faulty tree and on every wrong fix, and pass on every right one.
    2. Hidden questions: the fault harms its class and nothing else, right fixes answer well, wrong ones do not.
    3. What worked before works on the faulty tree and on every right fix.
    4. The history leads to the faulty tree.
    """
    began = time.perf_counter()
    base, reference = pack.base(spec), pack.reference(spec)
    alternatives, mutants = pack.alternatives(spec), pack.mutants(spec)
    right = {"reference": reference, **{f"alt {name}": tree for name, tree in alternatives.items()}}
    wrong = {"base": base, **{f"mut {name}": tree for name, tree in mutants.items()}}
    off: list[tuple[str, str]] = []
    for name, tree in right.items():
        off += [(f"{name} × test", failed) for failed in failing_tests(pack, spec, tree)]
    off += [(f"{name} × test", "passes") for name, tree in wrong.items() if not failing_tests(pack, spec, tree)]

    suite = pack.probes(spec, seed=seed)
    outside = {group for group, judged in asked(pack, base, suite) if oracle.harmful(judged.verdict)}
    if outside != {"class"}:
        off.append(("base × questions", f"harm in {sorted(outside) or 'no group'}, not in the class alone"))
    for name, tree in right.items():
        judged = [one for _, one in asked(pack, tree, suite)]
        rates = oracle.rates(judged)
        enough = 100 if name == "reference" else ENOUGH_PERCENT
        if rates.right * 100 < rates.total * enough:
            off.append((f"{name} × questions", f"{rates}, {rates.right} right of {rates.total}"))
    for name, tree in wrong.items():
        rates = oracle.rates(one for _, one in asked(pack, tree, suite))
        if rates.right == rates.total:
            off.append((f"{name} × questions", "answers everything rightly"))

    before = pack.regression_suite(spec)
    for name, tree in {"base": base, **right}.items():
        rates = oracle.rates(one for _, one in asked(pack, tree, before))
        if rates.right != rates.total:
            off.append((f"{name} × what worked before", f"{rates.right} right of {rates.total}"))
    if pack.history(spec)[-1].tree != base:
        off.append(("history", "does not lead to what the learner is handed"))
    cells = 3 * len(right) + 2 * len(wrong) + 1
    return Rehearsal(spec, tuple(off), cells, time.perf_counter() - began)


def asked(pack: Pack, tree: Tree, suite: ProbeSuite) -> list[tuple[str, oracle.Judgement]]:
    """Put a suite's questions to one of the pack's own trees: the group and what the answer is worth, in order."""
    talk = oracle.Conversations(oracle.read_facts(suite.facts))
    with pack.opened(plan.with_data(pack, tree, suite)) as ask:
        return [
            (probe.group, talk.judge(probe.question, probe.session, ask(probe.question, probe.session)))
            for probe in suite.probes
        ]


class _Reply(SimpleNamespace):
    """What the fixture `ask` gives, as conftest.py of the learner's repository makes it."""

    def __getitem__(self, field: str) -> Any:
        return vars(self)[field]


def failing_tests(pack: Pack, spec: Spec, tree: Tree) -> list[str]:
    """Run the author's test against one of the pack's own trees, started once; the names of what fails by assertion."""
    facts = json.loads(pack.facts(spec))
    failed = []
    with pack.opened(tree) as put:

        def ask(question: str, session: str = "") -> _Reply:
            return _Reply(**put(question, session))

        for _, name, function, values in tests_of(pack.author_test(spec)):
            try:
                function(**{"ask": ask, "facts": facts, **values})
            except AssertionError:
                failed.append(f"{name}{list(values.values()) or ''}")
    return failed


def tests_of(tree: Tree) -> Iterator[tuple[str, str, Callable[..., None], Mapping[str, Any]]]:
    """The tests in a tree of ours: file, name, function, and the values of each case that it is parametrised over."""
    for path, source in tree.files.items():
        module: dict[str, Any] = {}
        exec(compile(source, path, "exec"), module)  # noqa: S102 - the pack's own file
        for name, function in module.items():
            if not name.startswith("test_"):
                continue
            marks = [mark for mark in getattr(function, "pytestmark", []) if mark.name == "parametrize"]
            cases: list[dict[str, Any]] = [{}]
            for mark in marks:
                names = [each.strip() for each in mark.args[0].split(",")]
                cases = [
                    {**case, **dict(zip(names, value if len(names) > 1 else (value,), strict=True))}
                    for case in cases
                    for value in mark.args[1]
                ]
            for case in cases:
                wanted = function.__code__.co_varnames[: function.__code__.co_argcount]
                yield path, name, _given(function, wanted), case


def _given(function: Callable[..., None], wanted: tuple[str, ...]) -> Callable[..., None]:
    return lambda **values: function(**{name: values[name] for name in wanted})
