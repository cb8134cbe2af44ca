"""A post-mortem that was written in earnest, at the end of ninety minutes: what it says is read, in its own words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from exams.models import StatusUpdate
from grading.evidence.seen import counts_wrong_answers
from grading.followups import follow_ups
from grading.followups_headings import announces
from grading.ground_truth import Harm, KeyEvent, Moment
from grading.postmortem import actions, latent, radius, reading, timeline
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


# --- Timeline ---------------------------------------------------------------------------------------------------------

SERVER = datetime(2026, 11, 21, 23, 55, 59, tzinfo=UTC)
PAGED = datetime(2026, 1, 6, 14, 41, 19, tzinfo=UTC)


def recorded(name: str, seconds: float, what: str) -> KeyEvent:
    return KeyEvent(
        name, what, Moment(SERVER + timedelta(seconds=seconds), PAGED + timedelta(seconds=seconds)), key=False
    )


RECORD = (
    recorded("opened", 0, "the incident was opened"),
    recorded("diagnosis-1", 387.5, "a diagnosis was filed"),
    recorded("stakeholders-2", 409.8, "a status update was posted to stakeholders"),
    recorded("compliance-2", 410.4, "a status update was posted to compliance"),
    recorded("diagnosis-2", 427.3, "a diagnosis was filed"),
    recorded("run-1", 1100, "a run was asked for"),
    recorded("asked", 1211, "executive: Ottilie Frank"),
    recorded("stakeholders-4", 1217.6, "a status update was posted to stakeholders"),
    recorded("engineering-2", 1393.6, "a status update was posted to engineering"),
)


def pairs(lines: str) -> list[tuple[str, int]]:
    found, _ = reading.best(
        timeline.entries(f"## Timeline\n{lines}\n"), RECORD, reading.readings(SERVER, PAGED, (UTC,))
    )
    return [(pair.event.id, round(pair.error.total_seconds())) for pair in found.pairs]


def written(time: str) -> str:
    return next(line for line in WRITTEN.splitlines() if line.startswith(f"| {time}"))


def test_what_was_told_to_somebody_is_the_update_to_them() -> None:
    assert pairs(written("00:02:49")) == [("stakeholders-2", 0)]
    assert pairs("- 00:02:49 scope told to compliance") == [("compliance-2", 0)]
    assert pairs("- 00:02 update to compliance") == [("compliance-2", -49)]
    assert pairs("- 00:15 update to engineering") == [("engineering-2", -253)]
    assert pairs("- 00:03:06 root cause found and told to engineering") == [("diagnosis-2", 0)]


def test_what_others_asked_for_and_what_was_owed_is_no_act_of_the_learner() -> None:
    assert pairs(written("00:13:00")) == [("engineering-2", 0)]
    assert pairs("- 00:16:12 the COO asks for it") == []
    assert pairs("- 00:16:12 Ottilie Frank asks for a status update") == [("asked", 2)]
    assert pairs("- 00:16:12 update promised to stakeholders is overdue") == []
    assert pairs("- 00:14:19 we asked for a run") == [("run-1", 0)]


# --- When the wrong answers were seen ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (
            "First count, still to be checked: 226 answers with a wrong product between 11:42 and 14:40, and more now.",
            True,
        ),
        ("226 customers were told a wrong figure between 11:42 and 14:40.", True),
        ("In the traces I count at least 40 wrong answers.", True),
        ("I do not yet know which questions are affected, how many customers, or why.", False),
        ("The page tells of 4 wrong answers.", False),
        ("There could be 226 wrong answers.", False),
        ("4 customers complained about wrong answers.", False),
        ("There are 5000 wrong answers.", False),
        ("0 wrong answers since the opening.", False),
        ("We are looking. Some answers are wrong.", False),
    ],
)
def test_who_counts_the_wrong_answers_has_seen_them(text: str, seen: bool) -> None:
    update = StatusUpdate(text=text, impact="", state="investigating")
    assert counts_wrong_answers(update, 2 * 237) is seen
    assert counts_wrong_answers(StatusUpdate(text="I look.", impact=text, state="investigating"), 474) is seen
