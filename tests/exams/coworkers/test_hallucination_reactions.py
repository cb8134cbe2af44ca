"""What the hallucinating assistant's people say of rollbacks, and do not ask of those who have told them."""

from __future__ import annotations

import pytest

from exams.coworkers.history import Deployment, Update
from exams.packs.hallucination import injects, sayings
from tests.exams.coworkers.test_hallucination_script import CLOSES, history, keys, minutes, said

BACK = (Deployment(1200, "live", "deployment 1"), Deployment(1800, "rolled_back", "deployment 2"))


def test_a_rollback_to_what_harms_is_told_of_as_a_deployment_is() -> None:
    heard = [one for one in said(history(minutes(1.5), deployments=BACK)) if one.rule == "still_wrong"]
    assert len(heard) == 2
    assert heard[0].second < 1800 < heard[1].second - 4 * 60
    went_live = history(minutes(1.5), deployments=(BACK[0], Deployment(1800, "live", "deployment 2")))
    assert [one for one in said(went_live) if one.rule == "still_wrong"] == heard
    then_failed = history(minutes(1.5), deployments=(*BACK, Deployment(1810, "failed", "deployment 3")))
    assert [one for one in said(then_failed) if one.rule == "still_wrong"] == heard


def test_a_rollback_that_ends_the_harm_is_a_relief_and_one_to_what_refuses_is_none() -> None:
    assert "better" in keys(history(minutes(1.5, until=30), deployments=BACK))
    refusing = keys(history(minutes(1.5, until=30, then=(0, 9.5)), deployments=BACK))
    assert "answers_nothing" in refusing
    assert "better" not in refusing


def test_no_words_about_what_is_live_say_that_it_was_deployed() -> None:
    about = [words for key in ("still_wrong", "better", "answers_nothing") for words in sayings.SAYINGS[key]]
    assert [words for words in about if "deploy" in words or "new version" in words] == []


@pytest.mark.parametrize("seed", range(0, 40, 5))
def test_who_was_told_already_does_not_ask_for_it(seed: int) -> None:
    compliance = Update(540, "compliance", "investigating")
    heard = keys(history(minutes(1.5), updates=(compliance,)), seed)
    assert not {"who_was_told", "who_was_told_again"} & set(heard)
    others = Update(540, "customers", "investigating")
    assert "who_was_told" in keys(history(minutes(1.5), updates=(others,)), seed)


@pytest.mark.parametrize("seed", range(0, 40, 5))
def test_an_executive_who_has_just_read_how_things_stand_does_not_ask(seed: int) -> None:
    often = tuple(Update(at, "stakeholders", "investigating") for at in range(300, CLOSES, 450))
    assert "one_line" not in keys(history(minutes(1.5), updates=often), seed)
    (one,) = [each for each in said(history(minutes(1.5), updates=often[:3]), seed) if each.rule == "one_line"]
    assert one.second >= often[2].second + injects.HEARD or one.second < often[0].second
