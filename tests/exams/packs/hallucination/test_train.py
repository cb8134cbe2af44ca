"""The corpus teaches what it says, and a few seconds of training already learn something from it."""

from collections import Counter
from itertools import islice
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from exams.packs.hallucination import text
from exams.packs.hallucination.lm.model import load
from exams.packs.hallucination.train.corpus import SHARES, Corpus, Example, vocabulary
from exams.packs.hallucination.train.export import export, quantised
from exams.packs.hallucination.train.loop import LONGEST_COMPLETION, Recipe, batches, row, train
from exams.packs.hallucination.train.network import Shape, forward, initial
from exams.packs.hallucination.world import DOMAINS, remembered


def drawn(number: int, *, seed: int = 3) -> list[Example]:
    return list(islice(Corpus(seed).examples(), number))


def test_the_same_seed_draws_the_same_corpus() -> None:
    assert drawn(50) == drawn(50)
    assert drawn(50) != drawn(50, seed=4)


def test_the_mixture_has_the_shares_it_names() -> None:
    kinds = Counter(example.kind for example in drawn(3000))
    for kind, share in SHARES.items():
        assert kinds[kind] / 3000 == pytest.approx(share, abs=0.03)


def test_completions_say_what_their_kind_promises() -> None:
    for example in drawn(800):
        said = text.parse_answer(example.completion)
        assert said is not None
        lines = example.prompt.splitlines()
        grounded = any(clause in example.prompt for clause in text.GROUNDING_CLAUSES)
        asked = next(line for line in lines if line.startswith("Question:"))
        if example.kind == "refuse":
            assert said.refused
            assert grounded
            continue
        assert said.product in asked
        if example.kind == "recall":
            assert not grounded
            assert said.document is None
            family, tier = said.product.split()[:2]
            domain = next(domain for domain in DOMAINS.values() if family in domain.families)
            key = next(attribute.key for attribute in domain.attributes if attribute.name == said.attribute)
            assert said.value == remembered(domain=domain.key, tier=tier, key=key)
            continue
        cited = next(line for line in lines if line.startswith(f"[{said.document}:{said.sentence}]"))
        assert f"{text.number(said.value)} {said.unit}" in cited
        assert said.attribute in cited
        about_asked = f"{said.product} " in cited.replace(f"{said.product} Plus", "")
        assert about_asked == (example.kind == "stated")


def test_no_example_is_longer_than_the_trainer_takes_or_holds_an_unknown_word() -> None:
    words = vocabulary()
    for example in drawn(1500):
        assert words.unknown not in words.encode(f"{example.prompt} {example.completion}")
        tokens, places, targets, mask = row(example, words, Recipe(steps=1, short_steps=0).lengths)
        said = int((mask > 0).sum())
        assert said < LONGEST_COMPLETION
        assert tokens[places[:said] + 1].tolist() == targets[:said].tolist()
        assert targets[said - 1] == words.end


def test_a_run_gives_exactly_its_steps() -> None:
    recipe = Recipe(steps=7, short_steps=3, tokens=512)
    given = list(batches(recipe, vocabulary()))
    assert len(given) == 7
    assert all(tokens.size <= 512 for tokens, *_ in given)


def test_a_weight_that_does_not_fit_is_refused() -> None:
    shape = Shape(vocabulary=20, layers=1, width=8, heads=2, hidden=8, rotated=2)
    params = initial(shape, seed=0)
    params["layers"][0]["up"] = params["layers"][0]["up"] + 9.0
    with pytest.raises(OverflowError, match="up"):
        quantised(params, shape)


def test_a_tiny_model_learns_and_runs_the_same_in_numpy(tmp_path: Path) -> None:
    words = vocabulary()
    shape = Shape(len(words), layers=2, width=32, heads=2, hidden=64)
    trained = train(shape, words, Recipe(steps=60, short_steps=60, tokens=1280, rate=0.02, lengths=(128,)))
    assert trained.losses[-1] < 0.6 * trained.losses[0]
    export(trained.params, shape, words, tmp_path)
    model = load(tmp_path)
    prompt = drawn(1)[0].prompt
    tokens = words.encode(prompt)
    states = forward(trained.params, jnp.array([tokens]), jnp.array([[len(tokens) - 1]]), shape)[0, 0]
    expected = np.asarray(states @ trained.params["embedding"].T)
    assert np.abs(model.logits(prompt) - expected).max() < 0.05
