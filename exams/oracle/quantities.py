"""One spelling for what looks alike, and numbers with their units."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNITS: Mapping[str, tuple[str, Decimal]] = {
    spelled: (unit, Decimal(factor))
    for unit, factor, spellings in (
        ("usd", "1", "usd $ us$ dollar dollars"),
        ("eur", "1", "eur € euro euros"),
        ("gbp", "1", "gbp £ pound pounds"),
        ("%", "1", "% percent pct"),
        ("gb", "1", "gb gigabyte gigabytes"),
        ("gb", "1000", "tb terabyte terabytes"),
        ("gb", "0.001", "mb megabyte megabytes"),
        ("mg", "1", "mg milligram milligrams milligramme milligrammes"),
        ("mg", "1000", "g gram grams gramme grammes"),
        ("hours", "1", "hour hours h hrs"),
        ("hours", "24", "day days"),
        ("hours", "168", "week weeks"),
        ("years", "1", "year years"),
    )
    for spelled in spellings.split()
}
_SCALES = {"thousand": Decimal(1000), "k": Decimal(1000), "million": Decimal(1_000_000)}
_BEFORE = "|".join(re.escape(sign) for sign in ("us$", "$", "€", "£", "usd", "eur", "gbp"))
_AFTER = "|".join(sorted((re.escape(unit) for unit in _UNITS), key=len, reverse=True))
QUANTITY = re.compile(
    rf"(?<![\w.])(?P<before>{_BEFORE})?\s?(?P<sign>[-−])?"
    r"(?P<number>\d{1,3}(?:[,' ]\d{3})+(?:\.\d+)?|\d{1,15},\d{1,2}(?![\d,])|\d{1,15}(?:\.\d{1,6})?)(?![\d])"
    rf"(?:[\s-]?(?P<scale>thousand|million|k)(?![\w]))?(?:[\s-]?(?P<after>{_AFTER})(?![\w]))?"
)
LONG_DIGITS = re.compile(r"\d{16,}")
WORD = re.compile(r"[a-z0-9%]+")
_MARKUP = re.compile(r"[*_`~]+")
_INVISIBLE = {"Cf", "Cc", "Cs", "Co", "Cn"}


@dataclass(frozen=True)
class Amount:
    """A quantity in the base unit of its dimension: 2 days and 48 hours are equal; `unit` None fits any."""

    number: Decimal
    unit: str | None

    def fits(self, other: Amount) -> bool:
        """Whether both say the same, or one does not say its unit and the numbers agree."""
        return self.number == other.number and (self.unit == other.unit or self.unit is None or other.unit is None)


def plain(text: str) -> str:
    """A text as it reads, its letters' case kept: compatibility forms, spaces, invisible characters and markup gone."""
    if text.isascii() and text.isprintable():  # most are, and have nothing else to be taken out
        return " ".join(_MARKUP.sub("", text).split())
    shown = unicodedata.normalize("NFKC", text)
    seen = "".join(" " if c.isspace() else c for c in shown if c.isspace() or unicodedata.category(c) not in _INVISIBLE)
    return " ".join(_MARKUP.sub("", seen).split())


def fold(text: str) -> str:
    """One spelling for what looks alike: compatibility forms, case, spaces, invisible characters, markup."""
    return " ".join(plain(text).casefold().split())


def words(text: str) -> list[str]:
    """The words of a text, folded."""
    return WORD.findall(fold(text))


def unit_of(spelled: str) -> tuple[str | None, Decimal]:
    """The base unit of a unit as facts write it, and how many of it one is: `thousand USD` is 1000 usd."""
    factor = Decimal(1)
    unit: str | None = None
    for word in fold(spelled).split():
        if word in _SCALES:
            factor *= _SCALES[word]
        elif word in _UNITS:
            unit, times = _UNITS[word]
            factor *= times
        else:
            unit = word
    return unit, factor


def stated(value: object, unit: object) -> tuple[Amount, Decimal]:
    """An amount as facts write it, and its bare number.

    Raises:
        ArithmeticError: the value is no number.
    """
    base, factor = unit_of(str(unit))
    written = Decimal(str(value))
    return Amount(written * factor, base), written


def amount_of(found: re.Match[str]) -> tuple[Amount, Decimal]:
    """The amount that a match of `QUANTITY` says, and its bare number as written."""
    number = _number(found["number"])
    if found["sign"] and not found["before"] and found.start() and found.string[found.start() - 1].isalnum():
        sign = 1  # a hyphen inside a word, as in "covid-19"
    else:
        sign = -1 if found["sign"] else 1
    scale = _SCALES[found["scale"]] if found["scale"] else Decimal(1)
    spelled = found["before"] or found["after"]
    unit, factor = _UNITS[spelled] if spelled else (None, Decimal(1))
    return Amount(sign * number * scale * factor, unit), sign * number


def _number(written: str) -> Decimal:
    if re.fullmatch(r"\d+,\d{1,2}", written):
        return Decimal(written.replace(",", "."))
    return Decimal(re.sub(r"[,' ]", "", written))
