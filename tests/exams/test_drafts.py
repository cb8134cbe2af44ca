"""Auto-save: versions, stale tabs, edges of the window, and content that cannot be kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from exams import ledger
from exams.content import ContentTooLarge, ContentUnusable
from exams.definitions import NoSuchDeliverable
from exams.live.drafts import StaleDraft
from exams.models import Draft, HandIn, LateWrite
from exams.sources import BadSource
from exams.submit import close_overdue
from exams.windows import AttemptVoid, NotStarted
from tests.attempts import NOON, live_attempt, ready_attempt
from tests.people import Cast, client_of
from tests.work import EARLY, EDGES, LIVE_CLOSES, MICROSECOND, POSTMORTEM_CLOSES, events, save

pytestmark = pytest.mark.django_db


def test_every_save_is_a_version_with_a_receipt(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    first = save(attempt, "postmortem", "It began")
    second = save(attempt, "postmortem", "It began at noon", based_on=1)
    assert first.draft is not None
    assert second.draft is not None
    assert (first.draft.version, second.draft.version) == (1, 2)
    assert second.receipt.content_sha256 == ledger.content_sha256("It began at noon")
    assert second.receipt.counts
    assert second.receipt.time_left_seconds == (POSTMORTEM_CLOSES - EARLY).total_seconds()
    assert ledger.verify(attempt.pk) is None


def test_the_same_content_twice_is_one_version_with_one_receipt(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    first = save(attempt, "postmortem", "It began")
    again = save(attempt, "postmortem", "It began", based_on=1, at=EARLY + MICROSECOND)
    assert again.unchanged
    assert again.draft == first.draft
    assert again.receipt == first.receipt
    assert Draft.objects.count() == 1
    assert len(events(attempt, "draft.saved")) == 1


@pytest.mark.parametrize("based_on", [0, 2, 99])
def test_a_stale_save_is_refused_and_kept(cast: Cast, based_on: int) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    save(attempt, "postmortem", "one tab")
    with pytest.raises(StaleDraft) as refused:
        save(attempt, "postmortem", "another tab", based_on=based_on)
    kept = Draft.objects.get(conflict=True)
    assert kept.content == "another tab"
    assert refused.value.facts["yours"] == {"version": kept.version, "conflict": True, "content": "another tab"}
    assert refused.value.facts["current"]["content"] == "one tab"
    assert refused.value.facts["receipt"]["content_sha256"] == ledger.content_sha256("another tab")
    assert len(events(attempt, "draft.conflicted")) == 1


def test_a_stale_save_tried_again_keeps_one_copy(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    save(attempt, "postmortem", "one tab")
    for _ in range(3):
        with pytest.raises(StaleDraft):
            save(attempt, "postmortem", "another tab")
    assert Draft.objects.filter(conflict=True).count() == 1


def test_after_a_conflict_one_goes_on_from_the_current_version(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    save(attempt, "postmortem", "one tab")
    with pytest.raises(StaleDraft):
        save(attempt, "postmortem", "another tab")
    merged = save(attempt, "postmortem", "both tabs", based_on=1)
    assert merged.draft is not None
    assert merged.draft.version == 3
    assert not merged.draft.conflict


@pytest.mark.parametrize(("_when", "at", "counts"), EDGES)
def test_the_edges_of_the_window(cast: Cast, _when: str, at: datetime, *, counts: bool) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    saved = save(attempt, "diagnosis", "retrieval", at=at)
    assert saved.receipt.counts is counts
    assert (saved.draft is not None) is counts
    assert LateWrite.objects.filter(kind="draft").count() == (0 if counts else 1)


def test_the_postmortem_may_be_written_while_the_incident_is_live_and_after(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    assert save(attempt, "postmortem", "early", at=NOON).receipt.counts
    assert save(attempt, "postmortem", "late", based_on=1, at=POSTMORTEM_CLOSES - MICROSECOND).receipt.counts
    assert not save(attempt, "postmortem", "too late", based_on=2, at=POSTMORTEM_CLOSES).receipt.counts


def test_a_draft_received_in_time_but_saved_after_the_sweep_is_what_was_handed_in(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    save(attempt, "diagnosis", "first thought")
    close_overdue(LIVE_CLOSES)
    save(attempt, "diagnosis", "second thought", based_on=1, at=LIVE_CLOSES - MICROSECOND)
    last = HandIn.objects.filter(stage__key="live").latest("number")
    assert last.number == 2
    assert last.by_deadline
    assert last.deliverables["diagnosis"] == "second thought"
    assert last.received_at == LIVE_CLOSES


def test_nothing_is_saved_before_the_start_or_once_void(cast: Cast) -> None:
    ready = ready_attempt(cast.learner, now=NOON)
    with pytest.raises(NotStarted):
        save(ready, "postmortem", "eager")
    ready.state, ready.void_reason = "void", "a mistake"
    ready.save(update_fields=["state", "void_reason"])
    with pytest.raises(AttemptVoid):
        save(ready, "postmortem", "stubborn")
    assert Draft.objects.count() == 0


def deep(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "content",
    [
        "nul \x00",
        {"half": "\ud800"},
        {"nul\x00": 1},
        deep(12),
        deep(50_000),
        [0] * 20_001,
        float("nan"),
        float("inf"),
        2**53 + 1,
    ],
    ids=["nul", "surrogate", "nul in key", "deep", "very deep", "many", "nan", "infinite", "huge number"],
)
def test_content_that_cannot_be_kept_is_refused(cast: Cast, content: Any) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    with pytest.raises(ContentUnusable):
        save(attempt, "postmortem", content)
    assert Draft.objects.count() == 0


def test_the_limit_of_a_drafts_size_is_a_limit(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    most = 4 * 40_000 - 2  # less the quotes
    assert save(attempt, "postmortem", "x" * most).draft is not None
    with pytest.raises(ContentTooLarge):
        save(attempt, "postmortem", "x" * (most + 1), based_on=1)


@pytest.mark.parametrize(
    "source",
    ["text", {}, {"mode": "ftp"}, {"mode": "repo_url", "path": "/etc"}, {"mode": "repo_url", "url": "ext::sh -c id"},
     {"mode": "repo_url", "url": "file:///etc"}, {"mode": "repo_url", "ref": 7}, {"mode": "repo_url", "ref": "x" * 201},
     {"mode": "file_upload"}, {"mode": "file_upload", "upload": "00000000-0000-0000-0000-000000000000"}],
)  # fmt: skip
def test_code_is_drafted_as_a_source_that_can_be_followed(cast: Cast, source: Any) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    with pytest.raises(BadSource):
        save(attempt, "hotfix", source)


def test_an_unknown_deliverable_is_named(cast: Cast) -> None:
    with pytest.raises(NoSuchDeliverable, match="diagnosis, hotfix, postmortem"):
        save(live_attempt(cast.learner, started_at=NOON), "novel", "x")


def test_over_http_versions_are_entity_tags(cast: Cast) -> None:
    attempt = live_attempt(cast.learner)
    client = client_of(cast.learner)
    address = f"/api/v1/attempts/{attempt.pk}/drafts/postmortem/"
    first = client.put(address, {"content": "one"}, headers={"If-None-Match": "*"})
    assert (first.status_code, first["ETag"]) == (201, '"1"')
    second = client.put(address, {"content": "two"}, headers={"If-Match": '"1"'})
    assert (second.status_code, second["ETag"], second.data["draft"]["version"]) == (201, '"2"', 2)
    same = client.put(address, {"content": "two"}, headers={"If-Match": '"2"'})
    assert (same.status_code, same.data["unchanged"]) == (200, True)
    stale = client.put(address, {"content": "other"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.data["type"]) == (409, "/problems/stale-draft")
    assert stale.data["current"]["content"] == "two"
    assert stale.data["yours"]["content"] == "other"
    page = client.get(address)
    assert page["ETag"] == '"2"'
    assert page.data["draft"]["content"] == "two"
    assert [(each["version"], each["conflict"]) for each in page.data["versions"]] == [
        (3, True),
        (2, False),
        (1, False),
    ]
    assert client.get(address, {"version": 1}).data["draft"]["content"] == "one"
    assert client.get(address, {"version": 9}).status_code == 404
    assert "server_now" in page.data


@pytest.mark.parametrize("tag", [None, "*", '"x"', '"-1"', '"99999999999"'])
def test_over_http_the_edited_version_must_be_said(cast: Cast, tag: str | None) -> None:
    attempt = live_attempt(cast.learner)
    address = f"/api/v1/attempts/{attempt.pk}/drafts/postmortem/"
    refused = client_of(cast.learner).put(address, {"content": "one"}, headers={"If-Match": tag} if tag else {})
    assert (refused.status_code, refused.data["type"]) == (428, "/problems/if-match-needed")
    assert Draft.objects.count() == 0


def test_over_http_the_version_to_name_is_told(cast: Cast) -> None:
    attempt = live_attempt(cast.learner)
    address = f"/api/v1/attempts/{attempt.pk}/drafts/postmortem/"
    client = client_of(cast.learner)
    for saved in range(3):
        refused = client.put(address, {"content": f"text {saved}"}).data
        header = f'If-Match: "{saved}"' if saved else "If-None-Match: *"
        assert (refused["current_version"], refused["send"]) == (saved or None, header)
        assert header in refused["detail"]
        name, _, value = refused["send"].partition(": ")
        assert client.put(address, {"content": f"text {saved}"}, headers={name: value}).status_code == 201
    nowhere = client.put(address.replace("postmortem", "nothing"), {"content": "x"})
    assert (nowhere.status_code, nowhere.data["type"]) == (404, "/problems/no-such-deliverable")


def test_over_http_only_the_learner_writes_and_strangers_see_nothing(cast: Cast) -> None:
    attempt = live_attempt(cast.learner)
    address = f"/api/v1/attempts/{attempt.pk}/drafts/postmortem/"
    for stranger in (cast.other_learner, cast.mentor, cast.admin):
        refused = client_of(stranger).put(address, {"content": "mine"}, headers={"If-None-Match": "*"})
        assert refused.status_code == 404
    for stranger in (cast.other_learner, cast.mentor):
        assert client_of(stranger).get(address).status_code == 404
    assert client_of(cast.admin).get(address).status_code == 200


def test_over_http_a_key_makes_a_save_safe_to_repeat(cast: Cast) -> None:
    attempt = live_attempt(cast.learner)
    client = client_of(cast.learner)
    address = f"/api/v1/attempts/{attempt.pk}/drafts/postmortem/"
    headers = {"If-None-Match": "*", "Idempotency-Key": "save-1"}
    first = client.put(address, {"content": "one"}, headers=headers)
    again = client.put(address, {"content": "one"}, headers=headers)
    assert again.json()["receipt"] == first.json()["receipt"]
    stale = {"If-Match": '"7"', "Idempotency-Key": "save-2"}
    for _ in range(2):
        refused = client.put(address, {"content": "other"}, headers=stale)
        assert refused.status_code == 409
    assert Draft.objects.filter(conflict=True).count() == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"content": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", 400),
        (b'{"content": "\\u0000"}', 400),
        (b'{"content": "\\ud800"}', 400),
        (b'{"content": NaN}', 400),
        (b'{"content": "' + b"x" * (1024 * 1024) + b'"}', 413),
        (b"\xff\xfe", 400),
        (b"[]", 400),
        (b"", 400),
    ],
    ids=["deep", "nul", "surrogate", "nan", "large", "not utf-8", "list", "empty"],
)
def test_over_http_hostile_bodies_are_refused_by_name(cast: Cast, body: bytes, status: int) -> None:
    attempt = live_attempt(cast.learner)
    address = f"/api/v1/attempts/{attempt.pk}/drafts/postmortem/"
    refused = client_of(cast.learner).put(
        address, body, content_type="application/json", headers={"If-None-Match": "*"}
    )
    assert refused.status_code == status
    assert refused["Content-Type"] == "application/problem+json"
    assert Draft.objects.count() == 0
