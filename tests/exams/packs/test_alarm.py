"""When the alarm on complaints rings: each half hour while it lasts, whether or not somebody complains just then."""

from __future__ import annotations

from exams.packs.alarm import Alarm, Ring

ALARM = Alarm(minutes=60, threshold=4, again=30)


def test_it_rings_each_half_hour_while_it_lasts_though_nobody_complains_just_then() -> None:
    assert ALARM.rings([0, 100, 200, 300]) == (Ring(300, 4, still=False), Ring(2100, 4, still=True))
    assert ALARM.rings(range(0, 7200, 600))[:3] == (
        Ring(1800, 4, still=False),
        Ring(3600, 6, still=True),
        Ring(5400, 6, still=True),
    )


def test_it_has_stopped_once_fewer_are_left_though_the_next_complaint_makes_up_for_it() -> None:
    """At 3600 the first is an hour old, and three are left; at 3650 there are four again."""
    assert ALARM.rings([0, 1700, 1800, 1900, 3650]) == (
        Ring(1900, 4, still=False),
        Ring(3650, 4, still=False),
    )


def test_a_complaint_that_comes_as_another_gets_too_old_keeps_it_ringing() -> None:
    assert ALARM.rings([0, 1700, 1800, 1900, 3600]) == (
        Ring(1900, 4, still=False),
        Ring(3700, 4, still=True),
    )


def test_it_rings_never_of_nothing_and_ends_with_the_last_complaint_it_looks_back_at() -> None:
    assert ALARM.rings([]) == ()
    assert Alarm(minutes=60, threshold=0, again=30).rings([0])[-1].second < 3600
    assert ALARM.rings([0, 100, 200, 300], pace=150)[-1] == Ring(3000, 4, still=True)
