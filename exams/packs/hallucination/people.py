"""Who works on an assistant: for each trade people of its own, so that nobody is met at two companies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

STAFF = 5  # of whom the first is on call when the incident opens, and has not touched anything lately

NAMES = {
    "bank": (
        ("Amara", "Bruno", "Chidi", "Daria", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas"),
        ("Abara", "Brandt", "Castillo", "Dimitrov", "Ekberg", "Fofana", "Grant", "Haddad", "Ito", "Jansen"),
    ),
    "telco": (
        ("Keiko", "Lamar", "Mirela", "Nadim", "Olga", "Pavel", "Quentin", "Rosa", "Sunil", "Tove"),
        ("Kowalski", "Lund", "Moreau", "Nkosi", "Okafor", "Petrov", "Quist", "Rahman", "Sato", "Toth"),
    ),
    "pharmacy": (
        ("Umar", "Vera", "Wanda", "Ximena", "Yusuf", "Zofia", "Anton", "Bettina", "Cedric", "Dolores"),
        ("Ueda", "Varga", "Weiss", "Xu", "Yilmaz", "Zeman", "Aalto", "Bianchi", "Cohen", "Duarte"),
    ),
    "insurer": (
        ("Emeka", "Franka", "Goran", "Hanna", "Ivo", "Jelena", "Kofi", "Leonie", "Marek", "Noor"),
        ("Eriksen", "Ferrari", "Gupta", "Horvat", "Ivanov", "Jovanovic", "Keller", "Larsen", "Mbeki", "Novak"),
    ),
}


@dataclass(frozen=True)
class Person:
    """Somebody who works on the assistant."""

    name: str
    email: str


def staff(domain: str, company: str, drawing: random.Random) -> tuple[Person, ...]:
    """Draw the people of a company; the first is on call."""
    first_names, last_names = NAMES[domain]
    at = company.split(maxsplit=1)[0].lower()
    return tuple(
        Person(f"{first} {last}", f"{first}.{last}@{at}.example".lower())
        for first, last in zip(drawing.sample(first_names, STAFF), drawing.sample(last_names, STAFF), strict=True)
    )
