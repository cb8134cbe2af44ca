"""The model that remembers says what the model says, and reads less for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from exams.packs.hallucination import build, recall
from exams.packs.hallucination.battery import battery
from exams.packs.hallucination.lm.model import Model, PromptTooLong, load

from .pasts import healthy, world_of

if TYPE_CHECKING:
    from collections.abc import Mapping

TAKES = ((0.0, 0), (1.7, 0), (1.7, 1), (0.0, 5), (1.7, 2), (0.6, 3))


@pytest.fixture(scope="module")
def model() -> Model:
    return load(build.LM)


@pytest.fixture(scope="module")
def prompts() -> list[str]:
    with build.opened(healthy("bank")) as ask:
        replies: list[Mapping[str, Any]] = [ask(one.question, one.session) for one in battery(world_of("bank"))[::9]]
    return [str(reply["prompt"]) for reply in replies if reply["prompt"]]


def test_it_says_what_the_model_says(model: Model, prompts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recall, "PROMPTS", 2)  # so that some are forgotten and read again
    ours = recall.Recall(model)
    assert len(prompts) > 3
    for most in (40, 3):
        for temperature, seed in TAKES:
            for prompt in prompts:
                said = ours.generate(prompt, max_tokens=most, temperature=temperature, seed=seed)
                assert said == model.generate(prompt, max_tokens=most, temperature=temperature, seed=seed)


def test_it_reads_a_prompt_once_and_several_tokens_of_an_answer_in_one_go(
    model: Model, prompts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    reading = recall._read

    def counted(inner: Model, tokens: list[int], *rest: Any, **more: Any) -> Any:
        read.append(len(tokens))
        return reading(inner, tokens, *rest, **more)

    monkeypatch.setattr(recall, "_read", counted)
    ours, prompt = recall.Recall(model), prompts[0]
    asked = model.vocabulary.encode(prompt)
    answers = {ours.generate(prompt, temperature=heat, seed=seed) for heat, seed in TAKES for _ in range(2)}
    assert read[0] == len(asked)
    assert len(asked) not in read[1:]
    spoken = [len(model.vocabulary.encode(answer)) for answer in answers]
    assert len(read) < sum(spoken) / 2
    before = len(read)
    assert ours.generate(prompt, temperature=1.7, seed=1) in answers
    assert len(read) == before


@pytest.mark.parametrize("most", [recall.GUESSED + 2, 60])
def test_of_beginnings_it_keeps_so_many_and_says_the_same(
    model: Model, prompts: list[str], monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(recall, "KNOWN", most)
    ours, counted = recall.Recall(model), []
    for seed in (*range(24), *range(24)):
        said = ours.generate(prompts[0], temperature=3.0, seed=seed)
        assert said == model.generate(prompts[0], temperature=3.0, seed=seed)
        (heard,) = ours._heard.values()
        counted.append(len(heard._known))
        assert () in heard._known
    assert max(counted) == counted[-1] == most


def test_a_prompt_too_long_is_refused_as_the_model_refuses_it(model: Model, prompts: list[str]) -> None:
    with pytest.raises(PromptTooLong):
        recall.Recall(model).generate(prompts[0], max_tokens=model.context)
