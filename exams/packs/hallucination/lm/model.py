"""The small language model at inference: `load` a folder of weights, `Model.generate` answers to prompts.

Numpy alone, and the same answer to the last bit on every machine: see `lattice` for why. The layout of prompts and
answers the model was trained on is described where the prompts are made.
"""

import json
import math
import random
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from .golden import self_test
from .lattice import (
    HEAD_LIMIT,
    HIDDEN_LIMIT,
    RESIDUAL_LIMIT,
    STEP,
    Array,
    exponentials,
    normalise,
    settle,
    softmax,
)
from .vocabulary import Vocabulary

MANIFEST = "MANIFEST.json"
WEIGHTS = "weights.npz"
VOCABULARY = "vocabulary.json"
ROTARY_STEP = 2.0**-14


class ModelDamaged(Exception):
    """The model's files, or this machine's arithmetic, are not what the manifest promises."""


class PromptTooLong(ValueError):
    """The prompt and the room for an answer do not fit into the model's context."""


@dataclass(frozen=True)
class _Layer:
    qkv: Array
    previous: Array
    out: Array
    up: Array
    down: Array


class _Cache:
    """Keys and values of the tokens read so far, and the last token's normalised state, per layer."""

    def __init__(self, layers: int, heads: int, room: int, head: int) -> None:
        self.keys = np.zeros((layers, heads, room, head))
        self.values = np.zeros((layers, heads, room, head))
        self.previous = np.zeros((layers, heads * head))
        self.length = 0


class Model:
    """A loaded language model; it keeps nothing between calls, and calls may run in parallel."""

    def __init__(self, vocabulary: Vocabulary, arrays: dict[str, Any], *, heads: int) -> None:
        self.vocabulary = vocabulary
        self._embedding: Array = arrays["embedding"] * STEP
        self._unembedding = np.ascontiguousarray(self._embedding.T)
        self._cosine: Array = arrays["cosine"] * ROTARY_STEP
        self._sine: Array = arrays["sine"] * ROTARY_STEP
        layers = sum(name.endswith(".qkv") for name in arrays)
        self._layers = [
            _Layer(*(arrays[f"layer{number}.{part}"] * STEP for part in ("qkv", "previous", "out", "up", "down")))
            for number in range(layers)
        ]
        self._heads = heads
        self._head = self._embedding.shape[1] // heads
        self._scale = 1 / math.sqrt(self._head)
        self.context = len(self._cosine)

    @property
    def parameters(self) -> int:
        """Count the trained numbers."""
        return self._embedding.size + sum(
            part.size for layer in self._layers for part in (layer.qkv, layer.previous, layer.out, layer.up, layer.down)
        )

    def logits(self, prompt: str) -> Array:
        """Score every token as the first of the completion."""
        tokens = self.vocabulary.encode(prompt)
        return self._read(tokens, self._cache(len(tokens)))

    def generate(self, prompt: str, *, max_tokens: int = 40, temperature: float = 0.0, seed: int = 0) -> str:
        """Complete a prompt and return the completion's text.

        Stops at the end-of-answer token or after `max_tokens`. At `temperature` 0 the most likely token is taken (ties
        go to the lowest number); above it tokens are drawn by a generator seeded with `seed`, the same on every
        machine. Raises PromptTooLong when prompt and `max_tokens` exceed `context` tokens.
        """
        tokens = self.vocabulary.encode(prompt)
        cache = self._cache(len(tokens) + max_tokens)
        drawing = random.Random(seed)  # noqa: S311 - a seeded drawing, not a secret
        said: list[int] = []
        scores = self._read(tokens, cache)
        while len(said) < max_tokens:
            token = int(scores.argmax()) if temperature <= 0 else _draw(scores, temperature, drawing)
            if token == self.vocabulary.end:
                break
            said.append(token)
            if len(said) < max_tokens:
                scores = self._read([token], cache)
        return self.vocabulary.decode(said)

    def _cache(self, room: int) -> _Cache:
        if room > self.context:
            raise PromptTooLong(
                f"Prompt and answer need {room} tokens and the model reads {self.context}: retrieve fewer sentences."
            )
        return _Cache(len(self._layers), self._heads, room, self._head)

    def _read(self, tokens: list[int], cache: _Cache) -> Array:
        """Read tokens on top of what the cache holds and score every token as the next one."""
        start, count, width = cache.length, len(tokens), self._embedding.shape[1]
        end = cache.length = start + count
        cosine, sine = self._cosine[start:end], self._sine[start:end]
        hidden = np.triu(np.ones((count, count), dtype=bool), 1) if count > 1 else None
        x = normalise(self._embedding[tokens])
        for number, layer in enumerate(self._layers):
            state = normalise(x)
            before = np.concatenate((cache.previous[number, None], state[:-1]))
            cache.previous[number] = state[-1]
            mixed = state @ layer.qkv
            mixed[:, width : 2 * width] += before @ layer.previous
            heads = settle(mixed, HEAD_LIMIT).reshape(count, 3, self._heads, self._head).transpose(1, 2, 0, 3)
            keys, values = cache.keys[number, :, :end], cache.values[number, :, :end]
            keys[:, start:] = _turn(heads[1], cosine, sine)
            values[:, start:] = heads[2]
            last = number + 1 == len(self._layers)
            query = _turn(heads[0], cosine, sine)
            if last and count > 1:  # only the last token's score is asked for
                query, hidden, x = query[:, -1:], None, x[-1:]
            score = query @ keys.transpose(0, 2, 1)
            score *= self._scale
            settle(score, RESIDUAL_LIMIT)
            if hidden is not None:
                score[:, :, start:][:, hidden] = -RESIDUAL_LIMIT
            seen = settle(softmax(score) @ values, HEAD_LIMIT)
            seen = seen.transpose(1, 0, 2).reshape(len(x), -1)
            x = settle(x + seen @ layer.out, RESIDUAL_LIMIT)
            inner = settle(normalise(x) @ layer.up, HIDDEN_LIMIT)
            np.maximum(inner, 0.0, out=inner)
            np.multiply(inner, inner, out=inner)
            settle(inner, HIDDEN_LIMIT**2)
            x = settle(x + inner @ layer.down, RESIDUAL_LIMIT)
        scores: Array = (normalise(x[-1:]) @ self._unembedding)[0]
        return settle(scores, RESIDUAL_LIMIT)


def _turn(x: Array, cosine: Array, sine: Array) -> Array:
    """Rotate the first part of queries or keys, (heads, tokens, head), by their positions; the rest stays."""
    half = cosine.shape[1]
    first, second = x[..., :half], x[..., half : 2 * half]
    turned = x.copy()
    turned[..., :half] = first * cosine - second * sine
    turned[..., half : 2 * half] = second * cosine + first * sine
    return settle(turned, HEAD_LIMIT)


def _draw(scores: Array, temperature: float, drawing: random.Random) -> int:
    """Draw a token by its exponential weight, with whole numbers."""
    below = settle((scores.max() - scores) / temperature, RESIDUAL_LIMIT)
    heaped = (exponentials(below) * 2**20).astype(np.int64).cumsum()
    return int(np.searchsorted(heaped, drawing.randrange(int(heaped[-1])), side="right"))


def load(folder: Path) -> Model:
    """Load the model kept in a folder.

    Checks the hash of every file named in the manifest and runs the golden prompts; raises ModelDamaged when anything
    differs.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        for name, expected in manifest["files"].items():
            if sha256((folder / name).read_bytes()).hexdigest() != expected:
                raise ModelDamaged(f"{name} is not the file the manifest names: restore the folder {folder}.")
        vocabulary = Vocabulary.read(folder / VOCABULARY)
        with np.load(folder / WEIGHTS, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        model = Model(vocabulary, arrays, heads=manifest["heads"])
    except (OSError, KeyError, ValueError) as fault:
        raise ModelDamaged(f"The model cannot be read from {folder}: {fault}. Restore the folder.") from fault
    if self_test(model) != manifest["golden"]:
        raise ModelDamaged(
            "The golden prompts came out otherwise than they should: the code or the arithmetic differs here."
        )
    return model
