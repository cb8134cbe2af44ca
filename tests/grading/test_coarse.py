"""While the failure class is looked for a learner reads that an answer is wrong, and by no door in which way."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from config.events_stream import Desk
from exams import access, feed, ledger
from exams.live import file_diagnosis
from exams.models import Stage
from exams.oracle import ClaimVerdict, harmful
from grading import queue, repro
from grading.coarse import COARSE, WHY, CoarseVerdict, coarsened
from grading.models import Cell, ReproCheck
from grading.verdicts import Decision, Verdict
from tests.attempts import move_windows
from tests.grading import work
from tests.people import Cast, client_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from accounts.models import User
    from exams.models import Attempt, Submission
    from sandboxes.fake_sandbox import FakeSandbox

MICROSECOND = timedelta(microseconds=1)
# Words that are the oracle's alone; `correct` is not looked for, and of those that plain sentences use too, the quoted.
NAMES = [
    *(each.value for each in ClaimVerdict if "_" in each or each in {"baseless", "unqualified", "misgrounded"}),
    '"conflict"',
    '"stale"',
]
SAYS_HOW = "It is about Ridge Gold; asked was Ridge Silver."


def row(verdict: ClaimVerdict, *, why: str = SAYS_HOW) -> dict[str, Any]:
    """What is kept of one answer."""
    return {
        "question": "What is the late fee of Ridge Silver?",
        "session": "",
        "text": "It is 39 USD.",
        "refused": False,
        "citations": [],
        "documents": [],
        "fault": None,
        "verdict": verdict.value,
        "harmful": harmful(verdict),
        "why": why,
        "seconds": 0.01,
    }


def closes_at(attempt: Attempt) -> datetime:
    return attempt.stages.get(key="live").closes_at


def asked_for(attempt: Attempt) -> tuple[Submission, queue.Claim]:
    """A practice run that a worker has taken."""
    submission = work.submit(attempt, work.tree(), received_at=closes_at(attempt) - timedelta(minutes=9))
    queue.enlist(now=submission.received_at)
    held = queue.claim(worker="w", now=submission.received_at)
    assert held is not None
    return submission, held


def answer_run(held: queue.Claim, verdict: ClaimVerdict) -> None:
    """Both versions gave an answer of this worth."""
    cells = [
        Cell(kind=kind, visible=True, position=1, ended="completed", result="as_required", transcript=[row(verdict)])
        for kind in ("pre", "post")
    ]
    found = queue.Finding(Decision(Verdict.not_reproducing, 0, 0, 0, 0), because="It passes.", cells=cells)
    queue.finish(held, found, now=held.submission.received_at + timedelta(seconds=5))


def run_with(attempt: Attempt, verdict: ClaimVerdict) -> Submission:
    """A practice run with answers of this worth."""
    submission, held = asked_for(attempt)
    answer_run(held, verdict)
    return submission


def diagnosed(attempt: Attempt) -> ReproCheck:
    """A diagnosis whose repro waits to be tried."""
    filed = file_diagnosis(
        attempt=attempt,
        component="server",
        failure_class="?",
        explanation="It confuses products.",
        repro=["What is the late fee of Ridge Silver?"],
        actor=attempt.learner,
        received_at=closes_at(attempt) - timedelta(minutes=8),
    )
    assert filed.diagnosis is not None
    repro.enlist()
    return ReproCheck.objects.get(diagnosis=filed.diagnosis)


def answer_repro(check: ReproCheck, verdict: ClaimVerdict) -> None:
    """Its one question was answered like that."""
    said = row(verdict, why=f"{SAYS_HOW} ({verdict})")
    repro._record(check, [said], now=check.diagnosis.received_at + timedelta(minutes=1))


def diagnosis_with(attempt: Attempt, verdict: ClaimVerdict) -> None:
    """A diagnosis whose repro was answered like that."""
    answer_repro(diagnosed(attempt), verdict)


@pytest.fixture
def told_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Sets the database's clock, as every doorway reads it."""

    def tell(now: datetime) -> None:
        for module in ("grading.api.runs", "exams.api.events", "exams.api.shapes", "exams.api.attempts"):
            monkeypatch.setattr(f"{module}.database_now", lambda: now, raising=False)
        monkeypatch.setattr("exams.database_clock.database_now", lambda: now)
        monkeypatch.setattr("exams.database_clock.received_at", lambda _request: now)

    return tell


def doors(person: User, attempt: Attempt, submission: Submission) -> dict[str, str]:
    """Every place at which answers, or what was found of them, are served."""
    client = client_of(person)
    base = f"/api/v1/attempts/{attempt.pk}"
    addresses = [
        f"/api/v1/runs/{submission.pk}/",
        f"/api/v1/runs/{submission.pk}/?hidden=1&fine=1&expand=cells",
        f"{base}/runs/",
        f"{base}/",
        f"{base}/diagnoses/",
        f"{base}/diagnoses/1/",
        f"{base}/events/",
        f"{base}/receipts/",
        f"{base}/questions/",
    ]
    served = {address: client.get(address).content.decode() for address in addresses}
    export = client.get(f"{base}/export/")
    if export.status_code == 200:
        archive = zipfile.ZipFile(io.BytesIO(export.getvalue()))
        served |= {name: archive.read(name).decode("latin-1") for name in archive.namelist()}
    return served


def tells(served: dict[str, str]) -> dict[str, list[str]]:
    """The doors that say in which way an answer is wrong."""
    found = {door: [name for name in (*NAMES, SAYS_HOW) if name in text] for door, text in served.items()}
    return {door: names for door, names in found.items() if names}


def test_every_verdict_has_one_coarse_word_and_harm_is_wrong() -> None:
    assert set(COARSE) == set(ClaimVerdict)
    assert set(COARSE.values()) == set(CoarseVerdict) == set(WHY)
    for verdict, coarse in COARSE.items():
        assert harmful(verdict) is (coarse is CoarseVerdict.wrong)


@given(st.sampled_from(list(ClaimVerdict)), st.sampled_from(list(ClaimVerdict)), st.text(), st.text())
def test_answers_of_the_same_coarse_worth_are_the_same_to_the_byte(
    one: ClaimVerdict, other: ClaimVerdict, why: str, why_other: str
) -> None:
    first, second = (json.dumps(coarsened([row(*each)])) for each in ((one,), (other,)))
    worded, worded_otherwise = (json.dumps(coarsened([row(one, why=each)])) for each in (why, why_other))
    assert (first == second) is (COARSE[one] is COARSE[other])
    assert worded == worded_otherwise


@pytest.mark.django_db
class TestServed:
    """Over HTTP, on the clock."""

    @pytest.mark.parametrize("coarse", list(CoarseVerdict))
    def test_in_an_open_window_all_that_is_served_is_the_same_to_the_byte_whichever_way_an_answer_is_wrong(
        self,
        cast: Cast,
        attempt: Attempt,
        told_time: Callable[[datetime], None],
        monkeypatch: pytest.MonkeyPatch,
        coarse: CoarseVerdict,
    ) -> None:
        monkeypatch.setattr("secrets.token_hex", lambda size=32: "0" * 2 * size)  # hidden events are salted
        submission, held = asked_for(attempt)
        check = diagnosed(attempt)
        told_time(closes_at(attempt) - MICROSECOND)
        first: dict[str, str] = {}
        for kind in (verdict for verdict, word in COARSE.items() if word is coarse):
            with transaction.atomic():
                answer_run(held, kind)
                answer_repro(check, kind)
                served = doors(cast.learner, attempt, submission)
                transaction.set_rollback(True)
            first = first or served
            for door, text in served.items():
                assert text == first[door], (kind, door)
        assert f'"verdict":"{coarse}"' in first[f"/api/v1/runs/{submission.pk}/"]
        assert f'"verdict":"{coarse}"' in first[f"/api/v1/attempts/{attempt.pk}/diagnoses/1/"]
        assert tells(first) == {}

    @pytest.mark.parametrize(
        ("after", "open_still"), [(-MICROSECOND, True), (timedelta(0), False), (MICROSECOND, False)]
    )
    def test_the_way_an_answer_is_wrong_is_told_from_the_closing_on(
        self,
        cast: Cast,
        attempt: Attempt,
        told_time: Callable[[datetime], None],
        after: timedelta,
        *,
        open_still: bool,
    ) -> None:
        submission = run_with(attempt, ClaimVerdict.wrong_entity)
        diagnosis_with(attempt, ClaimVerdict.wrong_entity)
        told_time(closes_at(attempt) + after)
        found = tells(doors(cast.learner, attempt, submission))
        if open_still:
            assert found == {}
            return
        base = f"/api/v1/attempts/{attempt.pk}"
        for door in (f"/api/v1/runs/{submission.pk}/", f"{base}/diagnoses/", f"{base}/diagnoses/1/", "diagnoses.json"):
            assert found[door] == ["wrong_entity", SAYS_HOW], door

    def test_an_extension_makes_it_coarse_again(
        self, cast: Cast, attempt: Attempt, told_time: Callable[[datetime], None]
    ) -> None:
        submission = run_with(attempt, ClaimVerdict.stale)
        told_time(closes_at(attempt))
        assert tells(doors(cast.learner, attempt, submission)) != {}
        move_windows(
            Stage.objects.filter(attempt=attempt, key="live"), closes_at=closes_at(attempt) + timedelta(minutes=5)
        )
        assert tells(doors(cast.learner, attempt, submission)) == {}

    def test_the_post_mortem_window_holds_nothing_back(
        self, cast: Cast, attempt: Attempt, told_time: Callable[[datetime], None]
    ) -> None:
        submission = run_with(attempt, ClaimVerdict.stale)
        told_time(attempt.stages.get(key="postmortem").closes_at - MICROSECOND)
        assert tells(doors(cast.learner, attempt, submission)) != {}

    def test_mentors_read_it_while_the_window_is_open(
        self,
        cast: Cast,
        attempt: Attempt,
        told_time: Callable[[datetime], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        submission = run_with(attempt, ClaimVerdict.baseless)
        diagnosis_with(attempt, ClaimVerdict.baseless)
        told_time(closes_at(attempt) - MICROSECOND)
        monkeypatch.setattr(access, "mentors_may_see", [lambda user, _: user == cast.mentor])
        base = f"/api/v1/attempts/{attempt.pk}"
        for person in (cast.mentor, cast.admin):
            found = tells(doors(person, attempt, submission))
            assert {f"/api/v1/runs/{submission.pk}/", f"{base}/diagnoses/", f"{base}/diagnoses/1/"} <= set(found)
        assert not [name for name in tells(doors(cast.admin, attempt, submission)) if name.endswith(".json")], (
            "the export is the learner's, whoever takes it"
        )

    def test_what_was_really_answered_is_coarse_too(
        self, cast: Cast, attempt: Attempt, fake: FakeSandbox, told_time: Callable[[datetime], None]
    ) -> None:
        """The whole way: the failing model is asked, the oracle judges, and the learner reads one of four words."""
        now = closes_at(attempt) - timedelta(minutes=5)
        file_diagnosis(
            attempt=attempt, component="server", failure_class="?", explanation="It confuses products.",
            repro=["Good morning", "What is the late fee of Ridge Silver?", "What is the late fee of Ridge Gold?"],
            actor=attempt.learner, received_at=now,
        )  # fmt: skip
        repro.enlist()
        check = repro.claim(now=now)
        assert check is not None
        assert repro.check_one(check, sandbox=fake, clock=lambda: now)
        told_time(now)
        body = client_of(cast.learner).get(f"/api/v1/attempts/{attempt.pk}/diagnoses/1/").json()
        assert len(body["diagnosis"]["transcript"]) == 3
        assert {each["verdict"] for each in body["diagnosis"]["transcript"]} <= set(CoarseVerdict)
        check.refresh_from_db()
        assert {each["verdict"] for each in check.transcript} <= set(ClaimVerdict)

    def test_what_the_ledger_tells_a_learner_names_no_way_of_being_wrong(self, attempt: Attempt) -> None:
        """The feed and the stream serve these payloads as they are."""
        run_with(attempt, ClaimVerdict.misgrounded)
        diagnosis_with(attempt, ClaimVerdict.misgrounded)
        payloads = {
            event.kind: ledger.canonical(event.payload).decode()
            for event in attempt.events.filter(visible_to_learner=True)
        }
        assert {"run.graded", "diagnosis.checked", "diagnosis.filed"} <= set(payloads)
        assert tells(payloads) == {}


@pytest.mark.django_db(transaction=True)
def test_the_stream_names_no_way_of_being_wrong(cast: Cast, attempt: Attempt) -> None:
    run_with(attempt, ClaimVerdict.unqualified)
    diagnosis_with(attempt, ClaimVerdict.unqualified)

    async def streamed() -> list[dict[str, Any]]:
        desk = Desk()
        try:
            return await desk.rows(feed.Reader(attempt.pk, cast.learner.pk, hidden=False), 0)
        finally:
            await desk.close()

    rows = asyncio.run(streamed())
    assert "diagnosis.checked" in [row["kind"] for row in rows]
    assert tells({"stream": json.dumps(rows)}) == {}
