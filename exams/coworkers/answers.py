"""What became of the questions that people asked: an update to one of those who asked is the answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from exams.models import Inject, StatusUpdate

if TYPE_CHECKING:
    from datetime import datetime

    from exams.models import Attempt


@dataclass(frozen=True)
class Asked:
    """A question that was put to the learner by an inject.

    Attributes:
        inject: The row's id; its event is the one with the same `key` and `occurrence`.
        key, occurrence: Which rule of the script asked, and the how manieth time.
        role, name: Who asked.
        text: What.
        audiences: An update to one of these answers it.
        due_at: When it was asked by the incident's clock.
        asked_at: When the learner could read it; a few seconds later.
        answer_by: When the asker hoped to have an answer.
        answered_at: When the first such update came, however late; None when none did.
        update: That update's number.
    """

    inject: int
    key: str
    occurrence: int
    role: str
    name: str
    text: str
    audiences: tuple[str, ...]
    due_at: datetime
    asked_at: datetime
    answer_by: datetime
    answered_at: datetime | None
    update: int | None

    @property
    def in_time(self) -> bool:
        """Whether it was answered as soon as the asker hoped."""
        return self.answered_at is not None and self.answered_at < self.answer_by


def questions(attempt: Attempt) -> list[Asked]:
    """Every question put to the learner of an attempt, in the order in which they were due.

    One update may answer several, and answers a repeated question both times: nobody is made to say a thing twice.
    """
    updates = list(StatusUpdate.objects.filter(attempt=attempt).order_by("received_at", "number"))
    found = []
    for inject in Inject.objects.filter(attempt=attempt).order_by("due_at", "pk"):
        asks = inject.payload.get("asks")
        if asks is None:
            continue
        answers = (one for one in updates if one.audience in asks["audiences"] and one.received_at >= inject.due_at)
        answer = next(answers, None)
        found.append(
            Asked(
                inject=inject.pk,
                key=inject.rule,
                occurrence=inject.occurrence,
                role=inject.role,
                name=inject.payload["sender"]["name"],
                text=inject.text,
                audiences=tuple(asks["audiences"]),
                due_at=inject.due_at,
                asked_at=inject.written_at,
                answer_by=inject.written_at + timedelta(seconds=asks["within_seconds"]),
                answered_at=answer.received_at if answer else None,
                update=answer.number if answer else None,
            )
        )
    return found
