"""The network while it is trained: a small decoder-only transformer in JAX, the twin of `lm/model.py`."""

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
    context: int = 256

    @property
    def head(self) -> int:
        """Give the width of one attention head."""
        return self.width // self.heads


def initial(shape: Shape, *, seed: int) -> Params:
    """Draw the weights training starts from."""
    keys = iter(jax.random.split(jax.random.key(seed), 1 + 4 * shape.layers))
    width, hidden = shape.width, shape.hidden

    def matrix(rows: int, columns: int, scale: float) -> jax.Array:
        return jax.random.normal(next(keys), (rows, columns)) * scale

    narrow = width**-0.5
    return {
        "embedding": matrix(shape.vocabulary, width, 0.05),
        "layers": [
            {
                "qkv": matrix(width, 3 * width, narrow),
                "out": matrix(width, width, narrow / (2 * shape.layers) ** 0.5),
                "up": matrix(width, hidden, narrow),
                "down": matrix(hidden, width, hidden**-0.5 / (2 * shape.layers) ** 0.5),
            }
            for _ in range(shape.layers)
        ],
    }


def rotary(shape: Shape) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the cosine and sine of every position's rotation, as (context, head / 2)."""
    half = shape.head // 2
    angle = np.arange(shape.context)[:, None] * 1000.0 ** (-np.arange(half) / half)
    return np.cos(angle), np.sin(angle)


def _norm(x: jax.Array) -> jax.Array:
    return x * jax.lax.rsqrt(jnp.mean(x * x, axis=-1, keepdims=True) + 1e-5)


def forward(params: Params, tokens: jax.Array, shape: Shape) -> jax.Array:
    """Give the final hidden states, (batch, length, width), normalised; logits are these times the embedding."""
    batch, length = tokens.shape
    cosine, sine = (jnp.asarray(table[:length, None], jnp.float32) for table in rotary(shape))
    mask = jnp.where(jnp.tril(jnp.ones((length, length), bool)), 0.0, -1e9)

    def turn(x: jax.Array) -> jax.Array:
        first, second = jnp.split(x, 2, axis=-1)
        return jnp.concatenate([first * cosine - second * sine, second * cosine + first * sine], axis=-1)

    x = _norm(params["embedding"][tokens])
    for layer in params["layers"]:
        mixed = (_norm(x) @ layer["qkv"]).reshape(batch, length, 3, shape.heads, shape.head)
        query, key, value = turn(mixed[:, :, 0]), turn(mixed[:, :, 1]), mixed[:, :, 2]
        score = jnp.einsum("bqhd,bkhd->bhqk", query, key) * shape.head**-0.5 + mask
        seen = jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(score), value)
        x = x + seen.reshape(batch, length, shape.width) @ layer["out"]
        x = x + jnp.square(jax.nn.relu(_norm(x) @ layer["up"])) @ layer["down"]
    return _norm(x)
