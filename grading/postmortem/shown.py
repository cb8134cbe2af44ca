"""A timeline beside the record as the mentor's page shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grading.postmortem.aligned import Aligned, BorneOut, Unpaired
    from grading.postmortem.reading import Reading
    from sandboxes.sandbox import JsonObject

_SHOWN = 300  # characters of an entry
_MOST_NEAR = 5


def as_json(found: Aligned, reading: Reading | None = None) -> JsonObject:
    """The alignment as the mentor's page shows it."""
    key = len(found.told) + len(found.missing)
    return {
        "entries": found.entries,
        "read_as": None
        if reading is None
        else {
            "clocks": reading.clocks,
            "zones": [str(zone) for zone in reading.zones],
            "assumed": reading.assumed,
        },
        "precision": _of(found.supported, found.read),
        "recall": _of(len(found.told), key),
        "recall_at_most": _of(len(found.told) + len(found.perhaps_told), key),
        "mean_error_seconds": None if found.mean_error is None else found.mean_error.total_seconds(),
        "pairs": [
            {
                "line": pair.entry.line,
                "entry": pair.entry.text[:_SHOWN],
                "event": pair.event.id,
                "what": pair.event.what,
                "key": pair.event.key,
                "error_seconds": pair.error.total_seconds(),
                "cites": list(pair.event.when.cites),
            }
            for pair in sorted(found.pairs, key=lambda pair: pair.entry.line)
        ],
        "borne_out": [_borne_out(each) for each in found.borne_out],
        "inversions": [
            {
                "first": {"line": one.entry.line, "event": one.event.id},
                "then": {"line": other.entry.line, "event": other.event.id},
            }
            for one, other in found.inversions
        ],
        "invented": [_unpaired(each) for each in found.invented],
        "unread": [_unpaired(each) | {"why": _why(each)} for each in found.unread],
        "missing": [
            {
                "event": each.id,
                "what": each.what,
                "at": each.when.at,
                "in_incident": each.when.in_incident,
                "cites": list(each.when.cites),
            }
            for each in found.missing
        ],
    }


def _of(part: int, of: int) -> JsonObject:
    return {"part": part, "of": of, "share": round(part / of, 4) if of else None}


def _borne_out(each: BorneOut) -> JsonObject:
    """An entry that counts as borne out without a pair of its own, and why."""
    return {
        "line": each.entry.line,
        "entry": each.entry.text[:_SHOWN],
        "event": each.event.id if each.event else None,
        "why": f"it tells, as another entry does: {each.event.what}"
        if each.event
        else f"a file of operation has a line on this at that time ({each.kind})",
        "cites": list(each.event.when.cites) if each.event else [],
    }


def _unpaired(each: Unpaired) -> JsonObject:
    return {
        "line": each.entry.line,
        "entry": each.entry.text[:_SHOWN],
        "speaks_of": list(each.speaks_of),
        "near": [{"event": event.id, "what": event.what, "key": event.key} for event in each.near[:_MOST_NEAR]],
    }


def _why(each: Unpaired) -> str:
    """Why nothing is made of an entry."""
    if each.listed:
        return "it names more kinds of events at once than an entry tells"
    if each.scattered:
        return "the same is said at many times at which nothing of it is on record, so it tells nothing here either"
    if each.near:
        return (
            "near in time, but its words say something else"
            if each.speaks_of
            else "near in time; its words are not read"
        )
    return "nothing of what it says is on record at that time, and it need not be"
