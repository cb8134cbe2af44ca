"""The language model for incidents being drawn: it says the same as `lm/model.py`, and reads nothing twice.

Worlds are drawn by asking thousands of questions, and most of the time goes into the model. Sums in it are exact (see
`lm/lattice.py`), so it does not matter in how many goes a text is read. Hence, for the prompts asked last:

* the prompt is read once, however often it is continued: warm answers are drawn again and again;
* what was said after it is read once, too, whichever draw said it; of much that was said, what was read last;
* answers mostly quote what the prompt holds, so what they may say next is read along, several tokens in one go.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from exams.packs.hallucination.lm import lattice
from exams.packs.hallucination.lm.model import Model, _Cache, _draw, _turn

if TYPE_CHECKING:
    from exams.packs.hallucination.lm.lattice import Array

Said = tuple[int, ...]

GUESSED = 7  # tokens at most that are read along
PROMPTS = 32  # remembered
KNOWN = 300  # beginnings of answers to each: 2 MB, and as much for what the cache holds


class Recall:
    """A model that remembers the prompts it was asked last; calls may run in parallel, each prompt's one by one."""

    def __init__(self, inner: Model) -> None:
        self.inner = inner
        self._heard: OrderedDict[tuple[str, int], _Heard] = OrderedDict()
        self._lock = Lock()

    def generate(self, prompt: str, *, max_tokens: int = 40, temperature: float = 0.0, seed: int = 0) -> str:
        """Complete a prompt: the same as `Model.generate`, token for token."""
        with self._lock:
            heard = self._heard.pop((prompt, max_tokens), None) or _Heard(self.inner, prompt, max_tokens)
            self._heard[prompt, max_tokens] = heard
            while len(self._heard) > PROMPTS:
                self._heard.popitem(last=False)
        drawing = random.Random(seed)  # noqa: S311 - a seeded drawing, not a secret
        said: Said = ()
        with heard.lock:
            while len(said) < max_tokens:
                scores = heard.scores(said)
                token = int(scores.argmax()) if temperature <= 0 else _draw(scores, temperature, drawing)
                if token == self.inner.vocabulary.end:
                    break
                said = (*said, token)
        return self.inner.vocabulary.decode(list(said))


class _Heard:
    """A prompt, and what was said after it: the scores after each beginning, and the model's state of the last.

    Of beginnings the `KNOWN` read last are kept: at a high temperature there is no end of them.
    """

    def __init__(self, model: Model, prompt: str, room: int) -> None:
        self.lock = Lock()
        self._model = model
        self._prompt = model.vocabulary.encode(prompt)
        self._room = room
        self._cache: _Cache = model._cache(len(self._prompt) + room)  # noqa: SLF001 - its other half, kept apart
        self._held: Said = ()  # what the cache holds after the prompt
        self._known: dict[Said, tuple[Array, Array]] = {}  # by what was said: scores, and the layers' last states
        self._read((), self._prompt)

    def scores(self, said: Said) -> Array:
        """Score every token as the next one after what was said."""
        if said not in self._known:
            same = next((at for at, (a, b) in enumerate(zip(said, self._held, strict=False)) if a != b), None)
            kept = said[: min(len(said), len(self._held)) if same is None else same]
            kept = kept if kept != said else said[:-1]
            while kept not in self._known:  # forgotten; what comes after the prompt itself is not
                kept = kept[:-1]
            guess = self._guess(said)[: self._room - len(said)]
            self._cache.length = len(self._prompt) + len(kept)
            self._cache.previous[:] = self._known[kept][1]
            self._read(kept, [*said[len(kept) :], *guess])
        return self._known[said][0]

    def _guess(self, said: Said) -> list[int]:
        """What may come next: what followed in the prompt, or in what was said before, on words most like the last."""
        text = [*self._prompt, *self._held, *said]
        best, longest = 0, 0
        for at in range(1, len(text) - 1):
            if text[at - 1] == text[-1]:
                alike = 1
                while alike < at and text[at - 1 - alike] == text[-1 - alike]:
                    alike += 1
                best, longest = (at, alike) if alike > longest else (best, longest)
        return text[best : best + GUESSED] if longest else []

    def _read(self, after: Said, tokens: list[int]) -> None:
        """Read tokens on top of what the cache holds, and keep what is known after each; of a prompt, after the last.

        What is read of a text is the same to the last bit in one go and token by token: no sum rounds.
        """
        scores, states = _read(self._model, tokens, self._cache, every=bool(self._known))
        if not self._known:
            self._known[()] = scores[-1], states[:, -1]
            return
        self._held = (*after, *tokens)
        for number in range(len(tokens)):
            self._known.setdefault((*after, *tokens[: number + 1]), (scores[number], states[:, number].copy()))
        while len(self._known) > KNOWN:
            del self._known[next(islice(self._known, 1, None))]  # the oldest but the prompt's own


def _read(model: Model, tokens: list[int], cache: _Cache, *, every: bool) -> tuple[Array, Array]:
    """Read tokens as `Model._read` does; give the scores after each (or after the last), and the layers' states."""
    m, start, count = model, cache.length, len(tokens)
    width, end = m._embedding.shape[1], start + count  # noqa: SLF001 - what follows is the model's own reading
    cache.length = end
    cosine, sine = m._cosine[start:end], m._sine[start:end]  # noqa: SLF001
    later = np.triu(np.ones((count, count), dtype=bool), 1) if count > 1 else None
    states = np.empty((len(m._layers), count, width))  # noqa: SLF001
    x = lattice.normalise(m._embedding[tokens])  # noqa: SLF001
    for number, layer in enumerate(m._layers):  # noqa: SLF001
        state = lattice.normalise(x)
        states[number] = state
        before = np.concatenate((cache.previous[number, None], state[:-1]))
        cache.previous[number] = state[-1]
        mixed = state @ layer.qkv
        mixed[:, width : 2 * width] += before @ layer.previous
        heads = lattice.settle(mixed, lattice.HEAD_LIMIT)
        heads = heads.reshape(count, 3, m._heads, m._head).transpose(1, 2, 0, 3)  # noqa: SLF001
        keys, values = cache.keys[number, :, :end], cache.values[number, :, :end]
        keys[:, start:] = _turn(heads[1], cosine, sine)
        values[:, start:] = heads[2]
        query, hidden = _turn(heads[0], cosine, sine), later
        if not every and number + 1 == len(m._layers):  # noqa: SLF001 - only the last token's score is asked for
            query, hidden, x = query[:, -1:], None, x[-1:]
        score = query @ keys.transpose(0, 2, 1)
        score *= m._scale  # noqa: SLF001
        lattice.settle(score, lattice.RESIDUAL_LIMIT)
        if hidden is not None:
            score[:, :, start:][:, hidden] = -lattice.RESIDUAL_LIMIT
        seen = lattice.settle(lattice.softmax(score) @ values, lattice.HEAD_LIMIT)
        x = lattice.settle(x + seen.transpose(1, 0, 2).reshape(len(x), -1) @ layer.out, lattice.RESIDUAL_LIMIT)
        inner = lattice.settle(lattice.normalise(x) @ layer.up, lattice.HIDDEN_LIMIT)
        np.maximum(inner, 0.0, out=inner)
        np.multiply(inner, inner, out=inner)
        lattice.settle(inner, lattice.HIDDEN_LIMIT**2)
        x = lattice.settle(x + inner @ layer.down, lattice.RESIDUAL_LIMIT)
    return lattice.settle(lattice.normalise(x) @ m._unembedding, lattice.RESIDUAL_LIMIT), states  # noqa: SLF001
