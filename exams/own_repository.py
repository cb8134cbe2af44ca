"""An attempt's own repository is put on disk from what the stock holds, before its clock starts."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import connection

from exams import stock
from exams.queries import repository_path
from sandboxes import repository

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exams.models import Attempt


def is_whole(attempt: Attempt) -> bool:
    """Whether nothing of it has to be drawn any more; earlier versions drew some incidents while the learner waited."""
    kept = attempt.handed_out_id is not None
    return kept and (repository_path(attempt).exists() or bool(stock.repository_of(attempt)))


def put_in_place(attempt: Attempt) -> None:
    """Unpack it, unless it is there already; in one tab at a time.

    Raises:
        repository.RepositoryFault, OSError: it could not be.
    """
    path = repository_path(attempt)
    with _one_tab_at_a_time(attempt):
        if not path.exists():
            repository.unpack(path, stock.repository_of(attempt))


@contextmanager
def _one_tab_at_a_time(attempt: Attempt) -> Iterator[None]:
    """Ten tabs that press start put it there once: nine wait, and find it. A crash lets go with its connection."""
    key = f"hotseat prepares attempt {attempt.pk}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [key])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [key])
