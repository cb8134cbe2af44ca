"""Follow-ups are found under their heading, as list or table, each with the owner it names."""

from __future__ import annotations

import pytest

from grading.followups import FollowUp, follow_ups


def owners(text: str) -> list[str | None]:
    return [each.owner for each in follow_ups(text)]


def test_bulleted_follow_ups_with_and_without_an_owner() -> None:
    text = """# Post-mortem
## Timeline
- 12:03 owner: nobody here counts
## Follow-ups
- Add a canary on tier questions. Owner: Priya Nair, due 2026-07-01
- [ ] Alert on answer conflicts (owner: @sam)
1. Write it down
* Review prompts weekly, assigned to Data Platform
## Appendix
- Owner: not a follow-up
"""
    assert owners(text) == ["Priya Nair", "@sam", None, "Data Platform"]


def test_a_name_set_apart_before_a_date_is_an_owner() -> None:
    text = """## Follow-ups
- Write to the customers (Support, Greta), by 24 November
- Review all keys [Lee] [2026-12-02]
- Make rollback one command; Tom, by the end of the month
- Teach the rota (Greta, within two weeks)
- Drill it; Measured by a drill under 5 minutes
- Remove the default (CI, Silver and Gold)
"""
    assert owners(text) == ["Greta", "Lee", "Tom", "Greta", None, None]


def test_a_table_names_owners_in_its_column() -> None:
    text = """### Action items
| What | Owner | Due |
|---|---|---|
| Pin the index | Kim Park | 2026-07-01 |
| Probe daily | TBD | 2026-07-02 |
"""
    assert owners(text) == ["Kim Park", None]


def test_a_table_says_in_a_column_of_its_own_when_an_item_is_done() -> None:
    rows = "| Test a block | Kim Park | 2026-07-01 | red on r7 |\n| Be careful | everybody | soon | |"
    text = f"## Follow-ups\n| What | Owner | Due | Done when |\n|---|---|---|---|\n{rows}\n"
    first, second = follow_ups(text)
    assert first == FollowUp("Test a block | Kim Park | 2026-07-01 | done when red on r7", "Kim Park")
    assert second == FollowUp("Be careful | everybody | soon | ", None)


def test_an_item_that_goes_on_below_is_one_item() -> None:
    assert owners("## Corrective actions\n- Add a gate\n  Owner: Lee\n- Other\n") == ["Lee", None]


def test_sub_headings_stay_within_their_section() -> None:
    text = "## Follow-ups\n### Prevent\n- a, owner: Ann\n### Detect\n- b, owner: Bo\n## End\n- c, owner: Cy\n"
    assert owners(text) == ["Ann", "Bo"]


@pytest.mark.parametrize("word", ["TBD", "none", "?", "n/a", "-", "everybody", "all of us"])
def test_nobody_is_no_owner(word: str) -> None:
    assert owners(f"**Follow-ups**\n- Do it, owner: {word}\n") == [None]


@pytest.mark.parametrize("text", ["", "No follow ups were agreed.", "## Follow-ups\n\nWe will do better.\n"])
def test_prose_holds_no_follow_ups(text: str) -> None:
    assert follow_ups(text) == []


def test_a_long_hostile_line_is_read_in_no_time() -> None:
    assert owners("## Follow-ups\n- owner: " + "a " * 20_000 + "\n") == [None]


@pytest.mark.timeout(10)
def test_an_item_of_very_many_lines_is_read_once() -> None:
    (found,) = follow_ups("## Follow-ups\n- Add a test\n" + "  y\n" * 40_000 + "  owner: Ada\n")
    assert found.owner == "Ada"


def test_a_row_keeps_its_columns_whatever_stands_below_the_table() -> None:
    (found,) = follow_ups(
        "## Follow-ups\n| what | owner |\n|---|---|\n| Add a test | Ada |\n\n  All of these are agreed.\n"
    )
    assert (found.owner, found.columns["what"]) == ("Ada", "Add a test")


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "line", ["- " + " " * 40_000, "# " + " " * 40_000 + "x", "- x" + " " * 40_000, "**" + " " * 40_000]
)
def test_long_runs_of_blanks_cost_nothing(line: str) -> None:
    assert follow_ups(f"## Follow-ups\n{line}\n") in ([], [FollowUp("x", None)])
