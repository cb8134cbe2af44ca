"""A pack's cells come out as they must in real containers: a sample in every test run, all of them nightly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exams.packs import Spec
from exams.packs.hallucination import PACK
from exams.packs.hallucination.hidden import CLASSES
from grading.prove import prove
from grading.verdicts import CellKind, Verdict
from tests.grading import work
from tests.packs import SmallPack

if TYPE_CHECKING:
    from sandboxes.docker_sandbox import DockerSandbox
    from sandboxes.ingest.tree import Tree

pytestmark = pytest.mark.docker
SAMPLED = Spec("H4", 1)
JOBS = 2


@pytest.mark.xdist_group("H4-1")  # where that incident is drawn anyway
def test_a_sample_of_the_pack_is_as_it_must_be(containers: DockerSandbox) -> None:
    proof = prove(pack=PACK, spec=SAMPLED, sandbox=containers, repeat=1, jobs=JOBS, sample=1)
    assert proof.off == 0, [row for row in proof.rows if row.off]
    assert {row.kind for row in proof.rows} == set(CellKind)


class Spoiled(SmallPack):
    """Its one wrong fix is the right one, and its one other right fix is the fault."""

    def mutants(self, spec: Spec) -> dict[str, Tree]:
        return {"the_reference": self.reference(spec)}

    def alternatives(self, spec: Spec) -> dict[str, Tree]:
        return {"the_fault": self.base(spec)}


def test_a_sample_of_a_spoiled_pack_is_off(containers: DockerSandbox) -> None:
    proof = prove(pack=Spoiled(), spec=work.SPEC, sandbox=containers, repeat=1, jobs=JOBS, sample=1)
    assert {(row.kind, row.key) for row in proof.rows if row.off} == {
        (CellKind.alt, "the_fault"),
        (CellKind.mut, "the_reference"),
        (CellKind.probe, "alt the_fault"),
        (CellKind.probe, "mut the_reference"),
    }


@pytest.mark.nightly
@pytest.mark.timeout(900)
@pytest.mark.parametrize("key", CLASSES)
def test_every_cell_of_a_class_is_as_it_must_be(containers: DockerSandbox, key: str) -> None:
    proof = prove(pack=PACK, spec=Spec(key, 1), sandbox=containers, repeat=1, jobs=JOBS)
    assert proof.off == 0, [row for row in proof.rows if row.off]
    assert proof.verdicts == (Verdict.verified,)
