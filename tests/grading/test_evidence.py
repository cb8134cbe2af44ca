"""What a mentor is shown: forced hand-ins first, every figure with what it rests on, claims beside observations."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.serializers.json import DjangoJSONEncoder

from exams import incident
from exams.database_clock import database_now
from exams.live import file_diagnosis, post_update, save_draft
from exams.models import Answer, Event, HandIn, SelfCheckAnswer, Stage, StatusUpdate, Submission
from grading import evidence, queue
from grading.evidence.graded import damage
from grading.evidence.kept import Kept
from grading.models import Cell, ReproCheck
from grading.verdicts import Decision, Verdict
from sandboxes.ingest.tree import Tree
from tests.grading import work

if TYPE_CHECKING:
    from datetime import datetime

    from exams.models import Attempt

pytestmark = pytest.mark.django_db

POSTMORTEM = "# Timeline\n- 12:00 it began\n## Follow-ups\n- Probe tiers daily, owner: Priya\n- Alert on conflicts\n"

CAUSES = [{"key": "T1", "title": "Tiers mixed up"}, {"key": "T2", "title": "Brands mixed up"}]


def at(attempt: Attempt, minutes: float) -> datetime:
    assert attempt.started_at is not None
    return attempt.started_at + timedelta(minutes=minutes)


def update(attempt: Attempt, minute: float, *, following: float | None = None, state: str = "investigating") -> None:
    post_update(
        attempt=attempt,
        audience=StatusUpdate.Audience.STAKEHOLDERS,
        state=StatusUpdate.State(state),
        text="We are looking.",
        impact="Wrong fees.",
        next_update_at=None if following is None else at(attempt, following),
        actor=attempt.learner,
        received_at=at(attempt, minute),
    )


def hand_in(attempt: Attempt, submitted: Tree | None = None, **forced: Any) -> Submission:
    """Work handed in for the live stage and graded `weak`."""
    submission = work.submit(attempt, submitted or work.tree(), hand_in=True, received_at=at(attempt, 60))
    queue.enlist(now=database_now())
    held = queue.claim(worker="w", now=at(attempt, 90))
    assert held is not None
    counts = {
        "total": 40,
        "right": 20,
        "harmful": 10,
        "answerable": 30,
        "answered": 24,
        "by_verdict": {},
        "by_group": {},
    }
    queue.finish(
        held,
        queue.Finding(
            Decision(Verdict.weak, 1, 2, 1, 1),
            because="It caught 1 of 2 wrong fixes.",
            cells=[Cell(kind="mut", key="k", position=1, ended="completed", result="wrong_label")],
            counts={"before": counts, "after": counts | {"harmful": 0}},
            provenance={"edited": {"protected": ["assistant/lm/x"], "data": ["kb/products.json"]}, **forced},
        ),
        now=at(attempt, 91),
    )
    return submission


def collected(attempt: Attempt) -> dict[str, Any]:
    """The evidence as it goes over the wire."""
    found: dict[str, Any] = json.loads(
        json.dumps(evidence.collect(attempt, now=at(attempt, 95)), cls=DjangoJSONEncoder)
    )
    return found


def test_saves_are_read_by_nobody_however_many_there_are(attempt: Attempt) -> None:
    update(attempt, 5)
    for number in range(30):
        save_draft(
            attempt=attempt,
            deliverable="postmortem",
            content=f"# {number}",
            based_on=number,
            actor=attempt.learner,
            received_at=at(attempt, 91),
        )
    assert Event.objects.filter(attempt=attempt, kind="draft.saved").count() == 30
    assert "draft.saved" not in {event.kind for event in Kept(attempt, at(attempt, 95)).events}
    assert collected(attempt)["updates"]["posted"][0]["cites"]


def test_evidence_of_an_attempt_in_which_nothing_happened(attempt: Attempt) -> None:
    found = collected(attempt)
    assert found["forced"] == []
    assert found["verdict"] is None
    assert found["hotfix"] is None
    assert found["times"]["confirmed_diagnosis"] is None
    assert found["updates"]["longest_silence"]["seconds"] == 90 * 60
    assert [(row["key"], row["claimed"], row["observed"]) for row in found["self_checks"]] == [
        ("F1", "not_answered", False),
        ("F2", "not_answered", False),
        ("F3", "not_answered", False),
    ]
    assert {row["agrees"] for row in found["self_checks"]} == {None}
    assert found["attention"]["not_handed_in"] == ["live", "postmortem"]


def test_a_forced_hand_in_is_the_first_thing_on_the_page(attempt: Attempt) -> None:
    stage = Stage.objects.get(attempt=attempt, key="live")
    HandIn.objects.create(
        attempt=attempt,
        stage=stage,
        number=1,
        received_at=at(attempt, 80),
        deliverables={"diagnosis": "d"},
        content_sha256="0" * 64,
        blocked_checks=["F1"],
        force_reason="The build broke; the fix is urgent.",
    )
    found = collected(attempt)
    assert next(iter(found)) == "forced"
    (forced,) = found["forced"]
    assert forced["reason"] == "The build broke; the fix is urgent."
    assert forced["checks"] == [{"key": "F1", "question": "Did your hotfix include a regression test?"}]
    assert forced["counts"]


def test_times_run_from_the_start_and_cite_the_ledger(attempt: Attempt) -> None:
    update(attempt, 4)
    file_diagnosis(
        attempt=attempt,
        component="server",
        failure_class=attempt.incident_class,
        explanation="It mixes up names.",
        repro=["What is the late fee of Ridge Silver?"],
        actor=attempt.learner,
        received_at=at(attempt, 22),
    )
    diagnosis = attempt.diagnoses.get()
    ReproCheck.objects.create(
        diagnosis=diagnosis, reproduces=True, cause_matches=True, checked_at=at(attempt, 23), transcript=[]
    )
    hand_in(attempt)
    times = collected(attempt)["times"]
    assert times["confirmed_diagnosis"]["seconds_after_start"] == 22 * 60
    assert times["first_repro"]["seconds_after_start"] == 22 * 60
    assert times["first_update"]["seconds_after_start"] == 4 * 60
    assert times["hand_in_live"]["seconds_after_start"] == 60 * 60
    assert times["first_fix"]["seconds_after_start"] == 60 * 60
    (cite,) = times["confirmed_diagnosis"]["cites"]
    assert Event.objects.get(attempt=attempt, seq=int(cite["ref"])).kind == "diagnosis.filed"
    (shown,) = collected(attempt)["diagnoses"]
    assert shown["confirmed"]
    assert shown["matches_truth"] == {
        "component": True,
        "failure_class": True,
        "standing": "right",
        "says": "The right component and the right class.",
        "names": [cause for cause in CAUSES if cause["key"] == attempt.incident_class],
        "components_named": ["server"],
    }


def diagnosed(attempt: Attempt, minute: float, component: str, failure_class: str, *, reproduces: bool) -> None:
    """A diagnosis filed at a minute, whose repro was tried a minute later."""
    filed = file_diagnosis(
        attempt=attempt,
        component=component,
        failure_class=failure_class,
        explanation="It mixes up names.",
        repro=["What is the late fee of Ridge Silver?"],
        actor=attempt.learner,
        received_at=at(attempt, minute),
    )
    assert filed.diagnosis is not None
    ReproCheck.objects.create(
        diagnosis=filed.diagnosis, reproduces=reproduces, checked_at=at(attempt, minute + 1), transcript=[]
    )


def test_the_first_right_diagnosis_stands_beside_the_confirmed_one(attempt: Attempt) -> None:
    diagnosed(attempt, 2, "the moon", "lunacy", reproduces=True)
    diagnosed(attempt, 30, "server", "it mixes up what customers ask for", reproduces=False)
    diagnosed(attempt, 50, "server", attempt.incident_class, reproduces=True)
    found = collected(attempt)
    assert found["times"]["confirmed_diagnosis"]["seconds_after_start"] == 2 * 60
    right = found["times"]["first_matching_diagnosis"]
    assert right["seconds_after_start"] == 30 * 60
    (cite,) = right["cites"]
    assert Event.objects.get(attempt=attempt, seq=int(cite["ref"])).payload["number"] == 2
    odd = found["attention"]["diagnosis"]
    assert (odd["confirmed"], odd["first_matching"], odd["first_matching_that_reproduces"]) == (1, 2, 3)
    assert odd["seconds_apart"] == 48 * 60  # to the one that is right and reproduces
    assert "no cause that we recognise as the true one; number 3 does and reproduces; number 2 named" in odd["message"]
    assert len(odd["cites"]) == 3


@pytest.mark.parametrize(
    ("failure_class", "minute"), [("T1", 10), ("t-1", 10), ("in my own words", 10), ("H4", 20), ("h 4", 20)]
)
def test_a_class_that_is_recognised_as_another_is_no_match_and_own_words_are_not_held_against_anyone(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch, failure_class: str, minute: int
) -> None:
    truth = {"component": "server", "failure_class": "T1", "title": "Mixed up", "rivals": {"H4": "why not"}}
    monkeypatch.setattr(incident, "truth", lambda _: truth)
    diagnosed(attempt, 10, "assistant/server.py", failure_class, reproduces=True)
    diagnosed(attempt, 20, "server", "mixed up", reproduces=True)
    assert collected(attempt)["times"]["first_matching_diagnosis"]["seconds_after_start"] == minute * 60


@pytest.mark.parametrize(
    ("filed", "says"),
    [
        ([], None),
        ([(10, "no idea", False)], None),
        ([(10, "server", True)], None),
        ([(10, "server", False), (15, "server", True)], None),
        ([(10, "server", False), (15.1, "server", True)], "first named well before the confirmed"),
        ([(10, "no idea", True)], "no diagnosis does"),
        ([(10, "no idea", True), (11, "server", True)], "number 2 does. Read"),
        ([(10, "no idea", True), (11, "server", False)], "number 2 does, and its repro has not reproduced"),
        ([(10, "server", False)], "no repro reproduces"),
    ],
)
def test_attention_is_called_when_the_confirmed_diagnosis_is_not_the_right_one(
    attempt: Attempt, filed: list[tuple[float, str, bool]], says: str | None
) -> None:
    for minute, component, reproduces in filed:
        diagnosed(attempt, minute, component, "in my own words", reproduces=reproduces)
    odd = collected(attempt)["attention"]["diagnosis"]
    assert (odd is None) if says is None else (says in odd["message"])


def test_no_right_diagnosis_has_no_moment(attempt: Attempt) -> None:
    diagnosed(attempt, 2, "the moon", "lunacy", reproduces=True)
    assert collected(attempt)["times"]["first_matching_diagnosis"] is None


def test_updates_come_with_silences_and_promises(attempt: Attempt) -> None:
    update(attempt, 5, following=15)
    update(attempt, 14, following=30)
    update(attempt, 60, state="resolved")
    updates = collected(attempt)["updates"]
    assert [gap["seconds"] for gap in updates["silences"]] == [300, 540, 2760]
    assert updates["longest_silence"]["seconds"] == 2760
    assert len(updates["longest_silence"]["cites"]) == 2
    assert [(promise["update"], promise["kept"]) for promise in updates["promises"]] == [(1, True), (2, False)]
    assert updates["promises_kept"] == {"kept": 1, "due": 2}
    assert all(posted["cites"] for posted in updates["posted"])


@pytest.mark.parametrize(
    ("before", "after", "share"), [((29, 17), (29, 29), 1.0), ((29, 17), (29, 23), 0.5), ((29, 17), (29, 12), 0.0)]
)
def test_the_damage_put_right_is_measured_from_what_was_wrong(
    before: tuple[int, int], after: tuple[int, int], share: float
) -> None:
    counts = {
        name: {"by_group": {"class": {"total": total, "right": right}}}
        for name, (total, right) in (("before", before), ("after", after))
    }
    found = damage(counts)
    assert found is not None
    assert (found["questions"], found["share"]) == (12, share)
    assert damage({}) is None


def test_the_verdict_comes_with_both_numbers_and_both_rates(attempt: Attempt) -> None:
    submission = hand_in(attempt)
    found = collected(attempt)
    verdict = found["verdict"]
    assert (verdict["name"], verdict["run"]) == ("weak", str(submission.pk))
    assert verdict["mutants"] == {"killed": 1, "total": 2}
    assert verdict["alternatives"] == {"passed": 1, "total": 1}
    assert (verdict["answers"]["before"]["harmful_rate"], verdict["answers"]["before"]["answer_rate"]) == (0.25, 0.8)
    assert verdict["answers"]["after"]["harmful_rate"] == 0
    assert verdict["cells"][0]["key"] == "k"
    assert {cite["kind"] for cite in verdict["cites"]} == {"run", "event"}
    assert found["attention"]["edited_protected"] == ["assistant/lm/x"]
    assert found["attention"]["edited_knowledge"] == ["kb/products.json"]


def test_a_hand_in_whose_hidden_cells_wait_says_what_its_visible_ones_showed(attempt: Attempt) -> None:
    work.submit(attempt, work.tree(), hand_in=True, received_at=at(attempt, 60))
    queue.enlist(now=at(attempt, 60))
    held = queue.claim(worker="w", now=at(attempt, 60))
    assert held is not None
    seen = queue.Finding(Decision(Verdict.verified, 0, 0, 0, 0), because="It fails before and passes after.")
    queue.finish(held, seen, now=at(attempt, 61))
    page = collected(attempt)
    (shown,) = page["runs"]
    assert (shown["state"], shown["verdict"]) == ("held", "verified")
    assert page["times"]["first_fix"]["seconds_after_start"] == 3600
    assert page["verdict"]["name"] == ""


def test_claims_stand_beside_what_was_observed(attempt: Attempt) -> None:
    submission = hand_in(attempt, work.tree(test=None, spec=work.spec_of(attempt)))
    assert submission.hand_in is not None
    SelfCheckAnswer.objects.create(hand_in=submission.hand_in, check_key="F1", critical=True, answer=Answer.YES)
    SelfCheckAnswer.objects.create(hand_in=submission.hand_in, check_key="F2", critical=False, answer=Answer.YES)
    stage = Stage.objects.get(attempt=attempt, key="postmortem")
    HandIn.objects.create(
        attempt=attempt,
        stage=stage,
        number=1,
        received_at=at(attempt, 92),
        deliverables={"postmortem": POSTMORTEM},
        content_sha256="0" * 64,
    )
    update(attempt, 5)
    found = collected(attempt)
    checks = {row["key"]: row for row in found["self_checks"]}
    assert (checks["F1"]["claimed"], checks["F1"]["observed"], checks["F1"]["agrees"]) == ("yes", False, False)
    assert (checks["F2"]["claimed"], checks["F2"]["observed"], checks["F2"]["agrees"]) == ("yes", True, True)
    assert (checks["F3"]["claimed"], checks["F3"]["observed"], checks["F3"]["agrees"]) == ("not_answered", False, None)
    assert "an owner was read in 1 of 2 follow-ups; not in: " in checks["F3"]["detail"]
    by_key = {each["deliverable"]: each for each in found["documents"]}
    assert set(by_key) == {"diagnosis", "postmortem"}
    document = by_key["postmortem"]
    assert document["text"] == POSTMORTEM
    assert [each["owner"] for each in document["follow_ups"]] == ["Priya", None]


def test_the_hotfix_is_summed_up_apart_from_its_test(attempt: Attempt) -> None:
    hand_in(attempt, work.tree(spec=work.spec_of(attempt)))
    hotfix = collected(attempt)["hotfix"]
    assert [each["path"] for each in hotfix["files"]] == ["assistant/server.py"]
    assert [each["path"] for each in hotfix["tests"]] == [work.TEST_PATH]
    assert hotfix["lines_added"] >= 1
    assert "+++ b/assistant/server.py" in hotfix["diff"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("as it is", "as it is"),
        ({"text": "inside"}, "inside"),
        ({"Timeline": "a", "Follow-ups": ["b", "c"]}, "## Timeline\n\na\n\n## Follow-ups\n\n- b\n- c"),
        (None, ""),
        (7, "7"),
    ],
)
def test_a_document_is_one_text_however_it_was_sent(content: object, text: str) -> None:
    assert evidence.document_text(content) == text
