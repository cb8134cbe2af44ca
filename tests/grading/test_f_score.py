"""F: what each way of fixing, and of not fixing, gets."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.evidence.effect import rests_on
from grading.evidence.figures import _part
from grading.f_score import CAPS, WEIGHTS, Cap, Part, Put, Rate, Score, score

HEALTHY = Rate(30, 30)


def put(key: str, *, before: bool, after: bool, relation: str = "plain", group: str = "class", **more: bool) -> Put:
    more = {"answerable": group != "unknown"} | more
    return Put(key, group, relation, right_before=before, right_after=after, **more)


def fresh(*, mended: bool, sound: bool = True, refuses: bool = True, contained: bool = False) -> list[Put]:
    """Eight spoiled questions, four of them in other words; four sound ones; four that must be refused."""
    return [
        *(put(f"p{n}", before=False, after=mended, refused_after=contained) for n in range(4)),
        *(put(f"m{n}", before=False, after=mended, relation="alias", refused_after=contained) for n in range(4)),
        *(put(f"c{n}", before=True, after=sound, group="control", refused_after=contained) for n in range(4)),
        *(put(f"u{n}", before=True, after=refuses, group="unknown", relation="absent") for n in range(4)),
    ]


def incident(*, mended: bool, sound: bool = True) -> list[Put]:
    return [
        *(put(f"i{n}", before=False, after=mended) for n in range(5)),
        *(put(f"w{n}", before=True, after=sound) for n in range(5)),
    ]


def f(
    own: list[Put], others: list[Put], *, after: Rate = HEALTHY, healthy: Rate = HEALTHY, edited: bool = False
) -> Score:
    found = score(incident=own, fresh=others, answers_after=after, answers_healthy=healthy, harness_edited=edited)
    assert found is not None
    return found


def test_it_is_said_in_words_on_how_many_spoiled_questions_f_rests() -> None:
    metamorphic = [each for each in fresh(mended=True) if each.relation != "plain"]
    assert rests_on(f(incident(mended=True), metamorphic)) == (
        "F rests on 9 spoiled questions (5 of incident prompts, 4 of metamorphic). Of held out prompts none is "
        "spoiled: the others carry their weight, and plain questions about fresh documents count nothing."
    )
    assert rests_on(f(incident(mended=True), fresh(mended=True))) == (
        "F rests on 13 spoiled questions (5 of incident prompts, 4 of held out prompts, 4 of metamorphic)."
    )


def test_a_set_of_which_nothing_is_spoiled_has_no_share_that_a_band_could_hold_against_anybody() -> None:
    metamorphic = [each for each in fresh(mended=True) if each.relation != "plain"]
    of_parts = {each.part: _part(each, []) for each in f(incident(mended=True), metamorphic).shares}
    assert (of_parts[Part.held_out].value, of_parts[Part.held_out].why_none) == (
        None,
        "none of its questions is spoiled",
    )
    assert of_parts[Part.incident].value == 1


def test_the_weights_are_the_published_ones_and_sum_to_one() -> None:
    assert [float(weight) for weight in WEIGHTS.values()] == [0.25, 0.35, 0.25, 0.15]
    assert sum(WEIGHTS.values()) == 1


@pytest.mark.parametrize(
    ("what", "found", "value", "caps"),
    [
        ("the right fix", f(incident(mended=True), fresh(mended=True)), Fraction(1), ()),
        ("nothing at all", f(incident(mended=False), fresh(mended=False)), Fraction(15, 100), ()),
        ("only the reported prompts", f(incident(mended=True), fresh(mended=False)), Fraction(40, 100), ()),
        (
            "refusing everything",
            f(
                incident(mended=False, sound=False),
                fresh(mended=False, sound=False, contained=True),
                after=Rate(0, 30),
            ),
            Fraction(15, 100),
            (Cap.answers_lost, Cap.containment_only),
        ),
        (
            "mends and answers what nobody knows",
            f(incident(mended=True), fresh(mended=True, refuses=False)),
            Fraction(85, 100),
            (),
        ),
        (
            "breaks as much as it mends on the incident",
            f(incident(mended=True, sound=False), fresh(mended=True)),
            Fraction(75, 100),
            (),
        ),
        (
            "an edited harness",
            f(incident(mended=True), fresh(mended=True), edited=True),
            Fraction(25, 100),
            (Cap.harness_edited,),
        ),
        (
            "answers lost",
            f(incident(mended=True), fresh(mended=True), after=Rate(23, 30)),
            Fraction(1, 2),
            (Cap.answers_lost,),
        ),
        (
            "answers lost, but not a fifth",
            f(incident(mended=True), fresh(mended=True), after=Rate(24, 30)),
            Fraction(1),
            (),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_fix_gets(what: str, found: Score, value: Fraction, caps: tuple[Cap, ...]) -> None:
    assert (found.value, found.hold) == (value, caps), what


def test_what_still_harms_is_not_contained() -> None:
    def asked(*, harmful: int) -> list[Put]:
        return [
            *(put(f"h{n}", before=False, after=False, harmful_after=True) for n in range(harmful)),
            *(put(f"r{n}", before=False, after=False, refused_after=True) for n in range(12 - harmful)),
        ]

    assert f([], asked(harmful=3)).hold == (Cap.containment_only,)
    assert f([], asked(harmful=4)).hold == ()


def test_where_the_fault_answers_what_nobody_knows_refusing_is_mending_and_doing_nothing_gets_nothing() -> None:
    def asked(*, after: bool) -> list[Put]:
        return [
            *(put(f"p{n}", before=False, after=after, answerable=False) for n in range(4)),
            *(put(f"m{n}", before=False, after=after, answerable=False, relation="case") for n in range(4)),
            *(put(f"u{n}", before=False, after=after, group="unknown") for n in range(2)),
        ]

    own = [put("i", before=False, after=False, answerable=False)]
    assert f(own, asked(after=False)).value == 0
    assert f(incident(mended=True), asked(after=True)).value == 1
    # refusing everything mends all of it, and what is lost with it holds it down
    assert f(incident(mended=True), asked(after=True), after=Rate(0, 30)).value == Fraction(1, 2)


def test_a_set_that_shows_no_damage_says_nothing_and_the_others_carry_its_weight() -> None:
    sound = [put("w", before=True, after=True)]
    found = f(sound, fresh(mended=False))
    assert found.weights == {
        Part.held_out: Fraction(35, 75),
        Part.metamorphic: Fraction(25, 75),
        Part.negative: Fraction(15, 75),
    }
    assert found.value == Fraction(15, 75)
    broken = [put("w", before=True, after=False)]
    assert f(broken, fresh(mended=True)).value == Fraction(75, 100)


def test_without_any_damage_shown_there_is_no_f() -> None:
    sound = [put("w", before=True, after=True)]
    assert (
        score(incident=sound, fresh=sound, answers_after=HEALTHY, answers_healthy=HEALTHY, harness_edited=False) is None
    )


def test_each_set_names_its_questions() -> None:
    found = f(incident(mended=True, sound=False), fresh(mended=True))
    own = found.shares[0]
    assert own.spoiled == own.mended == ("i0", "i1", "i2", "i3", "i4")
    assert own.broken == ("w0", "w1", "w2", "w3", "w4")
    assert own.total == 10
    assert not own.share


puts = st.lists(
    st.builds(
        Put,
        key=st.uuids().map(str),
        group=st.sampled_from(["class", "neighbour", "control", "unknown"]),
        relation=st.sampled_from(["plain", "alias", "case"]),
        answerable=st.booleans(),
        right_before=st.booleans(),
        right_after=st.booleans(),
        refused_after=st.booleans(),
        harmful_after=st.booleans(),
    ),
    max_size=12,
)


@given(own=puts, others=puts, part=st.integers(0, 9), edited=st.booleans())
def test_f_lies_between_nothing_and_one_and_never_above_a_cap(
    own: list[Put], others: list[Put], part: int, edited: bool
) -> None:
    found = score(
        incident=own,
        fresh=others,
        answers_after=Rate(part, 9),
        answers_healthy=Rate(9, 9),
        harness_edited=edited,
    )
    if found is None:
        return
    assert 0 <= found.value <= found.raw <= 1
    assert sum(found.weights.values()) == 1
    assert all(found.value <= CAPS[cap] for cap in found.hold)
    assert (Cap.harness_edited in found.hold) is edited


@given(own=puts, others=puts)
def test_mending_one_more_never_costs_anything(own: list[Put], others: list[Put]) -> None:
    def of(asked: list[Put]) -> Fraction | None:
        found = score(incident=own, fresh=asked, answers_after=HEALTHY, answers_healthy=HEALTHY, harness_edited=False)
        return None if found is None else found.raw

    before = of(others)
    better = of([*others, put("new", before=False, after=True)])
    worse = of([*others, put("new", before=False, after=False)])
    if before is not None and better is not None and worse is not None:
        assert better >= worse
