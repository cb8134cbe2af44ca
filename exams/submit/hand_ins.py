"""A hand-in takes what was sent and what was saved, pins the code to a commit, and gives a receipt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max

from exams import doorbell, late, ledger, receipts, sources
from exams.collecting import Saved, unsaved_submission
from exams.completeness import missing
from exams.content import ContentTooLarge, check_text
from exams.definitions import deliverable_of, twin_of
from exams.errors import Refusal
from exams.live.drafts import checked
from exams.models import Answer, HandIn, SelfCheckAnswer, Stage, StageState, Submission
from exams.sources import BadSource, Pin, Source
from exams.submit.self_checks import judge, reason_given, require_unblocked
from exams.windows import arrive

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from accounts.models import User
    from exams.models import Attempt, LateWrite
    from exams.receipts import Receipt
    from exams.twins.definition import Deliverable
    from exams.windows import Arrival

MAX_HAND_INS = 100
LATE_KIND = "hand_in"


class NotOfThisStage(Refusal):
    """A deliverable that is handed in with another stage."""


class NothingToHandIn(Refusal):
    """Nothing was sent and nothing is saved."""


class TooManyHandIns(Refusal):
    """One stage was handed in more often than makes sense."""


@dataclass(frozen=True)
class HandedIn:
    """What was handed in, or the late write it became; `missing` as `completeness.missing`."""

    receipt: Receipt
    hand_in: HandIn | None
    submission: Submission | None
    late: LateWrite | None
    missing: tuple[str, ...]
    pin: Pin


@dataclass(frozen=True)
class Parcel:
    """Everything a hand-in consists of, decided before anything is written."""

    deliverables: dict[str, Any]
    source: Source | None
    pin: Pin
    answers: dict[str, Answer]
    blocked: list[str]
    force_reason: str

    @property
    def unforced(self) -> list[str]:
        """The checks that block it and that nobody has passed over; only a late one can have any."""
        return [] if self.force_reason else self.blocked

    def as_json(self) -> dict[str, Any]:
        """The form in which a late hand-in is kept."""
        return {
            "deliverables": self.deliverables,
            "source": self.source.as_json() if self.source else None,
            "pin": {"commit": self.pin.commit, "ref": self.pin.ref, "unpinned": self.pin.unpinned, "why": self.pin.why},
            "answers": {key: str(answer) for key, answer in self.answers.items()},
            "blocked": self.blocked,
            "force_reason": self.force_reason,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Parcel:
        """The parcel of a late hand-in."""
        source = kept["source"]
        return cls(
            deliverables=kept["deliverables"],
            source=Source(source["mode"], source.get("url", ""), source.get("ref", ""), source.get("upload"))
            if source
            else None,
            pin=Pin(**kept["pin"]),
            answers={key: Answer(answer) for key, answer in kept["answers"].items()},
            blocked=kept["blocked"],
            force_reason=kept["force_reason"],
        )


def hand_in(
    *,
    attempt: Attempt,
    stage_key: str,
    deliverables: Mapping[str, Any],
    self_checks: Mapping[str, str],
    force_reason: str | None,
    actor: User,
    received_at: datetime,
) -> HandedIn:
    """Hand in a stage; the last hand-in received before its deadline counts.

    1. See that it can be taken at all, and that no critical self-check blocks it. One that came late is kept even so:
       there is no time left to do what the check asks, and what came is not lost.
    2. Put together what was sent and, for what was not, what is saved.
    3. Find out which commit is meant, outside any transaction, for up to five seconds.
    4. In one transaction: write it with its answers, its submission and its ledger row, and ring for the ingest. One
       that arrived in time counts however late it is written; one that did not is stored as late, marked with what
       would have blocked it.

    Raises:
        CriticalSelfCheck: it arrived in time, a critical check was not answered yes, and nothing was forced.
        ForceNeedsReason, UnknownSelfCheck: the answers or the force cannot be read.
        NotOfThisStage, NothingToHandIn, NoSuchDeliverable: there is nothing to take.
        BadSource: it arrived in time and the code is not where the source says, or the source is malformed.
        ContentTooLarge, ContentUnusable: something cannot be kept.
        TooManyHandIns: `MAX_HAND_INS` are stored.
        NoSuchStage, NotStarted, AttemptVoid, StageNotOpenYet: as `windows.arrive`.
    """
    arrival = arrive(attempt=attempt, stage_key=stage_key, received_at=received_at)
    if force_reason is not None:
        check_text(force_reason, what="reason")
    judged = judge(twin_of(attempt).self_checks_of(stage_key), self_checks)
    reason = reason_given(judged, force_reason=force_reason)
    if arrival.counts:
        require_unblocked(judged, reason=reason)
    contents, source, pin = _put_together(arrival, deliverables)
    parcel = Parcel(
        deliverables=contents,
        source=source,
        pin=pin,
        answers=judged.answers,
        blocked=[check.key for check in judged.blocked],
        force_reason=reason,
    )
    lacking = tuple(missing(contents, twin_of(attempt).deliverables_of(stage_key)))
    with transaction.atomic():
        held = ledger.hold(attempt.pk)
        arrival = arrive(attempt=held, stage_key=stage_key, received_at=received_at)
        if not arrival.counts:
            stored = parcel.as_json()
            kept, receipt = late.keep(
                arrival=arrival,
                kind=LATE_KIND,
                payload=stored,
                content_sha256=ledger.content_sha256(stored),
                actor=actor,
                blocked_checks=parcel.unforced,
                missing=lacking,
            )
            return HandedIn(receipt, None, None, kept, lacking, pin)
        require_unblocked(judged, reason=reason)  # an extension may have opened the window since it was looked at
        _require_room(arrival.stage)
        row, submission = write(attempt=held, stage=arrival.stage, parcel=parcel, received_at=received_at)
        event = ledger.append(
            attempt=held,
            kind="stage.handed_in",
            payload={
                "hand_in": row.pk,
                "number": row.number,
                "deliverables": sorted(contents),
                "missing": list(lacking),
                "self_checks": {key: str(answer) for key, answer in parcel.answers.items()},
                "blocked_checks": parcel.blocked,
                "force_reason": parcel.force_reason,
                "submission": submission.pk if submission else None,
                "commit": pin.commit,
                "unpinned": pin.unpinned,
                **receipts.facts(arrival.stage, row.content_sha256),
            },
            actor=actor,
            at=received_at,
            receipt=True,
        )
        receipt = receipts.give(event, arrival.stage, now=received_at)
        return HandedIn(receipt, row, submission, None, lacking, pin)


def write(*, attempt: Attempt, stage: Stage, parcel: Parcel, received_at: datetime) -> tuple[HandIn, Submission | None]:
    """Write the rows of a hand-in and move its stage. The attempt must be held."""
    last = _last_number(stage)
    row = HandIn.objects.create(
        attempt=attempt,
        stage=stage,
        number=last + 1,
        received_at=received_at,
        deliverables=parcel.deliverables,
        content_sha256=ledger.content_sha256(parcel.deliverables),
        blocked_checks=parcel.blocked,
        force_reason=parcel.force_reason,
    )
    critical = {check.key for check in twin_of(attempt).self_checks_of(stage.key) if check.critical}
    SelfCheckAnswer.objects.bulk_create(
        SelfCheckAnswer(hand_in=row, check_key=key, critical=key in critical, answer=answer)
        for key, answer in parcel.answers.items()
    )
    Stage.objects.filter(pk=stage.pk).exclude(state=StageState.HANDED_IN).update(state=StageState.HANDED_IN)
    if parcel.source is None:
        return row, None
    submission = unsaved_submission(
        attempt=attempt,
        number=next_submission_number(attempt),
        source=parcel.source,
        pin=parcel.pin,
        received_at=received_at,
        hand_in=row,
    )
    submission.save(force_insert=True)
    doorbell.ring("exams.tasks.ingest_waiting")
    return row, submission


def _last_number(stage: Stage) -> int:
    last: int | None = HandIn.objects.filter(stage=stage).aggregate(last=Max("number"))["last"]
    return last or 0


def _require_room(stage: Stage) -> None:
    """What a learner sends is bounded; what an admin grants is not, for it was kept within bounds of its own."""
    last = _last_number(stage)
    if last >= MAX_HAND_INS:
        raise TooManyHandIns(
            f"This stage was handed in {last} times, and that is the most that is taken. The last one counts.",
            limit=MAX_HAND_INS,
        )


def _check_length(deliverable: Deliverable, content: Any) -> None:
    # A draft may run over while it is being written; what is handed in may not.
    if isinstance(content, str) and len(content) > deliverable.max_characters:
        raise ContentTooLarge(
            f"{deliverable.title} has {len(content)} characters; at most {deliverable.max_characters} are handed in. "
            "Shorten it; what you saved is kept.",
            size=len(content),
            limit=deliverable.max_characters,
        )


def next_submission_number(attempt: Attempt) -> int:
    """The number the attempt's next submission gets. The attempt must be held."""
    return (Submission.objects.filter(attempt=attempt).aggregate(last=Max("number"))["last"] or 0) + 1


def _put_together(arrival: Arrival, sent: Mapping[str, Any]) -> tuple[dict[str, Any], Source | None, Pin]:
    attempt, stage = arrival.attempt, arrival.stage
    gathered = Saved([attempt.pk]).gather(attempt, stage, before=arrival.received_at)
    contents = dict(gathered.deliverables)
    for key, content in sent.items():
        deliverable = deliverable_of(attempt, key)
        if deliverable.stage != stage.key:
            raise NotOfThisStage(
                f"{key!r} is handed in with stage {deliverable.stage!r}, not with {stage.key!r}.",
                stage=deliverable.stage,
            )
        contents[key] = checked(content, deliverable=deliverable, attempt=attempt)
    for deliverable in twin_of(attempt).deliverables_of(stage.key):
        _check_length(deliverable, contents.get(deliverable.key))
    if not contents:
        wanted = ", ".join(each.key for each in twin_of(attempt).deliverables_of(stage.key))
        raise NothingToHandIn(f"Nothing was sent and nothing is saved for stage {stage.key!r}. It asks for: {wanted}.")
    code = [each.key for each in twin_of(attempt).deliverables_of(stage.key) if each.kind == "code"]
    named = next((contents[key] for key in code if key in contents), None)
    if named is None:
        return contents, None, Pin()
    source = sources.read(named, attempt=attempt)
    return contents, source, _pin(arrival, source)


def _pin(arrival: Arrival, source: Source) -> Pin:
    try:
        return sources.pin(source, attempt=arrival.attempt, received_at=arrival.received_at)
    except BadSource as refused:
        if arrival.counts:
            raise
        # Perhaps its commit was pushed late as well and kept aside. The rest of it is not lost for that.
        return Pin(unpinned=True, why=str(refused))
