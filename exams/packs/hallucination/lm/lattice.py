"""Exact arithmetic in float64: every number is a whole multiple of a small step, so every sum is exact.

Floating-point sums depend on their order, and the order depends on the BLAS, the number of threads and the width of
the machine's vectors. Here no sum ever rounds. All matrices hold multiples of `STEP` = 2⁻¹², so products are
multiples of 2⁻²⁴, and a float64 holds every multiple of 2⁻²⁴ below 2²⁹ (53 bits). With the limits below:

====================  =====================================  =============================
sum                   largest magnitude                      bits needed (< 53)
====================  =====================================  =============================
mean square           96 terms × (2¹⁰)²             < 2²⁷    27 + 24 = 51
normalised × weight   192 terms × 2⁴ × 2³           < 2¹⁵    15 + 24 = 39
hidden × weight       288 terms × 2¹² × 2³          < 2²⁴    24 + 24 = 48
query · key           24 terms × 2⁸ × 2⁸            < 2²¹    21 + 24 = 45
attention × value     512 terms × 1 × 2⁸            ≤ 2¹⁷    17 + 28 = 45 (shares are multiples of 2⁻¹⁶)
sum of exponentials   512 terms × 1                 ≤ 2⁹     9 + 20 = 29 (multiples of 2⁻²⁰)
====================  =====================================  =============================

Partial sums in any order, and fused multiply-adds, stay within the same bounds, so they are exact too. What is not
a sum is either one correctly rounded IEEE operation (+, −, ×, ÷, √), which is the same on every machine, or read from
a table that was made with integers. After each step results go back to the lattice by `settle`.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BITS = 12
STEP = 2.0**-BITS
RESIDUAL_LIMIT = 2.0**10
HIDDEN_LIMIT = 2.0**6
HEAD_LIMIT = 2.0**8

_SCALE = 2.0**BITS
_SHARE = 2.0**16
_EXP_BITS = 20
_EXP_REACH = 16  # below e⁻¹⁶ an exponential is nought on its own lattice


def settle(x: Array, limit: float) -> Array:
    """Round to the lattice, ties to even, and hold within ±limit; changes `x` in place and returns it."""
    np.multiply(x, _SCALE, out=x)
    np.rint(x, out=x)
    np.multiply(x, STEP, out=x)
    np.minimum(x, limit, out=x)
    return np.maximum(x, -limit, out=x)


def normalise(x: Array) -> Array:
    """Scale rows to unit mean square; `x` is on the lattice and within `RESIDUAL_LIMIT`."""
    square = np.einsum("...i,...i->...", x, x)[..., None]
    root = np.sqrt(square / x.shape[-1] + 1e-5)
    return settle(x / root, RESIDUAL_LIMIT)


def exponentials(below: Array) -> Array:
    """Give e to the minus `below` (on the lattice, not negative) as multiples of 2⁻²⁰."""
    index = np.minimum(below * _SCALE, _EXP_REACH * _SCALE).astype(np.int64)
    return _EXP[index]


def softmax(score: Array) -> Array:
    """Share out 1 along the last axis by the exponentials of lattice scores; shares are multiples of 2⁻¹⁶."""
    weight = exponentials(score.max(axis=-1, keepdims=True) - score)
    weight /= weight.sum(axis=-1, keepdims=True)
    np.multiply(weight, _SHARE, out=weight)
    np.rint(weight, out=weight)
    return np.multiply(weight, 1 / _SHARE, out=weight)


def _exponential_table() -> Array:
    """Tabulate exponentials with integers alone: fixed point with 96 bits, multiplied up step by step."""
    bits = 96
    one = 1 << bits
    factor, term = one, one
    for order in range(1, 12):
        term = -term // (order << BITS)
        factor += term
    table, value = [], one
    for _ in range(_EXP_REACH << BITS):
        table.append((value + (1 << (bits - _EXP_BITS - 1))) >> (bits - _EXP_BITS))
        value = value * factor >> bits
    table.append(0)
    return np.array(table, dtype=np.float64) * 2.0**-_EXP_BITS


_EXP = _exponential_table()
