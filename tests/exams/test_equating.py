"""Incidents of a class are compared, and what is harder or easier than the rest is named by its seed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest
from django.core.management import CommandError, call_command

from exams.equating import equate
from exams.packs import Measures

if TYPE_CHECKING:
    from exams.packs import Pack, Spec

USUAL = Measures(
    affected=6, decoys=5, key_events=2, candidates=6, harmed=10, harmful=100, answers=1000, thrown_away=("too little",)
)


class Drawn:
    """As much of a pack as is compared: seed 3 is the odd one."""

    def __init__(self, odd: Measures) -> None:
        self.odd = odd

    def measures(self, spec: Spec) -> Measures:
        return self.odd if spec.seed == 3 else USUAL


def off(odd: Measures) -> tuple[str, ...]:
    return equate(cast("Pack", Drawn(odd)), "H1", range(1, 8)).off


def test_difficulty_is_the_information_to_be_found() -> None:
    assert replace(USUAL, candidates=8, harmful=250).difficulty == 3 + 2


def test_incidents_that_measure_the_same_are_as_hard() -> None:
    found = equate(cast("Pack", Drawn(USUAL)), "H1", range(1, 8))
    assert found.off == ()
    assert found.drawn == 7
    assert found.thrown_away == {"too little": 7}


@pytest.mark.parametrize("name", ["affected", "decoys", "key_events", "candidates"])
def test_one_with_more_of_something_is_named(name: str) -> None:
    [reason] = off(replace(USUAL, **{name: getattr(USUAL, name) + 1}))
    assert name in reason
    assert reason.endswith("seed 3")


@pytest.mark.parametrize(("harmful", "is_off"), [(100, False), (60, False), (59, True), (168, False), (169, True)])
def test_one_that_is_harder_or_easier_by_more_than_the_band_is_named(harmful: int, *, is_off: bool) -> None:
    assert bool(off(replace(USUAL, harmful=harmful))) is is_off


def test_the_command_compares_the_real_pack(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("draw_incidents", "--n", "2", "--class", "H4")
    assert "2 incidents; all of a class are as hard as each other" in capsys.readouterr().out


@pytest.mark.parametrize(
    "given", [("--class", "H99"), ("--pack", "exams.packs.nowhere"), ("--pack", "os"), ("--n", "0"), ("--n", "100001")]
)
def test_the_command_refuses_what_it_cannot_do(given: tuple[str, str]) -> None:
    with pytest.raises(CommandError):
        call_command("draw_incidents", *given)
