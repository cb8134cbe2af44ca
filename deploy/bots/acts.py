"""What bots do, as data: each act at its minute; texts that need figures are written when it comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from sandboxes.ingest.tree import Tree


@dataclass(frozen=True)
class Sight:
    """What a learner sees at a moment: the clock, what customers got so far, and when their own acts were.

    `wrong` and `asked` count answers since the opening, `wrong_since_live` and `asked_since_live` those of the version
    that is live now; `done` are moments of the bot's own acts by name.
    """

    now: datetime
    started_at: datetime
    asked: int
    wrong: int
    asked_since_live: int
    wrong_since_live: int
    live_since: datetime | None
    done: dict[str, datetime]


Words = str | Callable[[Sight], str]


@dataclass(frozen=True)
class Tell:
    """Post a status update; `next_in` promises the next one so many minutes later."""

    minute: float
    text: Words
    impact: Words = ""
    audience: str = "stakeholders"
    state: str = "investigating"
    next_in: float | None = None


@dataclass(frozen=True)
class Ask:
    """Put a question to what customers get."""

    minute: float
    question: str
    session: str = ""


@dataclass(frozen=True)
class Diagnose:
    """File a diagnosis."""

    minute: float
    component: str
    failure_class: str
    explanation: str
    repro: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """Have a tree run: a practice run."""

    minute: float
    tree: Tree


@dataclass(frozen=True)
class Deploy:
    """Deploy the code of the last run."""

    minute: float


@dataclass(frozen=True)
class HandIn:
    """Hand in the live stage: a tree, and the diagnosis in words."""

    minute: float
    tree: Tree
    diagnosis: str


@dataclass(frozen=True)
class WriteUp:
    """Hand in the post-mortem, hours after the window closed."""

    minute: float
    text: Words


Act = Tell | Ask | Diagnose | Run | Deploy | HandIn | WriteUp


@dataclass(frozen=True)
class Play:
    """A bot's whole play. `keeps_its_word`: a mentor would find what the bands ask of them to see."""

    bot: str
    acts: tuple[Act, ...]
    keeps_its_word: bool = False
