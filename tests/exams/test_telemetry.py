"""What customers got, computed from traffic, versions and moments: tables of small cases, no rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from exams.live import telemetry
from exams.live.telemetry import Course, Entry, Guard, Outcome, Replayed, Version
from exams.live.telemetry.measuring import arrivals, complains_after, may_complain
from exams.live.telemetry.outcomes import NotOutcomes
from exams.packs.complaining import MOST_SHARE, USUAL, CarriedOver, Complaining, Later, NoLaw

OPENED = datetime(2026, 3, 2, 9, tzinfo=UTC)
COURSE = Course(begins_at=OPENED, percent=100, seed=7)
A_MINUTE = tuple(Entry(second, f"question {second}", "") for second in range(0, 60, 10))  # six, ten seconds apart


def at(seconds: float) -> datetime:
    return OPENED + timedelta(seconds=seconds)


def version(number: int, second: float, outcomes: str, *, guards: str = "", release: int | None = None) -> Version:
    return Version(
        number=number,
        release=number if release is None else release,
        live_from=at(second),
        replayed=Replayed(
            tuple(Outcome(each) for each in outcomes),
            tuple(Guard(each) for each in guards or "-" * len(outcomes)),
        ),
    )


def measured(*versions: Version, until: float, course: Course = COURSE) -> telemetry.Telemetry:
    return telemetry.measure(A_MINUTE, versions, course, until=at(until))


@pytest.mark.parametrize(
    ("letter", "counted"),
    [
        ("c", "correct"),
        ("r", "refused_right"),
        ("o", "refused_over"),
        ("f", "failed"),
        *((letter, "harmful") for letter in "xesuwbm"),
    ],
)
def test_every_outcome_is_counted_as_one_thing(letter: str, counted: str) -> None:
    total = measured(version(0, 0, letter * 6), until=60).total
    names = ("correct", "refused_right", "refused_over", "failed", "harmful")
    assert {name: getattr(total, name) for name in names} == {name: 6 * (name == counted) for name in names}
    assert total.asked == 6


def test_the_letters_above_are_all_there_are() -> None:
    assert set("crofxesuwbm") == {each.value for each in Outcome}


def test_what_the_guard_said_is_counted_apart_from_what_the_answer_was_worth() -> None:
    total = measured(version(0, 0, "cxrocf", guards="ppbbp-"), until=60).total
    assert (total.guard_passed, total.guard_blocked) == (3, 2)


@pytest.mark.parametrize(
    ("until", "asked"), [(0, 0), (0.000001, 1), (10, 1), (10.000001, 2), (59, 6), (60, 6), (60.000001, 7)]
)
def test_a_question_is_counted_from_the_moment_after_it_was_asked(until: float, asked: int) -> None:
    assert measured(version(0, 0, "cccccc"), until=until).total.asked == asked


@pytest.mark.parametrize(
    ("live_from", "old", "new"), [(29.999999, 3, 3), (30, 3, 3), (30.000001, 4, 2), (0, 0, 6), (600, 6, 0)]
)
def test_who_asks_when_a_version_goes_live_gets_the_new_one(live_from: float, old: int, new: int) -> None:
    found = measured(version(0, 0, "xxxxxx"), version(1, live_from, "cccccc"), until=60)
    assert (found.total.harmful, found.total.correct) == (old, new)
    assert [each.deployment for each in found.answers] == [0] * old + [1] * new


def test_of_two_that_went_live_at_once_the_later_one_is_live() -> None:
    both = [version(1, 30, "xxxxxx"), version(2, 30, "cccccc")]
    assert measured(version(0, 0, "xxxxxx"), *both, until=60).answers[3].deployment == 2
    found = telemetry.live_at([version(0, 0, "xxxxxx"), *both], at(30))
    assert found is not None
    assert found.number == 2


def test_what_goes_live_later_than_until_changes_nothing() -> None:
    """So a page that was read once reads the same for ever, but for what has come since."""
    before = measured(version(0, 0, "xcxcxc"), until=35)
    assert measured(version(0, 0, "xcxcxc"), version(1, 35, "cccccc"), until=35) == before


def test_minutes_without_anybody_are_there_too_and_the_last_may_not_be_over() -> None:
    lonely = (Entry(0, "a", ""), Entry(190, "b", ""))
    course = COURSE
    versions = [version(0, 0, "cc")]
    found = telemetry.measure(lonely, versions, course, until=at(200))
    assert [(each.minute, each.asked, each.begins_at) for each in found.minutes] == [
        (0, 1, at(0)),
        (1, 0, at(60)),
        (2, 0, at(120)),
        (3, 1, at(180)),
    ]
    assert len(telemetry.measure(lonely, versions, course, until=at(180)).minutes) == 3


def test_more_time_spreads_the_same_customers() -> None:
    course = Course(begins_at=OPENED, percent=150, seed=7)
    assert [moment for _, moment in arrivals(A_MINUTE, course, until=at(90))] == [at(15 * n) for n in range(6)]


def test_in_a_window_that_was_extended_the_customers_come_again_in_conversations_of_their_own() -> None:
    traffic = (Entry(0, "a", "s1"), Entry(50, "b", ""))
    found = telemetry.measure(traffic, [version(0, 0, "xc")], COURSE, until=at(150))
    assert [(each.entry, each.session, each.at) for each in found.answers] == [
        (0, "s1", at(0)),
        (1, "", at(50)),
        (0, "s1+1", at(60)),
        (1, "", at(110)),
        (0, "s1+2", at(120)),
    ]
    assert (found.total.harmful, found.harmful_sessions) == (3, 3)


def test_the_blast_radius_is_told_in_answers_and_in_conversations() -> None:
    traffic = (Entry(0, "a", "s1"), Entry(1, "b", "s1"), Entry(2, "c", "s2"), Entry(3, "d", ""), Entry(4, "e", ""))
    found = telemetry.measure(traffic, [version(0, 0, "cxcxx")], COURSE, until=at(60))
    assert (found.total.harmful, found.harmful_sessions) == (3, 3)
    assert found.first_harmful_at == at(1)


FAULTY = "x" * 20 + "c" * 80
SOUND = "c" * 100
NEARLY = "x" + "c" * 99
HALF = "x" * 2 + "c" * 98
REFUSING = "o" * 100


@pytest.mark.parametrize(
    ("versions", "minute"),
    [
        ([(0, FAULTY)], None),
        ([(0, FAULTY), (600, SOUND)], 600),
        ([(0, FAULTY), (600, NEARLY)], 600),
        ([(0, FAULTY), (600, HALF)], None),
        ([(0, FAULTY), (600, REFUSING)], 600),  # contained: the harm ended, and the refusals show what it cost
        ([(0, FAULTY), (600, REFUSING), (900, SOUND)], 600),
        ([(0, FAULTY), (600, SOUND), (900, FAULTY)], None),
        ([(0, FAULTY), (600, SOUND), (900, FAULTY), (1200, SOUND)], 1200),
        ([(0, FAULTY), (600, SOUND), (5000, FAULTY)], 600),  # not live yet
        ([(0, "x" * 3 + "c" * 97), (600, NEARLY)], None),  # a third of a rare fault is left
        ([(0, SOUND)], 0),
    ],
)
def test_the_harm_has_ended_when_the_first_of_the_last_clean_versions_went_live(
    versions: list[tuple[int, str]], minute: int | None
) -> None:
    traffic = tuple(Entry(30 * n, "q", "") for n in range(100))
    live = [version(number, second, outcomes) for number, (second, outcomes) in enumerate(versions)]
    found = telemetry.measure(traffic, live, COURSE, until=at(3000))
    assert found.mitigated_at == (None if minute is None else at(minute))


def test_a_stint_has_its_own_figures_and_a_rollback_the_share_of_the_release_it_brings_back() -> None:
    first, second = version(0, 0, "xxcccc"), version(1, 20, "cccccc")
    back = version(2, 40, "xxcccc", release=0)
    stints = measured(first, second, back, until=60).stints
    assert [(each.deployment, each.release, each.asked, each.harmful, each.clean) for each in stints] == [
        (0, 0, 2, 2, False),
        (1, 1, 2, 0, True),
        (2, 0, 2, 0, False),
    ]
    assert [(each.begins_at, each.ends_at) for each in stints] == [(at(0), at(20)), (at(20), at(40)), (at(40), at(60))]


@pytest.mark.parametrize("law", [USUAL, Complaining(0.05, 60, 540), Complaining(MOST_SHARE, 0, 0)])
def test_some_of_the_harmed_complain_minutes_later_the_same_for_the_same_seed(law: Complaining) -> None:
    drawn = [complains_after(law, 7, entry) for entry in range(8000)]
    assert drawn == [complains_after(law, 7, entry) for entry in range(8000)]
    assert drawn != [complains_after(law, 8, entry) for entry in range(8000)]
    waits = [each.total_seconds() for each in drawn if each is not None]
    assert len(waits) / len(drawn) == pytest.approx(law.share, abs=0.02)
    assert law.first <= min(waits) <= max(waits) <= law.last
    assert max(waits) - min(waits) >= 0.95 * (law.last - law.first)
    assert all(may_complain(7, entry) for entry, wait in enumerate(drawn) if wait is not None)


def test_a_few_complain_late_and_nobody_else_otherwise_than_without_them() -> None:
    law = Complaining(0.4, 60, 540, late=0.1, latest=7200)
    soon = [complains_after(replace(law, late=0.0, latest=0), 7, entry) for entry in range(8000)]
    drawn = [complains_after(law, 7, entry) for entry in range(8000)]
    assert [one is None for one in drawn] == [one is None for one in soon]
    late = [one.total_seconds() for one in drawn if one is not None and one.total_seconds() > law.last]
    assert len(late) == pytest.approx(0.1 * 0.4 * 8000, rel=0.2)
    assert law.last < min(late) < 600
    assert 5400 < max(late) <= law.latest
    assert sum(one < 2200 for one in late) > len(late) / 2
    changed = [one for one, other in zip(drawn, soon, strict=True) if one != other]
    assert len(changed) == len(late)
    assert Complaining.of({"complaining": law.to_json()}) == law
    for broken in ({"late": 0.1}, {"late": 0.1, "latest": 540}, {"late": 1.1, "latest": 900}):
        with pytest.raises(NoLaw):
            Complaining.of({"complaining": {"share": 0.05, "first": 60, "last": 540, **broken}})


def test_the_law_is_the_incidents_own_where_its_truth_says_one() -> None:
    assert Complaining.of(None) == Complaining.of({}) == USUAL
    law = Complaining(0.05, 60, 540)
    assert Complaining.of({"complaining": law.to_json()}) == law
    broken: object
    for broken in ({}, [], {"share": 0.9, "first": 1, "last": 2}, {"share": 0.1, "first": 3, "last": 2}):
        with pytest.raises(NoLaw):
            Complaining.of({"complaining": broken})
    assert Complaining.of({"complaining": {"share": 0.05, "first": 60, "last": 540}}) == law
    traffic = tuple(Entry(n, "q", "") for n in range(400))
    many, few = (
        telemetry.measure(traffic, [version(0, 0, "x" * 400)], replace(COURSE, complaining=each), until=at(2000))
        for each in (USUAL, law)
    )
    assert few.total.harmful == many.total.harmful
    assert 0 < few.total.complaints < many.total.complaints / 4


def test_complaints_are_counted_when_they_come_and_never_before() -> None:
    traffic = tuple(Entry(n, "q", "") for n in range(40))
    found = telemetry.measure(traffic, [version(0, 0, "x" * 40)], COURSE, until=at(900))
    due = sorted(each.complains_at for each in found.answers if each.complains_at is not None)
    early = telemetry.measure(traffic, [version(0, 0, "x" * 40)], COURSE, until=due[0])
    assert early.total.complaints == 0
    later = telemetry.measure(traffic, [version(0, 0, "x" * 40)], COURSE, until=due[0] + timedelta(microseconds=1))
    assert later.total.complaints == 1
    assert sum(each.complaints for each in later.minutes) == 1
    quiet = telemetry.measure(traffic, [version(0, 0, "c" * 40)], COURSE, until=at(900))
    assert quiet.total.complaints == 0


def test_who_got_no_answer_or_a_right_one_complains_by_a_law_of_their_own() -> None:
    law = Complaining(0.0, 60, 540, refused=0.4, otherwise=0.1)
    traffic = tuple(Entry(n, "q", "") for n in range(900))
    found = {
        letter: sum(each.complains_at is not None for each in measured.answers)
        for letter in "xrofc"
        for measured in [
            telemetry.measure(traffic, [version(0, 0, letter * 900)], replace(COURSE, complaining=law), until=at(900))
        ]
    }
    assert found["x"] == 0
    assert found["r"] == found["o"] == found["f"] == pytest.approx(360, abs=60)
    assert found["c"] == pytest.approx(90, abs=30)


def test_who_was_answered_before_the_opening_may_complain_after_it() -> None:
    later = (Later(0), Later(59, "q", "a"), Later(60), Later(100, "q", "a"))
    course = replace(COURSE, carried=CarriedOver(complained=(-90, -5), later=later), percent=150)
    found = telemetry.measure(A_MINUTE, [version(0, 0, "cccccc")], course, until=at(100))
    assert [each.complaints for each in found.minutes] == [1, 2]
    assert found.total.complaints == 3
    assert found.stints[0].complaints == 0
    assert found.complained == (at(-135), at(-7.5), at(0), at(88.5), at(90), at(150))
    assert found.later == tuple((at(1.5 * one.second), one) for one in later)
    assert telemetry.measure((), (), course, until=OPENED).complained == found.complained


def test_what_is_carried_over_is_kept_in_the_truth() -> None:
    carried = CarriedOver((-9,), (Later(3, "q", "a", "b"),))
    assert CarriedOver.of({"carried_over": carried.to_json()}) == carried
    assert CarriedOver.of(None) == CarriedOver.of({}) == CarriedOver()
    broken: object
    for broken in ([], {}, {"complained": [3], "later": []}, {"complained": [], "later": [{"second": -1}]}):
        with pytest.raises(NoLaw):
            CarriedOver.of({"carried_over": broken})


def test_complaints_do_not_dip_when_the_incident_opens() -> None:
    """Ten minutes before the opening and ten after it, over many seeds: as many, but for chance; each of them whole."""
    law, minutes, seeds = Complaining(0.3, 70, 600, refused=0.05), 40, 60
    before, after = [0] * 10, [0] * 10
    harmed = tuple(Entry(12 * n, "q", "") for n in range(5 * minutes))
    for seed in range(seeds):
        waits = [law.after(f"{seed}/before/{n}") for n in range(len(harmed))]
        dated = [entry.second - 60 * minutes + wait.seconds for entry, wait in zip(harmed, waits, strict=True) if wait]
        carried = CarriedOver(
            tuple(one for one in dated if one < 0), tuple(Later(one, "q", "a") for one in dated if one >= 0)
        )
        course = Course(OPENED, 100, seed, law, carried)
        found = telemetry.measure(harmed, [version(0, 0, "x" * len(harmed))], course, until=at(600))
        assert found == telemetry.measure(harmed, [version(0, 0, "x" * len(harmed))], course, until=at(600))
        for each in found.minutes:
            after[each.minute] += each.complaints
        for second in carried.complained:
            if second >= -600:
                before[(second + 600) // 60] += 1
    expected = 5 * law.share * seeds  # a minute; 90 of them, give or take 9
    assert all(abs(count - expected) < 4 * expected**0.5 for count in (*before, *after)), (before, after)


def test_before_the_opening_there_is_nothing() -> None:
    found = measured(version(0, 0, "xxxxxx"), until=-5)
    assert (found.minutes, found.until) == ((), OPENED)
    assert measured(until=60).minutes == ()


def test_outcomes_are_kept_as_letters_and_read_back() -> None:
    kept = Replayed((Outcome.correct, Outcome.stale), (Guard.passed, Guard.none), {1: "12 USD"})
    stored = kept.to_json()
    assert stored == {"outcomes": "cs", "guards": "p-", "said": {"1": "12 USD"}}
    assert Replayed.from_json(stored, questions=2) == kept


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"outcomes": "c", "guards": "p"},
        {"outcomes": "cz", "guards": "pp"},
        {"outcomes": "cc", "guards": "p?"},
        {"outcomes": None, "guards": "pp"},
        {"outcomes": "cc", "guards": "pp", "said": {"first": "x"}},
    ],
)
def test_what_is_no_outcomes_of_this_traffic_is_refused(stored: dict[str, object]) -> None:
    with pytest.raises(NotOutcomes):
        Replayed.from_json(stored, questions=2)
