"""What the database refuses, whatever the code does: to move a window, alter an incident, take an update late."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F

from exams import blobs, incident, live, submit
from exams.models import Attempt, Stage, StatusUpdate
from tests.attempts import NOON, live_attempt, move_windows, ready_attempt
from tests.people import Cast
from tests.work import EDGES, LIVE_CLOSES, MICROSECOND

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("by", [MICROSECOND, -MICROSECOND])
@pytest.mark.parametrize("edge", ["opens_at", "closes_at"])
def test_a_window_is_not_moved_by_a_microsecond_without_a_reason(cast: Cast, edge: str, by: timedelta) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    stage = Stage.objects.filter(attempt=attempt, key="live")
    moved = {edge: F(edge) + by}
    with pytest.raises(IntegrityError, match=r"hotseat\.window_change"), transaction.atomic():
        stage.update(**moved)
    move_windows(stage, **moved)
    assert getattr(stage.get(), edge) == (NOON if edge == "opens_at" else LIVE_CLOSES) + by
    with pytest.raises(IntegrityError), transaction.atomic():  # one reason is for one transaction
        stage.update(**moved)


@pytest.mark.parametrize("change", [{"key": "later"}, {"position": 9}])
def test_a_stage_keeps_its_name_and_its_place(cast: Cast, change: dict[str, Any]) -> None:
    stage = Stage.objects.filter(attempt=live_attempt(cast.learner, started_at=NOON), key="live")
    with pytest.raises(IntegrityError, match="keeps its attempt"), transaction.atomic():
        stage.update(**change)
    with pytest.raises(IntegrityError, match="never deleted"), transaction.atomic():
        stage.delete()


def test_what_an_attempt_is_about_is_set_once(cast: Cast) -> None:
    attempt = ready_attempt(cast.learner, now=NOON)
    incident.prepare(attempt)
    incident.prepare(attempt)  # the same again changes nothing
    other = blobs.keep(b"other")
    kept = Attempt.objects.filter(pk=attempt.pk)
    changes: list[dict[str, Any]] = [
        {"handed_out": other},
        {"approved_facts": other},
        {"truth": {"component": "another"}},
        {"handed_out": None},
        {"approved_facts": None},
        {"truth": None},
        {"incident_class": "T9"},
        {"incident_seed": F("incident_seed") + 1},
    ]
    for change in changes:
        with pytest.raises(IntegrityError), transaction.atomic():
            kept.update(**change)


def test_the_multiplier_is_fixed_by_the_start(cast: Cast) -> None:
    attempt = ready_attempt(cast.learner, now=NOON)
    Attempt.objects.filter(pk=attempt.pk).update(multiplier_percent=150)
    started = live_attempt(cast.learner, started_at=NOON)
    assert started.pk == attempt.pk
    with pytest.raises(IntegrityError, match="multiplier"), transaction.atomic():
        Attempt.objects.filter(pk=attempt.pk).update(multiplier_percent=101)


@pytest.mark.parametrize(
    ("_when", "at", "counts"), [*EDGES, ("a microsecond before the start", NOON - MICROSECOND, False)]
)
def test_an_update_is_in_the_window_in_which_updates_are_open(
    cast: Cast, _when: str, at: datetime, *, counts: bool
) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)

    def write() -> None:
        with transaction.atomic():
            StatusUpdate.objects.create(
                attempt=attempt, number=1, audience="customers", state="resolved", text="Over.", received_at=at
            )

    if counts:
        write()
        return
    # The second stage is open until four hours later, and takes none.
    with pytest.raises(IntegrityError, match="while updates were open"):
        write()


def test_a_late_update_is_one_once_it_was_granted(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    late = live.post_update(
        attempt=attempt,
        audience=StatusUpdate.Audience.CUSTOMERS,
        state=StatusUpdate.State.RESOLVED,
        text="Over.",
        impact="",
        next_update_at=None,
        actor=attempt.learner,
        received_at=LIVE_CLOSES,
    ).late
    assert late is not None
    submit.grant_late(late_write_id=late.pk, reason="the platform was down", actor=cast.admin, now=LIVE_CLOSES)
    assert StatusUpdate.objects.get().received_at == LIVE_CLOSES
