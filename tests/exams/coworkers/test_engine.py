"""What is said depends on what was seen before it and on nothing else: whoever asks, however late."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exams.coworkers.engine import APART, APART_OF_ONE, due, outlook
from exams.coworkers.history import Complaint, Deployment, History, Minute, Update
from exams.packs.alarm import Alarm
from exams.packs.injects import (
    Asks,
    Changed,
    Complained,
    Condition,
    Confirmed,
    Deployed,
    HandedIn,
    InjectRule,
    NeverTold,
    PromiseMissed,
    Rings,
    Sender,
    Share,
    Silence,
    Stands,
    Unanswered,
)

MINUTE = 60
CLOSES = 90 * MINUTE
ROSA = Sender("support", "Rosa Lind", "Support lead")
OMAR = Sender("executive", "Omar Reed", "Chief operating officer")
ALARM = Alarm(minutes=60, threshold=4, again=30)


def rule(key: str = "one", /, *when: Condition, **said: Any) -> InjectRule:
    return InjectRule(key=key, sender=ROSA, when=when, **({"texts": ("Hello.",)} | said))


def history(**seen: Any) -> History:
    return History(**({"closings": ((0, CLOSES),)} | seen))


def minutes(*rows: tuple[int, int, int]) -> tuple[Minute, ...]:
    """Each row: asked, harmful, refused."""
    return tuple(
        Minute(number, asked=asked, harmful=harmful, refused=refused, correct=asked - harmful - refused)
        for number, (asked, harmful, refused) in enumerate(rows)
    )


def seconds(script: tuple[InjectRule, ...], seen: History, until: int = CLOSES) -> list[int]:
    return [said.second for said in due(script, seen, until)]


def update(at: int, audience: str = "stakeholders", state: str = "investigating", promise: int | None = None) -> Update:
    return Update(at, audience, state, promise)


# --- What each condition waits for ---------------------------------------------------------------------------------


def test_a_rule_without_conditions_is_said_at_its_second_and_not_before() -> None:
    script = (rule(after=300),)
    assert seconds(script, history(), until=299) == []
    assert seconds(script, history(), until=300) == [300]


def test_an_act_is_seen_from_the_next_second_on() -> None:
    script = (rule("one", Stands("resolved")),)
    assert seconds(script, history(updates=(update(700, state="resolved"),))) == [701]


def test_silence_counts_from_the_last_update_to_that_audience() -> None:
    script = (rule("one", Silence(1500, "customers")),)
    assert seconds(script, history()) == [1500]
    assert seconds(script, history(updates=(update(1499),))) == [1500]
    assert seconds(script, history(updates=(update(1499, "customers"),))) == [2999]
    assert seconds(script, history(updates=(update(1500, "customers"),))) == [1500]  # not seen in its own second


def test_silence_is_spoken_of_again_only_when_it_lasts() -> None:
    script = (rule("one", Silence(1200), times=3, again_after=900),)
    assert seconds(script, history()) == [1200, 2100, 3000]
    assert seconds(script, history(updates=(update(1300),))) == [1200, 2500, 3400]


def test_somebody_never_told_is_told_in_time_or_asks() -> None:
    script = (rule("one", NeverTold("compliance"), after=1200),)
    assert seconds(script, history(updates=(update(100),))) == [1200]
    assert seconds(script, history(updates=(update(100, "compliance"),))) == []


def test_a_promise_is_missed_when_its_moment_passed_without_an_update() -> None:
    script = (rule("one", PromiseMissed(120), times=3, again_after=0, each="update"),)
    assert seconds(script, history(updates=(update(600, promise=1200),))) == [1320]
    assert seconds(script, history(updates=(update(600, promise=1200), update(1319)))) == []
    assert seconds(script, history(updates=(update(600, promise=900), update(1500, promise=1800)))) == [1020, 1920]


def test_what_others_were_told_keeps_no_promise() -> None:
    script = (rule("one", PromiseMissed(120), times=9, again_after=0, each="update", texts=("{overdue}",)),)
    customers, others = update(600, "customers", promise=1200), update(900)
    assert seconds(script, history(updates=(customers, others))) == [1320]
    assert seconds(script, history(updates=(customers, others, update(1319, "customers")))) == []


def test_each_missed_promise_is_asked_after_once_and_timed_by_itself() -> None:
    script = (rule("one", PromiseMissed(120), times=9, again_after=0, each="update", texts=("{overdue}",)),)
    promised = (update(600, "customers", promise=1200), update(700, promise=2400))
    said = due(script, history(updates=(*promised, update(1500, "compliance"))), CLOSES)
    assert [(one.second, one.text) for one in said] == [(1320, "2"), (2520, "2")]
    said = due(script, history(updates=(*promised, update(3000))), CLOSES)
    assert [(one.second, one.text) for one in said] == [(1320, "2"), (2520, "2"), (3001, "30")]


def test_shares_are_of_whole_minutes_and_need_enough_questions() -> None:
    script = (rule("one", Share("harmful", minutes=3, at_least=50, enough=8)),)
    rows = minutes((4, 0, 0), (4, 2, 0), (4, 3, 0), (4, 1, 0))
    assert seconds(script, history(minutes=rows)) == [240]  # minutes 1 to 3: 6 of 12; 0 to 2: 5 of 12
    assert seconds(script, history(minutes=minutes((2, 2, 0), (2, 2, 0), (2, 2, 0)))) == []


def test_shares_wait_for_minutes_that_are_not_known_yet() -> None:
    script = (rule("one", Share("harmful", minutes=2, below=10, enough=4)),)
    assert seconds(script, history(minutes=minutes((4, 4, 0), (4, 4, 0)))) == []


def test_shares_since_a_change_leave_out_what_was_before_it() -> None:
    bad, good = (5, 5, 0), (5, 0, 0)
    seen = history(
        minutes=minutes(*[bad] * 20, *[good] * 20),
        deployments=(Deployment(20 * MINUTE, "live", "3fa9c1"),),
        updates=(update(20 * MINUTE - 1, state="resolved"),),
    )
    falls = rule("falls", Deployed("live", 300), Share("harmful", 10, below=5, since="version"))
    assert seconds((falls,), seen) == [25 * MINUTE]
    rises = rule("rises", Stands("resolved"), Share("harmful", 10, at_least=5, since="update"))
    assert seconds((rises,), seen) == []


def test_complaints_are_quoted_once_each_and_a_second_question_in_words_of_its_own() -> None:
    complaints = (
        Complaint(130, "What is the fee?", "It is 40 {asked}."),
        Complaint(450, "And the cap?", "9 GB.", began="What is the notice?"),
    )
    quote = rule(
        "quote",
        Complained(),
        times=3,
        again_after=60,
        texts=('"{question}" I was told: "{answer}"', "later"),
        texts_of_two=("first", 'After "{began}" came "{question}" "{answer}"'),
    )
    said = due((quote,), history(complaints=complaints), CLOSES)
    assert [(one.second, one.text, one.quoted) for one in said] == [
        (131, '"What is the fee?" I was told: "It is 40 {asked}."', 0),
        (451, 'After "What is the notice?" came "And the cap?" "9 GB."', 1),
    ]


ALERT = rule("alert", Rings(ALARM), each="ring", times=6, again_after=0, texts=("{firing}: {complaints} in {window}.",))


def rung(*complained: int, **seen: Any) -> list[tuple[int, str]]:
    return [(one.second, one.text) for one in due((ALERT,), history(complained=complained, **seen), CLOSES)]


def test_an_alarm_rings_in_the_second_after_the_complaint_that_is_too_many() -> None:
    assert rung(100, 200, 300) == []
    assert rung(100, 200, 300, 400, 500) == [(401, "Firing: 4 in 60."), (2201, "Still firing: 5 in 60.")]
    assert rung(100, 200, 300, 400, pace=150) == [(401, "Firing: 4 in 90."), (3101, "Still firing: 4 in 90.")]


def test_an_alarm_knows_what_was_complained_of_before_the_opening() -> None:
    assert rung(-3000, -2000, -1000, 400) == [(401, "Firing: 4 in 60.")]
    assert rung(-3201, -2000, -1000, 400) == []
    assert rung(-3000, -2000, -1000, 900, pace=150) == [(901, "Firing: 4 in 90.")]


def test_an_alarm_that_rang_before_the_opening_is_still_firing_half_an_hour_after_that() -> None:
    often = range(-3600, 3000, 300)
    full, half = "Still firing: 12 in 60.", "Still firing: 6 in 60."
    assert rung(*often) == [(901, full), (2701, full), (4501, half)]  # the last one though nobody complains any more
    assert rung(-2000, -1900, -1800, -1700, 99, 100) == [(101, "Still firing: 6 in 60.")]


def test_an_alarm_that_has_stopped_rings_anew() -> None:
    said = rung(-3600, -3500, -3400, -3300, 1800, 1900, 2000, 2100)
    assert said == [(2101, "Firing: 4 in 60."), (3901, "Still firing: 4 in 60.")]


def test_a_complaint_is_not_seen_in_its_own_second() -> None:
    script = (rule("quote", Complained(), after=300),)
    assert seconds(script, history(complaints=(Complaint(300, "Q?", "A."),))) == [301]


def test_a_question_is_answered_by_an_update_to_those_who_asked() -> None:
    ask = rule("ask", after=600, asks=Asks(("stakeholders",), 300))
    again = rule("again", Unanswered("ask", 420), texts=("{waiting} minutes.",))
    said = due((ask, again), history(updates=(update(599), update(700, "customers"))), CLOSES)
    assert [(one.rule, one.second, one.text) for one in said] == [("ask", 600, "Hello."), ("again", 1020, "7 minutes.")]
    assert said[0].asks == Asks(("stakeholders",), 300)
    assert seconds((ask, again), history(updates=(update(600),))) == [600]


def test_deployments_diagnoses_and_hand_ins_are_seen() -> None:
    seen = history(
        deployments=(Deployment(600, "failed", "aaa"), Deployment(900, "live", "bbb"), Deployment(1500, "rolled_back")),
        confirmed=(1000,),
        handed_in=2000,
    )
    told = {
        "nothing": rule("nothing", Deployed(""), after=599),
        "too late": rule("too late", Deployed(""), after=601),
        "failed": rule("failed", Deployed("failed", 60)),
        "live": rule("live", Deployed("live", 60), texts=("{version}",)),
        "back": rule("back", Deployed("rolled_back")),
        "known": rule("known", Confirmed(), after=950),
        "unknown": rule("unknown", Confirmed(yes=False), after=1001),
        "in": rule("in", HandedIn()),
        "not in": rule("not in", HandedIn(yes=False), after=2001),
    }
    said = {key: seconds((one,), seen) for key, one in told.items()}
    assert said == {
        "nothing": [599],
        "too late": [],
        "failed": [660],
        "live": [960],
        "back": [1501],
        "known": [1001],
        "unknown": [],
        "in": [2001],
        "not in": [],
    }
    assert due((told["live"],), seen, CLOSES)[0].text == "bbb"


def test_who_takes_time_to_write_looks_again_before_sending() -> None:
    script = (rule("one", Silence(1500), delay=40),)
    assert seconds(script, history()) == [1540]
    assert seconds(script, history(updates=(update(1539),))) == [3079]
    assert seconds(script, history(updates=(update(1540),))) == [1540]


def test_nobody_interrupts() -> None:
    script = tuple(replace(rule(key, after=600), sender=replace(ROSA, name=key)) for key in ("a", "b", "c"))
    assert [(one.rule, one.second) for one in due(script, history(), CLOSES)] == [
        ("a", 600),
        ("b", 620),
        ("c", 640),
    ]


def test_one_person_does_not_write_twice_within_two_minutes() -> None:
    script = (rule("a", after=600), rule("b", after=615), replace(rule("c", after=610), sender=OMAR))
    assert [(one.rule, one.second) for one in due(script, history(), CLOSES)] == [
        ("a", 600),
        ("c", 620),
        ("b", 600 + 120 + 600 % 61),
    ]


def test_who_waits_until_they_may_write_again_looks_whether_it_still_holds() -> None:
    script = (rule("a", after=600), rule("b", NeverTold(), after=610))
    assert [one.rule for one in due(script, history(updates=(update(700),)), CLOSES)] == ["a"]


def test_a_rule_speaks_once_about_the_same_deployment() -> None:
    script = (rule("one", Deployed("live", 60), times=3, again_after=60, each="deployment"),)
    once = (Deployment(600, "live"),)
    assert seconds(script, history(deployments=once)) == [660]
    assert seconds(script, history(deployments=(*once, Deployment(1200, "live")))) == [660, 1260]


def test_a_rule_speaks_once_about_what_is_live_whatever_brought_it() -> None:
    script = (rule("one", Changed(60), times=3, again_after=60, each="version"),)
    assert seconds(script, history()) == []
    live, back = Deployment(600, "live"), Deployment(1200, "rolled_back")
    assert seconds(script, history(deployments=(live, back))) == [660, 1260]
    for nothing in ("failed", "called_off"):
        what = Deployment(620, nothing)
        assert seconds(script, history(deployments=(live, what, back))) == [660, 1260]
        assert seconds(script, history(deployments=(what,))) == []


def test_shares_since_a_version_begin_with_a_rollback_and_not_with_what_was_called_off() -> None:
    bad, good = (5, 5, 0), (5, 0, 0)
    falls = rule("falls", Changed(300), Share("harmful", 10, below=5, since="version"))
    for outcome, expected in (("rolled_back", [25 * MINUTE]), ("called_off", [30 * MINUTE])):
        acts = (Deployment(10 * MINUTE, "live"), Deployment(20 * MINUTE, outcome))  # type: ignore[arg-type]
        seen = history(minutes=minutes(*[bad] * 20, *[good] * 20), deployments=acts)
        assert seconds((falls,), seen) == expected


def test_words_follow_one_another_and_come_round() -> None:
    script = (rule("one", times=3, again_after=200, texts=("first", "second")),)
    assert [one.text for one in due(script, history(), CLOSES)] == ["first", "second", "first"]


# --- The window ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("after", "said"), [(CLOSES - 61, 1), (CLOSES - 60, 0), (CLOSES - 1, 0), (CLOSES, 0)])
def test_nothing_is_said_at_the_end_of_the_window(after: int, said: int) -> None:
    assert len(due((rule(after=after, not_in_last=60),), history(), 2 * CLOSES)) == said


def test_up_to_the_last_second_when_a_rule_says_so_and_never_at_the_closing() -> None:
    assert seconds((rule(after=CLOSES - 1, not_in_last=0),), history(), 2 * CLOSES) == [CLOSES - 1]
    assert seconds((rule(after=CLOSES, not_in_last=0),), history(), 2 * CLOSES) == []


def test_an_extension_is_seen_from_its_own_second_on() -> None:
    script = (rule(after=CLOSES - 100, not_in_last=180),)
    longer = history(closings=((0, CLOSES), (CLOSES - 50, CLOSES + 600)))
    assert seconds(script, history()) == []
    assert seconds(script, longer, 2 * CLOSES) == [CLOSES - 49]


def test_nobody_speaks_while_the_window_is_closed_before_an_extension() -> None:
    script = (rule(after=CLOSES + 30, not_in_last=0),)
    reopened = history(closings=((0, CLOSES), (CLOSES + 299, CLOSES + 900)))
    assert seconds(script, reopened, 2 * CLOSES) == [CLOSES + 300]


def test_extra_time_stretches_what_people_wait_for() -> None:
    script = (rule("one", Silence(1500), after=60, asks=Asks(("customers",), 300)),)
    (said,) = due(script, history(pace=150, closings=((0, CLOSES * 3 // 2),)), 2 * CLOSES)
    assert (said.second, said.asks) == (2250, Asks(("customers",), 450))


# --- Whatever the script, whatever was done ------------------------------------------------------------------------

AUDIENCES = ("stakeholders", "customers", "engineering", "compliance")
lengths = st.integers(0, 1800)
conditions: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Silence, lengths, st.sampled_from(("", *AUDIENCES))),
    st.builds(NeverTold, st.sampled_from(("", *AUDIENCES))),
    st.builds(Stands, st.sampled_from(("identified", "resolved"))),
    st.builds(PromiseMissed, lengths),
    st.builds(
        Share,
        st.sampled_from(("harmful", "refused", "correct")),
        st.integers(1, 20),
        st.integers(0, 60),
        st.integers(20, 101),
        st.integers(0, 12),
        st.sampled_from(("", "version", "update")),
    ),
    st.builds(Rings, st.builds(Alarm, st.integers(1, 60), st.integers(0, 20), st.integers(1, 60))),
    st.just(Complained()),
    st.builds(Confirmed, st.booleans()),
    st.builds(Deployed, st.sampled_from(("", "live", "failed", "rolled_back")), lengths),
    st.builds(Changed, lengths),
    st.builds(Unanswered, st.sampled_from(("r0", "r1")), lengths),
    st.builds(HandedIn, st.booleans()),
)
WORDS = "{firing} {silence} {overdue} {waiting} {window} {harmful} {complaints} {harmful_so_far} {version} {question}"


@st.composite
def scripts(draw: st.DrawFn) -> tuple[InjectRule, ...]:
    return tuple(
        InjectRule(
            key=f"r{number}",
            sender=draw(st.sampled_from((ROSA, OMAR))),
            texts=(WORDS, "plain"),
            after=draw(st.integers(0, CLOSES)),
            when=tuple(draw(st.lists(conditions, max_size=3))),
            delay=draw(st.sampled_from((0, 0, 15, 60))),
            times=draw(st.integers(1, 4)),
            again_after=draw(st.sampled_from((0, 30, 600))),
            each=draw(st.sampled_from(("", "", "update", "deployment", "version", "ring"))),
            asks=draw(st.none() | st.builds(Asks, st.just(("stakeholders", "customers")), st.just(300))),
            not_in_last=draw(st.sampled_from((0, 180))),
        )
        for number in range(draw(st.integers(1, 5)))
    )


@st.composite
def pasts(draw: st.DrawFn) -> History:
    def dated(most: int = 5) -> list[int]:
        return sorted(draw(st.lists(st.integers(0, CLOSES + 300), max_size=most)))

    rows = draw(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=95))
    return History(
        closings=((0, CLOSES), *draw(st.sampled_from(((), ((CLOSES - 400, CLOSES + 300),))))),
        pace=draw(st.sampled_from((100, 100, 150))),
        updates=tuple(
            Update(
                at,
                draw(st.sampled_from(AUDIENCES)),
                draw(st.sampled_from(("identified", "resolved"))),
                draw(st.none() | st.integers(at + 1, at + 1800)),
            )
            for at in dated()
        ),
        deployments=tuple(
            Deployment(at, draw(st.sampled_from(("live", "failed", "rolled_back", "called_off"))), "v")
            for at in dated(3)
        ),
        confirmed=tuple(dated(1)),
        handed_in=draw(st.none() | st.integers(0, CLOSES)),
        minutes=tuple(
            Minute(number, asked=asked + harmful, harmful=harmful, correct=asked)
            for number, (asked, harmful) in enumerate(rows)
        ),
        complained=tuple(sorted(draw(st.lists(st.integers(-4000, CLOSES + 300), max_size=12)))),
        complaints=tuple(Complaint(at, "Q?", "A.") for at in dated()),
    )


def before(seen: History, second: int) -> History:
    """What had happened before a second; of production, the minutes that had ended by it."""
    return replace(
        seen,
        closings=tuple(each for each in seen.closings if each[0] < second or each == seen.closings[0]),
        updates=tuple(one for one in seen.updates if one.second < second),
        deployments=tuple(one for one in seen.deployments if one.second < second),
        confirmed=tuple(at for at in seen.confirmed if at < second),
        handed_in=seen.handed_in if seen.handed_in is not None and seen.handed_in < second else None,
        minutes=tuple(one for one in seen.minutes if (one.number + 1) * MINUTE <= second),
        complained=tuple(at for at in seen.complained if at < second),
        complaints=tuple(one for one in seen.complaints if one.second < second),
    )


@settings(max_examples=150, deadline=None)
@given(scripts(), pasts(), st.integers(0, 2 * CLOSES), st.integers(0, 2 * CLOSES))
def test_asking_later_only_adds_to_the_end(script: tuple[InjectRule, ...], seen: History, one: int, other: int) -> None:
    early, late = sorted((one, other))
    sooner, later = due(script, seen, early), due(script, seen, late)
    assert later[: len(sooner)] == sooner
    assert all(said.second > early for said in later[len(sooner) :])


@settings(max_examples=150, deadline=None)
@given(scripts(), pasts(), st.integers(0, 2 * CLOSES))
def test_what_happens_later_changes_nothing_that_was_said(
    script: tuple[InjectRule, ...], seen: History, second: int
) -> None:
    assert due(script, before(seen, second), second) == due(script, seen, second)


@settings(max_examples=100, deadline=None)
@given(scripts(), pasts())
def test_it_is_bounded_apart_and_inside_the_window(script: tuple[InjectRule, ...], seen: History) -> None:
    said = due(script, seen, 10 * CLOSES)
    assert len(said) <= sum(each.times for each in script)
    assert len({(one.rule, one.occurrence) for one in said}) == len(said)
    assert all(0 <= one.second < seen.closes for one in said)
    assert all(later.second - one.second >= APART for one, later in pairwise(said))
    for sender in (ROSA, OMAR):
        own = [one.second for one in said if one.name == sender.name]
        assert all(later - one >= APART_OF_ONE[0] for one, later in pairwise(own))
    quoted = [one.quoted for one in said if one.quoted is not None]
    assert len(quoted) == len(set(quoted))


@settings(max_examples=60, deadline=None)
@given(scripts(), pasts())
def test_looking_only_when_told_to_misses_nothing(script: tuple[InjectRule, ...], seen: History) -> None:
    heard, second = [], 0
    while True:
        seen_now = outlook(script, before(seen, second), second)
        heard += [said for said in seen_now.said if said not in heard]
        dates = [at for at in (seen_now.look_again, *_acts_after(seen, second)) if at is not None and at > second]
        if not dates:
            break
        second = min(dates)
    assert heard == due(script, seen, 10 * CLOSES)


def _acts_after(seen: History, second: int) -> list[int]:
    """The ledger grows with each act, and whoever watches looks in the second after it."""
    acts = [
        *(one.second for one in seen.updates),
        *(one.second for one in seen.deployments),
        *(one.second for one in seen.complaints),
        *seen.complained,
        *(since for since, _ in seen.closings[1:]),
        *seen.confirmed,
        *([] if seen.handed_in is None else [seen.handed_in]),
    ]
    return [at + 1 for at in acts if at + 1 > second]


_PLAY = """
import tests.exams.coworkers.test_engine as t
from exams.packs.injects import *
seen = t.history(
    updates=(t.update(300, promise=900), t.update(2000, "customers", "resolved")),
    deployments=(t.Deployment(1500, "live", "3fa9c1"),),
    minutes=t.minutes(*[(4, 2, 1)] * 80), complaints=(t.Complaint(400, "Q?", "A."),),
)
script = (
    t.rule("promise", PromiseMissed(120), texts=("{overdue} {asked}",)),
    t.rule("harm", Stands("resolved"), Share("harmful", 10, at_least=5, since="update"), texts=("{harmful}",)),
    t.rule("quote", Complained(), texts=("{question} {answer}",)), t.rule("quiet", Silence(1500), times=4),
)
print([repr(one) for one in t.due(script, seen, t.CLOSES)])
"""


def test_two_processes_with_other_hash_seeds_say_the_same() -> None:
    def played(seed: str) -> bytes:
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.getcwd()}  # noqa: PTH109 - a path as text
        return subprocess.run([sys.executable, "-c", _PLAY], env=environment, check=True, capture_output=True).stdout

    assert played("1") == played("2")
    assert len(played("3")) > 200
