"""A sweep does each row by itself: one that fails calls operators and is left for the next sweep, the others go on."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db import DataError, IntegrityError, transaction

from exams.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

log = logging.getLogger(__name__)

# What something in one row can lead to, unlike a lost connection, a full disk or a time limit, which concern them all.
UNUSABLE = (
    AssertionError,
    AttributeError,
    DataError,
    IntegrityError,
    LookupError,
    ObjectDoesNotExist,
    Refusal,
    TypeError,
    ValueError,
)

Row = TypeVar("Row")


def one_by_one(rows: Iterable[Row], do: Callable[[Row], int], *, what: str, most: int | None = None) -> int:
    """Do each row in a transaction of its own; return the sum of what `do` returned.

    Args:
        rows: what is to be done, as it is to be named to operators.
        do: does one row, and returns how many things that made.
        what: what stays undone, for the alarm, with the row's place in it: "review %s cannot be opened".
        most: stop when that many were made.
    """
    done = 0
    for row in rows:
        if most is not None and done >= most:
            break
        try:
            with transaction.atomic():
                done += do(row)
        except UNUSABLE:
            log.critical(
                "ALERT: %s; the others go on without it, and every sweep tries it again. "
                "Read the cause below, and mend the row or the code",
                what % (row,),
                exc_info=True,
            )
    return done
