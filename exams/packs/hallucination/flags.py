"""Switches and settings changed by hand while production ran, none of which changes an answer.

Settings are of `config.toml`, and go from what the release of the moment has to something larger and back again.
"""

from __future__ import annotations

import tomllib
from datetime import timedelta
from typing import TYPE_CHECKING

from exams.packs.hallucination import history, moments

if TYPE_CHECKING:
    import random
    from datetime import datetime

    from exams.packs.hallucination.incident import Incident

SWITCHES = (
    "chat-window-v2",
    "feedback-buttons",
    "opening-hours-banner",
    "answer-by-mail",
    "dark-theme",
    "callback-form",
    "typing-indicator",
    "survey-after-chat",
    "trace-export-hourly",
    "guard-verbose-log",
    "retriever-timing-log",
    "shadow-cache-stats",
    "prompt-size-metric",
)
SETTINGS = (("cache", "entries"), ("generation", "max_tokens"))
THROWN = (3, 6)  # switches
HELD = (15, 90)  # minutes for which a setting is changed
NEAR = 45  # minutes of the onset within which one of them was


def log(incident: Incident) -> list[tuple[datetime, str]]:
    """What was changed, when and by whom; oldest first, all before the incident opened."""
    drawing = incident.random("flags")
    onset, until = incident.onset_at, incident.opened_at - timedelta(minutes=5)
    lines: list[tuple[datetime, str]] = []
    for name in drawing.sample(SWITCHES, drawing.randrange(*THROWN)):
        at = _moment(drawing, onset, until, near=not lines)
        lines.append((at, f"{name} {drawing.choice(('off -> on', 'on -> off'))} by {_who(incident, drawing)}"))
    for section, key in drawing.sample(SETTINGS, drawing.randrange(1, len(SETTINGS) + 1)):
        at = _moment(drawing, onset, until - timedelta(minutes=HELD[1]), near=drawing.random() < 1 / 2)
        back = at + timedelta(minutes=drawing.randrange(*HELD), seconds=drawing.randrange(60))
        usual, again = (_value(incident, moment, section, key) for moment in (at, back))
        more = usual * 2 if section == "cache" else usual + 8
        who = _who(incident, drawing)
        lines.append((at, f"{section}.{key} {usual} -> {more} by {who}"))
        lines.append((back, f"{section}.{key} {more} -> {again} by {who}"))
    return sorted(lines)


def _moment(drawing: random.Random, onset: datetime, until: datetime, *, near: bool) -> datetime:
    """Draw when somebody at work changed something: close to the onset, or on that day or the one before."""
    if near:
        at = onset + timedelta(minutes=drawing.randrange(-NEAR, NEAR), seconds=drawing.randrange(60))
    else:
        at = moments.at_work(drawing, moments.days_before(onset.date(), drawing.randrange(2)))
    return min(at, until - timedelta(seconds=drawing.randrange(3000)))


def _who(incident: Incident, drawing: random.Random) -> str:
    """Somebody, but not the one on call, who has not touched anything."""
    return drawing.choice(incident.people[1:]).name


def _value(incident: Incident, at: datetime, section: str, key: str) -> int:
    tree = history.live(incident.past.releases, at).tree
    return int(tomllib.loads(tree.files["config.toml"].decode())[section][key])
