"""What a run waits for, and what its verdict tells a learner to do, are true at the moment they are read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from exams.database_clock import database_now
from exams.models import Attempt, Submission
from exams.submit.runs import offer_run
from grading import queue, shown, verdicts
from grading.models import GradingRun, RunState
from grading.verdicts import Occasion, Verdict
from tests.grading import work
from tests.people import Cast, client_of
from tests.work import committed

MICROSECOND = timedelta(microseconds=1)


@pytest.mark.django_db
def test_a_run_whose_bytes_are_to_come_says_so_and_until_when(cast: Cast, attempt: Attempt) -> None:
    upload = committed(attempt, b"x", at=database_now())
    offer_run(attempt=attempt, source={"mode": "file_upload", "upload": str(upload.pk)}, received_at=database_now())
    submission = Submission.objects.get()
    body = client_of(cast.learner).get(f"/api/v1/runs/{submission.pk}/").json()
    assert (body["state"], body["queue"], body["waits_for"]["what"]) == ("received", None, "bytes")
    assert "have not arrived. Send them until" in body["waits_for"]["message"]
    for now, words in ((upload.bytes_until - MICROSECOND, "Send them"), (upload.bytes_until, "will be refused")):
        said = shown.summary(submission, None, now=now)["waits_for"]
        assert said["until"] == upload.bytes_until
        assert words in said["message"]


@pytest.mark.django_db
def test_what_is_read_or_tried_again_says_so_and_what_is_queued_waits_for_nothing(attempt: Attempt) -> None:
    now = database_now()
    offer_run(attempt=attempt, source={"mode": "repo_url", "url": "https://git.example/x"}, received_at=now)
    submission = Submission.objects.get()
    assert shown.summary(submission, None, now=now)["waits_for"]["what"] == "reading"
    submission.retry_at = now + timedelta(minutes=1)
    assert shown.summary(submission, None, now=now)["waits_for"]["until"] == submission.retry_at
    submission.state = "ingested"
    assert shown.summary(submission, None, now=now)["waits_for"] is None


@pytest.mark.django_db
def test_nobody_is_told_to_write_a_postmortem_that_cannot_be_handed_in(attempt: Attempt) -> None:
    live, over = (attempt.stages.get(key=key).closes_at for key in ("live", "postmortem"))
    submission = work.submit(attempt, work.tree(spec=work.spec_of(attempt)), hand_in=True)
    queue.enlist(now=database_now())
    run = GradingRun.objects.get()
    run.state, run.verdict = RunState.GRADED, Verdict.verified

    def told(now: object) -> str:
        return str(shown.summary(submission, run, now=now)["verdict"]["next"])  # type: ignore[arg-type]

    assert "write the post-mortem" in told(live)
    assert "write the post-mortem" in told(over - MICROSECOND)
    attempt.stages.filter(key="postmortem").update(state="handed_in")
    assert "write the post-mortem" not in told(live)
    assert "handed in, too" in told(live)
    assert told(over) == "There is nothing left to do: all windows have closed."
    run.verdict = Verdict.weak
    assert told(live).startswith("The window has closed, so this stands.")
    assert told(over).startswith("All windows have closed, so this stands.")
    run.verdict, run.visible_verdict = "", Verdict.verified
    assert "hand in again until" in told(live - MICROSECOND)
    assert "hidden checks are being run" in told(live)


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize(
    "occasion", [Occasion.all_closed, Occasion.rest_handed_in, Occasion.stands, Occasion.practice_over]
)
def test_after_closing_nothing_asks_for_what_is_impossible(verdict: Verdict, occasion: Occasion) -> None:
    said = verdicts.words(verdict, occasion=occasion).next
    assert "hand in again" not in said
    assert "ask for another run" not in said
    assert occasion is Occasion.stands or "post-mortem" not in said
