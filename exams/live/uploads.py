"""A file is committed to by name, size and hash in one small request; its bytes may follow for two minutes."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from exams import blobs, doorbell, ledger, receipts
from exams.definitions import stage_for_files, twin_of
from exams.errors import Refusal
from exams.models import Event, Submission, SubmissionState, Upload
from exams.windows import arrive
from sandboxes.ingest.archive import named_format
from sandboxes.ingest.upload import is_patch

if TYPE_CHECKING:
    import uuid
    from datetime import datetime

    from accounts.models import User
    from exams.models import Attempt
    from exams.receipts import Receipt

BYTES_MAY_FOLLOW = timedelta(minutes=2)
# Bytes that arrived in time may still wait inside a busy server when the sweep looks.
SWEEP_AFTER = timedelta(seconds=30)
NAME_CHARACTERS = 200
SHA256 = re.compile(r"[0-9a-f]{64}")
KINDS = (".zip", ".tar", ".tar.gz", ".tgz", ".patch", ".diff")
COMMITTED = "upload.committed"
RECEIVED = "upload.bytes_received"


class UploadUnusable(Refusal):
    """The commitment names a file that is not taken: its name, kind, size or hash."""


class TooManyUploads(Refusal):
    """The twin's number of uploads is used up."""


class NoSuchUpload(Refusal):
    """There is no such upload in this attempt."""


class BytesDiffer(Refusal):
    """The bytes are not those committed to."""


class BytesTooLate(Refusal):
    """The bytes came later than they may follow their commitment."""


@dataclass(frozen=True)
class Committed:
    """An upload, and the receipt for what was last done with it."""

    receipt: Receipt
    upload: Upload


def commit_upload(
    *, attempt: Attempt, name: str, size: int, sha256: str, actor: User, received_at: datetime
) -> Committed:
    """Commit to a file before its bytes arrive. Whether it counts is decided by the hand-in that names it.

    Raises:
        UploadUnusable: the name, size or hash cannot be taken.
        TooManyUploads: the twin's limit is reached.
        NotStarted, AttemptVoid, StageNotOpenYet: as `windows.arrive`.
    """
    limits = twin_of(attempt).limits
    _check_name(name)
    if not 1 <= size <= limits.upload_bytes:
        raise UploadUnusable(
            f"The file has {size} bytes; 1 to {limits.upload_bytes} are taken. Leave out what is not source.",
            field="size",
            limit=limits.upload_bytes,
        )
    if not SHA256.fullmatch(sha256):
        raise UploadUnusable("The sha256 is not 64 lower-case hexadecimal digits.", field="sha256")
    with transaction.atomic():
        held = ledger.hold(attempt.pk)
        arrival = arrive(attempt=held, stage_key=stage_for_files(held), received_at=received_at)
        if Upload.objects.filter(attempt=held).count() >= limits.uploads:
            raise TooManyUploads(
                f"{limits.uploads} files were sent in this attempt, and that is the most that is taken. "
                "Hand in one of those, or a repository.",
                limit=limits.uploads,
            )
        upload = Upload.objects.create(
            attempt=held,
            name=name,
            size=size,
            sha256=sha256,
            committed_at=received_at,
            bytes_until=received_at + BYTES_MAY_FOLLOW,
        )
        event = ledger.append(
            attempt=held,
            kind=COMMITTED,
            payload={
                "upload": upload.pk,
                "name": name,
                "size": size,
                "bytes_until": upload.bytes_until,
                **receipts.facts(arrival.stage, sha256),
            },
            actor=actor,
            at=received_at,
            receipt=True,
        )
        return Committed(receipt=receipts.give(event, arrival.stage, now=received_at), upload=upload)


def find_upload(*, attempt: Attempt, upload_id: uuid.UUID) -> Upload:
    """The attempt's upload of that id.

    Raises:
        NoSuchUpload: there is none in this attempt.
    """
    upload = Upload.objects.filter(attempt=attempt, pk=upload_id).first()
    if upload is None:
        raise NoSuchUpload("There is no such upload in this attempt. Commit to the file first, then send its bytes.")
    return upload


def receive_bytes(
    *, attempt: Attempt, upload_id: uuid.UUID, content: bytes, actor: User, received_at: datetime
) -> Committed:
    """Take the bytes of a committed file; they count for whatever names the upload, also after a deadline.

    Sending the same bytes again changes nothing and gives the same receipt.

    Raises:
        NoSuchUpload: there is none in this attempt.
        BytesTooLate: `bytes_until` had come when the last byte arrived.
        BytesDiffer: size or hash are not those committed to.
    """
    upload = find_upload(attempt=attempt, upload_id=upload_id)
    found = hashlib.sha256(content).hexdigest()
    if len(content) != upload.size or found != upload.sha256:
        raise BytesDiffer(
            f"You committed to {upload.size} bytes with SHA-256 {upload.sha256}; {len(content)} bytes with "
            f"{found} arrived. Send the very file, or commit to this one.",
            expected={"size": upload.size, "sha256": upload.sha256},
            found={"size": len(content), "sha256": found},
        )
    with transaction.atomic():
        held = ledger.hold(attempt.pk)
        upload = Upload.objects.get(pk=upload_id)
        if upload.blob_id is not None:
            first = Event.objects.get(attempt=held, kind=RECEIVED, payload__upload=str(upload.pk))
            return Committed(receipt=receipts.give(first, None, now=received_at), upload=upload)
        if received_at >= upload.bytes_until or upload.expired_at is not None:
            raise BytesTooLate(
                f"The bytes of {upload.name!r} could follow until {ledger.iso(upload.bytes_until)}; their last one "
                f"arrived at {ledger.iso(received_at)}. Commit to the file again and send it at once.",
                bytes_until=ledger.iso(upload.bytes_until),
            )
        blobs.keep(content, sha256=found)
        upload.blob_id = found
        upload.bytes_at = received_at
        upload.save(update_fields=["blob", "bytes_at"])
        event = ledger.append(
            attempt=held,
            kind=RECEIVED,
            payload={"upload": upload.pk, "name": upload.name, "size": upload.size, "content_sha256": found},
            actor=actor,
            at=received_at,
            receipt=True,
        )
        if Submission.objects.filter(upload=upload, state=SubmissionState.RECEIVED).exists():
            doorbell.ring("exams.tasks.ingest_waiting")
        return Committed(receipt=receipts.give(event, None, now=received_at), upload=upload)


def expire_uploads(now: datetime) -> int:
    """Mark the commitments whose bytes never came, and ring for what waits for them; return how many."""
    expired = Upload.objects.filter(blob=None, expired_at=None, bytes_until__lte=now - SWEEP_AFTER).update(
        expired_at=now
    )
    if expired:
        doorbell.ring("exams.tasks.ingest_waiting")
    return expired


def _check_name(name: str) -> None:
    unfit = any(character in "/\\" or unicodedata.category(character)[0] == "C" for character in name)
    if not 1 <= len(name) <= NAME_CHARACTERS or unfit:
        raise UploadUnusable(
            f"The name must have 1 to {NAME_CHARACTERS} characters, without slashes and control characters.",
            field="name",
        )
    if named_format(name) is None and not is_patch(name):
        raise UploadUnusable(
            f"The kind of {name!r} is not one that is taken. Send one of: {', '.join(KINDS)}.",
            field="name",
            kinds=list(KINDS),
        )
