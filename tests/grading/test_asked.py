"""Who asks after a missed promise is answered by an update to whom it was made."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from exams import incident
from exams.coworkers.answers import Asked
from exams.packs.injects import PromiseMissed, Silence
from grading.evidence.asked import asked_in_the_room
from tests.attempts import NOON

if TYPE_CHECKING:
    from datetime import datetime

EVERYBODY = ("customers", "stakeholders", "engineering", "compliance")


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def update(number: int, minute: float, audience: str, following: float | None = None) -> SimpleNamespace:
    return SimpleNamespace(
        number=number,
        received_at=at(minute),
        audience=audience,
        next_update_at=None if following is None else at(following),
    )


def asked(key: str, *updates: SimpleNamespace, percent: int = 100) -> dict[str, Any]:
    """Somebody asks everybody at 16 minutes; without the promise, the first update after that would be the answer."""
    first = next((each for each in updates if each.received_at >= at(16)), None)
    one = Asked(
        inject=1,
        key=key,
        occurrence=1,
        role="executive",
        name="Greta Ekberg",
        text="It is 3 minutes late.",
        audiences=EVERYBODY,
        due_at=at(16),
        asked_at=at(16.05),
        answer_by=at(21.05),
        answered_at=first.received_at if first else None,
        update=first.number if first else None,
    )
    kept: Any = SimpleNamespace(
        updates=list(updates),
        asked_in_the_room=[one],
        twin=SimpleNamespace(pack="any"),
        attempt=SimpleNamespace(multiplier_percent=percent),
        now=at(90),
        event=lambda kind, **_: [{"kind": "event", "ref": kind}],
    )
    (row,) = asked_in_the_room(kept)
    return row


@pytest.fixture(autouse=True)
def script(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = [
        SimpleNamespace(key="promise_passed", when=(PromiseMissed(180),)),
        SimpleNamespace(key="any_news", when=(Silence(600),)),
    ]
    drawn = SimpleNamespace(spec=None, pack=SimpleNamespace(injects=lambda _: rules))
    monkeypatch.setattr(incident, "of", lambda _: drawn)


PROMISES = (update(1, 1, "stakeholders", 22), update(2, 2, "engineering", 13))


@pytest.mark.parametrize(
    ("answers", "number", "in_time"),
    [
        ([], None, False),
        ([update(3, 16.1, "stakeholders")], None, False),  # others were told
        ([update(3, 16.1, "stakeholders"), update(4, 19, "engineering")], 4, True),
        ([update(3, 16.1, "stakeholders"), update(4, 22, "engineering")], 4, False),
    ],
)
def test_a_missed_promise_is_answered_by_an_update_to_whom_it_was_made(
    answers: list[SimpleNamespace], number: int | None, in_time: bool
) -> None:
    row = asked("promise_passed", *PROMISES, *answers)
    assert (row["update"], row["in_time"]) == (number, in_time)
    assert row["for_promise"] == {"update": 2, "audience": "engineering", "due": at(13)}


def test_what_is_asked_for_another_reason_is_answered_by_any_of_those_who_asked() -> None:
    row = asked("any_news", *PROMISES, update(3, 16.1, "stakeholders"))
    assert (row["update"], row["in_time"], row["for_promise"]) == (3, True, None)


def test_a_promise_that_is_not_overdue_for_as_long_is_not_the_one_meant() -> None:
    late = (update(1, 1, "stakeholders", 15), update(2, 2, "engineering", 13))
    row = asked("promise_passed", *late, update(3, 17, "engineering"))
    assert row["for_promise"]["audience"] == "engineering"
    assert asked("promise_passed", *late, percent=150)["for_promise"] is None  # nobody asks so early on that clock
