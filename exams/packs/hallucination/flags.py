"""Switches and settings changed by hand while production ran, none of which changes an answer.

Three sorts: switches; settings of what lies around the assistant, which no file in git holds; and settings of
`config.toml`. Of the first two some stay changed, some are taken back, by whoever did it or by somebody else, some of
them after the onset. The third change no answer either: in half of the incidents one of them was changed within minutes
of the onset and stays so, where nothing about the fault or its releases hangs on it; others are back before the fault.
"""

from __future__ import annotations

import tomllib
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from exams.packs.hallucination import history, moments

if TYPE_CHECKING:
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
    "index-heartbeat",
    "slow-answer-profile",
    "session-count-metric",
)
AROUND: dict[str, tuple[str, ...]] = {
    "gateway.timeout_s": ("6", "8", "10", "15"),
    "gateway.retries": ("0", "1", "2"),
    "gateway.keepalive_s": ("30", "60", "75"),
    "log.level": ("warning", "info", "debug"),
    "trace.retention_days": ("30", "60", "90"),
    "metrics.interval_s": ("15", "30", "60"),
    "chat.idle_minutes": ("30", "45", "60"),
    "chat.typing_delay_ms": ("0", "150", "300"),
    "survey.every_nth": ("5", "10", "20"),
    "callback.queue_limit": ("20", "40", "60"),
    "health.interval_s": ("5", "10", "30"),
    "export.batch": ("100", "250", "500"),
    "warmup.questions": ("0", "10", "50"),
}
SETTINGS = (("cache", "entries"), ("generation", "max_tokens"))
LARGER = {"entries": (2, 4), "max_tokens": (1.2, 1.5)}  # times what the release has
# What may stay changed, and the words in a fault's lines or paths that forbid it. A seed matters where words are drawn.
LEFT: dict[tuple[str, str], tuple[str, ...]] = {
    ("cache", "entries"): ("cache", "entries", "session", "seed", "temperature"),
    ("generation", "max_tokens"): ("max_tokens", "generate", "temperature"),
    ("generation", "seed"): ("seed", "generate", "temperature"),
}
SEEDS = (1, 7, 11, 42, 2026)
LEFT_SHARE = 0.6

THROWN, TURNED = (2, 5), (2, 5)  # switches, and settings around; one of each at least stays as it was left
HELD = (15, 90)  # minutes for which something is changed that is taken back
NEAR = (3, 25)  # minutes before the onset in which something was changed in every incident
BACK_SHARE = 0.4
REASON_SHARE = 0.45

WHY = (
    "asked for by the service desk",
    "for the load test",
    "for the pilot",
    "to see more of it",
    "agreed on Monday",
    "the default was too low",
    "trial, one day",
    "see handbook 4.2",
)
WHY_BACK = (
    "trial is over",
    "made no difference",
    "load test done",
    "nobody knew why it was on",
    "as it was",
    "to rule it out",
    "too noisy",
    "was left by mistake",
)
TICKETS = ("OPS", "PLAT", "WEB")


class Change(NamedTuple):
    """What was changed from what into what."""

    name: str
    old: str
    new: str


def log(incident: Incident) -> list[tuple[datetime, str]]:
    """What was changed, when and by whom; oldest first, all before the incident opened."""
    return _Log(incident).lines()


class _Log:
    def __init__(self, incident: Incident) -> None:
        self.incident = incident
        self.random = incident.random("flags")
        self.until = incident.opened_at - timedelta(minutes=5)
        self.found: list[tuple[datetime, str]] = []

    def lines(self) -> list[tuple[datetime, str]]:
        names = self.random.sample(SWITCHES, self.random.randrange(*THROWN))
        turned = self.random.sample(sorted(AROUND), self.random.randrange(*TURNED))
        changes = [Change(name, *self.random.sample(("off", "on"), 2)) for name in names]
        changes += [Change(name, *self.random.sample(AROUND[name], 2)) for name in turned]
        self.random.shuffle(changes)
        for number, change in enumerate(changes):
            near = number == 0 or self.random.random() < 1 / 4
            self._change(change, near=near, back=number != 1 and self.random.random() < BACK_SHARE)
        left = self._left_of_config() if self.random.random() < LEFT_SHARE else None
        others = [one for one in SETTINGS if one != left]
        for section, key in self.random.sample(others, self.random.randrange(len(others) + 1)):
            self._of_config(section, key)
        return sorted(self.found)

    def _change(self, change: Change, *, near: bool, back: bool) -> None:
        at = self._near() if near else self._some_time()
        who = self._who()
        self._note(at, change, who, WHY)
        if back:
            earliest = at + self._minutes(*HELD)
            at = min(self._onward(earliest), self.until)
            self._note(at, Change(change.name, change.new, change.old), self._who(but=who), WHY_BACK)

    def _left_of_config(self) -> tuple[str, str] | None:
        """Change something that the assistant has, close to the onset, for good; None where all might do harm.

        What any release has otherwise than the others is left alone: git would say something else than production.
        """
        fault = self.incident.fault
        edits = [*fault.edits, *(fault.earlier.edits if fault.earlier else ())]
        written = " ".join(f"{edit.path} {edit.old} {edit.new}".lower() for edit in edits)
        harmless = [
            (section, key)
            for (section, key), words in LEFT.items()
            if not any(word in written for word in words)
            and len({self._value(release.deployed_at, section, key) for release in self.incident.past.releases}) == 1
        ]
        if not harmless:
            return None
        section, key = self.random.choice(harmless)
        at = self._near()
        usual = self._value(at, section, key)
        if usual is None:
            return None
        new = int(usual * self.random.choice(LARGER[key])) if key in LARGER else self.random.choice(SEEDS)
        if new != usual:
            self._note(at, Change(f"{section}.{key}", str(usual), str(new)), self._who(), WHY)
        return section, key

    def _of_config(self, section: str, key: str) -> None:
        """Larger and back again, all of it before the fault was live."""
        fault_at = min(self.incident.deployed_at, self.incident.onset_at)
        back = fault_at - self._minutes(2, 25)
        if self.random.random() < 1 / 2:
            day = moments.days_before(fault_at.date(), 1)
            back = moments.at_work(self.random, day)
        at = back - self._minutes(*HELD)
        usual, again = (self._value(moment, section, key) for moment in (at, back))
        if usual is None or again is None:
            return
        more = int(usual * self.random.choice(LARGER[key]))
        name, who = f"{section}.{key}", self._who()
        self._note(at, Change(name, str(usual), str(more)), who, WHY)
        self._note(back, Change(name, str(more), str(again)), self._who(but=who), WHY_BACK)

    def _note(self, at: datetime, change: Change, who: str, reasons: tuple[str, ...]) -> None:
        why = ""
        if self.random.random() < REASON_SHARE:
            ticket = f"{self.random.choice(TICKETS)}-{self.random.randrange(210, 3900)}"
            why = f" ({self.random.choice([ticket, *self.random.sample(reasons, 2)])})"
        self.found.append((at, f"{change.name} {change.old} -> {change.new} by {who}{why}"))

    def _minutes(self, least: int, most: int) -> timedelta:
        return timedelta(minutes=self.random.randrange(least, most), seconds=self.random.randrange(60))

    def _near(self) -> datetime:
        return self.incident.onset_at - self._minutes(*NEAR)

    def _some_time(self) -> datetime:
        """On the day of the onset or the one before it, at work."""
        day = moments.days_before(self.incident.onset_at.date(), self.random.randrange(2))
        at = moments.at_work(self.random, day)
        return at if at < self.until else self.until - self._minutes(1, 90)

    def _onward(self, earliest: datetime) -> datetime:
        """When something is taken back: soon, or at some time after the onset, or on that day at least."""
        onset = self.incident.onset_at
        if self.random.random() < 1 / 2 and onset < self.until:
            return max(earliest, moments.between(self.random, onset, self.until))
        return earliest

    def _who(self, *, but: str = "") -> str:
        """Somebody, but not the one on call, who has not touched anything; half the time not who did it before."""
        names = [person.name for person in self.incident.people[1:]]
        if but and self.random.random() < 1 / 2:
            return but
        return self.random.choice([name for name in names if name != but] or names)

    def _value(self, at: datetime, section: str, key: str) -> int | None:
        """What the release that was live has; None where it knows no such setting."""
        tree = history.live(self.incident.past.releases, at).tree
        found = tomllib.loads(tree.files["config.toml"].decode()).get(section, {}).get(key)
        return None if found is None else int(found)
