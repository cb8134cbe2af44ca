"""Asking the failing model over HTTP: the answer when it comes soon, else the address where it will be."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from django.urls import path, reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status

from accounts.api.asking import Body
from accounts.idempotency import idempotent
from exams import live, receipts
from exams.access import attempt_for, own_attempt
from exams.api.shapes import CursorPages, ReceiptSerializer, WithServerNow
from exams.api.writing import WriteView, answer, arrived, person
from exams.database_clock import database_now
from exams.errors import Refusal
from exams.live.questions import QUESTION_CHARACTERS, REMEMBERED, SESSION_CHARACTERS, deployment_number
from exams.models import Question, QuestionState, Source
from exams.openings import opened

if TYPE_CHECKING:
    import uuid

    from rest_framework.request import Request
    from rest_framework.response import Response

WAIT_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 0.4
# Each waiting request holds a thread and a database connection; beyond so many the answer is an address at once.
_chairs = threading.BoundedSemaphore(24)


NOTE = (
    "A question is put to a newly started process of the version that was live when it was asked. Before it come only "
    f"the questions that were asked earlier in its own `session`, at most {REMEMBERED}, and such others of yours as "
    "waited at the same moment; no other customer is there. What depends on other customers' conversations in the same "
    "process does not show in it: it shows in the repro of a diagnosis that holds several conversations, in your own "
    "regression test, and in the traces."
)


class NoSuchQuestion(Refusal):
    """No question of that number was asked in this attempt."""


class QuestionWrite(Body):
    """What is asked; questions with one `session` are one conversation."""

    question = serializers.CharField(max_length=QUESTION_CHARACTERS)
    session = serializers.CharField(
        max_length=SESSION_CHARACTERS,
        required=False,
        allow_blank=True,
        default="",
        help_text="The conversation it belongs to, by any name; without one it stands alone. In brackets in front of "
        "the question, as in a repro, it is refused.",
    )


class QuestionShape(serializers.Serializer[Any]):
    """A question and what came of it."""

    number = serializers.IntegerField()
    question = serializers.CharField(source="text")
    session = serializers.CharField(allow_blank=True)
    deployment = serializers.SerializerMethodField(help_text="The number of the deployment that it was put to.")
    state = serializers.CharField(help_text="waiting, answered, or failed: our fault, ask again.")
    received_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)
    reply = serializers.SerializerMethodField(help_text="What the deployed assistant said, with citations and trace.")
    fault = serializers.SerializerMethodField(help_text="How the deployed assistant itself failed, if it did.")
    failure = serializers.SerializerMethodField(help_text="What to do when the platform could not ask it.")

    def get_deployment(self, question: Question) -> int:
        """Which version was live when it was asked."""
        return deployment_number(question)

    def get_reply(self, question: Question) -> dict[str, Any] | None:
        """What the assistant said."""
        found: dict[str, Any] | None = (question.reply or {}).get("reply")
        return found

    def get_fault(self, question: Question) -> str | None:
        """How the assistant failed."""
        found: str | None = (question.reply or {}).get("fault")
        return found

    def get_failure(self, question: Question) -> str | None:
        """Why there is no answer."""
        if question.state != QuestionState.FAILED:
            return None
        return "We could not put your question to the assistant. That is our fault: ask it again."


class WithNote(WithServerNow):
    """Base of what holds answers: in which surroundings they were given."""

    note = serializers.CharField(help_text="What a question is put to and what came before it; always the same words.")


class QuestionAnswer(WithNote):
    """The receipt, the question and its answer, if there is one yet."""

    receipt = ReceiptSerializer()
    question = QuestionShape()
    address = serializers.CharField(help_text="Where the question and its answer are found.")


class QuestionPage(WithNote):
    """One question."""

    question = QuestionShape()


class QuestionList(WithNote):
    """Questions, newest first."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = QuestionShape(many=True)


class ByNumber(CursorPages):
    """Newest question first."""

    ordering = ("-number",)


class AskView(WriteView):
    """The failing model."""

    @extend_schema(operation_id="ask", request=QuestionWrite, responses={200: QuestionAnswer, 202: QuestionAnswer})
    @idempotent(one_transaction=False)
    def post(self, request: Request, attempt_id: uuid.UUID) -> Response:
        """Ask the deployed assistant; 202 with an address when the answer takes longer than ten seconds.

        It is put to a newly started process, in which only earlier questions of its own `session` come before it, and
        such others of yours as waited at the same moment. What depends on other customers' conversations in the same
        process does not show; it shows in the repro of a diagnosis that holds several conversations.
        """
        attempt = own_attempt(request.user, attempt_id)
        received_at = arrived(request)
        body = QuestionWrite(data=request.data)
        body.is_valid(raise_exception=True)
        asked = live.ask(attempt=attempt, actor=person(request), received_at=received_at, **body.validated_data)
        question = _wait(asked.question)
        address = reverse("question", kwargs={"attempt_id": attempt.pk, "number": question.number})
        response = answer(
            receipt=receipts.as_json(asked.receipt), question=QuestionShape(question).data, address=address, note=NOTE
        )
        if question.state == QuestionState.ANSWERED:
            opened(request.user, attempt, Source.ANSWERS, now=database_now())
        if question.state == QuestionState.WAITING:
            response.status_code = status.HTTP_202_ACCEPTED
            response["Location"] = address
        return response


def _wait(question: Question) -> Question:
    """Look again and again, without an open transaction, until there is an answer or the time is over."""
    if not _chairs.acquire(blocking=False):
        return question
    try:
        ends = time.monotonic() + WAIT_SECONDS
        pause = FIRST_PAUSE_SECONDS
        while time.monotonic() < ends:
            question.refresh_from_db()
            if question.state != QuestionState.WAITING:
                break
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
        return question
    finally:
        _chairs.release()


class QuestionsView(WriteView):
    """What was asked."""

    @extend_schema(operation_id="questions", responses=QuestionList)
    def get(self, request: Request, attempt_id: uuid.UUID) -> Response:
        """Every question and answer, newest first, by cursor."""
        attempt = attempt_for(request.user, attempt_id)
        pages = ByNumber()
        page = pages.paginate_queryset(
            Question.objects.filter(attempt=attempt).select_related("deployment"), request, view=self
        )
        if any(each.state == QuestionState.ANSWERED for each in page or ()):
            opened(request.user, attempt, Source.ANSWERS, now=database_now())
        return answer(
            next=pages.get_next_link(),
            previous=pages.get_previous_link(),
            results=QuestionShape(page, many=True).data,
            note=NOTE,
        )


class QuestionView(WriteView):
    """One question."""

    @extend_schema(operation_id="question", responses=QuestionPage)
    def get(self, request: Request, attempt_id: uuid.UUID, number: int) -> Response:
        """One question and its answer, if there is one yet."""
        attempt = attempt_for(request.user, attempt_id)
        question = Question.objects.filter(attempt=attempt, number=min(number, 2**31 - 1)).first()
        if question is None:
            raise NoSuchQuestion(f"No question {number} was asked in this attempt.")
        if question.state == QuestionState.ANSWERED:
            opened(request.user, attempt, Source.ANSWERS, now=database_now())
        return answer(question=QuestionShape(question).data, note=NOTE)


urlpatterns = [
    path("attempts/<uuid:attempt_id>/ask/", AskView.as_view(), name="ask"),
    path("attempts/<uuid:attempt_id>/questions/", QuestionsView.as_view(), name="questions"),
    path("attempts/<uuid:attempt_id>/questions/<int:number>/", QuestionView.as_view(), name="question"),
]
