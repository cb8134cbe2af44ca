"""Rules for tests, said by one person, and customers for them to look at."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from exams import blobs
from exams.live.deployments import open_release
from exams.models import Attempt, Deployment, Submission, SubmissionPurpose, SubmissionState
from exams.packs.injects import Condition, InjectRule, Sender

ROSA = Sender("support", "Rosa Lind", "Support lead")
OMAR = Sender("support", "Omar Reed", "Agent")


def rule(key: str = "one", /, *when: Condition, **said: Any) -> InjectRule:
    """A rule that says hello, of Rosa's unless it says whose."""
    says: dict[str, Any] = {"sender": ROSA, "texts": ("Hello.",)} | said
    return InjectRule(key=key, when=when, **says)


def deployed(attempt: Attempt, number: int, *, at: datetime, outcomes: str | None = None) -> Deployment:
    """A deployment that went live at a moment and does this with each question; without outcomes it is undecided."""
    kept = Submission.objects.create(
        attempt=attempt,
        purpose=SubmissionPurpose.RUN,
        number=number,
        mode="repo_url",
        received_at=at - timedelta(seconds=90),
        state=SubmissionState.INGESTED,
        tree_id=blobs.keep(f"tree {number}".encode()),
        ingested_at=at - timedelta(seconds=80),
        tree_sha256="a" * 64,
    )
    row = Deployment.objects.create(
        attempt=attempt,
        number=number,
        kind="deploy",
        submission=kept,
        tree_sha256="a" * 64,
        requested_at=at - timedelta(seconds=60),
        due_at=at,
    )
    return replayed(row, outcomes) if outcomes is not None else row


def in_production(attempt: Attempt, outcomes: str = "c", *, every: int = 6, questions: int = 900) -> Deployment:
    """The release the incident opened with, replayed: a question every few seconds, with these outcomes in turn."""
    row = Deployment.objects.filter(attempt=attempt, number=0).first() or open_release(attempt)
    assert row is not None
    return replayed(row, outcomes, traffic=[[every * n, f"What is fee {n}?", f"c{n}"] for n in range(questions)])


def replayed(row: Deployment, outcomes: str, *, traffic: list[list[Any]] | None = None) -> Deployment:
    """The same, as a worker leaves it whose replay ended in time."""
    if row.kind != "initial":
        traffic = Deployment.objects.get(attempt=row.attempt, number=0).traffic
    assert traffic is not None
    letters = (outcomes * len(traffic))[: len(traffic)]
    said = {str(n): f"Fee {n} is wrong." for n, letter in enumerate(letters) if letter not in "crof"}
    rows = Deployment.objects.filter(pk=row.pk)
    rows.update(state="replaying", leased_until=row.due_at)
    rows.update(
        state="live",
        leased_until=None,
        live_from=row.due_at,
        ended_at=row.due_at,
        outcomes={"outcomes": letters, "guards": "p" * len(letters), "said": said},
        **({"traffic": traffic} if row.kind == "initial" else {}),
    )
    row.refresh_from_db()
    return row
