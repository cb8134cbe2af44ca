"""The zip holds what its learner may read at that moment of runs and judgement, no more and no less."""

from __future__ import annotations

import importlib
import io
import json
import zipfile
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from exams.submit.closing import close_overdue
from grading import queue, run, verdicts
from grading.models import Cell, GradingRun
from rubrics import review, skills
from rubrics.models import Review
from sandboxes.fake_sandbox import FakeSandbox
from tests.grading import work
from tests.people import Cast, client_of

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.models import User
    from exams.models import Attempt

pytestmark = pytest.mark.django_db

COMMENT = "Found the tier mix-up within the hour."
SKILL = "llm.ops.incident-response"


class Told:
    """The database's clock, as the doorways read it, for as long as the test says nothing else."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
        self.now = now
        importlib.import_module("config.urls")  # who is imported later would keep the clock that is told here
        for module in ("exams.database_clock", "exams.api.shapes", "grading.api.runs", "rubrics.api.views"):
            monkeypatch.setattr(f"{module}.database_now", lambda: self.now, raising=False)


def unzipped(attempt: Attempt, person: User) -> dict[str, str]:
    answer = client_of(person).get(f"/api/v1/attempts/{attempt.pk}/export/")
    assert answer.status_code == 200
    archive = zipfile.ZipFile(io.BytesIO(answer.getvalue()))
    assert archive.testzip() is None
    return {name: archive.read(name).decode("latin-1") for name in archive.namelist()}


def shown_to(person: User, address: str) -> dict[str, Any]:
    body: dict[str, Any] = client_of(person).get(f"/api/v1/{address}").json()
    return {key: value for key, value in body.items() if key not in {"server_now", "hidden_cells"}}


def graded(now: datetime) -> None:
    queue.enlist(now=now)
    queue.release(now=now)
    while held := queue.claim(worker="w", now=now):
        queue.finish(held, run.find(held, sandbox=FakeSandbox()), now=now)


def signed(attempt: Attempt, mentor: User, now: datetime) -> Review:
    close_overdue(now)
    assert review.open_waiting(now=now) == 1
    opened = Review.objects.get(attempt=attempt)
    review.claim(review_id=opened.pk, mentor=mentor, now=now)
    for dimension in opened.rubric.dimensions.all():
        review.score(
            review_id=opened.pk,
            dimension=dimension.key,
            value=Decimal("0.75"),
            comment=COMMENT,
            evidence=[review.Cited(kind="event", ref="1", note="the start")],
            mentor=mentor,
            now=now,
        )
    skills.assert_skills(
        review_id=opened.pk, asserted=[skills.Asserted(skill=SKILL, weight=Decimal("0.60"))], mentor=mentor, now=now
    )
    return review.sign_off(
        review_id=opened.pk, confirm=True, read_force_reason=True, note="Well done.", mentor=mentor, now=now
    )


def test_before_closing_after_grading_and_after_sign_off(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "REPEATS", 1)
    attempt = work.live(cast.learner)
    closes = attempt.stages.get(key="live").closes_at
    over = attempt.stages.get(key="postmortem").closes_at
    clock = Told(monkeypatch, closes - timedelta(minutes=1))
    work.submit(attempt, work.tree(work.NARROW, spec=work.spec_of(attempt)))
    submission = work.submit(attempt, work.tree(work.LENIENT, spec=work.spec_of(attempt)), hand_in=True)
    mine = f"attempts/{attempt.pk}"

    graded(clock.now)
    before = unzipped(attempt, cast.learner)
    practice, held = json.loads(before["runs/001.json"]), json.loads(before["runs/002.json"])
    assert (practice["purpose"], practice["state"]) == ("run", "graded")
    assert (held["state"], held["verdict"]["scope"], held["numbers"]) == ("held", "visible cells", None)
    assert {row["verdict"] for cell in held["cells"] for row in cell["transcript"]} == {"right", "wrong"}
    assert json.loads(before["result.json"])["signed_off"] is False
    assert "why there is no result yet" in before["README.txt"]

    clock.now = closes
    graded(clock.now)
    after = unzipped(attempt, cast.learner)
    whole = json.loads(after["runs/002.json"])
    assert (whole["state"], whole["verdict"]["name"], whole["verdict"]["scope"]) == ("graded", "weak", "all cells")
    assert whole["numbers"]["mutants_total"] > 0
    assert whole == shown_to(cast.learner, f"runs/{submission.pk}/")

    clock.now = over + timedelta(minutes=1)
    signed(attempt, cast.mentor, clock.now)
    done = unzipped(attempt, cast.learner)
    result = json.loads(done["result.json"])
    assert result == {"signed_off": True, **shown_to(cast.learner, f"{mine}/result/")}
    assert (result["passed"], result["skills"], result["note_to_learner"]) == (True, {SKILL: "0.60"}, "Well done.")
    assert {(row["comment"], row["evidence"][0]["ref"]) for row in result["scores"]} == {(COMMENT, "1")}
    assert "the signed result" in done["README.txt"]

    for files in (before, after, done):
        named = {name.split("/")[0] for name in files} - {"README.txt"}
        assert all(name in files["README.txt"] for name in named)
    assert COMMENT not in "".join((before | after).values())


def test_nothing_of_the_hidden_cells_is_in_it_whoever_takes_it(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "REPEATS", 1)
    attempt = work.live(cast.learner)
    clock = Told(monkeypatch, attempt.stages.get(key="live").closes_at)
    work.submit(attempt, work.tree(spec=work.spec_of(attempt)), hand_in=True)
    graded(clock.now)
    hidden = Cell.objects.filter(run=GradingRun.objects.get(), visible=False)
    keys = {cell.key for cell in hidden if cell.kind in {"mut", "alt"}}
    assert keys
    for person in (cast.learner, cast.admin):
        files = unzipped(attempt, person)
        body = json.loads(files["runs/001.json"])
        assert {cell["kind"] for cell in body["cells"]} == {"pre", "post"}
        assert "hidden_cells" not in body
        text = "".join(text for name, text in files.items() if name.endswith((".json", ".txt", ".md")))
        assert not [key for key in keys if f'"{key}"' in text]


def test_a_draft_review_is_not_in_it_and_nobody_else_gets_it(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = work.live(cast.learner)
    clock = Told(monkeypatch, attempt.stages.get(key="postmortem").closes_at + timedelta(minutes=1))
    close_overdue(clock.now)
    assert review.open_waiting(now=clock.now) == 1
    opened = Review.objects.get(attempt=attempt)
    review.claim(review_id=opened.pk, mentor=cast.mentor, now=clock.now)
    review.score(
        review_id=opened.pk, dimension="communication", value=Decimal("0.35"), comment=COMMENT, evidence=[],
        mentor=cast.mentor, now=clock.now,
    )  # fmt: skip
    files = unzipped(attempt, cast.learner)
    said = json.loads(files["result.json"])
    assert said["signed_off"] is False
    assert "a mentor is reviewing" in said["why"]
    for word in (COMMENT, "0.35", cast.mentor.name, cast.mentor.email):
        assert word not in "".join(files.values())
    for person in (cast.other_learner, cast.mentor, cast.other_mentor):
        assert client_of(person).get(f"/api/v1/attempts/{attempt.pk}/export/").status_code == 404
