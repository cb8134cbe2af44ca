"""Whether incidents of one failure class are equally hard: drawn by the hundred and compared."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exams.packs import Spec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exams.packs import Measures, Pack

BAND = 0.75  # bits of difficulty either side of the class's median
SAME = ("affected", "decoys", "key_events", "candidates")  # of which each incident of a class has as many


@dataclass(frozen=True)
class Equated:
    """The incidents of one class compared.

    `same` holds, for each of `SAME`, the values seen with how often; `difficulty` is least, median and most in bits.
    `thrown_away` counts the drawings that a pack itself rejected, by reason. `off` says what is not as it must be.
    """

    failure_class: str
    drawn: int
    same: dict[str, Counter[int]]
    difficulty: tuple[float, float, float]
    harmed: tuple[int, int]
    thrown_away: Counter[str]
    seconds: float
    off: tuple[str, ...]


def equate(pack: Pack, failure_class: str, seeds: Sequence[int]) -> Equated:
    """Draw the incidents of a class with these seeds and compare them."""
    began = time.perf_counter()
    found = {seed: pack.measures(Spec(failure_class, seed)) for seed in seeds}
    bits = sorted(one.difficulty for one in found.values())
    return Equated(
        failure_class=failure_class,
        drawn=len(found),
        same={name: Counter(getattr(one, name) for one in found.values()) for name in SAME},
        difficulty=(bits[0], statistics.median(bits), bits[-1]),
        harmed=(min(one.harmed for one in found.values()), max(one.harmed for one in found.values())),
        thrown_away=Counter(reason for one in found.values() for reason in one.thrown_away),
        seconds=time.perf_counter() - began,
        off=tuple(_off(found)),
    )


def _off(found: dict[int, Measures]) -> Iterator[str]:
    for name in SAME:
        counted = Counter(getattr(one, name) for one in found.values())
        [(usual, _)] = counted.most_common(1)
        strange = [seed for seed, one in found.items() if getattr(one, name) != usual]
        if strange:
            yield f"{name} is {usual}, but not with seed {', '.join(map(str, strange[:5]))}"
    median = statistics.median(one.difficulty for one in found.values())
    outside = [seed for seed, one in found.items() if abs(one.difficulty - median) > BAND]
    if outside:
        yield f"difficulty is {median:.2f} ± {BAND} bits, but not with seed {', '.join(map(str, outside[:5]))}"
