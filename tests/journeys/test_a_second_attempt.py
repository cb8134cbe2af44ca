"""Two attempts of one learner: forced past a check, late for the deadline, failed; tried again, passed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from deploy.demo.api import Json, Person, until
from tests.whole_platform import SLUG, Platform

DIMENSIONS = ("diagnosis_speed", "hotfix_correctness", "regression_safety", "postmortem_quality", "communication")
REASON = "The window is nearly over and the fix is in; the test follows as a pull request."


@dataclass(frozen=True)
class Story:
    """What happened, as the learner and the mentor were told at the time."""

    too_early: Json
    refused: Json
    forced: Json
    late: Json
    receipts: list[Json]
    row: Json
    first_evidence: Json
    first_result: Json
    second_evidence: Json
    second_result: Json
    too_often: Json
    first_result_again: Json


@pytest.fixture(scope="module")
def story(platform: Platform, demonstration: Callable[[], object]) -> Story:
    """Play it once for all that is asked about it; the demonstration goes on beside it."""
    del demonstration
    learner, mentor = platform.person("lea", "learner"), platform.person("max", "mentor")
    first = learner.start(SLUG)
    path = f"attempts/{first['id']}"
    too_early = learner.post(f"twins/{SLUG}/start/", expect=409)
    refused = _hand_in(learner, path, expect=409)
    forced = _hand_in(learner, path, expect=201, force={"reason": REASON})
    _closed(learner, path, "live")
    late = _hand_in(learner, path, expect=202, self_checks={"F1": "yes", "F2": "yes"})
    receipts = learner.get(f"{path}/receipts/")["receipts"]
    row, first_evidence = _claimed(learner, mentor, path)
    first_result = _judged(learner, mentor, row, path, score="0.40")

    second = learner.start(SLUG)
    path = f"attempts/{second['id']}"
    row_of_second, second_evidence = _claimed(learner, mentor, path)
    second_result = _judged(learner, mentor, row_of_second, path, score="0.70")
    return Story(
        too_early=too_early,
        refused=refused,
        forced=forced,
        late=late,
        receipts=receipts,
        row=row,
        first_evidence=first_evidence,
        first_result=first_result,
        second_evidence=second_evidence,
        second_result=second_result,
        too_often=learner.post(f"twins/{SLUG}/start/", expect=409),
        first_result_again=learner.get(f"attempts/{first['id']}/result/"),
    )


def _hand_in(learner: Person, path: str, *, expect: int, **more: object) -> Json:
    body = {"deliverables": {"diagnosis": "The retriever.", "hotfix": {"mode": "repo_url"}}}
    checks = {"self_checks": {"F1": "no", "F2": "no"}}
    return learner.post(f"{path}/stages/live/hand-in/", body | checks | more, expect=expect)


def _closed(learner: Person, path: str, stage: str) -> Json:
    def closed() -> Json | None:
        seen = learner.get(f"{path}/")
        return next((each for each in seen["stages"] if each["key"] == stage and each["closed_at"]), None)

    return until(f"the closing of {stage}", closed, seconds=120)


def _claimed(learner: Person, mentor: Person, path: str) -> tuple[Json, Json]:
    _closed(learner, path, "postmortem")

    def waiting() -> Json | None:
        rows = mentor.get("reviews/?state=open&page_size=200")["results"]
        return next((row for row in rows if row["twin"] == SLUG), None)

    row = until("the review", waiting, seconds=180)
    assert mentor.post(f"reviews/{row['id']}/claim/")["attempt"] == path.rpartition("/")[2]
    return row, mentor.get(f"reviews/{row['id']}/evidence/")["evidence"]


def _judged(learner: Person, mentor: Person, row: Json, path: str, *, score: str) -> Json:
    for dimension in DIMENSIONS:
        mentor.put(f"reviews/{row['id']}/scores/{dimension}/", {"score": score, "comment": "As the evidence says."})
    if row["forced"]:
        unread = mentor.post(f"reviews/{row['id']}/sign-off/", {"confirm": True}, expect=409)
        assert "forced" in unread["detail"]
    mentor.post(f"reviews/{row['id']}/sign-off/", {"confirm": True, "read_force_reason": True})
    return learner.get(f"{path}/result/")


@pytest.mark.timeout(600)
def test_a_critical_check_answered_no_refuses_the_hand_in_until_it_is_forced_with_a_reason(story: Story) -> None:
    assert "F1" in story.refused["detail"]
    assert "force" in story.refused["detail"]
    assert story.forced["hand_in"]["force_reason"] == REASON
    assert story.forced["receipt"]["counts"]


def test_the_mentor_sees_the_force_and_its_reason_before_anything_else(story: Story) -> None:
    assert story.row["forced"]
    assert next(iter(story.first_evidence)) == "forced"
    (forced,) = story.first_evidence["forced"]
    assert (forced["stage"], forced["reason"], forced["counts"]) == ("live", REASON, True)
    assert [check["key"] for check in forced["checks"]] == ["F1"]


def test_a_hand_in_after_the_deadline_is_kept_marked_and_does_not_count(story: Story) -> None:
    receipt = story.late["receipt"]
    assert not receipt["counts"]
    assert receipt["late_by_seconds"] > 0
    assert receipt["time_left_seconds"] == 0
    assert receipt in story.receipts
    (late,) = story.first_evidence["attention"]["late"]
    assert (late["stage"], late["granted"]) == ("live", False)
    assert late["late_by_seconds"] == pytest.approx(receipt["late_by_seconds"], abs=1e-6)


def test_the_next_attempt_waits_for_the_review_of_the_last_and_no_third_is_given(story: Story) -> None:
    assert "1" in story.too_early["detail"] or "attempt" in story.too_early["detail"]
    assert story.too_often["title"] != story.too_early["title"]


def test_the_higher_score_stands_and_the_second_incident_is_of_another_class(story: Story) -> None:
    assert (story.first_result["passed"], story.first_result["overall"]) == (False, "0.4")
    assert story.first_result["is_best"]
    assert (story.second_result["passed"], story.second_result["overall"]) == (True, "0.7")
    assert story.second_result["best_attempt_number"] == 2
    assert story.first_result_again["best_attempt_number"] == 2
    assert not story.first_result_again["is_best"]
    classes = [evidence["truth"]["failure_class"] for evidence in (story.first_evidence, story.second_evidence)]
    assert len(set(classes)) == 2
