"""The doorways of judgement: who reaches what, in which shape, and how a refusal looks."""

from __future__ import annotations

from typing import Any

import pytest

from rubrics.models import Review, Score
from tests.people import Cast, client_of
from tests.rubrics.conftest import DIMENSIONS

V1 = "/api/v1"


def problem(response: Any, status: int, slug: str) -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["type"] == f"/problems/{slug}"
    assert body["title"]
    assert body["detail"]
    return body


def claim(waiting: Review, cast: Cast) -> str:
    assert client_of(cast.mentor).post(f"{V1}/reviews/{waiting.pk}/claim/").status_code == 200
    return f"{V1}/reviews/{waiting.pk}"


def test_a_kept_answer_is_not_given_again_to_a_mentor_who_handed_the_review_back(waiting: Review, cast: Cast) -> None:
    path = f"{V1}/reviews/{waiting.pk}"
    mona = client_of(cast.mentor)

    def send(verb: str, body: dict[str, Any]) -> Any:
        sending = mona.put if verb.startswith("scores") else mona.post
        return sending(f"{path}/{verb}/", body, headers={"Idempotency-Key": verb})

    claiming: tuple[str, dict[str, Any]] = ("claim", {})
    scoring = ("scores/communication", {"score": "0.65", "comment": "Clear.", "evidence": []})
    releasing = ("release", {"reason": "I am ill."})
    for sent in (claiming, scoring):
        assert send(*sent).status_code == 200
        assert send(*sent)["Idempotent-Replayed"] == "true"
    assert send(*releasing).status_code == 200
    assert send(*releasing)["Idempotent-Replayed"] == "true", "that one tells nothing of what was reached"
    for sent in (claiming, scoring):
        problem(send(*sent), 404, "not-found")


def test_a_refused_claim_is_refused_again_in_the_same_words(waiting: Review, cast: Cast) -> None:
    path = claim(waiting, cast)
    milo = client_of(cast.other_mentor)
    first, again = (milo.post(f"{path}/claim/", headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert problem(again, 409, "already-claimed") == first.json()


def test_the_queue_names_nobody_before_a_claim(waiting: Review, cast: Cast) -> None:
    body = client_of(cast.mentor).get(f"{V1}/reviews/").json()
    assert [row["id"] for row in body["results"]] == [str(waiting.pk)]
    assert body["server_now"]
    text = str(body)
    assert cast.learner.name not in text
    assert cast.learner.email not in text
    assert str(waiting.attempt_id) not in text


@pytest.mark.parametrize(("state", "count"), [("open", 0), ("mine", 1), ("overdue", 0), ("done", 0)])
def test_each_part_of_the_queue(waiting: Review, cast: Cast, state: str, count: int) -> None:
    claim(waiting, cast)
    assert len(client_of(cast.mentor).get(f"{V1}/reviews/?state={state}").json()["results"]) == count


def test_a_part_that_does_not_exist_is_refused(waiting: Review, cast: Cast) -> None:
    body = problem(client_of(cast.mentor).get(f"{V1}/reviews/?state=lost"), 400, "invalid")
    assert body["errors"][0]["field"] == "state"


def test_learners_see_no_queue(waiting: Review, cast: Cast) -> None:
    assert client_of(cast.learner).get(f"{V1}/reviews/").json()["results"] == []


def test_the_loser_of_a_claim_is_told_who_and_when(waiting: Review, cast: Cast) -> None:
    path = claim(waiting, cast)
    body = problem(client_of(cast.other_mentor).post(f"{path}/claim/"), 409, "already-claimed")
    assert body["claimed_by"] == "Mona"
    assert "UTC" in body["detail"]


def test_only_the_holder_reads_and_scores(waiting: Review, cast: Cast) -> None:
    path = claim(waiting, cast)
    assert client_of(cast.mentor).get(f"{path}/").json()["learner"] == "Ada"
    for who in (cast.other_mentor, cast.learner, cast.other_learner):
        problem(client_of(who).get(f"{path}/"), 404, "not-found")
        problem(client_of(who).get(f"{path}/evidence/"), 404, "not-found")
        problem(client_of(who).get(f"{path}/replay/"), 404, "not-found")
        body = {"score": "0.5", "comment": "x"}
        problem(client_of(who).put(f"{path}/scores/communication/", body), 404, "not-found")
    assert client_of(None).get(f"{path}/").status_code == 401


@pytest.mark.parametrize("score", [0.07, "0.07", "0.0500001", "1e-1000000", 1e400, -1, "NaN", None, "", [], True])
def test_a_score_that_is_no_step_is_refused_and_leaves_nothing(waiting: Review, cast: Cast, score: Any) -> None:
    path = claim(waiting, cast)
    body = '{"score": 1e400, "comment": "x"}' if score == 1e400 else None
    client = client_of(cast.mentor)
    answer = (
        client.generic("PUT", f"{path}/scores/communication/", body, content_type="application/json")
        if body
        else client.put(f"{path}/scores/communication/", {"score": score, "comment": "x"})
    )
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert not Score.objects.exists()


def test_0_07_names_its_neighbours(waiting: Review, cast: Cast) -> None:
    path = claim(waiting, cast)
    answer = client_of(cast.mentor).put(f"{path}/scores/communication/", {"score": 0.07, "comment": "x"})
    body = problem(answer, 400, "not-a-step")
    assert body["nearest"] == ["0.05", "0.10"]
    assert body["detail"] == "0.07 is not a step of 0.05. Nearest: 0.05 or 0.10."


def test_a_whole_review_over_http(waiting: Review, cast: Cast) -> None:
    path = claim(waiting, cast)
    mentor = client_of(cast.mentor)
    learner = client_of(cast.learner)
    problem(learner.get(f"{V1}/attempts/{waiting.attempt_id}/result/"), 409, "not-signed-off-yet")
    for key in DIMENSIONS:
        saved = mentor.put(f"{path}/scores/{key}/", {"score": 0.65, "evidence": [{"kind": "event", "ref": "1"}]})
        assert saved.json()["score"]["score"] == "0.65"
    skill = {"skill": "llm.ops.incident-response", "weight": "0.85"}
    over = problem(mentor.put(f"{path}/assertions/", [skill]), 400, "over-ceiling")
    assert over["ceiling"] == "0.80"
    problem(mentor.put(f"{path}/assertions/", [skill, skill]), 400, "invalid")
    assert mentor.put(f"{path}/assertions/", [skill | {"weight": "0.80"}]).status_code == 200
    problem(mentor.post(f"{path}/sign-off/", {"confirm": False}), 409, "not-confirmed")
    signed = mentor.post(f"{path}/sign-off/", {"confirm": True, "note_to_learner": "Well done."})
    assert signed.status_code == 200, signed.content
    problem(mentor.post(f"{path}/sign-off/", {"confirm": True}), 409, "already-signed-off")
    problem(mentor.put(f"{path}/scores/communication/", {"score": 1, "comment": "x"}), 409, "already-signed-off")
    result = learner.get(f"{V1}/attempts/{waiting.attempt_id}/result/").json()
    assert (result["overall"], result["passed"], result["is_best"]) == ("0.65", True, True)
    assert result["skills"] == {"llm.ops.incident-response": "0.80"}
    assert result["note_to_learner"] == "Well done."
    assert [row["dimension"] for row in result["scores"]] == list(DIMENSIONS)
    problem(client_of(cast.other_learner).get(f"{V1}/attempts/{waiting.attempt_id}/result/"), 404, "not-found")


def test_the_same_claim_sent_twice_with_one_key_is_answered_twice(waiting: Review, cast: Cast) -> None:
    client = client_of(cast.mentor)
    path = f"{V1}/reviews/{waiting.pk}/claim/"
    first, second = (client.post(path, HTTP_IDEMPOTENCY_KEY="one") for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()


def test_an_admin_reassigns_and_a_mentor_may_not(waiting: Review, cast: Cast) -> None:
    path = claim(waiting, cast)
    asked = {"mentor": cast.other_mentor.email, "reason": "holiday"}
    assert client_of(cast.mentor).post(f"{path}/reassign/", asked).status_code == 403
    assert client_of(cast.admin).post(f"{path}/reassign/", asked).status_code == 200
    assert Review.objects.get(pk=waiting.pk).mentor == cast.other_mentor


def test_the_replay_is_the_ledger(waiting: Review, cast: Cast) -> None:
    path = claim(waiting, cast)
    events = client_of(cast.mentor).get(f"{path}/replay/").json()["events"]
    assert [event["kind"] for event in events] == ["review.opened", "review.claimed"]
    assert [event["by"] for event in events] == ["platform", "staff"]
