"""The blast radius that a post-mortem states: which of its numbers is meant, and when none is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.postmortem import radius
from tests.grading.test_aligning import HAPPENED

TRUE = 121  # wrong answers: 120 before the opening and one while live; 91 conversations


def percent(text: str) -> int | None:
    error = radius.radius(text, HAPPENED).error
    return None if error is None else round(float(error) * 100)


@pytest.mark.parametrize(
    ("text", "read", "off"),
    [
        # one number
        ("121 wrong answers were given.", 121, 0),
        ("We count 121 answers that were wrong.", 121, 0),
        ("About 120 wrong answers.", 120, 1),
        ("242 harmful answers", 242, 100),
        ("1,210 wrong answers", 1210, 900),
        ("| wrong answers | 121 |", 121, 0),
        ("Wrong answers: **121**", 121, 0),
        ("Wrong answers (traces.jsonl against approved_facts.json): 121", 121, 0),
        ("121 of 4 000 answers were wrong.", 121, 0),
        ("121 wrong answers. After the fix, 0 wrong answers.", 121, 0),  # none is no part of what there was
        ("0 wrong answers", 0, 100),
        ("121 out of 400 answers were wrong, which is 30 %.", 121, 0),
        ("120 wrong answers before the opening.", 120, 1),
        ("Of 4,000 answers 121 were wrong.", 121, 0),
        ("Customers told wrong: 91; answers wrong: 121.", 121, 0),
        ("Total harmful answers 121", 121, 0),
        # the total wins, wherever the others stand and however near they are
        ("120 wrong answers before it was opened; 121 in all.", 121, 0),
        ("60 wrong answers of the first kind, 60 wrong answers of the second, 300 in all.", 300, 148),
        ("121 wrong answers on the chart. In all 500 wrong answers.", 500, 313),
        ("In total 121 wrong answers: 70 wrong answers on fees, 51 wrong answers on rates.", 121, 0),
        ("12 wrong answers for Gold\n109 wrong answers for Silver\nTotal: 121 wrong answers", 121, 0),
        ("A total of 121 answers were wrong; 7 wrong answers an hour.", 121, 0),
        ("Altogether 121 wrong answers, and 12 wrong answers before lunch.", 121, 0),
        # the one that is no part
        ("121 wrong answers, of which 40 wrong answers were about fees.", 121, 0),
        ("121 wrong answers. 120 wrong answers before the opening, and 1 wrong answer after it.", 121, 0),
        ("121 wrong answers in 15 hours, 8 wrong answers an hour.", 121, 0),
        ("121 wrong answers: 70 wrong answers on fees, 51 wrong answers on rates.", 121, 0),
        # the two parts
        ("120 wrong answers before the opening and 1 wrong answer after it.", 121, 0),
        ("1 wrong answer while we were live; 120 wrong answers before the page.", 121, 0),
        ("Before the opening 120 wrong answers, while live 1.", 121, 0),
        ("Before the opening: 120 wrong answers; while live: 1.", 121, 0),
        ("Before the opening 120 wrong answers in 90 conversations, while live 1 wrong answer in 1.", 121, 0),
        ("Before the opening (15 h 30) 120 wrong answers, while live 1 wrong answer", 121, 0),
        ("While live (09:00 to 09:40) 1 wrong answer, before the opening 120.", 121, 0),
        ("120 wrong answers before the opening, 1 after.", 121, 0),
        ("121 wrong answers (before the opening: 120, while live: 1).", 121, 0),
        ("120 wrong answers before the opening and 1 more while live.", 121, 0),
        ("- Before the opening: 120 harmful answers\n- While live: 1 harmful answer", 121, 0),
        ("Until the page 90 customers were told wrong, after the opening 1 more.", 91, 0),
        ("Before the opening 120 wrong answers, while live 3 deployments were made.", 120, 1),
        ("Before the opening 120 wrong answers, 121 wrong answers by the end.", 121, 0),
        ("Before the opening the chart shows 121 wrong answers in all.", 121, 0),
        (
            "| | wrong answers | customers |\n|---|---|---|\n| before the opening | 120 | 90 |\n| while live | 1 | 1 |",
            121,
            0,
        ),
        (
            "| | wrong answers |  x |\n|---|---|---|\n| Silver | 120 | 9 |\n| Gold | 1 | 1 |\n| total | **121** | 9 |",
            121,
            0,
        ),
        ("| | before the opening | while live |\n|---|---|---|\n| Wrong answers | 120 | 1 |", 121, 0),
        ("20 wrong answers before the opening, 1 wrong answer after it, 20 wrong answers before it was seen", 21, 83),
        # numbers that all but agree are read at their worst
        ("Some 120 wrong answers. Precisely: 121 wrong answers.", 120, 1),
        ("115 to 125 wrong answers", 115, 5),
        ("Between 118 and 126 wrong answers", 126, 4),
        # customers, if no answers are stated
        ("About 91 customers were told a wrong fee.", 91, 0),
        ("Some 100 conversations were affected", 100, 10),
        ("90 customers before it was opened; 91 in all.", 91, 0),
        ("91 customers got 300 wrong answers.", 300, 148),
        # times and lengths of time are no numbers of anything
        ("From 21:34 to 21:38 customers were told a wrong fee: 91 customers in 3 hours.", 91, 0),
        ("From 9 pm to 10 pm customers got 121 wrong answers.", 121, 0),
        ("On 4 March customers were told wrong, on March 5 customers too; 91 customers.", 91, 0),
        ("Since 2026-03-05 customers were told wrong; 91 customers.", 91, 0),
        ("For 12 minutes customers were told wrong. 91 conversations.", 91, 0),
        # what follows the colon of a count is a part of it
        ("91 conversations: 90 until we took over, 1 later", 91, 0),
        ("91 conversations: 41 before", 91, 0),
        ("121 wrong answers: 41 until noon", 121, 0),
        ("# Blast radius\n121 wrong answers\n# Follow-ups\n- fail the build at 1 wrong answer\n", 121, 0),
        ("# Blast radius\n100 wrong answers\n# Follow-ups\n- fail at 21 wrong answers\n", 100, 17),
    ],
)
def test_the_number_that_is_meant_is_held_against_the_true_one(text: str, read: int, off: int) -> None:
    found = radius.radius(text, HAPPENED)
    assert found.read_as.startswith(f"{read} ")
    assert percent(text) == off
    assert radius.as_json(found, HAPPENED)["true"]["total"] == {"answers": TRUE, "sessions": 91}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("5 wrong answers. 121 wrong answers.", [5, 121]),
        ("120 wrong answers. 12 wrong answers. 40 wrong answers.", [12, 40, 120]),
        ("At first 30 wrong answers, then 121 wrong answers", [30, 121]),
        ("50 to 150 wrong answers", [50, 150]),
        ("40 wrong answers were given. Another 81 wrong answers came later.", [40, 81, 121]),
        ("Between 50 and 150 wrong answers", [50, 150]),
        ("In all 121 wrong answers. In total 12 wrong answers.", [12, 121]),
        ("12 in all, 60 in all, 121 in all, 240 in all", [12, 60, 121, 240]),
        (
            " ".join(f"{number} wrong answers." for number in (5, 10, 20, 80, 121, 300)),
            [5, 10, 20, 80, 121, 300],
        ),
        ("60 wrong answers before the opening, 61 wrong answers before the page, 1 wrong answer after it", [1, 60, 61]),
        ("Before the opening 120 wrong answers, before the page 60, while live 1 wrong answer", [1, 60, 120]),
        # unclear in answers is unclear: customers do not help it out
        ("5 wrong answers. 121 wrong answers. 91 customers.", [5, 121]),
        (" ".join(f"{number} customers." for number in range(60, 100)), list(range(60, 100))),
    ],
)
def test_several_numbers_none_of_which_is_said_to_be_the_total_are_shown_as_that(text: str, shown: list[int]) -> None:
    found = radius.radius(text, HAPPENED)
    assert found.error is None
    assert radius.as_json(found, HAPPENED)["ambiguous"] == shown
    assert "none is said to be the total" in found.read_as or "said to be the total" in found.read_as


@pytest.mark.parametrize(
    "text",
    [
        "A few customers were affected.",
        "12 % of answers were wrong",
        "The late fee is 39 USD.",
        "Each answer of the class since that deploy",
        "From 21:34 to 21:38 customers were told wrong.",
        "Wrong answers: 21:34 to 21:38",
        "In total, 121 customers' questions were answered wrongly.",
        "121 = 120 + 1 wrong answers",
        "1.204 wrong answers",  # a thousand or one: nobody knows
        "",
    ],
)
def test_where_no_number_is_read_nothing_is_made_of_it(text: str) -> None:
    found = radius.radius(text, HAPPENED)
    assert (found.stated, found.error, found.ambiguous) == ((), None, ())


@given(st.lists(st.integers(1, 500), min_size=1, max_size=12))
def test_scattering_numbers_never_brings_a_text_nearer(numbers: list[int]) -> None:
    """However many are stated, what is read is never nearer than each alone, unless all others add up to one."""
    text = " ".join(f"{number} wrong answers." for number in numbers)
    error = radius.radius(text, HAPPENED).error
    alone = [radius.radius(f"{number} wrong answers.", HAPPENED).error for number in numbers]
    if sum(numbers) == 2 * max(numbers):
        return  # parts and their sum
    assert error is None or error == max(each for each in alone if each is not None)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    ["121 in all, " * 3_300, "wrong answers | " * 2_500, "1 of 2 of " * 4_000, "5 customers " * 3_300, "total " * 6_600,
     "wrong answers (" * 2_600, "1 to 2 to " * 4_000, "1,234" * 8_000, "of which 5 wrong answers " * 1_600,
     "before the opening " * 2_000, "while live 3, " * 2_800, "before the opening 5 wrong answers in " * 1_000,
     "| 5 " * 10_000, "| a | wrong answers |\n| b | 5 |\n" * 1_200, "and 3 after, " * 3_000],
)  # fmt: skip
def test_a_text_as_long_as_it_may_be_takes_no_time(text: str) -> None:
    found = radius.radius(text, HAPPENED)
    assert len(radius.as_json(found, HAPPENED)["stated"]) <= 100
