"""How much of a processor this machine had to give, measured with work of our own beside what is timed.

Workers and containers share one machine. Every other second a thread computes for some hundredths of a second and notes
how much of that time it had the processor. It must be as long as that: who sleeps a lot is let in at once for a few
milliseconds on the most crowded machine, and would see nothing. A slow disk it does not see.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grading.beside import Beside

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_SECONDS = 2.0
_ROUNDS = 100_000  # about 20 milliseconds of a processor; other threads of this process go on meanwhile


@dataclass(frozen=True)
class _Sample:
    ended: float
    took: float
    had: float


def some_work() -> None:
    """Some hundredths of a second of computing."""
    hashlib.pbkdf2_hmac("sha256", b"how long", b"does this take", _ROUNDS)


class Yardstick(Beside):
    """Measures while the `with` block runs."""

    def __init__(self, work: Callable[[], object] = some_work) -> None:
        super().__init__(every=EVERY_SECONDS, name="yardstick")
        self._work = work
        self._samples: list[_Sample] = []

    def share(self, since: float) -> float:
        """Which part of a processor was to be had since then, on `time.monotonic`: 1.0 is a whole one."""
        seen = [each for each in tuple(self._samples) if each.ended >= since] or [self._sample()]
        return min(1.0, sum(each.had for each in seen) / max(sum(each.took for each in seen), 1e-9))

    def again(self) -> None:
        """Take one sample."""
        self._samples.append(self._sample())

    def _sample(self) -> _Sample:
        began, had = time.monotonic(), time.thread_time()
        self._work()
        ended = time.monotonic()
        return _Sample(ended, ended - began, time.thread_time() - had)
