"""Whole attempts as a mentor reads them: what happened, what was claimed, what the fix did, what the bands propose."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from rest_framework import serializers

from exams import incident, ledger
from exams.coworkers.answers import Asked
from exams.live import file_diagnosis, post_update
from exams.live.deployments.moving import announce_due
from exams.models import Attempt, Event, HandIn, Stage, StatusUpdate, Submission
from exams.packs.causes import Cause, Component
from grading import evidence, queue, run
from grading.evidence.effect import Effect
from grading.evidence.figures import figures, minutes
from grading.evidence.ground import ground_truth
from grading.evidence.kept import Kept
from grading.evidence.told import updates
from grading.models import ReproCheck
from rubrics.api.evidence_shapes import EvidenceBody
from tests.attempts import NOON, live_attempt
from tests.deployed import deployed, fixed, refusing, replayed
from tests.grading import work
from tests.packs import CATALOGUE

if TYPE_CHECKING:
    from datetime import datetime

    from sandboxes.fake_sandbox import FakeSandbox
    from sandboxes.ingest.tree import Tree
    from tests.people import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("once")]

TRUTH = {
    "component": "server",
    "files": ["assistant/server.py"],
    "deployed_at": "2026-03-04T16:30:00Z",
    "first_wrong_at": "2026-03-04T16:42:00Z",
    "opened_at": "2026-03-05T08:00:00Z",
    "wrong_answers_before_opening": 120,
    "customers_told_wrong": 90,
}


@pytest.fixture
def attempt(cast: Cast) -> Attempt:
    """Ada's attempt on the first class of the small pack, begun at noon."""
    begun = live_attempt(cast.learner, started_at=NOON)
    rival = {"T1": "T2", "T2": "T1"}[begun.incident_class]
    own = {"failure_class": begun.incident_class, "rivals": {rival: "its questions are answered rightly"}}
    Attempt.objects.filter(pk=begun.pk).update(truth=TRUTH | own)
    begun.refresh_from_db()
    return begun


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def update(
    attempt: Attempt, minute: float, text: str, *, state: str = "investigating", audience: str = "stakeholders"
) -> None:
    post_update(
        attempt=attempt,
        audience=StatusUpdate.Audience(audience),
        state=StatusUpdate.State(state),
        text=text,
        impact="Customers are told wrong late fees.",
        next_update_at=at(minute + 15) if state != "resolved" else None,
        actor=attempt.learner,
        received_at=at(minute),
    )


def diagnose(
    attempt: Attempt,
    minute: float,
    *,
    failure_class: str,
    component: str = "assistant/server.py",
    reproduces: bool = True,
) -> None:
    filed = file_diagnosis(
        attempt=attempt,
        component=component,
        failure_class=failure_class,
        explanation="It mixes up tiers.",
        repro=["What is the late fee of Ridge Silver?"],
        actor=attempt.learner,
        received_at=at(minute),
    )
    assert filed.diagnosis is not None
    ReproCheck.objects.create(
        diagnosis=filed.diagnosis, reproduces=reproduces, cause_matches=True, checked_at=at(minute), transcript=[]
    )


def hand_in(attempt: Attempt, hotfix: Tree, fake: FakeSandbox, *, test: str | None = work.SOUND) -> Submission:
    """Handed in after an hour, and graded when the window had closed."""
    submitted = work.tree(test, hotfix=hotfix)
    submission = work.submit(attempt, submitted, hand_in=True, received_at=at(60))
    queue.enlist(now=at(91))
    graded = set()
    while held := queue.claim(worker="w", now=at(91)):  # what was deployed may still be waiting, and comes first
        queue.finish(held, run.find(held, sandbox=fake), now=at(92))
        graded.add(held.submission.pk)
    assert submission.pk in graded
    return submission


def read(attempt: Attempt, *, minute: float = 95) -> dict[str, Any]:
    """The evidence as it goes over the wire."""
    found: dict[str, Any] = json.loads(json.dumps(evidence.collect(attempt, now=at(minute)), cls=DjangoJSONEncoder))
    return found


def proposed(found: dict[str, Any]) -> dict[str, str | None]:
    return {row["dimension"]: row["proposed"] for row in found["proposals"]}


def cites(value: Any) -> set[tuple[str, str]]:
    """Every citation in a page, wherever it stands."""
    if isinstance(value, dict):
        own = {(one["kind"], one["ref"]) for one in value.get("cites", [])}
        return own.union(*(cites(each) for each in value.values()))
    return set().union(*(cites(each) for each in value)) if isinstance(value, list) else set()


_PLAYED: list[tuple[dict[str, Any], set[tuple[str, str]]]] = []  # once: grading it takes seconds


@pytest.fixture
def good(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The page of an attempt that went well; see `play`."""
    if not _PLAYED:
        attempt = request.getfixturevalue("attempt")
        page = play(attempt, request.getfixturevalue("fake"))
        seqs = Event.objects.filter(attempt=attempt).values_list("seq", flat=True)
        runs = Submission.objects.filter(attempt=attempt).values_list("pk", flat=True)
        _PLAYED.append((page, {("event", str(seq)) for seq in seqs} | {("run", str(pk)) for pk in runs}))
    return _PLAYED[0][0]


def play(attempt: Attempt, fake: FakeSandbox) -> dict[str, Any]:
    """Told at once, found in 20 minutes, live after 31, handed in with a sound test, and written up."""
    replayed(fake, at=NOON)
    update(attempt, 4, "We are looking into wrong late fees.")
    update(attempt, 15, "We have identified the cause.", state="identified")
    diagnose(attempt, 20, failure_class=attempt.incident_class)
    update(attempt, 28, "We have informed compliance: 90 customers were told a wrong fee.", audience="compliance")
    update(attempt, 29, "A fix is being tested.", state="identified")
    deployed(attempt, work.tree(hotfix=fixed(attempt)), at=at(30))
    replayed(fake, at=at(30))
    with transaction.atomic():
        assert announce_due(ledger.hold(attempt.pk), now=at(32)) == 1
    update(attempt, 40, "The fix is live since 12:31 and customers now get correct answers.", state="resolved")
    update(attempt, 41, "We will write to those who were told wrong.", state="resolved", audience="compliance")
    hand_in(attempt, fixed(attempt), fake)
    hand_in_stage = Stage.objects.get(attempt=attempt, key="postmortem")
    HandIn.objects.create(
        attempt=attempt,
        stage=hand_in_stage,
        number=1,
        received_at=at(120),
        deliverables={"postmortem": {"Timeline": TIMELINE, **REST}},
        content_sha256="0" * 64,
    )
    return read(attempt, minute=121)


TIMELINE = """- 2026-03-04 16:30 the release that mixes up tiers was deployed
- 2026-03-04 16:42 the first customer was told a wrong fee
- 12:00 the incident was opened
- 12:15 we identified it
- 12:20 root cause confirmed
- 12:31 the fix went live
- 12:40 resolved
"""
REST = {
    "Root cause": "Tiers were mixed up. Priya deployed it; no test covered tiers. It lay hidden for 15 h 30.",
    "Blast radius": "120 wrong answers before the opening, and 1 wrong answer after it.",
    "Follow-ups": "- Alert when more than 2 % of answers conflict, owner: Lee, by 2026-12-01\n"
    "- Probe every tier in CI, owner: Kim, within 2 weeks\n"
    "- Document how to roll back, owner: Lee, by Friday\n",
}


def test_a_post_mortem_is_held_against_the_record(good: dict[str, Any]) -> None:
    read = good["postmortem"]
    assert read["timeline"]["recall"] == {"part": 6, "of": 6, "share": 1.0}
    assert read["timeline"]["invented"] == read["timeline"]["missing"] == read["timeline"]["inversions"] == []
    assert read["latent_period"]["told"]
    assert read["blame"] == []
    assert [each["complete"] for each in read["follow_ups"]] == [True, True, False]
    total = read["blast_radius"]["true"]["total"]["answers"]
    assert read["blast_radius"]["error"]["share"] == round((total - 121) / total, 4)
    (row,) = [row for row in good["proposals"] if row["dimension"] == "postmortem_quality"]
    assert row["if_you_see"][0]["score"] == "0.50"
    assert row["if_you_see"][0]["asks"] == ["The trigger is right."]


def test_what_really_happened_is_told_with_its_sources(good: dict[str, Any]) -> None:
    happened = good["ground_truth"]
    assert happened["deployed"]["in_incident"] == "2026-03-04T16:30:00Z"
    assert happened["latent_seconds"] == 15.5 * 3600
    assert happened["confirmed"]["seconds_after_opening"] == 20 * 60
    assert happened["mitigated"]["seconds_after_opening"] == 31 * 60
    assert happened["fixed"] == happened["mitigated"]
    assert good["times"]["mitigation"]["seconds_after_start"] == 31 * 60
    radius = happened["blast_radius"]
    assert radius["before_opening"] == {"answers": 120, "sessions": 90}
    assert radius["total"]["answers"] == 120 + radius["while_live"]["answers"]
    assert {each["id"] for each in happened["events"] if each["key"]} == {
        "deployed", "first_harmful", "opened", "detected", "confirmed", "mitigated",
    }  # fmt: skip


def test_every_citation_leads_to_an_event_or_a_run_of_the_attempt(good: dict[str, Any]) -> None:
    _, there = _PLAYED[0]
    assert cites(good) <= there
    assert len(cites(good)) > 8


def unlike(shape: Any, value: Any, at: str = "evidence") -> list[str]:
    """Where a page is not as the interface describes it, key for key."""
    if isinstance(shape, serializers.ListSerializer):
        return [each for place, one in enumerate(value) for each in unlike(shape.child, one, f"{at}[{place}]")]
    if value is None or not isinstance(shape, serializers.Serializer):
        return [] if value is not None or shape.allow_null else [f"{at} is null"]
    found = [f"{at}.{key}" for key in set(shape.fields) ^ set(value)]
    return found + [each for key, one in shape.fields.items() for each in unlike(one, value.get(key), f"{at}.{key}")]


def test_the_page_is_as_the_interface_describes_it(good: dict[str, Any]) -> None:
    assert unlike(EvidenceBody(), good) == []


def test_f_of_the_right_fix_is_one_and_says_by_which_questions(good: dict[str, Any]) -> None:
    f = good["effect"]["f"]
    assert f["value"] == {"exact": "1", "decimal": 1.0}
    assert not any(cap["holds"] for cap in f["caps"])
    parts = {part["part"]: part for part in f["parts"]}
    assert parts["held_out_prompts"]["spoiled"] == parts["held_out_prompts"]["mended"] != []
    assert parts["incident_prompts"]["spoiled"] == parts["incident_prompts"]["mended"] != []
    assert all(part["cells"] for part in f["parts"])
    assert parts["metamorphic"]["share"] is None  # the small pack has no such questions, and so they weigh nothing
    assert parts["metamorphic"]["weight_applied"] is None


def test_both_rates_come_before_and_after_with_their_counts(good: dict[str, Any]) -> None:
    rates = good["effect"]["rates"]
    assert rates["before"]["hallucination"]["part"] > 0
    assert rates["after"]["hallucination"] == {"part": 0, "of": 12, "share": 0.0}
    assert rates["after"]["answers"] == {"part": 12, "of": 12, "share": 1.0}
    verdicts = {row["verdict"]: row for row in good["effect"]["by_verdict"]}
    assert verdicts["correct"]["after"] == 12
    assert sum(row["before"] for row in verdicts.values()) == 12
    mutation = good["effect"]["mutation"]
    assert mutation["caught"] == {"part": 2, "of": 2, "share": 1.0}
    assert [row["kind"] for row in mutation["by_kind"]] == ["refuses everything", "same fault elsewhere"]


def test_claims_are_held_against_what_telemetry_knew_at_that_minute(good: dict[str, Any]) -> None:
    claims = [(claim["in_update"], claim["claim"], claim["standing"]) for claim in good["updates"]["claims"]]
    assert claims == [
        (3, "how_many", "consistent"),
        (5, "over", "consistent"),  # in the state and in the words: the same claim once
        (5, "deployed", "consistent"),
        (6, "over", "consistent"),
    ]
    resolved = good["updates"]["claims"][1]
    assert resolved["telemetry"]["deployment"] == 1
    assert len(resolved["cites"]) == 2
    live = good["updates"]["claims"][2]
    assert live["why"].startswith("Told: 12:31 UTC; deployment 1 went live at 12:31 UTC. ")


def sentences(value: Any, names: set[str]) -> list[str]:
    """What stands under some names in a page, wherever."""
    if isinstance(value, dict):
        own = [
            one
            for name in names & value.keys()
            for one in ([value[name]] if isinstance(value[name], str) else value[name])
        ]
        return own + [one for each in value.values() for one in sentences(each, names)]
    return [one for each in value for one in sentences(each, names)] if isinstance(value, list) else []


def test_what_says_why_is_read_at_a_glance(good: dict[str, Any]) -> None:
    found = sentences(good, {"why", "why_none", "not_told_by_figures", "asks", "says"})
    assert len(found) > 20
    assert max(len(each) for each in found) <= 240
    why = good["updates"]["claims"][0]["why"]
    assert re.match(r"Harmful at that moment: \d+ answers since the opening, ", why)


def test_a_wrong_figure_that_a_later_update_puts_right_says_so(attempt: Attempt, fake: FakeSandbox) -> None:
    replayed(fake, at=NOON)
    update(attempt, 10, "So far 900 customers were told a wrong fee.")
    update(attempt, 20, "We count again: 90 customers were told a wrong fee.")
    first, second = read(attempt)["updates"]["claims"]
    assert (first["standing"], second["standing"]) == ("contradicted", "consistent")
    assert first["why"].startswith("Corrected in update 2 at 12:20 UTC. ")
    assert first["corrected_by"]["update"] == 2
    assert first["corrected_by"]["sentence"] == second["sentence"]
    assert second["corrected_by"] is None
    assert {cite["ref"] for cite in second["cites"]} <= {cite["ref"] for cite in first["cites"]}


def test_good_work_is_proposed_well_and_what_no_figure_tells_is_asked(good: dict[str, Any]) -> None:
    assert proposed(good) == {
        "diagnosis_speed": "0.50",  # more needs a minimal repro, which nobody has tried yet, and a ruled-out rival
        "hotfix_correctness": "0.75",
        "regression_safety": "0.75",  # the class is named; that its test covers it by properties has to be seen
        "postmortem_quality": "0.25",  # more needs a mentor who has read it
        "communication": "0.75",
    }
    higher = {
        row["dimension"]: [each["score"] for each in row["if_you_see"] if not each["cap"]] for row in good["proposals"]
    }
    assert higher["hotfix_correctness"] == ["1.00"]
    assert higher["communication"] == ["1.00"]


def test_refusing_everything_stays_below_the_threshold(attempt: Attempt, fake: FakeSandbox) -> None:
    replayed(fake, at=NOON)
    hand_in(attempt, refusing(attempt), fake)
    found = read(attempt)
    f = found["effect"]["f"]
    assert f["value"]["decimal"] < 0.3
    assert {cap["cap"] for cap in f["caps"] if cap["holds"]} == {"answers_lost", "containment_only"}
    assert proposed(found)["hotfix_correctness"] == "0.00"


def test_doing_nothing_gets_nothing(attempt: Attempt, fake: FakeSandbox) -> None:
    replayed(fake, at=NOON)
    hand_in(attempt, work.PACK.base(work.spec_of(attempt)), fake)
    found = read(attempt)
    assert found["effect"]["f"]["value"]["decimal"] == 0
    assert proposed(found)["hotfix_correctness"] == "0.00"
    assert proposed(found)["regression_safety"] == "0.00"
    assert found["ground_truth"]["mitigated"] is None


def test_saying_resolved_while_customers_are_harmed_is_shown(attempt: Attempt, fake: FakeSandbox) -> None:
    replayed(fake, at=NOON)
    update(attempt, 10, "It is resolved. No customers were affected.", state="resolved")
    found = read(attempt)
    assert {(claim["claim"], claim["standing"]) for claim in found["updates"]["claims"]} == {
        ("over", "contradicted"),
        ("nobody", "contradicted"),
    }
    assert found["updates"]["longest_silence"]["seconds"] == 80 * 60  # whoever is still harmed waits on
    (row,) = [row for row in found["proposals"] if row["dimension"] == "communication"]
    assert row["proposed"] == "0.25"
    assert [each["score"] for each in row["if_you_see"] if each["cap"]] == ["0.00"]


def test_minutes_are_those_of_the_learners_own_clock(attempt: Attempt, fake: FakeSandbox) -> None:
    replayed(fake, at=NOON)
    diagnose(attempt, 72, failure_class=attempt.incident_class)
    assert proposed(read(attempt))["diagnosis_speed"] == "0.25"
    kept = Kept(attempt, at(95))
    assert minutes(kept, at(72)) == 72
    kept.attempt.multiplier_percent = 150
    assert minutes(kept, at(72)) == 48


@pytest.mark.parametrize(("others", "alone"), [(3, "0.50"), (4, "0.25")])
def test_who_names_many_causes_is_proposed_nothing_for_having_named_the_right_one(
    attempt: Attempt, fake: FakeSandbox, monkeypatch: pytest.MonkeyPatch, others: int, alone: str
) -> None:
    more = tuple(Cause(f"X{number}", f"Something else {number}", "", ("server",)) for number in range(others))
    monkeypatch.setattr(incident, "cause_catalogue", lambda _: replace(CATALOGUE, causes=CATALOGUE.causes + more))
    replayed(fake, at=NOON)
    for number, named in enumerate([attempt.incident_class, *(each.key for each in more)]):
        diagnose(attempt, 10 + number, failure_class=named)
    (row,) = [row for row in read(attempt)["proposals"] if row["dimension"] == "diagnosis_speed"]
    assert row["proposed"] == alone
    missing = {why for each in row["if_you_see"] for why in each["not_told_by_figures"]}
    assert any("5 different causes were named" in why for why in missing) is (others == 4)


@pytest.mark.parametrize(("others", "alone"), [(3, "0.25"), (4, "0.00")])
def test_who_goes_through_the_components_is_proposed_nothing_for_having_named_the_right_one(
    attempt: Attempt, fake: FakeSandbox, monkeypatch: pytest.MonkeyPatch, others: int, alone: str
) -> None:
    more = tuple(Component(f"part{number}", f"assistant/part{number}.py", "") for number in range(others))
    wrong = Cause("X", "Something else", "", ("server",))
    catalogue = replace(CATALOGUE, causes=(*CATALOGUE.causes, wrong), components=(*CATALOGUE.components, *more))
    monkeypatch.setattr(incident, "cause_catalogue", lambda _: catalogue)
    replayed(fake, at=NOON)
    for number, named in enumerate(["assistant/server.py", *(each.file for each in more)]):
        diagnose(attempt, 10 + number, failure_class="X", component=named)
    (row,) = [row for row in read(attempt)["proposals"] if row["dimension"] == "diagnosis_speed"]
    assert row["proposed"] == alone
    missing = {why for each in row["if_you_see"] for why in each["not_told_by_figures"]}
    assert any("5 different components were named" in why for why in missing) is (others == 4)


@pytest.mark.parametrize("named", ["the rival", "something of my own"])
def test_a_class_in_own_words_is_for_the_mentor_and_a_wrong_one_is_not(
    attempt: Attempt, fake: FakeSandbox, named: str
) -> None:
    replayed(fake, at=NOON)
    rival = {"T1": "T2", "T2": "T1"}[attempt.incident_class]
    diagnose(attempt, 20, failure_class=rival if named == "the rival" else named)
    (row,) = [row for row in read(attempt)["proposals"] if row["dimension"] == "diagnosis_speed"]
    assert row["proposed"] == "0.25"
    assert bool(row["if_you_see"]) is (named != "the rival")


@pytest.mark.parametrize(
    ("component", "failure_class", "standing", "proposed"),
    [
        ("server", "TRUE", "right", "0.50"),
        ("server", "RIVAL", "component_only", "0.25"),
        ("server", "TRUE + RIVAL", "one_of_two", "0.25"),
        ("kb", "TRUE + RIVAL", "one_of_two", "0.25"),
        ("kb", "TRUE", "class_only", "0.25"),
        ("kb", "RIVAL", "wrong", "0.00"),
        ("my words", "my words", "undecided", None),
    ],
)
def test_how_a_cause_stands_to_the_truth_is_told_to_the_mentor_and_proposed_accordingly(
    attempt: Attempt, component: str, failure_class: str, standing: str, proposed: str | None
) -> None:
    true = attempt.incident_class
    words = failure_class.replace("TRUE", true).replace("RIVAL", {"T1": "T2", "T2": "T1"}[true])
    diagnose(attempt, 50, component=component, failure_class=words)
    found = read(attempt)
    (row,) = [row for row in found["proposals"] if row["dimension"] == "diagnosis_speed"]
    assert row["proposed"] == proposed
    assert bool(row["if_you_see"]) is (standing == "undecided")
    matches = found["diagnoses"][0]["matches_truth"]
    assert matches["standing"] == standing
    assert matches["says"].endswith(".")


@pytest.mark.parametrize(
    ("answered", "now", "in_time", "share"),
    [(7, 30, True, 1), (16, 30, False, 0), (None, 30, False, 0), (None, 12, False, None), (7, 12, True, 1)],
)
def test_what_was_asked_in_the_room_counts_when_it_was_due(
    attempt: Attempt, answered: float | None, now: float, in_time: bool, share: int | None
) -> None:
    kept = Kept(attempt, at(now))
    vars(kept)["asked_in_the_room"] = [
        Asked(
            inject=1,
            key="wants_a_line",
            occurrence=1,
            role="executive",
            name="Greta Ekberg",
            text="One line, please.",
            audiences=("stakeholders",),
            due_at=at(5),
            asked_at=at(5.05),
            answer_by=at(15),
            answered_at=None if answered is None else at(answered),
            update=None,
        )
    ]
    told = updates(kept, ground_truth(kept))
    (row,) = told["asked_in_the_room"]
    assert row["in_time"] is in_time
    figure = figures(kept, Effect(kept), None, told, None)["communication.injects_answered"]
    assert figure.value == share


def test_an_attempt_from_before_any_of_this_still_renders(attempt: Attempt) -> None:
    found = read(attempt)
    assert found["effect"] is None
    assert found["ground_truth"]["blast_radius"]["while_live"] == {"answers": None, "sessions": None}
    assert set(proposed(found).values()) == {"0.00"}
