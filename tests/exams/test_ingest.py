"""Taking sources in: claimed under a fence, refused with a reason, retried when it is not the learner's doing."""

from __future__ import annotations

import io
import threading
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from exams import incident, ledger, sources, submit, tasks
from exams.live.uploads import SWEEP_AFTER, expire_uploads
from exams.models import Attempt, Blob, Submission, SubmissionState
from exams.queries import repository_path
from exams.submit.ingesting import BYTES_NEVER_CAME, LEASE, TRIES, UNREACHABLE, ingest, waiting
from exams.submit.runs import NoRunsLeft, TooManyRunsWaiting
from exams.windows import WindowClosed
from sandboxes import repository
from sandboxes.ingest import SourceUnreachable
from sandboxes.ingest.tree import Tree
from tests.attempts import NOON, live_attempt
from tests.people import Cast
from tests.work import EARLY, LIVE_CLOSES, MICROSECOND, committed, events, uploaded

pytestmark = pytest.mark.django_db

PATCH = b"""--- a/README.md
+++ b/README.md
@@ -1 +1 @@
-# A tiny assistant
+# A mended assistant
"""
FILES = {"assistant/fix.py": "fixed = True\n", "tests/regression/test_fix.py": "def test_it(ask): ...\n"}


def zipped(files: dict[str, str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def run_of(attempt: Attempt, source: dict[str, Any]) -> Submission:
    return submit.offer_run(attempt=attempt, source=source, received_at=EARLY)


def run_of_file(attempt: Attempt, content: bytes, name: str = "fix.zip") -> Submission:
    return run_of(attempt, {"mode": "file_upload", "upload": str(uploaded(attempt, content, name=name).pk)})


def test_one_that_can_be_read_and_not_stored_holds_up_no_other(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = (live_attempt(each, started_at=NOON) for each in (cast.learner, cast.other_learner))
    runs = [run_of_file(each, zipped(FILES)) for each in (bad, good)]
    append = ledger.append

    def fails(*, attempt: Attempt, **rest: Any) -> Any:
        if attempt.pk == bad.pk:
            raise ValueError("something in its row")
        return append(attempt=attempt, **rest)

    monkeypatch.setattr(ledger, "append", fails)
    tasks.ingest_waiting()
    assert [Submission.objects.get(pk=run.pk).state for run in runs] == ["received", "ingested"]
    assert f"ALERT: submission {runs[0].pk} " in caplog.text
    monkeypatch.undo()
    later = Submission.objects.get(pk=runs[0].pk).retry_at
    assert later is not None
    assert ingest(runs[0].pk, later)


def test_a_zip_becomes_a_tree(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    submission = run_of_file(attempt, zipped(FILES))
    assert waiting(now=EARLY, most=5) == [submission.pk]
    assert ingest(submission.pk, EARLY)
    submission.refresh_from_db()
    assert submission.state == SubmissionState.INGESTED
    assert submission.tree is not None
    tree = Tree.from_tar(bytes(submission.tree.content))
    assert {path: content.decode() for path, content in tree.files.items()} == FILES
    assert submission.tree_sha256 == tree.sha256
    assert submission.source_facts["files"] == 2
    assert len(events(attempt, "submission.ingested")) == 1
    assert waiting(now=EARLY, most=5) == []
    assert not ingest(submission.pk, EARLY)
    assert ledger.verify(attempt.pk) is None


def test_a_patch_is_applied_to_what_the_learner_was_handed(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    submission = run_of_file(attempt, PATCH, "fix.patch")
    assert ingest(submission.pk, EARLY)
    submission.refresh_from_db()
    assert submission.tree is not None
    tree = Tree.from_tar(bytes(submission.tree.content))
    assert tree.files["README.md"] == b"# A mended assistant\n"
    assert tree.without("README.md") == incident.base_tree(attempt).without("README.md")


def test_the_own_repository_is_read_at_its_pinned_commit(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON, with_repository=True)
    submission = run_of(attempt, {"mode": "repo_url"})
    assert ingest(submission.pk, EARLY)
    submission.refresh_from_db()
    assert submission.pinned_commit == repository.head(repository_path(attempt))
    assert submission.tree_sha256 == incident.base_tree(attempt).sha256
    assert submission.source_facts["subject"] == "Change 12"


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"not a zip", "fix.zip", "format-mismatch"),
        (zipped({"../../etc/passwd": "x"}), "fix.zip", "path-traversal"),
        (b"no patch", "fix.patch", "patch-malformed"),
        (PATCH.replace(b"tiny", b"other"), "fix.patch", "patch-does-not-apply"),
    ],
)
def test_what_cannot_be_taken_is_rejected_with_a_reason(cast: Cast, content: bytes, name: str, code: str) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    submission = run_of_file(attempt, content, name)
    assert ingest(submission.pk, EARLY)
    submission.refresh_from_db()
    assert (submission.state, submission.rejected_code) == (SubmissionState.REJECTED, code)
    assert len(submission.rejected_because) > 20
    assert events(attempt, "submission.rejected")[0].payload["code"] == code
    assert Blob.objects.count() == 1  # what was sent, and no tree


def test_bytes_that_are_still_under_way_are_waited_for(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    upload = committed(attempt, zipped(FILES))
    submission = run_of(attempt, {"mode": "file_upload", "upload": str(upload.pk)})
    assert waiting(now=EARLY, most=5) == []
    assert not ingest(submission.pk, EARLY)
    submission.refresh_from_db()
    assert (submission.state, submission.tries) == (SubmissionState.RECEIVED, 0)
    now = upload.bytes_until + SWEEP_AFTER
    expire_uploads(now)
    assert waiting(now=now, most=5) == [submission.pk]
    assert ingest(submission.pk, now)
    submission.refresh_from_db()
    assert submission.rejected_code == BYTES_NEVER_CAME


@pytest.fixture
def _away(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_: Any) -> None:
        raise SourceUnreachable("The server git.example did not answer in time.")

    monkeypatch.setattr("sandboxes.ingest.git.resolve", away)
    monkeypatch.setattr("sandboxes.ingest.git.fetch", away)


@pytest.mark.usefixtures("_away")
def test_a_server_that_does_not_answer_is_asked_again_later_and_later_then_given_up(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    submission = run_of(attempt, {"mode": "repo_url", "url": "https://git.example/me/fix"})
    now, pauses = EARLY, []
    while submission.state == SubmissionState.RECEIVED:
        ingest(submission.pk, now)
        submission.refresh_from_db()
        if submission.state == SubmissionState.RECEIVED:
            assert submission.retry_at is not None
            assert not ingest(submission.pk, submission.retry_at - MICROSECOND)
            pauses.append(submission.retry_at - now)
            now = submission.retry_at
    assert pauses == sorted(pauses)
    assert len(pauses) == TRIES["run"] - 1  # type: ignore[index]
    assert submission.rejected_code == UNREACHABLE
    assert "did not answer" in submission.rejected_because
    assert "your own repository here" in submission.rejected_because


def test_a_fault_of_ours_is_tried_for_ever(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    submission = run_of_file(attempt, zipped(FILES))

    def broken(_: Submission) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(sources, "fetch", broken)
    now = EARLY
    for _ in range(40):
        assert not ingest(submission.pk, now)
        submission.refresh_from_db()
        assert submission.state == SubmissionState.RECEIVED
        assert submission.retry_at is not None
        assert submission.retry_at - now <= timedelta(minutes=1)
        now = submission.retry_at
    monkeypatch.undo()
    assert ingest(submission.pk, now)


def test_a_worker_that_died_is_followed_by_another_and_its_late_result_is_refused(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    submission = run_of_file(attempt, zipped(FILES))
    fetch = sources.fetch

    def overtaken(claimed: Submission) -> sources.Fetched:
        monkeypatch.setattr(sources, "fetch", fetch)
        assert not ingest(submission.pk, EARLY + LEASE - MICROSECOND)
        assert ingest(submission.pk, EARLY + LEASE)
        return sources.Fetched(tree=Tree({"late.py": b""}), facts={"late": True, "claimed": str(claimed.pk)})

    monkeypatch.setattr(sources, "fetch", overtaken)
    assert not ingest(submission.pk, EARLY)
    submission.refresh_from_db()
    assert submission.state == SubmissionState.INGESTED
    assert "late" not in submission.source_facts
    assert len(events(attempt, "submission.ingested")) == 1


@pytest.mark.django_db(transaction=True)
def test_eight_workers_at_once_take_it_in_once(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    submission = run_of_file(attempt, zipped(FILES))
    taken: list[bool] = []

    def work() -> None:
        try:
            taken.append(ingest(submission.pk, EARLY))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 7 + [True]
    assert len(events(attempt, "submission.ingested")) == 1


def test_what_was_taken_in_stays_as_it_is(cast: Cast) -> None:
    submission = run_of_file(live_attempt(cast.learner, started_at=NOON), zipped(FILES))
    ingest(submission.pk, EARLY)
    for change in ({"state": "received"}, {"tree_sha256": "0" * 64}, {"pinned_commit": "f" * 40}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Submission.objects.filter(pk=submission.pk).update(**change)


@pytest.mark.parametrize(("at", "taken"), [(LIVE_CLOSES - MICROSECOND, True), (LIVE_CLOSES, False)])
def test_practice_runs_are_for_the_live_window(cast: Cast, at: Any, *, taken: bool) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON, with_repository=True)
    if taken:
        assert submit.offer_run(attempt=attempt, source={"mode": "repo_url"}, received_at=at).purpose == "run"
    else:
        with pytest.raises(WindowClosed):
            submit.offer_run(attempt=attempt, source={"mode": "repo_url"}, received_at=at)
        assert Submission.objects.count() == 0


def test_so_many_runs_may_wait_and_be_made(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exams.submit.runs.ungraded_runs", [])
    attempt = live_attempt(cast.learner, started_at=NOON, with_repository=True)
    for _ in range(2):
        run_of(attempt, {"mode": "repo_url"})
    with pytest.raises(TooManyRunsWaiting):
        run_of(attempt, {"mode": "repo_url"})
    for number in range(3, 61):
        Submission.objects.create(attempt=attempt, purpose="run", number=number, mode="repo_url", received_at=EARLY,
                                  state="rejected", rejected_code="x")  # fmt: skip
    Submission.objects.filter(state="received").update(state="rejected", rejected_code="x")
    with pytest.raises(NoRunsLeft, match="60"):
        run_of(attempt, {"mode": "repo_url"})


def test_runs_that_grading_still_works_on_wait_too(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exams.submit.runs.ungraded_runs", [lambda _attempt: 2])
    attempt = live_attempt(cast.learner, started_at=NOON, with_repository=True)
    with pytest.raises(TooManyRunsWaiting):
        run_of(attempt, {"mode": "repo_url"})
