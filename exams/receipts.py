"""What a learner is told about each write: when it arrived, its number and hash, the time left, whether it counts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from exams.clock import Window
from exams.ledger import iso
from exams.models import Event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exams.models import Attempt, Stage


READ_AT_ONCE = 200
CLOSED = "stage.closed"
OF_NO_STAGE = {
    "upload.bytes_received": " They are the bytes you committed to; the hand-in that names the file decides."
}


@dataclass(frozen=True)
class Receipt:
    """One receipt.

    Attributes:
        number: The ledger's sequence number.
        kind: What was written, in the ledger's word, for example ``status_update``.
        received_at: When the last byte had arrived, by the database's clock.
        content_sha256: Hash of what was written, in hex.
        stage: Key of the stage it belongs to; empty when it belongs to none.
        time_left_seconds: Left on that stage when it arrived; 0 when closed, None when it belongs to none.
        counts: Whether it arrived in its window.
        late_by_seconds: None when it was not late.
        message: The same for people, with the zone named.
        missing: Of a hand-in, what it lacks: see `completeness.missing`.
    """

    number: int
    kind: str
    received_at: datetime
    content_sha256: str
    stage: str
    time_left_seconds: float | None
    counts: bool
    late_by_seconds: float | None
    message: str
    missing: tuple[str, ...] = ()


def facts(stage: Stage, content_sha256: str) -> dict[str, Any]:
    """What an event with a receipt carries in its payload, so that the receipt reads the same for ever."""
    return {
        "stage": stage.key,
        "opens_at": iso(stage.opens_at),
        "closes_at": iso(stage.closes_at),
        "content_sha256": content_sha256,
    }


def give(event: Event, stage: Stage | None, *, now: datetime) -> Receipt:  # noqa: ARG001 - every verb is told the time
    """The receipt for an event that was just appended.

    The window is the one in the payload (see `facts`), else the stage's present one.
    """
    return _receipt(event, stage)


def of(attempt: Attempt) -> list[Receipt]:
    """Every receipt of an attempt, in order."""
    return list(each(attempt))


def each(attempt: Attempt) -> Iterator[Receipt]:
    """The same one by one, read from the database some at a time: there may be thousands."""
    stages = {stage.key: stage for stage in attempt.stages.all()}
    for event in Event.objects.filter(attempt=attempt, is_receipt=True).order_by("seq").iterator(READ_AT_ONCE):
        event.attempt = attempt
        yield _receipt(event, stages.get(str(event.payload.get("stage", ""))))


def as_json(receipt: Receipt) -> dict[str, Any]:
    """The receipt as the API shows it."""
    return asdict(receipt) | {"received_at": iso(receipt.received_at), "missing": list(receipt.missing)}


def _receipt(event: Event, stage: Stage | None) -> Receipt:
    payload = event.payload
    if event.kind == CLOSED:
        return _closing(event)
    window = _window(payload, stage)
    late = window.lateness(event.at) if window else None
    counts = window.holds(event.at) if window else True
    left = window.time_left(event.at) if window else None
    key = str(payload.get("stage", "")) or (stage.key if stage else "")
    return Receipt(
        number=event.seq,
        kind=event.kind,
        received_at=event.at,
        content_sha256=str(payload.get("content_sha256", "")) or event.payload_sha256,
        stage=key,
        time_left_seconds=None if left is None else left.total_seconds(),
        counts=counts,
        late_by_seconds=None if late is None else late.total_seconds(),
        message=f"{_message(event, key, window, left, late)}{_lacks(payload)}",
        missing=tuple(payload.get("missing", ())),
    )


def _closing(event: Event) -> Receipt:
    """The receipt that the deadline itself gives: nothing was late, and what was handed in counts."""
    payload = event.payload
    stage = str(payload["stage"])
    closed = f"The {stage} stage closed at {in_words(event.at, event.attempt.learner.time_zone)}."
    if not payload["by_deadline"]:
        said = f"{closed} Your last hand-in counts. Number {event.seq}."
    else:
        saved = ", ".join(payload["deliverables"]) or "nothing"
        said = (
            f"{closed} We handed in what was saved by then: {saved}. Self-checks: not answered. Number {event.seq}."
            f"{_lacks(payload)}"
        )
    return Receipt(
        number=event.seq,
        kind=event.kind,
        received_at=event.at,
        content_sha256=str(payload.get("content_sha256", "")) or event.payload_sha256,
        stage=stage,
        time_left_seconds=0.0,
        counts=True,
        late_by_seconds=None,
        message=said,
        missing=tuple(payload.get("missing", ())),
    )


def _window(payload: dict[str, Any], stage: Stage | None) -> Window | None:
    if "opens_at" in payload and "closes_at" in payload:
        return Window(datetime.fromisoformat(payload["opens_at"]), datetime.fromisoformat(payload["closes_at"]))
    return Window(stage.opens_at, stage.closes_at) if stage else None


def _message(event: Event, stage: str, window: Window | None, left: timedelta | None, late: timedelta | None) -> str:
    received = f"Received at {in_words(event.at, event.attempt.learner.time_zone)} as number {event.seq}."
    if window is None or left is None:
        return f"{received}{OF_NO_STAGE.get(event.kind, '')}"
    if late is not None:
        blocked = event.payload.get("blocked_checks")
        also = f" It was also blocked, by what you answered to {', '.join(blocked)}." if blocked else ""
        return (
            f"{received} That is {length_in_words(late)} after the {stage} stage closed. It is kept and shown to your "
            f"mentor, and counts only if an admin grants it.{also}"
        )
    if not window.holds(event.at):
        return f"{received} The {stage} stage had not opened yet, so it does not count."
    return f"{received} It counts; {length_in_words(left)} are left in the {stage} stage."


def _lacks(payload: dict[str, Any]) -> str:
    return f" Missing in it: {', '.join(payload['missing'])}." if payload.get("missing") else ""


def in_words(at: datetime, zone_name: str) -> str:
    """A moment for people: in their zone with the zone named, and in UTC when that differs."""
    utc = at.astimezone(ZoneInfo("UTC"))
    try:
        zone = ZoneInfo(zone_name)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    local = at.astimezone(zone)
    if local.utcoffset() == timedelta(0):
        return f"{utc:%H:%M:%S} UTC on {utc.day} {utc:%B %Y}"
    return f"{local:%H:%M:%S} {zone.key} on {local.day} {local:%B %Y} ({utc:%H:%M:%S} UTC)"


def length_in_words(length: timedelta) -> str:
    """A length for people, to the second: ``1 h 02 min 03 s``; below ten seconds to the microsecond it needs."""
    seconds = length.total_seconds()
    if seconds < 10:  # noqa: PLR2004 - where a fraction starts to matter to the person who was late
        return f"{seconds:.6f}".rstrip("0").rstrip(".") + " s"
    hours, rest = divmod(int(seconds), 3600)
    minutes, rest = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes:02} min {rest:02} s"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
