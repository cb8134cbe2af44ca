"""The network while it is trained: a small decoder-only transformer in JAX, the twin of `lm/model.py`.

Two things differ from the plainest kind, and both are there because they shorten training several times over on a task
that is all matching and copying: keys also see the token before (what follows a word can be found by that word in one
step), and only `rotated` of a head's numbers turn with the position (the others match by content, however far away).
"""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

Params = dict[str, Any]


@dataclass(frozen=True)
class Shape:
    """The sizes of the network; `context` is the longest sequence, in tokens, that rotary tables are made for."""

    vocabulary: int
    layers: int = 4
    width: int = 96
    heads: int = 4
    hidden: int = 288
    rotated: int = 8
    context: int = 512

    @property
    def head(self) -> int:
        """Give the width of one attention head."""
        return self.width // self.heads


def initial(shape: Shape, *, seed: int) -> Params:
    """Draw the weights training starts from."""
    keys = iter(jax.random.split(jax.random.key(seed), 1 + 5 * shape.layers))
    width, hidden = shape.width, shape.hidden

    def matrix(rows: int, columns: int, scale: float) -> jax.Array:
        return jax.random.normal(next(keys), (rows, columns)) * scale

    narrow = width**-0.5
    return {
        "embedding": matrix(shape.vocabulary, width, 0.05),
        "layers": [
            {
                "qkv": matrix(width, 3 * width, narrow),
                "previous": matrix(width, width, narrow),
                "out": matrix(width, width, narrow / (2 * shape.layers) ** 0.5),
                "up": matrix(width, hidden, narrow),
                "down": matrix(hidden, width, hidden**-0.5 / (2 * shape.layers) ** 0.5),
            }
            for _ in range(shape.layers)
        ],
    }


def rotary(shape: Shape) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the cosine and sine of every position's rotation, as (context, rotated / 2)."""
    half = shape.rotated // 2
    angle = np.arange(shape.context)[:, None] * 1000.0 ** (-np.arange(half) / half)
    return np.cos(angle), np.sin(angle)


def _norm(x: jax.Array) -> jax.Array:
    return x * jax.lax.rsqrt(jnp.mean(x * x, axis=-1, keepdims=True) + 1e-5)


def forward(params: Params, tokens: jax.Array, places: jax.Array, shape: Shape) -> jax.Array:
    """Give the final states at some places of each row, (batch, places, width), normalised.

    Logits are these times the embedding. The last layer is computed at the asked places only.
    """
    batch, length = tokens.shape
    cosine, sine = (jnp.asarray(table, jnp.float32) for table in rotary(shape))
    at = jnp.broadcast_to(jnp.arange(length), (batch, length))

    def turn(x: jax.Array, at: jax.Array) -> jax.Array:
        first, second, rest = jnp.split(x, (shape.rotated // 2, shape.rotated), axis=-1)
        c, s = cosine[at][:, :, None], sine[at][:, :, None]
        return jnp.concatenate([first * c - second * s, second * c + first * s, rest], axis=-1)

    def heads(x: jax.Array) -> jax.Array:
        return x.reshape(batch, x.shape[1], shape.heads, shape.head)

    def pick(x: jax.Array) -> jax.Array:
        return jnp.take_along_axis(x, places[:, :, None], axis=1)

    x = _norm(params["embedding"][tokens])
    for number, layer in enumerate(params["layers"], 1):
        state = _norm(x)
        before = jnp.pad(state[:, :-1], ((0, 0), (1, 0), (0, 0)))
        ask, offer, give = jnp.split(layer["qkv"], 3, axis=1)
        key = turn(heads(state @ offer + before @ layer["previous"]), at)
        value = heads(state @ give)
        if number == len(params["layers"]):
            x, state, at = pick(x), pick(state), places
        query = turn(heads(state @ ask), at)
        mask = jnp.where(jnp.arange(length) <= at[:, None, :, None], 0.0, -1e9)
        score = jnp.einsum("bqhd,bkhd->bhqk", query, key) * shape.head**-0.5 + mask
        seen = jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(score), value)
        x = x + seen.reshape(x.shape) @ layer["out"]
        x = x + jnp.square(jax.nn.relu(_norm(x) @ layer["up"])) @ layer["down"]
    return _norm(x)
