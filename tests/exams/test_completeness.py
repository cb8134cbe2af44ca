"""What a hand-in lacks is found by form: a heading with the name in it, and anything at all below."""

from __future__ import annotations

import time
from typing import Any

import pytest

from exams import receipts, submit
from exams.completeness import missing
from exams.models import Draft, Event, HandIn
from exams.twins.definition import Deliverable, Twin
from tests.attempts import NOON, definition, live_attempt
from tests.people import Cast, client_of
from tests.work import EARLY, POSTMORTEM_CLOSES, save

SECTIONS = ["Timeline", "Root cause", "Blast radius", "Follow-ups"]
WHOLE = "\n\n".join(f"## {name}\n\nSomething." for name in SECTIONS)


def postmortem() -> list[Deliverable]:
    return list(Twin.from_json(definition()).deliverables_of("postmortem"))


def absent(content: Any) -> list[str]:
    return [each.removeprefix("postmortem: ") for each in missing({"postmortem": content}, postmortem())]


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        WHOLE.replace("## ", "# ").upper(),
        "# PM\n"
        + WHOLE.replace("## Root cause", "### 2. Root causes, and why").replace("Follow-ups", "Follow up items"),
        "Timeline\n===\nx\n\nRoot cause\n---\nx\n\n**Blast radius:**\nx\n\nFollowups: none",
        "**Timeline:** 12:00 it began\n**Root cause**: tiers\nBlast radius: 12 people\nFollow-ups:\n- one @ada",
        "Timeline:\n```\n# no heading\n```\n## Root cause\n### Trigger\nx\n## Blast radius\nx\n## Follow-ups\n| a |",
        {"Timeline": "x", "Root cause": "x", "Blast radius": "x", "Follow-ups": ["x"]},
        {"text": WHOLE},
    ],
)
def test_all_sections_are_found_however_they_are_headed(text: Any) -> None:
    assert absent(text) == []


@pytest.mark.parametrize("section", SECTIONS)
def test_each_section_is_missed_when_it_has_no_heading_or_nothing_below_it(section: str) -> None:
    assert absent(WHOLE.replace(f"## {section}\n\nSomething.", "")) == [section]
    assert absent(WHOLE.replace(f"## {section}\n\nSomething.", f"## {section}\n\n---\n")) == [section]
    assert absent({name: "" if name == section else "x" for name in SECTIONS}) == [section]


@pytest.mark.parametrize("text", ["It began", "the timeline and the root cause were clear", {"summary": "x"}])
def test_prose_that_mentions_a_section_is_none(text: Any) -> None:
    assert absent(text) == SECTIONS


def test_a_document_that_is_not_there_is_named_once() -> None:
    assert missing({}, postmortem()) == ["postmortem"]
    assert missing({"postmortem": " \n"}, postmortem()) == ["postmortem"]


@pytest.mark.parametrize(
    "text",
    ["# " + " " * 40_000 + "x", "*" * 40_000, "#" * 40_000, "x:" * 20_000, "=\n" * 20_000,
     # a deadline is closed for many learners at once, each with a draft of up to four bytes a character
     "# " + "a " * 40_000 + "\n" + "x\n" * 40_000, "# a\nx\n" * 25_000],
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()
    absent(text)
    assert time.process_time() - began < 1


@pytest.mark.django_db
@pytest.mark.parametrize(("at", "status"), [(EARLY, 201), (POSTMORTEM_CLOSES, 202)])
def test_answer_and_receipt_list_the_sections_in_time_and_late(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, at: Any, status: int
) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    client = client_of(cast.learner)
    receipts_at = f"/api/v1/attempts/{attempt.pk}/receipts/"
    assert all(each["missing"] == [] for each in client.get(receipts_at).json()["receipts"])
    monkeypatch.setattr("exams.database_clock.database_now", lambda: at)  # every doorway is imported by now
    text = WHOLE.replace("## Blast radius", "## Elsewhere")
    body = {"deliverables": {"postmortem": text}, "self_checks": {"F3": "yes"}}
    answer = client.post(f"/api/v1/attempts/{attempt.pk}/stages/postmortem/hand-in/", body, format="json")
    assert answer.status_code == status
    assert answer.json()["missing"] == ["postmortem: Blast radius"]
    receipt = answer.json()["receipt"]
    assert receipt["missing"] == ["postmortem: Blast radius"]
    assert receipt["message"].endswith(" Missing in it: postmortem: Blast radius.")
    kept = client.get(receipts_at).json()["receipts"][-1]
    assert (kept["number"], kept["missing"]) == (receipt["number"], receipt["missing"])


@pytest.mark.django_db
def test_the_receipt_of_the_deadline_lists_them_too(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    save(attempt, "postmortem", "## Timeline\n12:00 it began")
    submit.close_overdue(POSTMORTEM_CLOSES)
    closed = {each.stage: each for each in receipts.of(attempt) if each.kind == receipts.CLOSED}
    assert closed["live"].missing == ("diagnosis", "hotfix")
    assert closed["postmortem"].missing == tuple(f"postmortem: {name}" for name in SECTIONS[1:])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sent", "kind"), [(42, "a number"), (0.5, "a number"), (True, "true or false"), (["x"], "a list")]
)
@pytest.mark.parametrize("door", ["hand-in", "draft"])
def test_what_is_no_text_is_refused_and_says_what_is_expected(cast: Cast, door: str, sent: Any, kind: str) -> None:
    attempt = live_attempt(cast.learner)
    base = f"/api/v1/attempts/{attempt.pk}"
    client = client_of(cast.learner)
    before = Event.objects.count()
    if door == "draft":
        answer = client.put(f"{base}/drafts/diagnosis/", {"content": sent}, format="json", HTTP_IF_MATCH='"0"')
    else:
        body = {"deliverables": {"diagnosis": sent}, "self_checks": {"F1": "yes"}}
        answer = client.post(f"{base}/stages/live/hand-in/", body, format="json")
    assert answer.status_code == 400
    assert (
        f"Diagnosis is expected as text (Markdown), or as an object of texts by name; this is {kind}."
        in (answer.json()["detail"])
    )
    assert not HandIn.objects.exists()
    assert not Draft.objects.exists()
    assert Event.objects.count() == before
