"""Diagnoses: filed on the clock, bounded, and answered for without telling the truth."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from exams import live
from exams.live import diagnoses as filing
from exams.live.diagnoses import DiagnosisUnusable, Filed, ReproResult, TooManyDiagnoses
from exams.models import Attempt, Diagnosis, LateWrite
from tests.attempts import NOON, live_attempt
from tests.people import Cast, client_of
from tests.work import EARLY, EDGES, events

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

pytestmark = pytest.mark.django_db

SAID: dict[str, Any] = {
    "component": "retrieval",
    "failure_class": "wrong entity",
    "explanation": "Tiers are mixed up.",
    "repro": ["What is the late fee of Ridge Gold?"],
}


def file(attempt: Attempt, *, at: datetime = EARLY, **changes: Any) -> Filed:
    return live.file_diagnosis(attempt=attempt, actor=attempt.learner, received_at=at, **(SAID | changes))


@pytest.mark.parametrize(("_when", "at", "counts"), EDGES)
def test_the_edges_of_the_window(cast: Cast, _when: str, at: datetime, *, counts: bool) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    filed = file(attempt, at=at)
    assert filed.receipt.counts is counts
    assert Diagnosis.objects.count() == int(counts)
    assert LateWrite.objects.filter(kind="diagnosis").count() == int(not counts)


@pytest.mark.parametrize(
    "changes",
    [
        {"component": ""},
        {"component": "x" * 81},
        {"failure_class": "   "},
        {"failure_class": "x" * 161},
        {"explanation": "x" * 4_001},
        {"repro": []},
        {"repro": ["q"] * 21},
        {"repro": [" "]},
        {"repro": ["x" * 501]},
    ],
)
def test_one_that_cannot_be_tried_is_refused(cast: Cast, changes: dict[str, Any]) -> None:
    with pytest.raises(DiagnosisUnusable):
        file(live_attempt(cast.learner, started_at=NOON), **changes)
    assert Diagnosis.objects.count() == 0


def test_one_just_inside_the_limits_is_filed(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    most: dict[str, Any] = {"component": "x" * 80, "failure_class": "x" * 160}
    most |= {"explanation": "x" * 4_000, "repro": ["x" * 500] * 20}
    assert file(attempt, **most).diagnosis is not None


def test_there_is_a_most(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    for number in range(20):
        file(attempt, component=f"part {number}")
    with pytest.raises(TooManyDiagnoses, match="20"):
        file(attempt)
    assert len(events(attempt, "diagnosis.filed")) == 20


def test_over_http_the_result_is_shown_once_grading_has_it(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = live_attempt(cast.learner)
    client = client_of(cast.learner)
    address = f"/api/v1/attempts/{attempt.pk}/diagnoses/"
    filed = client.post(address, SAID)
    assert filed.status_code == 201
    assert filed.data["diagnosis"]["reproduces"] is None
    transcript = [{"question": SAID["repro"][0], "reply": "39 USD"}]

    def read(wanted: Sequence[int], /, *, fine: bool) -> Mapping[int, ReproResult]:
        assert not fine
        return {each: ReproResult(reproduces=True, transcript=transcript, checked_at=NOON) for each in wanted}

    monkeypatch.setattr(filing, "diagnosis_results", [read])
    one = client.get(f"{address}1/")
    assert one.data["diagnosis"]["reproduces"] is True
    assert one.data["diagnosis"]["transcript"] == transcript
    assert [each["number"] for each in client.get(address).data["results"]] == [1]
    assert "cause" not in str(one.data).lower()
    assert client.get(f"{address}2/").status_code == 404
    assert client.get(f"{address}{10**30}/").status_code == 404
    assert client_of(cast.other_learner).get(f"{address}1/").status_code == 404


@pytest.mark.parametrize(
    ("component", "failure_class", "read_as"),
    [
        ("assistant/server.py", "t1", (["server"], ["T1"])),
        ("Server", "tiers MIXED up", (["server"], ["T1"])),
        ("server and kb", "T2 + Tiers mixed up", (["server", "kb"], ["T2", "T1"])),
        ("the lookup", "something else", ([], [])),
    ],
)
def test_what_its_words_name_in_the_catalogue_is_told_and_not_whether_it_is_true(
    cast: Cast, component: str, failure_class: str, read_as: tuple[list[str], list[str]]
) -> None:
    attempt = live_attempt(cast.learner)
    address = f"/api/v1/attempts/{attempt.pk}/diagnoses/"
    filed = client_of(cast.learner).post(address, SAID | {"component": component, "failure_class": failure_class})
    told = client_of(cast.learner).get(f"{address}1/").data["diagnosis"]
    assert filed.data["diagnosis"]["read_as"] == told["read_as"]
    assert (told["read_as"]["components"], told["read_as"]["failure_classes"]) == read_as
    assert not {"standing", "says", "matches_truth", "right"} & set(told)


def test_over_http_a_late_one_does_not_count(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    late = client_of(cast.learner).post(f"/api/v1/attempts/{attempt.pk}/diagnoses/", SAID)
    assert (late.status_code, late.data["receipt"]["counts"], late.data["diagnosis"]) == (202, False, None)


@pytest.mark.parametrize("wrong", [{"repro": "one"}, {"repro": [{"a": 1}]}, {"repro": ["\x00"]}, {"component": ["x"]}])
def test_over_http_hostile_fields_are_refused(cast: Cast, wrong: dict[str, Any]) -> None:
    attempt = live_attempt(cast.learner)
    refused = client_of(cast.learner).post(f"/api/v1/attempts/{attempt.pk}/diagnoses/", SAID | wrong, format="json")
    assert refused.status_code == 400
    assert Diagnosis.objects.count() == 0
