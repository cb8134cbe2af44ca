"""A post-mortem that was written in earnest, at the end of ninety minutes: what it says is read, in its own words."""

from __future__ import annotations

from pathlib import Path

import pytest

from grading.followups import follow_ups
from grading.followups_headings import announces
from grading.postmortem import actions

WRITTEN = (Path(__file__).parent / "sat_postmortem.md").read_text()


# --- Follow-ups -------------------------------------------------------------------------------------------------------


def test_the_title_of_a_document_about_follow_ups_is_no_heading_of_follow_ups() -> None:
    found = follow_ups(WRITTEN)
    assert len(found) == 8
    assert all(each.owner for each in found)


def test_a_title_announces_nothing_unless_it_says_nothing_else() -> None:
    below = "## Timeline\n- 09:00 seen\n## What we learned\n- much\n"
    assert follow_ups("# Post-mortem: follow-ups\n" + below) == []
    assert [each.text for each in follow_ups("# Follow-ups\n## Prevent\n- Add a probe\n")] == ["Add a probe"]
    both = "# Follow-ups\n- 09:00 a customer asks\n## Action items\n- Add a probe\n"
    assert [each.text for each in follow_ups(both)] == ["Add a probe"]
    level = "# Follow-ups\n- Add a probe\n# Timeline\n- 09:00 seen\n"
    assert [each.text for each in follow_ups(level)] == ["Add a probe"]


@pytest.mark.parametrize(
    "heading",
    [
        "Follow-ups", "5. Follow-ups", "VI. Follow ups:", "Action items", "Follow-up actions", "Next steps", "To do",
        "Lessons learned and follow-ups", "Follow-ups (owners and dates)", "Follow-ups: prevent, detect, mitigate",
        "Corrective and preventive actions", "What we do next", "What we will change", "Actions", "Actions and owners",
        "Follow-ups for the team", "Immediate next steps",
    ],
)  # fmt: skip
def test_a_heading_that_is_about_actions_announces_them(heading: str) -> None:
    assert announces(heading)


@pytest.mark.parametrize(
    "heading",
    [
        "Follow-ups answered for somebody else's product", "How follow-ups lost their product", "Wrong follow-ups",
        "Follow-up questions", "Follow-ups: what customers asked", "Follow-ups that name no product",
        "Every follow-up got somebody else's figure", "Actions taken during the incident", "What we did",
    ],
)  # fmt: skip
def test_a_heading_about_what_customers_asked_announces_none(heading: str) -> None:
    assert not announces(heading)


def test_a_row_is_read_by_the_heads_of_its_columns() -> None:
    found = [actions.action(each) for each in follow_ups(WRITTEN)]
    assert [(each.verb, each.due) for each in found] == [
        ("write", "2026-01-09"),
        ("get", "2026-01-07"),
        ("keep", "2026-01-08"),
        ("guard", "2026-01-20"),
        (None, "2026-01-15"),
        (None, "2026-01-08"),
        (None, "2026-01-15"),
        ("ask", "2026-01-12"),
    ]
    assert found[0].owner == "Judith Kerr (support)"
    assert found[1].owner == "Emeka Mbeki"
    assert found[1].end == "11 sessions added to the list"


def test_a_kind_is_no_verb_and_a_name_in_backticks_no_date() -> None:
    (kind,) = follow_ups("## Follow-ups\n| Kind | Change | Who |\n|--|--|--|\n| prevent | better tests | Lee |\n")
    assert actions.action(kind).verb is None
    (name,) = follow_ups("## Follow-ups\n- Ask whether `tomorrow` is right, owner: Judith Kerr (support), 2026-01-12\n")
    assert (actions.action(name).due, name.owner) == ("2026-01-12", "Judith Kerr")
