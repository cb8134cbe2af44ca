"""Runs over HTTP: asked for by the learner, shown with their visible cells, and never with what is hidden."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command

from exams import access
from exams.database_clock import database_now
from exams.models import Submission
from grading import queue
from grading.models import Cell, GradingRun, RunState
from grading.verdicts import Decision, Verdict
from tests.grading import work
from tests.people import Cast, client_of

if TYPE_CHECKING:
    from exams.models import Attempt

pytestmark = pytest.mark.django_db

HIDDEN_WORDS = ("refuses_everything", "by_words", "same_fault", "incident_seed", "secret-question")


def row(text: str, *, harmful: bool, question: str = "What is the fee?") -> dict[str, Any]:
    return {
        "question": question,
        "session": "",
        "text": text,
        "refused": False,
        "citations": [{"document": "doc-1", "sentence": 1}],
        "documents": ["doc-1"],
        "fault": None,
        "verdict": "wrong_entity" if harmful else "correct",
        "harmful": harmful,
        "why": "",
        "seconds": 0.01,
    }


def cell(kind: str, key: str = "", *, harmful: bool = False, **fields: Any) -> Cell:
    node = {"node": "test_it", "outcome": "failed_assert" if harmful else "passed", "message": "", "seconds": 0.1}
    return Cell(
        kind=kind,
        key=key,
        visible=kind in {"pre", "post"},
        position=1,
        ended="completed",
        result="as_required",
        nodes=[node],
        transcript=[row("39" if harmful else "41", harmful=harmful)],
        **fields,
    )


def graded(attempt: Attempt, *, hand_in: bool, verdict: Verdict = Verdict.weak) -> Submission:
    """A run with its verdict; of a hand-in the whole one, which there is when the stage has closed."""
    submission = work.submit(attempt, work.tree(), hand_in=hand_in)
    queue.enlist(now=database_now())
    at = attempt.stages.get(key="live").closes_at if hand_in else database_now()
    held = queue.claim(worker="w", now=at)
    assert held is not None
    cells = [cell("pre", harmful=True), cell("post")]
    counts: dict[str, Any] = {}
    if hand_in:
        cells += [cell("mut", "refuses_everything"), cell("alt", "by_words"), cell("mut", "same_fault_elsewhere")]
        secret = cell("probe", "after")
        secret.transcript = [row("1", harmful=False, question="secret-question")]
        cells.append(secret)
        sums = {"total": 40, "right": 38, "harmful": 1, "answerable": 30, "answered": 29, "by_verdict": {"conflict": 1}}
        counts = {"before": sums, "after": sums, "reference": sums, "worked_before": sums}
    queue.finish(
        held,
        queue.Finding(
            Decision(verdict, 1, 2, 1, 1) if hand_in else Decision(verdict, 0, 0, 0, 0),
            because="It caught 1 of 2 wrong fixes.",
            cells=cells,
            counts=counts,
            provenance={"seed": 123456789},
        ),
        now=at + timedelta(seconds=30),
    )
    return submission


def test_a_learner_sees_the_visible_cells_side_by_side_with_the_reason_and_what_to_do(
    cast: Cast, attempt: Attempt
) -> None:
    submission = graded(attempt, hand_in=False, verdict=Verdict.fails_on_own_fix)
    body = client_of(cast.learner).get(f"/api/v1/runs/{submission.pk}/").json()
    assert body["state"] == "graded"
    assert body["server_now"]
    assert body["verdict"]["name"] == "fails_on_own_fix"
    assert body["verdict"]["because"]
    assert body["verdict"]["next"]
    assert [(each["tree"], each["wanted"], each["got"]) for each in body["cells"]] == [
        ("before", "fails by assertion", "1 failed assert"),
        ("after", "passes", "1 passed"),
    ]
    (asked,) = body["side_by_side"]
    assert (asked["before"]["text"], asked["before"]["harmful"]) == ("39", True)
    assert (asked["after"]["text"], asked["after"]["harmful"]) == ("41", False)
    assert body["timings"]["run_seconds"] >= 0
    assert body["numbers"] is None


def test_of_hidden_cells_a_learner_sees_only_sums(cast: Cast, attempt: Attempt) -> None:
    submission = graded(attempt, hand_in=True)
    response = client_of(cast.learner).get(f"/api/v1/runs/{submission.pk}/")
    body = response.json()
    assert body["numbers"]["mutants_killed"] == 1
    assert body["numbers"]["mutants_total"] == 2
    assert body["numbers"]["after"] == {"total": 40, "right": 38, "harmful": 1, "answerable": 30, "answered": 29}
    assert body["hidden_cells"] is None
    assert {each["kind"] for each in body["cells"]} == {"pre", "post"}
    for address in (f"/api/v1/runs/{submission.pk}/", f"/api/v1/attempts/{attempt.pk}/runs/"):
        for parameters in ({}, {"hidden": "1", "expand": "cells", "format": "json"}):
            text = client_of(cast.learner).get(address, parameters).content.decode()
            assert not [word for word in (*HIDDEN_WORDS, "123456789", "by_verdict") if word in text]


def test_a_mentor_who_may_see_the_attempt_sees_every_cell(
    cast: Cast, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = graded(attempt, hand_in=True)
    address = f"/api/v1/runs/{submission.pk}/"
    assert client_of(cast.mentor).get(address).status_code == 404
    monkeypatch.setattr(access, "mentors_may_see", [lambda user, _: user == cast.mentor])
    hidden = client_of(cast.mentor).get(address).json()["hidden_cells"]
    assert {each["key"] for each in hidden} >= {"refuses_everything", "by_words"}
    assert client_of(cast.admin).get(address).json()["hidden_cells"]


def test_nobody_else_reaches_a_run(cast: Cast, attempt: Attempt) -> None:
    submission = graded(attempt, hand_in=False)
    for address in (f"/api/v1/runs/{submission.pk}/", f"/api/v1/attempts/{attempt.pk}/runs/"):
        assert client_of().get(address).status_code == 401
        theirs = client_of(cast.other_learner).get(address)
        nothing = client_of(cast.other_learner).get(address.replace(str(submission.pk), str(uuid.uuid4())))
        assert theirs.status_code == nothing.status_code == 404
    assert client_of(cast.learner).get(f"/api/v1/runs/{attempt.pk}/").status_code == 404


def test_a_waiting_run_says_where_it_stands(cast: Cast, attempt: Attempt) -> None:
    submission = work.submit(attempt, work.tree())
    queue.enlist(now=database_now())
    body = client_of(cast.learner).get(f"/api/v1/runs/{submission.pk}/").json()
    assert body["state"] == "waiting"
    assert body["queue"]["position"] == 1
    assert body["queue"]["wait_seconds"] > 0
    assert body["verdict"] is None
    queue.claim(worker="w", now=database_now())
    body = client_of(cast.learner).get(f"/api/v1/runs/{submission.pk}/").json()
    assert (body["state"], body["queue"], body["progress_percent"]) == ("running", None, 0)


def give_up() -> None:
    """Every run ends as it does after the last claim was lost."""
    GradingRun.objects.update(state=RunState.RUNNING, leased_until=database_now())
    GradingRun.objects.update(state=RunState.PLATFORM_FAULT, finished_at=database_now())


def test_what_we_gave_up_on_is_said_to_be_our_fault(cast: Cast, attempt: Attempt) -> None:
    submission = work.submit(attempt, work.tree())
    queue.enlist(now=database_now())
    give_up()
    verdict = client_of(cast.learner).get(f"/api/v1/runs/{submission.pk}/").json()["verdict"]
    assert verdict["name"] == "infra_error"
    assert "costs you nothing" in verdict["because"]


def test_a_rejected_source_has_a_verdict_with_the_reason(cast: Cast, attempt: Attempt) -> None:
    submission = work.submit(attempt, None)
    queue.enlist(now=database_now())
    body = client_of(cast.learner).get(f"/api/v1/runs/{submission.pk}/").json()
    assert body["verdict"]["name"] == "rejected_ingest"
    assert "symbolic link" in body["verdict"]["because"]
    assert body["cells"] == []


def test_a_hand_in_without_a_test_is_told_to_add_one(cast: Cast, attempt: Attempt) -> None:
    submission = work.submit(attempt, work.tree(test=None))
    queue.enlist(now=database_now())
    held = queue.claim(worker="w", now=database_now())
    assert held is not None
    queue.finish(held, queue.Finding(Decision(Verdict.broken_test, 0, 0, 0, 0), because="None."), now=database_now())
    verdict = client_of(cast.learner).get(f"/api/v1/runs/{submission.pk}/").json()["verdict"]
    assert verdict["next"].startswith("Add one")


def test_runs_are_listed_newest_first(cast: Cast, attempt: Attempt) -> None:
    first = work.submit(attempt, work.tree())
    second = work.submit(attempt, work.tree())
    body = client_of(cast.learner).get(f"/api/v1/attempts/{attempt.pk}/runs/").json()
    assert [each["id"] for each in body["results"]] == [str(second.pk), str(first.pk)]
    assert all(each["server_now"] for each in body["results"])


def test_asking_for_a_run_answers_with_its_place_and_the_same_key_asks_once(
    cast: Cast, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def offer(*, attempt: Attempt, source: object, received_at: object) -> Submission:
        del received_at
        asked.append(source)
        return work.submit(attempt, work.tree())

    monkeypatch.setattr("grading.api.runs.offer_run", offer)
    client = client_of(cast.learner)
    address = f"/api/v1/attempts/{attempt.pk}/runs/"
    first = client.post(address, {"source": {"mode": "repo_url"}}, headers={"Idempotency-Key": "one"})
    again = client.post(address, {"source": {"mode": "repo_url"}}, headers={"Idempotency-Key": "one"})
    assert first.status_code == again.status_code == 202
    assert first.json()["id"] == json.loads(again.content)["id"]
    assert asked == [{"mode": "repo_url"}]
    assert first.json()["state"] == "waiting"


@pytest.mark.parametrize(
    "body", [{}, {"source": "x"}, {"source": {"mode": "ftp"}}, {"source": {"mode": "file_upload", "upload": "no"}}]
)
def test_a_source_that_makes_no_sense_is_refused(cast: Cast, attempt: Attempt, body: dict[str, Any]) -> None:
    response = client_of(cast.learner).post(f"/api/v1/attempts/{attempt.pk}/runs/", body)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert Submission.objects.count() == 0


def test_nobody_asks_for_a_run_of_somebody_elses_attempt(cast: Cast, attempt: Attempt) -> None:
    for person in (cast.other_learner, cast.mentor, cast.admin):
        response = client_of(person).post(f"/api/v1/attempts/{attempt.pk}/runs/", {"source": {"mode": "repo_url"}})
        assert response.status_code == 404
    assert Submission.objects.count() == 0


def test_an_operator_queues_again_what_was_given_up(attempt: Attempt, capsys: pytest.CaptureFixture[str]) -> None:
    submission = work.submit(attempt, work.tree())
    queue.enlist(now=database_now())
    with pytest.raises(CommandError, match="platform fault"):
        call_command("regrade", str(submission.pk), because="Engine has room again.")
    give_up()
    call_command("regrade", str(submission.pk), because="Engine has room again.")
    assert "try 2" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no run"):
        call_command("regrade", str(uuid.uuid4()), because="x")
