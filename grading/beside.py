"""What is done again and again beside the work of a `with` block, in a thread of its own."""

import logging
import threading
from abc import ABC, abstractmethod
from typing import Self

log = logging.getLogger(__name__)


class Beside(ABC):
    """Calls `again` every so many seconds while the `with` block runs; leaving waits for a call that is under way.

    An error in a call is logged and the next is made all the same: what is done beside something must not end it.
    """

    def __init__(self, *, every: float, name: str) -> None:
        self._every = every
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._left.set()
        self._thread.join()

    @abstractmethod
    def again(self) -> None:
        """What is done, in the thread."""

    def _go_on(self) -> None:
        while not self._left.wait(self._every):
            try:
                self.again()
            except Exception:
                log.exception("%s failed once and goes on", self._thread.name)
