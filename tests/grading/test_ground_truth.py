"""What the platform itself knows of an attempt: moments on both clocks, the blast radius, the key events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from exams.live.telemetry import Course, Entry, Telemetry, Version, measure
from exams.live.telemetry.outcomes import Guard, Outcome, Replayed
from grading.ground_truth import Act, Acts, GroundTruth, Harm, as_json, establish, moment_of

if TYPE_CHECKING:
    from collections.abc import Sequence

OPENED = datetime(2026, 11, 21, 9, tzinfo=UTC)
TRUTH: dict[str, Any] = {
    "deployed_at": "2026-03-04T16:30:00Z",
    "first_wrong_at": "2026-03-04T16:42:00Z",
    "opened_at": "2026-03-05T08:00:00Z",
    "wrong_answers_before_opening": 120,
    "customers_told_wrong": 90,
}
# Four customers, one each quarter of an hour, twice over; the second and the fourth ask what the fault spoils.
TRAFFIC = [Entry(900 * n, f"q{n % 4}", f"s{n}") for n in range(8)]


def minute(after: float) -> datetime:
    return OPENED + timedelta(minutes=after)


def version(number: int, live_from: datetime, outcomes: str, *, release: int | None = None) -> Version:
    replayed = Replayed(tuple(Outcome(each) for each in outcomes), (Guard.none,) * len(outcomes))
    return Version(number, number if release is None else release, live_from, replayed)


FAULTY = version(0, OPENED, "cecececx")


def told(*later: Version, until: float = 90) -> Telemetry:
    return measure(TRAFFIC, [FAULTY, *later], Course(OPENED, 100, 7), until=minute(until))


def act(name: str, after: float) -> Act:
    return Act(name, name, minute(after), ({"kind": "event", "ref": str(round(after))},))


def established(*later: Version, truth: dict[str, Any] | None = None, **acts: Any) -> GroundTruth:
    return establish(truth=TRUTH if truth is None else truth, opened_at=OPENED, told=told(*later), acts=Acts(**acts))


def test_the_two_clocks_meet_at_the_opening() -> None:
    found = established(confirmed=act("confirmed", 22))
    assert found.onset is not None
    assert found.onset.at == OPENED - timedelta(hours=15, minutes=30)
    assert found.onset.in_incident == datetime(2026, 3, 4, 16, 30, tzinfo=UTC)
    assert found.confirmed is not None
    assert found.confirmed.in_incident == datetime(2026, 3, 5, 8, 22, tzinfo=UTC)
    assert found.latent == timedelta(hours=15, minutes=30)


SOUND, REFUSES, HALF = "cccccccc", "crcrcrcr", "cececccc"


@pytest.mark.parametrize(
    ("later", "mitigated", "fixed", "until_mitigation"),
    [
        ([], None, None, 3),
        ([version(1, minute(40), SOUND)], 40, 40, 1),
        (
            [version(1, minute(40), REFUSES)],
            40,
            40,
            1,
        ),  # the harm has ended: what became of the answers is said elsewhere
        ([version(1, minute(40), HALF)], None, None, 2),
        ([version(1, minute(40), HALF), version(2, minute(50), SOUND)], 50, 50, 2),
        ([version(1, minute(40), SOUND), version(2, minute(50), "cececece", release=0)], None, None, 2),
        (
            [version(1, minute(20), SOUND), version(2, minute(50), HALF), version(3, minute(70), SOUND, release=1)],
            70,
            70,
            1,
        ),
    ],
)
def test_mitigation_and_fix_are_what_customers_got(
    later: Sequence[Version], mitigated: int | None, fixed: int | None, until_mitigation: int
) -> None:
    found = established(*later)
    assert (found.mitigated and found.mitigated.at) == (None if mitigated is None else minute(mitigated))
    assert (found.fixed and found.fixed.at) == (None if fixed is None else minute(fixed))
    assert found.until_mitigation.answers == until_mitigation


def test_the_blast_radius_is_counted_before_and_after_the_opening() -> None:
    found = established()
    assert found.before == Harm(120, 90)
    assert found.live == Harm(3, 3)  # at 15, 45 and 75 minutes; the fourth would ask after the window
    assert found.total == Harm(123, 93)


def test_key_events_come_in_order_and_what_never_came_is_not_among_them() -> None:
    found = established(
        version(1, minute(40), SOUND),
        detected=act("detected", 6),
        confirmed=act("confirmed", 22),
        first_update=act("first_update", 4),
        deployments={1: act("deployment-1", 40)},
    )
    assert [each.id for each in found.key_events] == [
        "deployed", "first_harmful", "opened", "detected", "confirmed", "mitigated",
    ]  # fmt: skip
    assert {each.id for each in found.events if not each.key} == {"first_update", "first_harmful_live", "deployment-1"}


def test_the_pack_may_name_key_events_of_its_own() -> None:
    more = [
        {"id": "drafts_published", "at": "2026-03-04T18:00:00Z", "what": "drafts were published"},
        {"id": "deployed", "at": "2026-03-01T00:00:00Z"},  # ours already
        {"id": "woken", "at": "2026-03-04T18:30:00Z", "key": False},
        {"id": "woken", "at": "2026-03-04T19:30:00Z", "key": False},
        {"id": "no_time", "at": "soon"},
        "not an event",
    ]
    found = established(truth=TRUTH | {"key_events": more})
    assert [each.id for each in found.key_events] == ["deployed", "first_harmful", "drafts_published", "opened"]
    assert [each.id for each in found.events if not each.key] == ["woken", "woken-2", "first_harmful_live"]


def test_an_event_may_be_told_at_other_moments_that_the_pack_names() -> None:
    event = {"id": "first_complaint", "at": "2026-03-04T19:00:00Z", "or_at": ["2026-03-04T17:00:00Z", "soon"]}
    (found,) = (each for each in established(truth=TRUTH | {"key_events": [event]}).events if each.id == event["id"])
    assert [found.when.at - at for at in found.or_at] == [timedelta(hours=2)]


def test_a_fault_that_waits_does_harm_later_than_it_went_live() -> None:
    found = established(truth=TRUTH | {"onset_at": "2026-03-04T20:00:00Z"})
    assert found.latent == timedelta(hours=12)
    assert [(each.id, each.key) for each in found.events][:3] == [
        ("deployed", True), ("first_harmful", True), ("onset", False),
    ]  # fmt: skip


def test_an_attempt_from_before_this_was_measured_says_what_it_can() -> None:
    found = establish(truth={"component": "server"}, opened_at=OPENED, told=None, acts=Acts(confirmed=act("c", 9)))
    assert (found.onset, found.mitigated, found.live, found.total) == (None, None, Harm(None, None), Harm(None, None))
    assert [each.id for each in found.events] == ["opened", "confirmed"]
    shown = as_json(found)
    assert shown["latent_seconds"] is None
    assert shown["confirmed"]["seconds_after_opening"] == 540
    assert shown["confirmed"]["cites"] == [{"kind": "event", "ref": "9"}]


@pytest.mark.parametrize(
    ("stamped", "found"),
    [
        ("2026-03-04T16:30:00Z", datetime(2026, 3, 4, 16, 30, tzinfo=UTC)),
        ("2026-03-04T17:30:00+01:00", datetime(2026, 3, 4, 16, 30, tzinfo=UTC)),
        ("2026-03-04 16:30", datetime(2026, 3, 4, 16, 30, tzinfo=UTC)),
        ("yesterday", None),
        (None, None),
        (7, None),
    ],
)
def test_stamps(stamped: object, found: datetime | None) -> None:
    assert moment_of(stamped) == found
