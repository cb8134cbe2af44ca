"""What a bot may know of an incident before it plays: what learners can find in the files and, for some, the truth."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exams import oracle
from grading import ddmin
from sandboxes.ingest.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exams.packs import Pack, Spec

Asked = tuple[str, str]  # question, session
SUPERFICIAL = ("blocklist", "refuse_one", "one_product")  # wrong fixes for what one customer complained about
REFUSE_EVERYTHING = "refuse_everything"
TEST_PATH = "tests/regression/test_reported.py"
_MOST_RUNS = 150  # of a repro that is to be minimal; the superficial ones stop earlier
_FEW_RUNS = 30
_MOST_COMPLAINTS, _JUST_BEFORE = 6, 200


class NothingToPlay(Exception):
    """The incident holds nothing that a bot could do: its faulty tree harms nobody, or no wrong fix touches that."""


@dataclass(frozen=True)
class Reported:
    """Questions, in order, the last of which gets a wrong answer from the faulty tree; and that answer."""

    asked: tuple[Asked, ...]
    answer: str


class Case:
    """One incident with its trees, opened as often as a learner would start the assistant on their own machine."""

    def __init__(self, pack: Pack, spec: Spec) -> None:
        self.pack, self.spec = pack, spec
        self.truth = pack.truth(spec)
        self.base = pack.base(spec)
        self.reference = pack.reference(spec)
        self.mutants = pack.mutants(spec)
        self.author_test = pack.author_test(spec)

    @cached_property
    def facts(self) -> oracle.Facts:
        """The approved facts."""
        return oracle.read_facts(self.pack.facts(self.spec))

    def wrong_answer(self, asked: Sequence[Asked], tree: Tree | None = None) -> str | None:
        """What the last of some questions is told by a freshly started tree, if that is harmful."""
        judged = list(self._answers(asked, tree or self.base))
        return judged[-1][1] if judged and judged[-1][0] else None

    def _answers(self, asked: Sequence[Asked], tree: Tree) -> Iterator[tuple[bool, str]]:
        talk = oracle.Conversations(self.facts)
        with self.pack.opened(tree) as ask:
            for question, session in asked:
                reply = ask(question, session)
                verdict = talk.judge(question, session, reply).verdict
                yield oracle.harmful(verdict), str(reply.get("text", ""))

    @cached_property
    def repro(self) -> tuple[str, ...]:
        """The fewest questions that show the fault, as a diagnosis takes them: in conversations only if need be."""
        alone = self._shortest([(question, "") for question in self._alone])
        found = alone or self._shortest(self._traffic)
        return tuple(line(each) for each in found.asked) if found else ()

    @cached_property
    def scope(self) -> tuple[str, ...]:
        """Questions of several kinds, asked to see what is wrong and what is not."""
        return tuple(dict.fromkeys(self._alone))[:6]

    @cached_property
    def _alone(self) -> list[str]:
        """What customers ask while the incident is live in a conversation of one question, in order."""
        count = Counter(session for _, session in self._traffic)
        return [question for question, session in self._traffic if not session or count[session] == 1]

    @cached_property
    def reported(self) -> tuple[str, Reported]:
        """A wrong fix for one complaint only, by name, and what was complained about, which it puts an end to.

        Raises:
            NothingToPlay: there is none.
        """
        shown = [*self._complained_about(), *self._from_traffic()]
        for names in (SUPERFICIAL, self.mutants):
            for found, name in product(shown, names):
                if name in self.mutants and name != REFUSE_EVERYTHING:
                    after = [text for _, text in self._answers(found.asked, self.mutants[name])][-1]
                    if found.answer not in after:
                        return name, found
        raise NothingToPlay(f"no wrong fix of {self.spec.key} puts an end to anything that customers were told")

    def _complained_about(self) -> Iterator[Reported]:
        """What customers who complained had asked; with what others asked just before, if it takes that to show it."""
        complained = {row["session"] for row in self._lines("ops/complaints.jsonl")}
        traces = [(row["question"], row["session"]) for row in self._lines("traces.jsonl")]
        mine = [place for place, (_, session) in enumerate(traces) if session in complained]
        for place in mine[:_MOST_COMPLAINTS]:
            talk = [each for each in traces[: place + 1] if each[1] == traces[place][1]]
            before = traces[max(0, place - _JUST_BEFORE) : place + 1]
            shown = next((each for each in (talk, before) if self.wrong_answer(each) is not None), None)
            if shown is not None and (found := self._reduced(shown, most=_FEW_RUNS)) is not None:
                yield found

    def _from_traffic(self) -> Iterator[Reported]:
        """What customers ask while the incident is live."""
        found = self._shortest(self._traffic)
        if found:
            yield found

    @property
    def _traffic(self) -> list[Asked]:
        return [(each.question, each.session) for each in self.pack.traffic(self.spec)]

    def _shortest(self, asked: Sequence[Asked]) -> Reported | None:
        """The fewest of some questions that lead to the first wrong answer among them."""
        for number, (wrong, _) in enumerate(self._answers(asked, self.base), start=1):
            if wrong:
                return self._reduced(asked[:number])
        return None

    def _reduced(self, asked: Sequence[Asked], *, most: int = _MOST_RUNS) -> Reported | None:
        """The fewest of some questions, the last of which is answered wrongly after the others."""

        def fails(part: tuple[int, ...]) -> bool:
            return self.wrong_answer([asked[place] for place in part]) is not None

        reduced = ddmin.reduce(len(asked), fails, most=most, suspects=[len(asked) - 1])
        left = tuple(asked[place] for place in reduced.needed)
        answer = self.wrong_answer(left)
        return None if answer is None else Reported(left, answer)

    def _lines(self, path: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.base.files.get(path, b"").decode().splitlines()]

    @cached_property
    def narrow_test(self) -> Tree:
        """A test of the one answer that was complained about, and of nothing else."""
        _, found = self.reported
        return _test(found.asked, f"assert {found.answer!r} not in reply.text")

    @cached_property
    def generic_test(self) -> Tree:
        """A test that asks a sample of everything: it takes no diagnosis, and could be passed on."""
        return Tree({TEST_PATH: (Path(__file__).parent / "generic_test.txt").read_bytes()})

    @cached_property
    def refusal_test(self) -> Tree:
        """A test that what was complained about is refused, whatever the right answer is."""
        _, found = self.reported
        return _test(found.asked, "assert reply.refused")

    def stamp(self, name: str) -> datetime:
        """A moment of the truth, by the incident's own dates."""
        return datetime.fromisoformat(self.truth[name])


def line(asked: Asked) -> str:
    """A question as a repro takes it, with its conversation in front."""
    question, session = asked
    return f"[{session}] {question}" if session else question


def _test(asked: Sequence[Asked], assertion: str) -> Tree:
    lines = [
        "def test_the_reported_answer(ask):",
        f"    for question, session in {list(asked)!r}:",
        "        reply = ask(question, session)",
        f"    {assertion}",
    ]
    return Tree({TEST_PATH: ("\n".join(lines) + "\n").encode()})
