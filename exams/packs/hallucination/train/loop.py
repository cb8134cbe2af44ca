"""The training loop: batches of like length, the loss on completions only, two optimisers, one cosine."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray

from exams.packs.hallucination import text
from exams.packs.hallucination.lm.vocabulary import Vocabulary
from exams.packs.hallucination.train.corpus import Corpus, Example
from exams.packs.hallucination.train.network import Params, Shape, forward, initial

LONGEST_COMPLETION = 26
# The two tokens of the tag (or the first words of a refusal) decide what the rest of the answer says.
DECISIVE = (8.0, 6.0)
DIGIT = 2.5
# After the first steps: how many sentences at most, and how often.
MIXTURE = {2: 0.4, 4: 0.45, text.MAX_SENTENCES: 0.15}
ALIASES = 0.25

Batch = tuple[NDArray[Any], ...]
Say = Callable[[str], object]


@dataclass(frozen=True)
class Recipe:
    """What a training run is made of.

    `steps` batches of about `tokens` tokens each. The first `short_steps` hold prompts of at most two sentences and no
    aliases: the model learns to match and to copy there, cheaply, and goes on with `MIXTURE`. `rate` is the peak
    learning rate; `lengths` are the classes of length that rows are padded to, each compiled once.
    """

    steps: int
    short_steps: int
    tokens: int = 3072
    rate: float = 0.008
    lengths: tuple[int, ...] = (32, 64, 96, 128, 160, 192, 224)
    seed: int = 0


@dataclass(frozen=True)
class Trained:
    """The weights, the mean loss of every hundred steps (or of fewer, in a short run) and the time it took."""

    params: Params
    losses: tuple[float, ...]
    seconds: float


def row(example: Example, vocabulary: Vocabulary, lengths: Sequence[int]) -> Batch:
    """Number one example: tokens, the places that predict the completion, the completion, its mask."""
    prompt = vocabulary.encode(example.prompt)
    completion = [*vocabulary.encode(example.completion), vocabulary.end]
    total, said = len(prompt) + len(completion), len(completion)
    tokens = np.zeros(next(length for length in lengths if length >= total), np.int32)
    places, targets = np.zeros((2, LONGEST_COMPLETION), np.int32)
    mask = np.zeros(LONGEST_COMPLETION, np.float32)
    tokens[:total] = prompt + completion
    places[:said] = np.arange(len(prompt) - 1, total - 1)
    targets[:said] = completion
    mask[:said] = [DIGIT if vocabulary.tokens[token].isdigit() else 1.0 for token in completion]
    mask[: len(DECISIVE)] = DECISIVE
    return tokens, places, targets, mask


def stream(recipe: Recipe) -> Iterator[Example]:
    """Give the mixture's examples without end."""
    choice = random.Random(f"mixture/{recipe.seed}")  # noqa: S311 - a seeded drawing, not a secret
    parts = [
        Corpus(recipe.seed + 1 + part, sentences=sentences, aliases=ALIASES).examples()
        for part, sentences in enumerate(MIXTURE)
    ]
    shares = list(MIXTURE.values())
    while True:
        yield next(choice.choices(parts, shares)[0])


def batches(recipe: Recipe, vocabulary: Vocabulary) -> Iterator[Batch]:
    """Give the run's batches; each holds examples of one length class."""
    short = Corpus(recipe.seed, sentences=2, aliases=0.0).examples()
    full = stream(recipe)
    waiting: dict[int, list[Batch]] = {length: [] for length in recipe.lengths}
    given = 0
    while given < recipe.steps:
        numbered = row(next(short if given < recipe.short_steps else full), vocabulary, recipe.lengths)
        length = len(numbered[0])
        waiting[length].append(numbered)
        if len(waiting[length]) == max(1, recipe.tokens // length):
            yield tuple(np.stack(part) for part in zip(*waiting[length], strict=True))
            waiting[length] = []
            given += 1


def loss(params: Params, batch: tuple[jax.Array, ...], shape: Shape) -> jax.Array:
    """Give the mean cross-entropy of the completions' tokens, in nats, the decisive ones weighing more."""
    tokens, places, targets, mask = batch
    states = forward(params, tokens, places, shape)
    missed = optax.softmax_cross_entropy_with_integer_labels(states @ params["embedding"].T, targets)
    return jnp.sum(missed * mask) / jnp.sum(mask)


def optimiser(recipe: Recipe, params: Params) -> optax.GradientTransformation:
    """Give Muon for the matrices inside the layers and Adam, at four fifths of its rate, for the embedding."""
    warmup = max(1, min(50, recipe.steps // 10))
    rate = optax.warmup_cosine_decay_schedule(0.0, recipe.rate, warmup, recipe.steps, recipe.rate / 50)
    labels = {
        "embedding": "adam",
        "layers": [dict.fromkeys(layer, "muon") for layer in params["layers"]],
    }
    return optax.multi_transform(
        {"adam": optax.adam(lambda step: 0.8 * rate(step), b2=0.98), "muon": optax.contrib.muon(rate)}, labels
    )


def train(shape: Shape, vocabulary: Vocabulary, recipe: Recipe, *, say: Say | None = None) -> Trained:
    """Train a network from nothing; `say` is told the loss every hundred steps."""
    params = initial(shape, seed=recipe.seed)
    steps = optimiser(recipe, params)
    state = steps.init(params)

    @partial(jax.jit, donate_argnums=(0, 1))
    def step(params: Params, state: Any, batch: Batch) -> tuple[Params, Any, jax.Array]:
        value, gradient = jax.value_and_grad(loss)(params, batch, shape)
        updates, state = steps.update(gradient, state, params)
        return optax.apply_updates(params, updates), state, value

    began = time.monotonic()
    recent: list[float] = []
    losses: list[float] = []
    window = min(100, max(1, recipe.steps // 4))
    for number, batch in enumerate(batches(recipe, vocabulary), 1):
        params, state, value = step(params, state, batch)
        recent.append(float(value))
        if number % window == 0:
            losses.append(sum(recent) / len(recent))
            recent.clear()
            if say is not None:
                say(f"step {number} of {recipe.steps}: loss {losses[-1]:.4f}, {time.monotonic() - began:.0f} s")
    return Trained(jax.tree.map(np.asarray, params), tuple(losses), time.monotonic() - began)
