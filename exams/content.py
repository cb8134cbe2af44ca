"""What people send is stored as plain, bounded JSON, or refused with the reason before anything is written."""

from __future__ import annotations

import math
from typing import Any

from exams.errors import Refusal

KIB = 1024
MAX_DEPTH = 12
MAX_VALUES = 20_000
MAX_WHOLE_NUMBER = 2**53  # beyond it a browser would show another number than the one stored
SURROGATES = range(0xD800, 0xE000)


class ContentTooLarge(Refusal):
    """More bytes than this kind of content may have."""


class ContentUnusable(Refusal):
    """JSON that cannot be kept as it is: too deep, too many values, or text that no database can hold."""


def is_blank(value: Any) -> bool:
    """Whether there is nothing in it: no deliverable, an empty one, or only spaces."""
    return value is None or value in ({}, []) or (isinstance(value, str) and not value.strip())


def check_text(text: str, *, what: str) -> None:
    """Refuse text that holds NUL or half a character.

    Raises:
        ContentUnusable: with the position.
    """
    for position, character in enumerate(text):
        if character == "\x00" or ord(character) in SURROGATES:
            raise ContentUnusable(
                f"The {what} holds a character that is not text (position {position}, U+{ord(character):04X}). "
                "It cannot be stored; remove it and send again.",
                position=position,
            )


def _check_scalar(value: Any, *, what: str) -> None:
    if isinstance(value, str):
        check_text(value, what=what)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ContentUnusable(f"The {what} holds a number that is not finite. Send a finite number.")
    elif isinstance(value, int) and abs(value) > MAX_WHOLE_NUMBER:
        raise ContentUnusable(f"The {what} holds a whole number beyond 2^53. Send it as text.")


def check_plain(value: Any, *, what: str) -> None:
    """Refuse JSON deeper than `MAX_DEPTH`, larger than `MAX_VALUES` values, or with text that is not text.

    Raises:
        ContentUnusable: with what to do about it.
    """
    waiting: list[tuple[Any, int]] = [(value, 1)]
    seen = 0
    while waiting:
        each, depth = waiting.pop()
        seen += 1
        if depth > MAX_DEPTH:
            raise ContentUnusable(f"The {what} is nested more than {MAX_DEPTH} levels deep. Send it flatter.")
        if seen + len(waiting) > MAX_VALUES:
            raise ContentUnusable(f"The {what} holds more than {MAX_VALUES} values. Send less.")
        if isinstance(each, dict):
            for key, inner in each.items():
                check_text(key, what=what)
                waiting.append((inner, depth + 1))
        elif isinstance(each, list):
            waiting.extend((inner, depth + 1) for inner in each)
        else:
            _check_scalar(each, what=what)


def check_size(encoded: bytes, *, what: str, max_bytes: int) -> None:
    """Refuse content whose stored form is larger than `max_bytes`.

    Raises:
        ContentTooLarge: with both numbers.
    """
    if len(encoded) > max_bytes:
        raise ContentTooLarge(
            f"The {what} has {len(encoded)} bytes; at most {max_bytes} are taken. Shorten it and send again.",
            size=len(encoded),
            limit=max_bytes,
        )
