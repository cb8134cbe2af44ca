"""A post-mortem that was written in earnest, at the end of ninety minutes: what it says is read, in its own words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from grading.followups import follow_ups
from grading.followups_headings import announces
from grading.ground_truth import Harm
from grading.postmortem import actions, latent, radius
from tests.grading.test_aligning import HAPPENED

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


# --- Latent period and blast radius -----------------------------------------------------------------------------------

TRUE = {"onset to opening": timedelta(seconds=10_698), "deployed to opening": timedelta(seconds=11_016)}


def test_the_latent_period_is_told_on_a_later_line_of_its_paragraph() -> None:
    found = latent.latent(WRITTEN, TRUE)
    assert found.told
    assert found.read_as == "deployed to opening"
    assert found.length == timedelta(seconds=11_016)
    assert found.text.startswith("first alert; 2 h 53 min 43 s")
    assert WRITTEN.splitlines()[found.line - 1] == found.text if found.line else False


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("How long it lay hidden. From release to page it took 3 h 4 min.", True),
        ("The fault lay hidden\nfor three hours.", True),
        ("It lay hidden. The page came late.\nIt took 3 h 3 min from r9 going live to the page.", True),
        ("How long it lay hidden: 3 h from the alert to the page.", False),
        ("How long it lay hidden: 3 h from release to the end of the harm.", False),
        ("It lay hidden.\nThe meeting took 3 hours.", False),
        ("It lay hidden.\n\nFrom release to page 3 h.", False),
        ("- It lay hidden\n- the meeting took 3 hours", False),
    ],
)
def test_a_length_counts_for_the_ends_that_its_words_name(text: str, told: bool) -> None:
    assert latent.latent(text, TRUE).told is told


def test_a_total_in_bold_is_the_total_whatever_was_told_is_called() -> None:
    happened = replace(HAPPENED, before=Harm(226, 226), live=Harm(11, 11))
    found = radius.radius(WRITTEN, happened)
    assert found.read_as == "237 answers, said to be all of them, against 237 answers"
    assert found.error == 0
    text = "# Blast radius\n226 conversations. In all **237** wrong figures."
    assert radius.radius(text, happened).read_as.startswith("237 answers, said to be all of them")
