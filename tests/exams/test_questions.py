"""Asking the failing model: taken on the clock, answered by a worker, never lost and never answered twice."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from exams import live
from exams.api import questions as questions_api
from exams.live import telemetry
from exams.live.questions import (
    LEASE,
    MAX_PER_MINUTE,
    MAX_WAITING,
    TRIES,
    AskingTooFast,
    NoQuestionsLeft,
    QuestionUnusable,
    answer_waiting,
    attempts_with_waiting_questions,
)
from exams.models import Attempt, Question, QuestionState
from exams.windows import WindowClosed
from sandboxes.fake_sandbox import FakeSandbox
from sandboxes.ingest.tree import Tree
from sandboxes.sandbox import EngineUnreachable, Exchange, Sandbox
from tests.attempts import NOON, live_attempt
from tests.deployed import deployed, fixed, replayed, roll_back
from tests.people import Cast, client_of
from tests.work import EARLY, EDGES, events

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandboxes.limits import Limits
    from sandboxes.sandbox import Served

pytestmark = pytest.mark.django_db

FEE = "What is the late fee of Ridge Gold?"


def ask(attempt: Attempt, question: str = FEE, *, session: str = "", at: datetime = EARLY) -> Question:
    return live.ask(attempt=attempt, question=question, session=session, actor=attempt.learner, received_at=at).question


class Faulty(FakeSandbox):
    """A sandbox whose engine is away for the first `times` uses."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.left = times

    @contextmanager
    def serve(self, tree: Tree, *, limits: Limits) -> Iterator[Served]:
        if self.left:
            self.left -= 1
            raise EngineUnreachable("the engine is away")
        with super().serve(tree, limits=limits) as served:
            yield served


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return FakeSandbox()


@pytest.mark.parametrize(("_when", "at", "counts"), EDGES)
def test_the_edges_of_the_window(cast: Cast, _when: str, at: datetime, *, counts: bool) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    if counts:
        assert ask(attempt, at=at).state == QuestionState.WAITING
    else:
        with pytest.raises(WindowClosed):
            ask(attempt, at=at)
        assert Question.objects.count() == 0


@pytest.mark.parametrize(("question", "session"), [("", ""), (" ", ""), ("x" * 501, ""), ("why?", "x" * 61)])
def test_a_question_that_cannot_be_asked_is_refused(cast: Cast, question: str, session: str) -> None:
    with pytest.raises(QuestionUnusable):
        ask(live_attempt(cast.learner, started_at=NOON), question, session=session)


@pytest.mark.parametrize("session", ["", "anna"])
def test_a_conversation_in_brackets_is_refused_with_what_to_send(cast: Cast, session: str) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    with pytest.raises(QuestionUnusable, match=r'\{"question": "And the fee\?", "session": "anna"\}'):
        ask(attempt, "[anna] And the fee?", session=session)
    assert ask(attempt, "What is [the] fee?").number == 1


def test_so_many_may_wait(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    for _ in range(MAX_WAITING):
        ask(attempt)
    with pytest.raises(AskingTooFast, match="wait"):
        ask(attempt)


def test_so_many_may_be_asked_in_a_minute(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    for number in range(MAX_PER_MINUTE):
        ask(attempt, at=EARLY + timedelta(seconds=number))
        Question.objects.update(state=QuestionState.ANSWERED, reply={}, answered_at=EARLY)
    with pytest.raises(AskingTooFast, match="minute"):
        ask(attempt, at=EARLY + timedelta(seconds=59))
    assert ask(attempt, at=EARLY + timedelta(seconds=60)).number == MAX_PER_MINUTE + 1


def test_there_is_a_most(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    Question.objects.create(
        attempt=attempt, number=300, text="?", state="answered", reply={}, received_at=NOON, answered_at=NOON
    )
    with pytest.raises(NoQuestionsLeft, match="300"):
        ask(attempt)


def test_the_tree_the_learner_was_handed_answers_all_that_waits(cast: Cast, sandbox: Sandbox) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    asked = [ask(attempt), ask(attempt, "What is the late fee of No Such Card?")]
    assert answer_waiting(attempt_id=attempt.pk, sandbox=sandbox, now=EARLY) == 2
    for question in asked:
        question.refresh_from_db()
        assert question.state == QuestionState.ANSWERED
    assert asked[0].reply is not None
    assert "late fee" in asked[0].reply["reply"]["text"]
    assert asked[1].reply is not None
    assert asked[1].reply["reply"]["refused"] is True
    assert len(events(attempt, "question.answered")) == 2
    assert answer_waiting(attempt_id=attempt.pk, sandbox=sandbox, now=EARLY + LEASE) == 0


def test_a_fault_of_ours_is_tried_again_and_costs_nothing(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    question = ask(attempt)
    sandbox = Faulty(times=1)
    assert answer_waiting(attempt_id=attempt.pk, sandbox=sandbox, now=EARLY) == 0
    assert attempts_with_waiting_questions(now=EARLY, most=5) == []
    later = EARLY + timedelta(seconds=30)
    assert attempts_with_waiting_questions(now=later, most=5) == [attempt.pk]
    assert answer_waiting(attempt_id=attempt.pk, sandbox=sandbox, now=later) == 1
    question.refresh_from_db()
    assert question.state == QuestionState.ANSWERED


def test_after_its_tries_a_question_has_failed_by_our_fault(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    question = ask(attempt)
    sandbox = Faulty(times=TRIES)
    for number in range(TRIES):
        answer_waiting(attempt_id=attempt.pk, sandbox=sandbox, now=EARLY + timedelta(minutes=number))
    question.refresh_from_db()
    assert question.state == QuestionState.FAILED
    assert len(events(attempt, "question.failed")) == 1
    shown = client_of(cast.learner).get(f"/api/v1/attempts/{attempt.pk}/questions/1/").data["question"]
    assert "our fault" in shown["failure"]
    assert shown["reply"] is None


def test_a_worker_that_died_is_followed_by_another(cast: Cast, sandbox: Sandbox) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    question = ask(attempt)
    Question.objects.filter(pk=question.pk).update(tries=1, leased_until=EARLY + LEASE)
    assert answer_waiting(attempt_id=attempt.pk, sandbox=sandbox, now=EARLY + LEASE - timedelta(microseconds=1)) == 0
    assert answer_waiting(attempt_id=attempt.pk, sandbox=sandbox, now=EARLY + LEASE) == 1


def test_a_question_that_kills_its_worker_each_time_ends(cast: Cast, sandbox: Sandbox) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    question = ask(attempt)
    Question.objects.filter(pk=question.pk).update(tries=TRIES, leased_until=EARLY)
    assert answer_waiting(attempt_id=attempt.pk, sandbox=sandbox, now=EARLY) == 0
    question.refresh_from_db()
    assert question.state == QuestionState.FAILED


def test_a_late_answer_of_an_old_claim_changes_nothing(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    question = ask(attempt)

    class Overtaken(FakeSandbox):
        """While it answers, another worker claims the question."""

        @contextmanager
        def serve(self, tree: Tree, *, limits: Limits) -> Iterator[Served]:
            with super().serve(tree, limits=limits) as served:
                Question.objects.filter(pk=question.pk).update(tries=2)
                yield served

    answer_waiting(attempt_id=attempt.pk, sandbox=Overtaken(), now=EARLY)
    question.refresh_from_db()
    assert question.state == QuestionState.WAITING
    assert events(attempt, "question.answered") == []


def test_a_conversation_goes_on_where_it_was(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    heard: list[tuple[str, str]] = []

    class Listening:
        ended = None
        load_error = None
        why = ""
        cpu_seconds = 0.0

        def ask(self, question: str, *, session: str = "") -> Exchange:
            heard.append((question, session))
            return Exchange(question, session, {"text": "yes"}, None, 0.1)

    class Heard(FakeSandbox):
        @contextmanager
        def serve(self, tree: Tree, *, limits: Limits) -> Iterator[Served]:
            del tree, limits
            yield Listening()

    for number, (text, session) in enumerate([("one", "a"), ("two", "b"), ("three", "a")]):
        ask(attempt, text, session=session)
        answer_waiting(attempt_id=attempt.pk, sandbox=Heard(), now=EARLY + timedelta(seconds=number))
    assert heard == [("one", "a"), ("two", "b"), ("one", "a"), ("three", "a")]


def test_over_http_without_a_worker_there_is_an_address(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions_api, "WAIT_SECONDS", 0.1)
    attempt = live_attempt(cast.learner)
    client = client_of(cast.learner)
    asked = client.post(f"/api/v1/attempts/{attempt.pk}/ask/", {"question": FEE})
    assert asked.status_code == 202
    assert asked["Location"] == f"/api/v1/attempts/{attempt.pk}/questions/1/"
    assert asked.data["receipt"]["counts"] is True
    assert "newly started process" in asked.data["note"]
    answer_waiting(attempt_id=attempt.pk, sandbox=FakeSandbox(), now=attempt.stages.get(key="live").opens_at)
    found = client.get(asked["Location"])
    assert found.data["question"]["state"] == "answered"
    assert found.data["note"] == asked.data["note"]
    assert "late fee" in found.data["question"]["reply"]["text"]
    assert [each["number"] for each in client.get(f"/api/v1/attempts/{attempt.pk}/questions/").data["results"]] == [1]
    assert client_of(cast.other_learner).get(asked["Location"]).status_code == 404
    assert client.get(f"/api/v1/attempts/{attempt.pk}/questions/{10**30}/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_over_http_the_answer_comes_at_once_when_a_worker_is_there(cast: Cast) -> None:
    attempt = live_attempt(cast.learner)
    over = threading.Event()

    def work() -> None:
        from django.db import connection  # noqa: PLC0415 - this thread's own

        from exams.database_clock import database_now  # noqa: PLC0415

        while not over.wait(0.05):
            answer_waiting(attempt_id=attempt.pk, sandbox=FakeSandbox(), now=database_now())
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        asked = client_of(cast.learner).post(f"/api/v1/attempts/{attempt.pk}/ask/", {"question": FEE})
    finally:
        over.set()
        worker.join()
    assert asked.status_code == 200
    assert asked.data["question"]["state"] == "answered"
    assert asked.data["question"]["reply"]["citations"]


def test_over_http_asking_after_the_window_says_when_it_closed(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    refused = client_of(cast.learner).post(f"/api/v1/attempts/{attempt.pk}/ask/", {"question": FEE})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/window-closed")
    assert refused.json()["closed_at"] == "2026-06-01T13:30:00.000000Z"


def test_a_question_is_put_to_the_version_that_was_live_when_it_was_asked(cast: Cast, sandbox: Sandbox) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    fix = deployed(attempt)
    replayed(sandbox, at=EARLY)
    mixed_up = next(each.question for each in telemetry.of(attempt, until=EARLY).answers if each.outcome.harmful)
    before = ask(attempt, mixed_up, at=fix.due_at - timedelta(microseconds=1))
    after = ask(attempt, mixed_up, at=fix.due_at)
    back = roll_back(attempt, at=fix.due_at + timedelta(seconds=5))
    again = ask(attempt, mixed_up, at=fix.due_at + timedelta(seconds=6))
    assert answer_waiting(attempt_id=attempt.pk, sandbox=sandbox, now=fix.due_at + timedelta(seconds=7)) == 3
    texts = []
    for question, number in ((before, 0), (after, 1), (again, back.number)):
        question.refresh_from_db()
        assert question.reply is not None
        assert question.reply["deployment"] == number
        texts.append(question.reply["reply"]["text"])
    assert texts[0] == texts[2] != texts[1]
    shown = client_of(cast.learner).get(f"/api/v1/attempts/{attempt.pk}/questions/").data["results"]
    assert [each["deployment"] for each in shown] == [2, 1, 0]
    assert [each.payload["deployment"] for each in events(attempt, "question.answered")] == [0, 1, 2]


def test_a_conversation_goes_on_with_the_new_version(cast: Cast, sandbox: Sandbox) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    tree = fixed(attempt)
    source = tree.files["assistant/server.py"] + (
        b"\n\nclass Counting:\n    heard = []\n\n    def reply(self, request):\n"
        b"        self.heard.append(request['question'])\n"
        b"        return answer(' / '.join(self.heard), [], refused=False)\n"
        b"\n\ndef open_assistant(root):\n    return Counting()\n"
    )
    fix = deployed(attempt, Tree({**tree.files, "assistant/server.py": source}))
    replayed(sandbox, at=EARLY)
    ask(attempt, "one", session="a")
    ask(attempt, "aside", session="b")
    answer_waiting(attempt_id=attempt.pk, sandbox=sandbox, now=EARLY)
    last = ask(attempt, "two", session="a", at=fix.due_at)
    answer_waiting(attempt_id=attempt.pk, sandbox=sandbox, now=fix.due_at)
    last.refresh_from_db()
    assert last.reply is not None
    assert last.reply["reply"]["text"] == "one / two"


def test_questions_from_before_there_were_deployments_are_answered(cast: Cast, sandbox: Sandbox) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    question = ask(attempt)
    Question.objects.filter(pk=question.pk).update(deployment=None)
    assert answer_waiting(attempt_id=attempt.pk, sandbox=sandbox, now=EARLY) == 1
    question.refresh_from_db()
    assert question.reply is not None
    assert question.reply["deployment"] == 0
