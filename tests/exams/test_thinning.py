"""Very many versions of a draft: typing is never refused, and what matters is never thinned out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from exams import ledger, submit
from exams.live import thinning
from exams.live.thinning import KEPT_NEWEST, MOST_BYTES, MOST_VERSIONS, Version, to_remove
from exams.models import Draft
from tests.attempts import NOON, live_attempt
from tests.people import Cast
from tests.work import EARLY, LIVE_CLOSES, events, save


def typed(number: int, *, every: float = 2.0, size: int = 1_000, conflict: bool = False) -> list[Version]:
    """That many versions, one each few seconds."""
    return [Version(at, conflict, NOON + timedelta(seconds=every * at), size) for at in range(1, number + 1)]


def left(versions: list[Version], *boundaries: timedelta) -> list[Version]:
    removed = to_remove(versions, boundaries={NOON + each for each in boundaries})
    return [each for each in versions if each.number not in removed]


@pytest.mark.parametrize(
    "versions", [[], typed(1), typed(MOST_VERSIONS), typed(32, size=2**20)], ids=["none", "one", "most", "most bytes"]
)
def test_within_the_bounds_nothing_goes(versions: list[Version]) -> None:
    assert left(versions) == versions


def test_beyond_them_one_a_minute_is_left_of_what_is_old() -> None:
    versions = typed(MOST_VERSIONS + 1)
    kept = left(versions)
    assert kept[-KEPT_NEWEST:] == versions[-KEPT_NEWEST:]
    old = kept[:-KEPT_NEWEST]
    minutes = [each.received_at.replace(second=0) for each in old]
    assert len(minutes) == len(set(minutes))
    covered = {each.received_at.replace(second=0) for each in kept}
    assert covered == {each.received_at.replace(second=0) for each in versions}, "no minute is lost"


def test_what_was_current_at_a_boundary_is_left() -> None:
    boundaries = [timedelta(minutes=5, seconds=31), timedelta(minutes=12, seconds=1), timedelta(hours=9)]
    versions = typed(MOST_VERSIONS + 50)
    kept = {each.number for each in left(versions, *boundaries)}
    for boundary in boundaries:
        current = [each for each in versions if each.received_at < NOON + boundary][-1]
        assert current.number in kept


def test_the_current_version_is_left_however_many_conflict_copies_follow() -> None:
    copies = [
        Version(10 + at, conflict=True, received_at=NOON + timedelta(minutes=1, seconds=at), size=1)
        for at in range(1, 1_500)
    ]
    versions = [*typed(10), *copies]
    kept = left(versions)
    assert 10 in {each.number for each in kept}
    assert len(kept) <= MOST_VERSIONS


@pytest.mark.parametrize("versions", [typed(100_000), typed(3_000, every=900, size=100_000)], ids=["many", "large"])
def test_the_bounds_hold_whatever_comes(versions: list[Version]) -> None:
    kept = left(versions)
    assert len(kept) <= MOST_VERSIONS
    assert sum(each.size for each in kept) <= MOST_BYTES
    assert kept[-KEPT_NEWEST:] == versions[-KEPT_NEWEST:]


@pytest.mark.django_db
def test_typing_is_never_refused_and_what_went_is_told(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thinning, "MOST_VERSIONS", 30)
    monkeypatch.setattr(thinning, "KEPT_NEWEST", 5)
    monkeypatch.setattr(thinning, "LOOKED_AT_EVERY", 10)
    attempt = live_attempt(cast.learner, started_at=NOON)
    version = 0
    for number in range(60):
        draft = save(
            attempt, "diagnosis", f"v{number}", at=EARLY + timedelta(seconds=4 * number), based_on=version
        ).draft
        assert draft is not None
        version = draft.version
        if number == 7:
            submit.hand_in(
                attempt=attempt, stage_key="live", deliverables={}, self_checks={"F1": "yes"}, force_reason=None,
                actor=attempt.learner, received_at=EARLY + timedelta(seconds=4 * number + 1),
            )  # fmt: skip
    assert version == 60, "numbers go on"
    left_over = list(Draft.objects.filter(attempt=attempt).order_by("version"))
    assert len(left_over) <= 40
    assert [each.content for each in left_over[-5:]] == ["v55", "v56", "v57", "v58", "v59"]
    assert "v7" in [each.content for each in left_over], "what was handed in"
    told = events(attempt, "draft.thinned")
    assert told
    assert sum(event.payload["removed"] for event in told) == 60 - len(left_over)
    assert len(events(attempt, "draft.saved")) == 60
    assert ledger.verify(attempt.pk) is None
    submit.close_overdue(LIVE_CLOSES)
    assert attempt.hand_ins.order_by("number")[0].deliverables["diagnosis"] == "v7"
