"""Uploads: a commitment first, the bytes within two minutes, nothing but the bytes committed to."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from exams import live
from exams.live.uploads import (
    BYTES_MAY_FOLLOW,
    SWEEP_AFTER,
    BytesDiffer,
    BytesTooLate,
    Committed,
    NoSuchUpload,
    TooManyUploads,
    UploadUnusable,
    expire_uploads,
)
from exams.models import Attempt, Blob, Upload
from tests.attempts import NOON, live_attempt
from tests.people import Cast, client_of
from tests.work import EARLY, EDGES, LIVE_CLOSES, MICROSECOND, events, uploaded

pytestmark = pytest.mark.django_db

CONTENT = b"PK\x05\x06 not really a zip"


def commit(attempt: Attempt, *, at: datetime = EARLY, **changes: Any) -> Committed:
    said: dict[str, Any] = {
        "name": "fix.zip",
        "size": len(CONTENT),
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
    }
    return live.commit_upload(attempt=attempt, actor=attempt.learner, received_at=at, **(said | changes))


def send(attempt: Attempt, upload: Upload, content: bytes = CONTENT, *, at: datetime = EARLY) -> Committed:
    return live.receive_bytes(
        attempt=attempt, upload_id=upload.pk, content=content, actor=attempt.learner, received_at=at
    )


@pytest.mark.parametrize(("_when", "at", "counts"), EDGES)
def test_a_commitment_at_the_edges_of_the_window(cast: Cast, _when: str, at: datetime, *, counts: bool) -> None:
    committed = commit(live_attempt(cast.learner, started_at=NOON), at=at)
    assert committed.receipt.counts is counts
    assert committed.receipt.content_sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert committed.upload.bytes_until == at + BYTES_MAY_FOLLOW


@pytest.mark.parametrize(
    ("after", "taken"),
    [(BYTES_MAY_FOLLOW - MICROSECOND, True), (BYTES_MAY_FOLLOW, False), (BYTES_MAY_FOLLOW + MICROSECOND, False)],
)
def test_bytes_may_follow_for_two_minutes_whatever_the_window(cast: Cast, after: timedelta, *, taken: bool) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    upload = commit(attempt, at=LIVE_CLOSES - MICROSECOND).upload
    at = upload.committed_at + after
    if taken:
        received = send(attempt, upload, at=at)
        assert received.receipt.counts
        assert received.upload.bytes_at == at
        assert bytes(Blob.objects.get().content) == CONTENT
    else:
        with pytest.raises(BytesTooLate):
            send(attempt, upload, at=at)
        assert Blob.objects.count() == 0


def test_bytes_sent_twice_are_one_file_with_one_receipt(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    upload = commit(attempt).upload
    first = send(attempt, upload)
    again = send(attempt, upload, at=EARLY + timedelta(hours=1))
    assert again.receipt == first.receipt
    assert len(events(attempt, "upload.bytes_received")) == 1


@pytest.mark.parametrize("content", [b"", CONTENT[:-1], CONTENT + b"x", b"X" + CONTENT[1:]])
def test_other_bytes_are_refused(cast: Cast, content: bytes) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    upload = commit(attempt).upload
    with pytest.raises(BytesDiffer):
        send(attempt, upload, content)
    upload.refresh_from_db()
    assert upload.blob is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 197 + ".zip"}, "name"),
        ({"name": "../fix.zip"}, "name"),
        ({"name": "a\\fix.zip"}, "name"),
        ({"name": "fix\x00.zip"}, "name"),
        ({"name": "fix\u202egnp.zip"}, "name"),
        ({"name": "fix.exe"}, "name"),
        ({"name": "fix"}, "name"),
        ({"size": 0}, "size"),
        ({"size": -1}, "size"),
        ({"size": 16 * 1024 * 1024 + 1}, "size"),
        ({"sha256": "0" * 63}, "sha256"),
        ({"sha256": "0" * 65}, "sha256"),
        ({"sha256": "G" * 64}, "sha256"),
        ({"sha256": "0" * 64 + "\n"}, "sha256"),
    ],
)
def test_what_is_not_taken_says_which_field(cast: Cast, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(UploadUnusable) as refused:
        commit(live_attempt(cast.learner, started_at=NOON), **changes)
    assert refused.value.facts["field"] == field
    assert Upload.objects.count() == 0


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tgz", "a.patch", "a.diff", "x" * 196 + ".zip"])
def test_every_kind_is_taken(cast: Cast, name: str) -> None:
    assert commit(live_attempt(cast.learner, started_at=NOON), name=name, size=16 * 1024 * 1024).upload.name == name


def test_there_is_a_most(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    for _ in range(100):
        commit(attempt)
    with pytest.raises(TooManyUploads):
        commit(attempt)


def test_the_sweep_expires_what_never_came_and_leaves_time_for_what_is_under_way(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    arrived, missing = uploaded(attempt, CONTENT), commit(attempt).upload
    assert expire_uploads(missing.bytes_until + SWEEP_AFTER - MICROSECOND) == 0
    assert send(attempt, commit(attempt).upload, at=missing.bytes_until - MICROSECOND).upload.bytes_at is not None
    assert expire_uploads(missing.bytes_until + SWEEP_AFTER) == 1
    assert expire_uploads(missing.bytes_until + SWEEP_AFTER) == 0
    missing.refresh_from_db()
    arrived.refresh_from_db()
    assert missing.expired_at is not None
    assert arrived.expired_at is None
    with pytest.raises(BytesTooLate):
        send(attempt, missing, at=EARLY)


def test_nobody_sends_bytes_to_another_attempt(cast: Cast) -> None:
    mine = live_attempt(cast.learner, started_at=NOON)
    theirs = commit(live_attempt(cast.other_learner, started_at=NOON)).upload
    with pytest.raises(NoSuchUpload):
        send(mine, theirs)


def test_over_http(cast: Cast) -> None:
    attempt = live_attempt(cast.learner)
    client = client_of(cast.learner)
    address = f"/api/v1/attempts/{attempt.pk}/uploads/"
    said = {"name": "fix.zip", "size": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}
    committed = client.post(address, said)
    assert committed.status_code == 201
    one = f"{address}{committed.data['upload']['id']}/"
    assert client.get(one).data["upload"]["bytes_at"] is None
    for wrong, status, problem in (
        (CONTENT + b"x", 413, "content-too-large"),
        (CONTENT[:-1], 409, "bytes-differ"),
    ):
        refused = client.put(f"{one}bytes/", wrong, content_type="application/octet-stream")
        assert (refused.status_code, refused.json()["type"]) == (status, f"/problems/{problem}")
    sent = client.put(f"{one}bytes/", CONTENT, content_type="application/zip")
    assert sent.status_code == 200
    assert sent.data["receipt"]["content_sha256"] == said["sha256"]
    assert sent.data["receipt"]["time_left_seconds"] is None
    assert "the hand-in that names the file decides" in sent.data["receipt"]["message"]
    assert client.get(one).data["upload"]["bytes_at"] is not None
    stranger = client_of(cast.other_learner)
    assert stranger.get(one).status_code == 404
    assert stranger.put(f"{one}bytes/", CONTENT, content_type="application/zip").status_code == 404
    assert client.get(f"{address}{uuid.uuid4()}/").status_code == 404


@pytest.mark.parametrize(
    "wrong", [{"size": "many"}, {"size": 2**70}, {"size": 1.5}, {"sha256": "\x00"}, {"name": "\x00"}]
)
def test_over_http_hostile_fields_are_refused(cast: Cast, wrong: dict[str, Any]) -> None:
    attempt = live_attempt(cast.learner)
    said = {"name": "fix.zip", "size": 3, "sha256": "0" * 64}
    refused = client_of(cast.learner).post(f"/api/v1/attempts/{attempt.pk}/uploads/", said | wrong)
    assert refused.status_code == 400
    assert Upload.objects.count() == 0
