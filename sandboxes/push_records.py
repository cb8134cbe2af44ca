"""What a repository itself remembers of pushes, so that one that nobody wrote down in time can be found afterwards.

The moment at which a push arrived is the caller's (its clock, not this host's). It goes into the branch's log as the
address of the committer, which git writes together with the branch; and it names the folder of a push kept aside.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

LATE = "late"
COMMANDS = "commands"
_STAMP = "%Y%m%dT%H%M%S%fZ"
_DOMAIN = "arrived.hotseat"
_MOVE = re.compile(r"([0-9a-f]{40}) ([0-9a-f]{40}) (refs/[^\n]+)")  # git allows spaces that are not ASCII
_LOGGED = re.compile(r"([0-9a-f]{40}) ([0-9a-f]{40}) [^<]*<([^>]*)> ([0-9]{1,12}) [+-][0-9]{4}\tpush\b.*")


@dataclass(frozen=True)
class Move:
    """A branch that a push moves; `old` is forty zeros for a new branch."""

    ref: str
    old: str
    new: str


@dataclass(frozen=True)
class Logged:
    """A move that a branch's log tells of.

    Attributes:
        move: what moved, by a name that can be shown.
        branch: full name of the branch as its file is called: two that are not UTF-8 may be shown by the same name.
        arrived: when its push had arrived.
        exact: `arrived` is the moment that the platform noted; else it is this host's clock, in whole seconds.
    """

    move: Move
    branch: str
    arrived: datetime
    exact: bool


@dataclass(frozen=True)
class KeptAside:
    """A push that came too late: the folder below `late/` that holds it, when it arrived, what it would have moved."""

    folder: str
    arrived: datetime
    moves: tuple[Move, ...]


def committer(arrived: datetime) -> dict[str, str]:
    """Return the environment with which git writes `arrived` into the log of each branch it moves."""
    return {
        "GIT_COMMITTER_NAME": "hotseat",
        "GIT_COMMITTER_EMAIL": f"{_stamp(arrived)}@{_DOMAIN}",
        "GIT_COMMITTER_DATE": f"@{int(arrived.timestamp())} +0000",
    }


def folder_of(arrived: datetime) -> str:
    """Return the name of the folder in which a push that arrived too late is kept."""
    return _stamp(arrived)


def moves_in(text: str) -> tuple[Move, ...]:
    """Return the moves of "old new ref" lines, as git hands them to its hooks."""
    matches = (_MOVE.fullmatch(line) for line in text.split("\n"))
    return tuple(Move(ref=match[3], old=match[1], new=match[2]) for match in matches if match is not None)


def logged(path: Path) -> tuple[Logged, ...]:
    """Return every push that the logs of the branches tell of, oldest first in each branch; starts no process."""
    logs = path / "logs"
    found: list[Logged] = []
    for where, _, names in os.walk(logs / "refs" / "heads"):
        for name in names:
            file = os.path.join(where, name)  # noqa: PTH118 - a path could not be told from its bytes
            with open(file, encoding="utf-8", errors="replace") as log:  # noqa: PTH123 - as above
                found += _read(os.path.relpath(file, logs), log)
    return tuple(found)


def landed(found: Iterable[Logged], branches: Mapping[str, str]) -> Iterator[Logged]:
    """Yield those that landed. git writes the log just before the branch: what it was killed between did not land.

    Args:
        found: what the logs tell, oldest first in each branch.
        branches: where each branch is, by its short name as its file is called.
    """
    at = {f"refs/heads/{name}": commit for name, commit in branches.items()}
    for each in reversed(list(found)):
        if at.get(each.branch) == each.move.new:
            at[each.branch] = each.move.old
            yield each


def kept_aside(path: Path) -> tuple[KeptAside, ...]:
    """Return every push that came too late and is kept whole, oldest first."""
    late = path / LATE
    found = []
    for folder in sorted(late.iterdir()) if late.is_dir() else ():
        arrived = _moment(folder.name)
        commands = folder / COMMANDS
        if arrived is not None and commands.is_file():
            found.append(KeptAside(folder.name, arrived, moves_in(commands.read_text("utf-8", "replace"))))
    return tuple(found)


def _read(branch: str, log: Iterable[str]) -> Iterator[Logged]:
    ref = os.fsencode(branch).decode("utf-8", "replace")  # as `moves_in` is given it
    for line in log:
        match = _LOGGED.fullmatch(line.rstrip("\n"))
        if match is None:
            continue
        noted = _moment(match[3].removesuffix(f"@{_DOMAIN}"))
        yield Logged(
            move=Move(ref=ref, old=match[1], new=match[2]),
            branch=branch,
            arrived=noted or datetime.fromtimestamp(int(match[4]), UTC),
            exact=noted is not None,
        )


def _stamp(arrived: datetime) -> str:
    return arrived.astimezone(UTC).strftime(_STAMP)


def _moment(stamp: str) -> datetime | None:
    try:
        return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
