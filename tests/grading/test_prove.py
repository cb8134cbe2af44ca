"""The proof of a pack: quiet when every cell is as it must be, loud about each one that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from grading.management.commands.prove_pack import in_ranges
from grading.prove import prove
from grading.verdicts import CellKind, Verdict
from tests.grading import work
from tests.packs import SmallPack

if TYPE_CHECKING:
    from exams.packs import Spec
    from sandboxes.fake_sandbox import FakeSandbox
    from sandboxes.ingest.tree import Tree


@pytest.mark.usefixtures("once")
def test_a_sound_pack_is_proved_cell_by_cell(fake: FakeSandbox) -> None:
    steps: list[tuple[int, int]] = []
    proof = prove(
        pack=work.PACK,
        spec=work.SPEC,
        sandbox=fake,
        repeat=1,
        between=lambda done, total: steps.append((done, total)),
    )
    assert proof.off == 0, [row for row in proof.rows if row.off]
    assert proof.verdicts == (Verdict.verified,)
    assert {row.kind for row in proof.rows} == set(CellKind)
    assert {row.key for row in proof.rows if row.kind is CellKind.probe} == {
        "before",
        "reference",
        "after",
        "asked_before",
        "asked_after",
        "alt by_words",
        "mut refuses_everything",
        "mut same_fault_elsewhere",
    }
    [before] = [row for row in proof.rows if row.key == "before"]
    assert "harmful" in before.seen[0][0]
    assert [done for done, _ in steps] == list(range(len(steps)))
    assert sum(row.repeats for row in proof.rows) == len(steps) == steps[0][1]


def test_the_matrix_puts_what_differs_in_numbers_alone_into_one_line() -> None:
    seen = [("9 of 66 harmful", 1), ("fails: 4 failed_assert", 2), ("7 of 69 harmful", 1), ("7 of 66 harmful", 3)]
    assert in_ranges(seen) == [("7–9 of 66–69 harmful", 5), ("fails: 4 failed_assert", 2)]


class Mislabelled(SmallPack):
    """Calls the faulty tree a right fix, and a right fix a wrong one."""

    def alternatives(self, spec: Spec) -> dict[str, Tree]:
        return {"not_right": self.base(spec)}

    def mutants(self, spec: Spec) -> dict[str, Tree]:
        return {"not_wrong": self.reference(spec)}


@pytest.mark.usefixtures("once")
def test_a_wrong_label_is_off_in_the_test_and_in_the_questions(fake: FakeSandbox) -> None:
    proof = prove(pack=Mislabelled(), spec=work.SPEC, sandbox=fake, repeat=1)
    assert {(row.kind, row.key) for row in proof.rows if row.off} == {
        (CellKind.alt, "not_right"),
        (CellKind.mut, "not_wrong"),
        (CellKind.probe, "alt not_right"),
        (CellKind.probe, "mut not_wrong"),
    }
    assert proof.verdicts == (Verdict.overfit,)
    assert proof.off == 5


def test_a_class_the_pack_does_not_have_is_named() -> None:
    with pytest.raises(CommandError, match="H99"):
        call_command("prove_pack", "--class", "H99", "--sandbox", "fake")
