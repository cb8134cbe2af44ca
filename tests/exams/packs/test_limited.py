"""A twin may draw some of its pack's failure classes only."""

from __future__ import annotations

import pytest

from exams import packs

WHOLE = packs.load("exams.packs.hallucination")


def test_a_limited_pack_draws_nothing_else_and_is_the_pack_in_all_other_things() -> None:
    some = packs.limited(WHOLE, ("H4", "H1"))
    assert some.classes == ("H1", "H4")
    assert {some.draw(seed=seed, avoid=()).failure_class for seed in range(60)} == {"H1", "H4"}
    assert isinstance(some, packs.Pack)
    assert some.protected() == WHOLE.protected()
    with pytest.raises(packs.NothingLeftToDraw):
        some.draw(seed=1, avoid={"H1", "H4"})


def test_no_limit_is_the_pack_itself() -> None:
    assert packs.limited(WHOLE, ()) is WHOLE


def test_a_limit_to_a_class_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(packs.NoSuchFailureClass, match="H99"):
        packs.limited(WHOLE, ("H1", "H99"))


def test_a_limited_pack_tells_of_every_class_so_that_nobody_learns_which_are_drawn() -> None:
    assert packs.limited(WHOLE, ("H4", "H1")).catalogue() == WHOLE.catalogue()
