"""The proof of a pack: quiet when every cell is as it must be, loud about each one that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from exams.packs import proof as kept
from grading.management.commands import prove_pack
from grading.management.commands.prove_pack import in_ranges
from grading.prove import TRIES, Proof, prove
from grading.verdicts import CellKind, Verdict
from sandboxes import engine
from sandboxes.fake_sandbox import FakeSandbox
from sandboxes.sandbox import EngineUnreachable, Health
from tests import packs
from tests.grading import work
from tests.packs import SmallPack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from exams.packs import Spec
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


@pytest.mark.usefixtures("once")
def test_several_cells_at_a_time_show_what_one_at_a_time_shows(fake: FakeSandbox) -> None:
    steps: list[tuple[int, int]] = []
    one = prove(pack=work.PACK, spec=work.SPEC, sandbox=fake, repeat=1)
    several = prove(
        pack=work.PACK,
        spec=work.SPEC,
        sandbox=fake,
        repeat=1,
        jobs=3,
        between=lambda done, total: steps.append((done, total)),
    )
    assert several.rows == one.rows
    assert several.verdicts == one.verdicts
    assert [done for done, _ in steps] == list(range(steps[0][1]))


class Lost(FakeSandbox):
    """Loses every run."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def serve(self, *_: object, **__: object) -> NoReturn:
        self.asked += 1
        raise EngineUnreachable("no engine")


def test_a_cell_that_cannot_be_run_ends_it_before_more_begin() -> None:
    lost = Lost()
    with pytest.raises(EngineUnreachable):
        prove(pack=work.PACK, spec=work.SPEC, sandbox=lost, repeat=1, jobs=2)
    assert lost.asked <= 4 * TRIES


@pytest.mark.usefixtures("once")
def test_a_sample_has_a_cell_of_each_sort_and_comes_to_no_verdict(fake: FakeSandbox) -> None:
    proof = prove(pack=work.PACK, spec=work.SPEC, sandbox=fake, repeat=1, jobs=2, sample=1)
    assert proof.off == 0, [row for row in proof.rows if row.off]
    assert proof.verdicts == ()
    sorts = [(row.kind, row.key.split()[0] if row.kind is CellKind.probe else "") for row in proof.rows]
    assert len(sorts) == len(set(sorts))
    assert {kind for kind, _ in sorts} == set(CellKind)
    assert {key for _, key in sorts} - {""} == {"before", "reference", "after", "alt", "mut"}


@pytest.mark.usefixtures("once")
def test_a_sample_finds_what_is_off_in_it(fake: FakeSandbox) -> None:
    proof = prove(pack=Mislabelled(), spec=work.SPEC, sandbox=fake, repeat=1, jobs=2, sample=1)
    assert {(row.kind, row.key) for row in proof.rows if row.off} == {
        (CellKind.alt, "not_right"),
        (CellKind.mut, "not_wrong"),
        (CellKind.probe, "alt not_right"),
        (CellKind.probe, "mut not_wrong"),
    }


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs the command on the small pack with a file of its own, nothing run for real; what ran, and what was said."""
    monkeypatch.setattr(packs, "PROOF", tmp_path / "proof.json")
    return Command(monkeypatch, capsys)


class Command:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.ran: list[tuple[str, int, int]] = []
        self.meanwhile: Callable[[Spec], None] = lambda _: None
        self._capsys = capsys
        monkeypatch.setattr(prove_pack, "prove", self._prove)
        monkeypatch.setattr(engine, "sandbox", FakeSandbox)
        monkeypatch.setattr(settings, "HOTSEAT_SANDBOX", "docker")

    def _prove(self, *, spec: Spec, repeat: int, jobs: int, **_: object) -> Proof:
        self.meanwhile(spec)
        self.ran.append((spec.key, repeat, jobs))
        return Proof(spec, (), (Verdict.verified,) * repeat, 61.0)

    def __call__(self, *words: str) -> str:
        call_command("prove_pack", "--pack", packs.NAME, *words)
        return self._capsys.readouterr().out


def test_a_run_that_was_interrupted_goes_on_where_it_ended(command: Command) -> None:
    def interrupt(spec: Spec) -> None:
        if spec.failure_class == "T2":
            raise KeyboardInterrupt

    command.meanwhile = interrupt
    words = ("--all", "--repeat", "5", "--write", "--only-missing")
    with pytest.raises(KeyboardInterrupt):
        command(*words)
    assert kept.read(packs.NAME)["T1"].repeats == 5
    command.meanwhile = lambda _: None
    assert "T1: shown before, 1 incidents, 5 times." in command(*words)
    assert command.ran == [("T1/1", 5, 2), ("T2/1", 5, 2)]
    command(*words)
    assert len(command.ran) == 2
    command(*words[:1], "--repeat", "6", "--only-missing", "--jobs", "3")
    assert command.ran[2:] == [("T1/1", 6, 3), ("T2/1", 6, 3)]


def test_each_incident_has_a_line_at_the_end(command: Command) -> None:
    *_, first, second, _ = command("--all", "--repeat", "2").splitlines()
    for line, key in ((first, "T1/1"), (second, "T2/1")):
        assert line.replace("│", " ").split()[0] == key
        assert line.replace("│", " ").split()[-4:] == ["2", "0", "verified", "61"]
    assert kept.read(packs.NAME) == {}


def test_what_was_changed_while_it_ran_is_not_written_down(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    command.meanwhile = lambda _: monkeypatch.setitem(packs._FAULTS, "T1", packs._FAULTS["T1"] + "# changed\n")
    assert "T1 was changed while it ran" in command("--class", "T1", "--write")
    assert kept.read(packs.NAME) == {}


@pytest.mark.parametrize("words", [("--jobs", "0"), ("--repeat", "0"), ("--seeds", "101"), ("--jobs", "two")])
def test_how_often_and_how_many_at_a_time_have_limits(words: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match=words[0]):
        call_command("prove_pack", *words)


def test_a_class_the_pack_does_not_have_is_named() -> None:
    with pytest.raises(CommandError, match="H99"):
        call_command("prove_pack", "--class", "H99", "--sandbox", "fake")
    with pytest.raises(CommandError, match=r"There is no pack 'exams\.packs\.nowhere'"):
        call_command("prove_pack", "--pack", "exams.packs.nowhere", "--quick")


class Away(FakeSandbox):
    """No engine answers it."""

    def health(self) -> Health:
        fault = "The container engine does not answer: refused."
        return Health(reachable=False, image_present=False, isolates=True, faults=(fault,))


def test_without_an_engine_one_sentence_says_what_happened_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(engine, "sandbox", Away)
    with pytest.raises(CommandError, match=r"engine does not answer.* Start Docker.* --quick rehearses") as said:
        call_command("prove_pack", "--pack", packs.NAME, "--class", "T1")
    assert (said.value.returncode, "\n" in str(said.value), "run again" in caplog.text) == (1, False, False)
    assert "0 incidents" not in capsys.readouterr().out


def test_an_engine_that_goes_away_is_told_in_one_sentence_and_what_was_run_before_is_summed_up(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    def lose(spec: Spec) -> None:
        if spec.failure_class == "T2":
            raise EngineUnreachable("The container engine does not answer: gone.")

    command.meanwhile = lose
    with pytest.raises(CommandError, match=r"says nothing about what was run: .* gone\. Mend that"):
        command("--all", "--write")
    assert "T1/1" in capsys.readouterr().out
    assert set(kept.read(packs.NAME)) == {"T1"}


def test_a_sandbox_that_there_is_not_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    engine.close()
    monkeypatch.setattr(settings, "HOTSEAT_SANDBOX", "dockre")
    with pytest.raises(CommandError, match="'dockre'; it must be 'docker' or 'fake'"):
        call_command("prove_pack", "--pack", packs.NAME, "--class", "T1")
