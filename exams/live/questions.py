"""A learner asks the failing model; a worker that may reach the engine answers from the version that was live then."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import Max, Q

from exams import doorbell, ledger, receipts
from exams.content import check_text
from exams.definitions import stage_for_questions, twin_of
from exams.errors import Refusal
from exams.live.deployments.trees import release_tree, tree_of
from exams.live.diagnoses import spoken
from exams.live.telemetry import deployed_at
from exams.models import Attempt, Question, QuestionState
from exams.windows import arrive, require_open
from sandboxes.limits import Limits
from sandboxes.sandbox import Exchange, SandboxFault

if TYPE_CHECKING:
    import uuid

    from accounts.models import User
    from exams.receipts import Receipt
    from sandboxes.ingest.tree import Tree
    from sandboxes.sandbox import Sandbox, Served

log = logging.getLogger(__name__)

QUESTION_CHARACTERS = 500
SESSION_CHARACTERS = 60
SHOWN_CHARACTERS = 100  # of a question, where it is said how to send it
MAX_WAITING = 10
MAX_PER_MINUTE = 30
BATCH = 10  # answered in one container
LEASE = timedelta(seconds=90)
TRIES = 3
REMEMBERED = 20  # earlier questions of a conversation that are asked again, so that it goes on where it was


class QuestionUnusable(Refusal):
    """The question is empty, too long, not text, or written like a line of a repro."""


class AskingTooFast(Refusal):
    """Too many questions wait or were asked within a minute."""


class NoQuestionsLeft(Refusal):
    """The twin's number of questions is used up."""


@dataclass(frozen=True)
class Asked:
    """A question that was taken, and its receipt."""

    receipt: Receipt
    question: Question


def ask(*, attempt: Attempt, question: str, session: str, actor: User, received_at: datetime) -> Asked:
    """Put a question to the deployed assistant; a worker answers it.

    Raises:
        QuestionUnusable: empty, too long, not text, or with its conversation in brackets as in a repro.
        WindowClosed: the model can be asked only while its stage is open.
        AskingTooFast: `MAX_WAITING` wait for an answer, or `MAX_PER_MINUTE` were asked in the last minute.
        NoQuestionsLeft: the twin's limit is reached.
        NotStarted, AttemptVoid, StageNotOpenYet: as `windows.arrive`.
    """
    text = question.strip()
    _check(text, session)
    content = ledger.content_sha256({"question": text, "session": session})
    with transaction.atomic():
        held = ledger.hold(attempt.pk)
        arrival = arrive(attempt=held, stage_key=stage_for_questions(held), received_at=received_at)
        require_open(arrival, service="The assistant answers")
        number = _next_number(held, received_at)
        row = Question.objects.create(
            attempt=held,
            number=number,
            text=text,
            session=session,
            deployment=deployed_at(held, received_at),
            received_at=received_at,
        )
        event = ledger.append(
            attempt=held,
            kind="question.asked",
            payload={
                "number": number,
                "question": text,
                "session": session,
                "deployment": deployment_number(row),
                **receipts.facts(arrival.stage, content),
            },
            actor=actor,
            at=received_at,
            receipt=True,
        )
        doorbell.ring("exams.tasks.answer_questions", str(held.pk))
        return Asked(receipt=receipts.give(event, arrival.stage, now=received_at), question=row)


def _check(text: str, session: str) -> None:
    for name, words, most in (("question", text, QUESTION_CHARACTERS), ("session", session, SESSION_CHARACTERS)):
        check_text(words, what=name)
        if len(words) > most:
            raise QuestionUnusable(
                f"The {name} has {len(words)} characters; at most {most} are taken. Shorten it.", field=name, limit=most
            )
    if not text:
        raise QuestionUnusable("The question is empty. Ask something.", field="question")
    words, named = spoken(text)
    if named:
        raise QuestionUnusable(
            f"[{named}] in front of a question names its conversation in the repro of a diagnosis only; here the "
            "assistant would be told it. Send the words after it as `question` and the name as `session`: "
            f"{json.dumps({'question': words[:SHOWN_CHARACTERS], 'session': named}, ensure_ascii=False)}",
            field="question",
        )


def _next_number(attempt: Attempt, received_at: datetime) -> int:
    asked = Question.objects.filter(attempt=attempt)
    most = twin_of(attempt).limits.questions
    last: int = asked.aggregate(last=Max("number"))["last"] or 0
    if last >= most:
        raise NoQuestionsLeft(f"You have asked {last} questions, and {most} is the most in this attempt.", limit=most)
    waiting = asked.filter(state=QuestionState.WAITING).count()
    if waiting >= MAX_WAITING:
        raise AskingTooFast(
            f"{waiting} of your questions wait for an answer. Wait for those, then ask again.", limit=MAX_WAITING
        )
    if asked.filter(received_at__gt=received_at - timedelta(minutes=1)).count() >= MAX_PER_MINUTE:
        raise AskingTooFast(
            f"You asked {MAX_PER_MINUTE} questions within a minute, and that is the most. Wait a few seconds.",
            limit=MAX_PER_MINUTE,
        )
    return last + 1


def attempts_with_waiting_questions(*, now: datetime, most: int) -> list[uuid.UUID]:
    """The attempts whose questions wait longest and are not being answered."""
    waiting = Question.objects.filter(_free(now), state=QuestionState.WAITING).order_by("received_at")
    return list(dict.fromkeys(waiting.values_list("attempt_id", flat=True)[: most * BATCH]))[:most]


def answer_waiting(*, attempt_id: uuid.UUID, sandbox: Sandbox, now: datetime) -> int:
    """Answer the waiting questions of one attempt, a container for each version; return how many were answered.

    1. Claim up to `BATCH` of them for `LEASE` in one statement; each claim counts as a try.
    2. Start the version that was live when they were asked, outside any transaction.
    3. For each, ask what its conversation asked before it, then the question itself; store the answer if the claim
       still stands. What the assistant itself gets wrong, even a crash, is an answer.
    4. When the sandbox fails, give the rest back to be tried again; after `TRIES` tries a question has failed, by our
       fault, and can be asked again.
    """
    claimed = _claim(attempt_id, now)
    if not claimed:
        return 0
    attempt = Attempt.objects.select_related("twin", "learner").get(pk=attempt_id)
    begun = time.monotonic()
    done: set[int] = set()
    try:
        for _, asked in groupby(claimed, key=_code_of):
            rows = list(asked)
            with sandbox.serve(_tree(rows[0], attempt), limits=Limits()) as served:
                for row in rows:
                    exchange = _put(served, row)
                    _store(row, exchange, at=now + timedelta(seconds=time.monotonic() - begun))
                    done.add(row.pk)
    except SandboxFault:
        log.exception("The sandbox failed while questions of attempt %s were answered", attempt_id)
        _give_back([row for row in claimed if row.pk not in done], at=now + timedelta(seconds=time.monotonic() - begun))
    return len(done)


def _free(now: datetime) -> Q:
    return Q(leased_until=None) | Q(leased_until__lte=now)


def _claim(attempt_id: uuid.UUID, now: datetime) -> list[Question]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE exams_question SET leased_until = %(until)s, tries = tries + 1
            WHERE id IN (
                SELECT id FROM exams_question
                WHERE attempt_id = %(attempt)s AND state = 'waiting'
                  AND (leased_until IS NULL OR leased_until <= %(now)s)
                ORDER BY number LIMIT %(batch)s FOR UPDATE SKIP LOCKED)
            RETURNING id
            """,
            {"until": now + LEASE, "attempt": attempt_id, "now": now, "batch": BATCH},
        )
        ids = [row[0] for row in cursor.fetchall()]
    related = Question.objects.select_related("deployment__submission__tree", "deployment__of__submission__tree")
    claimed = list(related.filter(pk__in=ids).order_by("number"))
    exhausted = [row for row in claimed if row.tries > TRIES]
    if exhausted:
        _give_up(exhausted, at=now)
    return [row for row in claimed if row.tries <= TRIES]


def deployment_number(row: Question) -> int:
    """Of the deployment a question is put to; 0 is the release the incident opened with."""
    return 0 if row.deployment is None else row.deployment.number


def _code_of(row: Question) -> int | None:
    """What tells the code of one version from that of another: a rollback brings back what is there already."""
    return None if row.deployment is None else row.deployment.of_id or row.deployment_id


def _tree(row: Question, attempt: Attempt) -> Tree:
    if row.deployment is None:  # from before there were deployments
        return release_tree(attempt)
    row.deployment.attempt = attempt
    return tree_of(row.deployment)


def _put(served: Served, row: Question) -> Exchange:
    if row.session:
        before = Question.objects.filter(
            attempt_id=row.attempt_id, session=row.session, number__lt=row.number, state=QuestionState.ANSWERED
        ).order_by("-number")[:REMEMBERED]
        for earlier in reversed(before):
            served.ask(earlier.text, session=row.session)
    return served.ask(row.text, session=row.session)


def _store(row: Question, exchange: Exchange, *, at: datetime) -> None:
    reply: dict[str, Any] = {
        "reply": exchange.reply,
        "fault": exchange.fault,
        "seconds": round(exchange.seconds, 3),
        "deployment": deployment_number(row),
    }
    with transaction.atomic():
        attempt = ledger.hold(row.attempt_id)
        stored = Question.objects.filter(pk=row.pk, state=QuestionState.WAITING, tries=row.tries).update(
            state=QuestionState.ANSWERED, reply=ledger.plain(reply), answered_at=at, leased_until=None
        )
        if stored:
            ledger.append(
                attempt=attempt, kind="question.answered", payload={"number": row.number, **reply}, actor=None, at=at
            )


def _give_back(rows: list[Question], *, at: datetime) -> None:
    exhausted = [row for row in rows if row.tries >= TRIES]
    for row in rows:
        if row not in exhausted:
            Question.objects.filter(pk=row.pk, state=QuestionState.WAITING, tries=row.tries).update(
                leased_until=at + timedelta(seconds=2**row.tries)
            )
    _give_up(exhausted, at=at)


def _give_up(rows: list[Question], *, at: datetime) -> None:
    for row in rows:
        with transaction.atomic():
            attempt = ledger.hold(row.attempt_id)
            failed = Question.objects.filter(pk=row.pk, state=QuestionState.WAITING, tries=row.tries).update(
                state=QuestionState.FAILED, leased_until=None
            )
            if failed:
                ledger.append(
                    attempt=attempt, kind="question.failed", payload={"number": row.number}, actor=None, at=at
                )
