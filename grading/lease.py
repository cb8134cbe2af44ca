"""Keeps a claim alive while its run takes its time, from a thread of its own."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from django.db import DatabaseError, connections

from grading import queue
from grading.beside import Beside

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

log = logging.getLogger(__name__)

EVERY_SECONDS = 5.0


class Keeper(Beside):
    """Renews the lease of `held` every few seconds while the `with` block runs.

    `clock` reads the database's clock; `also` is called at each beat, so that a worker that is busy for a while still
    says what it would say when idle. The run tells how far it is through `done` and `total`, and asks `check`
    between cells.
    """

    def __init__(
        self, held: queue.Claim, *, clock: Callable[[], datetime], also: Callable[[datetime], None] | None = None
    ) -> None:
        super().__init__(every=EVERY_SECONDS, name=f"lease-{held.run_id}")
        self.done = 0
        self.total = 0
        self._held = held
        self._clock = clock
        self._also = also
        self._lost: str | None = None
        self._renewed = time.monotonic()

    def check(self) -> None:
        """Go on only while the claim is ours.

        Raises:
            LeaseLost: it is not, or could not be renewed for as long as a lease lasts.
        """
        if self._lost is not None:
            raise queue.LeaseLost(self._lost)

    def again(self) -> None:
        """Renew the lease, if it is still ours."""
        if self._lost is not None:
            return
        try:
            now = self._clock()
            queue.keep(self._held, done=self.done, total=self.total, now=now)
            self._renewed = time.monotonic()
            if self._also is not None:
                self._also(now)
        except queue.LeaseLost as lost:
            self._lost = str(lost)
        except DatabaseError as fault:
            log.warning("Could not renew the lease of run %s: %s", self._held.run_id, fault)
            connections.close_all()  # the next beat connects anew
            if time.monotonic() - self._renewed > queue.patience.LEASE.total_seconds():
                self._lost = f"run {self._held.run_id}: no lease could be had from the database: {fault}"

    def _go_on(self) -> None:
        try:
            super()._go_on()
        finally:
            connections.close_all()
