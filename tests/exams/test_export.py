"""The export: everything of mine, nothing of what is hidden, nobody else's."""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest

from exams import ledger, submit
from exams.models import Attempt, Submission
from exams.submit.ingesting import ingest
from sandboxes.fake_sandbox import FakeSandbox
from tests.attempts import NOON, live_attempt
from tests.deployed import deployed, replayed, roll_back
from tests.people import Cast, client_of
from tests.work import EARLY, LIVE_CLOSES, events, save, uploaded

pytestmark = pytest.mark.django_db

PATCH = b"--- a/README.md\n+++ b/README.md\n@@ -1 +1 @@\n-# A tiny assistant\n+# Mended\n"


def export_of(attempt: Attempt, person: Any) -> zipfile.ZipFile:
    answer = client_of(person).get(f"/api/v1/attempts/{attempt.pk}/export/")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/zip"
    return zipfile.ZipFile(io.BytesIO(answer.getvalue()))


def worked(cast: Cast) -> Attempt:
    attempt = live_attempt(cast.learner, started_at=NOON)
    save(attempt, "postmortem", "# What happened")
    save(attempt, "postmortem", "# What happened, in full", based_on=1)
    upload = uploaded(attempt, PATCH, name="fix.patch")
    submit.hand_in(
        attempt=attempt, stage_key="live",
        deliverables={"diagnosis": "retrieval", "hotfix": {"mode": "file_upload", "upload": str(upload.pk)}},
        self_checks={"F1": "yes"}, force_reason=None, actor=attempt.learner, received_at=EARLY,
    )  # fmt: skip
    ingest(Submission.objects.get().pk, EARLY)
    save(attempt, "diagnosis", "too late", at=LIVE_CLOSES)
    held = ledger.hold(attempt.pk)
    ledger.append(attempt=held, kind="secret", payload={"cause": "T1"}, actor=None, at=EARLY, visible=False)
    return attempt


def test_it_holds_everything_of_mine(cast: Cast) -> None:
    attempt = worked(cast)
    archive = export_of(attempt, cast.learner)
    assert archive.testzip() is None
    assert archive.read("drafts/postmortem/v00002.md").decode() == "# What happened, in full"
    assert archive.read("drafts/postmortem/v00001.md").decode() == "# What happened"
    assert archive.read("uploads/001-fix.patch") == PATCH
    assert archive.read("sources/001.tar") == bytes(Submission.objects.get().tree.content)  # type: ignore[union-attr]
    hand_ins = json.loads(archive.read("hand_ins.json"))
    assert hand_ins[0]["deliverables"]["diagnosis"] == "retrieval"
    assert hand_ins[0]["self_checks"] == {"F1": "yes", "F2": "not_answered"}
    assert json.loads(archive.read("late_writes.json"))[0]["payload"]["content"] == "too late"
    receipts = json.loads(archive.read("receipts.json"))
    assert receipts[0]["kind"] == "attempt.started"
    assert len(receipts) == attempt.events.filter(is_receipt=True).count()


def test_it_holds_what_i_deployed_and_what_customers_got_and_not_in_which_way_it_was_wrong(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    deployed(attempt)
    replayed(FakeSandbox(), at=EARLY)
    roll_back(attempt, at=EARLY + timedelta(minutes=3))
    archive = export_of(attempt, cast.learner)
    rows = json.loads(archive.read("deployments.json"))
    assert [(row["number"], row["kind"], row["of__number"]) for row in rows] == [
        (0, "initial", None),
        (1, "deploy", None),
        (2, "rollback", 0),
    ]
    told = json.loads(archive.read("telemetry.json"))
    assert len(told["minutes"]) == 90
    assert sum(minute["harmful"] for minute in told["minutes"]) > 0
    for word in ("outcomes", "wrong_entity", "baseless", "refused_over", "mitigated"):
        assert word not in archive.read("telemetry.json").decode() + archive.read("deployments.json").decode()


def test_hidden_events_show_only_their_place_in_the_chain(cast: Cast) -> None:
    attempt = worked(cast)
    rows = json.loads(export_of(attempt, cast.learner).read("ledger.json"))
    assert len(rows) == attempt.events.count()
    for before, row in itertools.pairwise(rows):
        assert row["previous_sha256"] == before["sha256"]
    (secret,) = events(attempt, "secret")
    assert rows[secret.seq - 1] == {
        "seq": secret.seq,
        "previous_sha256": secret.previous_sha256,
        "sha256": secret.sha256,
    }


def test_what_a_hidden_event_says_cannot_be_found_by_trying(cast: Cast) -> None:
    """Of a comparison with the true cause there are four outcomes, and all else that is hashed is known or served."""
    attempt = worked(cast)
    held = ledger.hold(attempt.pk)
    said = {"number": 1, "component_matches": True, "failure_class_matches": False}
    ledger.append(attempt=held, kind="diagnosis.compared", payload=said, actor=None, at=EARLY, visible=False)
    (event,) = events(attempt, "diagnosis.compared")
    row = json.loads(export_of(attempt, cast.learner).read("ledger.json"))[event.seq - 1]
    for component, failure_class in itertools.product([True, False], repeat=2):
        guess = {"number": 1, "component_matches": component, "failure_class_matches": failure_class}
        event.payload_sha256 = ledger.content_sha256(guess)
        assert ledger.link(event) != row["sha256"]
    assert ledger.verify(attempt.pk) is None


def test_nothing_hidden_is_in_it(cast: Cast) -> None:
    attempt = worked(cast)
    archive = export_of(attempt, cast.learner)
    texts = " ".join(
        archive.read(name).decode() for name in archive.namelist() if name.endswith((".json", ".md", ".txt"))
    )
    for word in ("incident_class", "incident_seed", str(attempt.incident_seed), '"T1"', '"T2"', "cause_matches"):
        assert word not in texts


def test_only_the_learner_and_admins_get_it_and_admins_are_ledgered(cast: Cast) -> None:
    attempt = worked(cast)
    address = f"/api/v1/attempts/{attempt.pk}/export/"
    for person in (cast.other_learner, cast.mentor):
        assert client_of(person).get(address).status_code == 404
    assert client_of(None).get(address).status_code == 401
    assert events(attempt, "export.taken") == []
    export_of(attempt, cast.admin)
    (event,) = events(attempt, "export.taken")
    assert event.actor == cast.admin
    assert not event.visible_to_learner
