"""What production shows before an incident opens: true to the code of each release, to what was said, and to itself."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from _pytest.mark.structures import ParameterSet

from exams.packs import Spec
from exams.packs.complaining import CarriedOver
from exams.packs.hallucination import PACK, build, complaints, history, operations
from exams.packs.hallucination.asked import Judge
from exams.packs.hallucination.complaints import UNSURE_SHARE
from exams.packs.hallucination.grievances import COUNTERS, SAID, Texts
from exams.packs.hallucination.hidden import CLASSES
from exams.packs.hallucination.incident import incident, kept_since
from exams.packs.hallucination.letters import ALONE, kind, names_no_product, shown
from exams.packs.hallucination.murmurs import GREETINGS, REFUSED, THANKS, UNSURE, UNSURE_ABOUT, WISHES
from exams.packs.hallucination.pack import LIVE_QUESTIONS, LIVE_SECONDS
from exams.packs.hallucination.sayings import ALARM
from exams.packs.hallucination.traffic import stream
from exams.packs.hallucination.world import DOMAINS

HOUR = timedelta(hours=1)
LOGGED = ("documents", "prompt", "text", "citations", "refused", "guard")
NUMBER = re.compile(r"(?<![\w.-])\d+(?:\.\d+)?(?![\w-])")
QUOTED = re.compile(r"“([^”]*)”")


def _param(key: str) -> ParameterSet:
    return pytest.param(Spec(key, 1), id=f"{key}-1", marks=pytest.mark.xdist_group(f"{key}-1"))


SOME = [_param(key) for key in ("H2", "H5", "H7", "H12+H14")]


@pytest.fixture(params=[_param(key) for key in CLASSES], scope="module")
def spec(request: pytest.FixtureRequest) -> Spec:
    chosen: Spec = request.param
    return chosen


def rows(spec: Spec, name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in PACK.base(spec).files[name].decode().splitlines()]


def moment(stamp: object) -> datetime:
    return datetime.strptime(str(stamp), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


@pytest.mark.parametrize("spec", SOME, indirect=True)
def test_each_release_as_it_stands_in_git_says_again_what_its_traces_say(spec: Spec) -> None:
    traced = rows(spec, "traces.jsonl")
    for release in history.releases(incident(spec)):
        mine = [row for row in traced if row["release"] == release.name]
        if not mine:
            continue
        committed = [commit for commit in PACK.history(spec) if commit.at == release.committed_at]
        assert [commit.tree.without("ops") for commit in committed] == [release.tree]
        with build.opened(committed[0].tree) as ask:
            for row in mine:
                reply = ask(str(row["question"]), str(row["session"]))
                assert {field: reply[field] for field in LOGGED} == {field: row[field] for field in LOGGED}


def test_what_a_complaint_quotes_was_said_in_its_conversation_or_is_approved(spec: Spec) -> None:
    drawn = incident(spec)
    talks: dict[str, str] = {}
    for trace in drawn.traces:
        talks[trace.asked.session] = (
            f"{talks.get(trace.asked.session, '')} {trace.asked.question} {shown(trace.reply)}".lower()
        )
    names = sorted({product.name for product in drawn.world.products} | {*drawn.world.strangers}, key=len, reverse=True)
    names_in = re.compile("|".join(map(re.escape, names)))
    for one in complaints.complaints(drawn):
        said = talks[one.trace.asked.session]
        approved = one.trace.wrong.approved if one.trace.wrong else None
        known = f"{said} {approved.value} {approved.condition}" if approved else said
        known = f"{said} {one.doubt.figure} {one.doubt.condition}".lower() if one.doubt else known
        for number in NUMBER.findall(one.text):
            assert re.search(rf"(?<![\d.]){re.escape(number)}(?![\d])", known), one.text
        for name in names_in.findall(one.text):
            assert name.lower() in said, one.text
        for quoted in QUOTED.findall(one.text):
            assert quoted.lower() in known or quoted == "I cannot confirm that", one.text
        assert "{" not in one.text
        assert one.trace.at < one.at < drawn.opened_at


def test_no_wording_comes_twice_and_a_third_says_no_more_than_that_it_was_wrong(spec: Spec) -> None:
    written = [one for one in complaints.complaints(incident(spec)) if one.wrong]
    texts = Counter(one.text for one in written)
    assert max(texts.values()) == 1
    assert 10 <= len(written) <= 60
    assert {kind(one.trace) for one in written} <= {*SAID, "unseen"}
    unsure = [any(written_as(one.text, text) for text in (*UNSURE, *UNSURE_ABOUT)) for one in written]
    assert not unsure[[one.trace.asked for one in written].index(incident(spec).told.asked)]
    assert 0 < sum(unsure) < len(written)


def test_a_third_of_all_complaints_is_vague_and_every_kind_of_harm_has_words_enough() -> None:
    assert pytest.approx(1 / 3) == UNSURE_SHARE
    for key, texts in SAID.items():
        assert len(set(texts.openings)) >= 7, key
        assert len(set(texts.endings)) >= 5, key
        assert len(set(texts.alone)) >= 7, key
    assert COUNTERS.keys() == DOMAINS.keys()


def test_no_complaint_tells_of_more_than_one_conversation_of_some_minutes_ago() -> None:
    texts = {text for each in SAID.values() for part in each for text in part} | {*UNSURE, *UNSURE_ABOUT, *REFUSED}
    assert [text for text in texts if re.search(r"hours? ago|twice|tries|wrong again|each time|whenever", text)] == []


def written_as(text: str, template: str) -> bool:
    """Whether somebody wrote this in those words, politely or not; places in braces hold anything."""
    greeting, thanks = ("|".join(map(re.escape, each)) for each in (GREETINGS, THANKS + WISHES))
    words = re.sub(r"\\{\w+\\}", ".+", re.escape(template))
    return bool(re.fullmatch(f"(?:{greeting})?{words}(?:{thanks})?", text, re.IGNORECASE))


def wordings(spec: Spec) -> list[tuple[Texts, str | None, str | None, str | None]]:
    """Of each complaint that says what is wrong: its opening and its ending, or how it stands alone."""
    found = []
    for one in complaints.complaints(incident(spec)):
        texts = SAID.get(kind(one.trace)) if one.wrong else None
        if texts is None or any(written_as(one.text, text) for text in (*UNSURE, *UNSURE_ABOUT)):
            continue
        texts = texts.after_another() if names_no_product(one.trace.asked) else texts
        pairs = [(a, z) for a in texts.openings for z in texts.endings if written_as(one.text, f"{a} {z}")]
        alone = None if pairs else next(text for text in texts.alone if written_as(one.text, text))
        opening, ending = pairs[0] if pairs else (None, None)
        found.append((texts, opening, ending, alone))
    return found


@pytest.mark.parametrize("spec", SOME, indirect=True)
def test_complaints_follow_no_rota(spec: Spec) -> None:
    found = wordings(spec)
    alone = sum(one is not None for *_, one in found)
    assert sum(ALONE) / len(ALONE) == pytest.approx(1 / 3)
    assert alone == pytest.approx(len(found) / 3, abs=2)
    for at in (1, 2):
        used = [each[at] for each in found if each[at] is not None]
        pool = {text for each in found for text in each[0][at - 1]}
        assert all(one != other for one, other in pairwise(used)) or len(set(map(id, (e[0] for e in found)))) > 1
        assert len(set(used)) >= min(len(pool), len(used)) / 2
        rounds = [tuple(used[n : n + len(pool)]) for n in range(0, len(used), len(pool))]
        assert len(set(rounds)) == len(rounds)
    pairs = [(opening, ending) for _, opening, ending, _ in found if opening]
    follows = {(one, other) for (one, _), (other, _) in pairwise(pairs)}
    assert len(follows) > len(pairs) / 2  # in a rota the same opening always follows the same one


def test_as_many_complain_in_every_class_once_the_first_have_had_time(spec: Spec) -> None:
    drawn = incident(spec)
    law, expected = complaints.law(drawn), _expected(spec)
    assert PACK.truth(spec)["complaining"] == law.to_json()
    assert 5 <= expected <= 10
    since = drawn.onset_at + timedelta(seconds=law.last)
    written = [one for one in complaints.complaints(drawn) if one.wrong and one.at >= since]
    assert len(written) / ((drawn.opened_at - since) / HOUR) == pytest.approx(expected, abs=5)


@pytest.mark.parametrize("spec", SOME, indirect=True)
def test_as_many_complain_after_the_opening_as_before_it_if_nothing_is_done(spec: Spec) -> None:
    drawn = incident(spec)
    hours, days = LIVE_SECONDS / 3600, 5  # one day's luck proves nothing where few are harmed
    harmed = 0
    for day in range(days):
        live = stream(drawn.world, seed=f"live/{day}", seconds=LIVE_SECONDS, count=LIVE_QUESTIONS, prefix="c")
        judge = Judge(drawn.world)
        with build.opened(PACK.base(spec)) as ask:
            harmed += sum(judge.wrong(one, ask(one.question, one.session)) is not None for one in live)
    after = complaints.law(drawn).share * harmed / days / hours
    assert 1 / 1.5 <= after / _expected(spec) <= 1.5


def test_who_was_answered_before_the_opening_and_complains_later_is_carried_over(spec: Spec) -> None:
    drawn = incident(spec)
    written, law = complaints.complaints(drawn), complaints.law(drawn)
    carried = CarriedOver.of(PACK.truth(spec))
    assert [drawn.opened_at + timedelta(seconds=second) for second in carried.complained] == [one.at for one in written]
    assert all(0 <= one.second <= law.latest for one in carried.later)
    traced = {shown(trace.reply) for trace in drawn.traces if trace.wrong is not None}
    for one in carried.later:
        assert (one.said in traced) == bool(one.question)
    due = {
        "wrong": law.share * sum(trace.wrong is not None for trace in drawn.traces),
        "refused": law.refused * sum(bool(trace.reply["refused"]) for trace in drawn.traces),
        "otherwise": law.otherwise * len(drawn.traces),
    }
    assert len(written) + len(carried.later) == pytest.approx(sum(due.values()), abs=4 * sum(due.values()) ** 0.5)


def test_a_few_complain_hours_later_before_the_opening_and_after_it() -> None:
    """Of all classes together: of every ten who complain about one takes longer than a quarter of an hour."""
    waits = []
    for key in CLASSES:
        spec = Spec(key, 1)
        drawn, law = incident(spec), complaints.law(incident(spec))
        assert law.last < law.latest <= 4 * 3600
        late = [one for one in complaints.complaints(drawn) if one.at - one.trace.at > timedelta(seconds=law.last)]
        waits += [(one.at - one.trace.at).total_seconds() for one in late if one.trace.asked != drawn.told.asked]
        waits += [one.second for one in complaints.carried_over(drawn).later if one.second > law.last]
    assert len(waits) > len(CLASSES)
    assert max(waits) > 3600
    assert sum(wait < 3600 for wait in waits) > len(waits) / 3


def test_as_many_are_about_to_complain_at_the_opening_as_have_just_complained() -> None:
    """Of all classes together: each alone has too few complaints to tell anything by."""
    just, soon, expected = 0, 0, 0.0
    for key in CLASSES:
        drawn = incident(Spec(key, 1))
        law, carried = complaints.law(drawn), complaints.carried_over(drawn)
        late = (law.first + law.last) // 2  # so long after their answer half of them have complained
        just += sum(second >= -late for second in carried.complained)
        soon += sum(one.second <= law.last for one in carried.later)
        expected += late / 3600 * _expected(Spec(key, 1))
    assert min(just, soon) > 0
    assert soon == pytest.approx(expected, abs=4 * expected**0.5)
    assert just == pytest.approx(expected, abs=4 * expected**0.5)


def _expected(spec: Spec) -> float:
    """Complaints an hour before the opening, about wrong answers, once the first customers have had time to write."""
    drawn = incident(spec)
    harmful = sum(trace.wrong is not None for trace in drawn.traces)
    return complaints.law(drawn).share * harmful / ((drawn.opened_at - drawn.onset_at) / HOUR)


def test_alarms_ring_by_the_rolling_hour_and_the_page_last(spec: Spec) -> None:
    written = complaints.complaints(incident(spec))
    *rang, page = rows(spec, "ops/alerts.jsonl")
    assert rang
    for row in rang:
        at = moment(row["at"])
        assert row["value"] == sum(at - timedelta(hours=1) < one.at <= at for one in written) >= ALARM.threshold
        assert row["threshold"] == ALARM.threshold
    assert rang[0]["state"] == "firing"
    for earlier, row in pairwise(rang):
        assert moment(row["at"]) - moment(earlier["at"]) >= timedelta(minutes=ALARM.again) or row["state"] == "firing"
    assert page["alert"] == "page"
    assert page["text"] == PACK.brief(spec).opened_because
    quiet = [one for one in written if one.at < incident(spec).onset_at]
    assert len(quiet) < 3 * ALARM.threshold


def test_when_traces_begin_says_nothing_of_when_the_harm_did() -> None:
    """A reader took three hours from the first trace for the guilty release, and was right each time."""
    onset = datetime(2026, 3, 4, 12, tzinfo=UTC)
    for key in ("H4", "H12", "H6+H9"):  # with one fault and with two, at once and dormant
        before = [(onset - kept_since(Spec(key, seed), onset)) / timedelta(minutes=1) for seed in range(300)]
        assert 75 <= min(before) < 80
        assert 205 < max(before) < 212
        for start in range(75, 211):  # who guesses a quarter of an hour is seldom right
            assert sum(start <= minutes < start + 15 for minutes in before) < 60, key


def test_metrics_count_the_traces_and_say_where_a_slot_is_cut(spec: Spec) -> None:
    drawn = incident(spec)
    table = list(csv.DictReader(PACK.base(spec).files["ops/metrics.csv"].decode().splitlines()))
    written = complaints.complaints(drawn)
    assert [moment(b["from"]) - moment(a["from"]) for a, b in pairwise(table)] == [operations.SLOT] * (len(table) - 1)
    for row in table:
        first = moment(row["from"])
        mine = [trace for trace in drawn.traces if first <= trace.at < first + operations.SLOT]
        assert int(row["requests"]) == len(mine) == int(row["answered"]) + int(row["refused"])
        assert int(row["refused"]) == sum(trace.reply["refused"] for trace in mine)
        assert int(row["complaints"]) == sum(first <= one.at < first + operations.SLOT for one in written)
        assert 0 < int(row["p50_ms"]) < int(row["p95_ms"])
    assert {row["minutes"] for row in table[1:-1]} == {"10"}
    assert all(1 <= int(row["minutes"]) <= 10 for row in table)


def test_what_the_runbook_says_is_usual_is(spec: Spec) -> None:
    drawn = incident(spec)
    if drawn.fault.earlier is not None and drawn.fault.earlier.faulty:
        return  # more was refused for days
    before = [trace for trace in drawn.traces if trace.at < drawn.onset_at]
    refused = sum(bool(trace.reply["refused"]) for trace in before) / len(before)
    assert 0.29 <= refused <= 0.41


def test_the_first_complaint_is_named_for_what_it_is_about(spec: Spec) -> None:
    drawn, truth = incident(spec), PACK.truth(spec)
    (event,) = (each for each in truth["key_events"] if each["id"] == "first_complaint")
    written = rows(spec, "ops/complaints.jsonl")
    assert event["or_at"] == [written[0]["at"]]
    about = next(row for row in written if row["at"] == event["at"])
    assert about["session"] in {trace.asked.session for trace in drawn.traces if trace.wrong is not None}
    assert any(row["session"] == drawn.told.asked.session for row in written)


def test_the_first_alert_is_the_first_since_somebody_was_told_something_wrong(spec: Spec) -> None:
    drawn = incident(spec)
    (event,) = (each for each in PACK.truth(spec)["key_events"] if each["id"] == "first_alert")
    rang = rows(spec, "ops/alerts.jsonl")
    harmed_at = next(trace.at for trace in drawn.traces if trace.wrong is not None)
    assert event["at"] == next(row["at"] for row in rang if moment(row["at"]) >= harmed_at)
    assert event["or_at"] == [rang[0]["at"]]


@pytest.mark.parametrize("spec", SOME[:1], indirect=True)
def test_an_alarm_before_the_harm_is_not_the_first_alert_but_may_be_told_as_it(spec: Spec) -> None:
    drawn = incident(spec)
    written = [one for one in complaints.complaints(drawn) if one.wrong]
    grumbled = [replace(written[0], at=drawn.onset_at - timedelta(minutes=30 + n), wrong=False) for n in range(4)]
    event = operations.first_alert(drawn, sorted([*grumbled, *written], key=lambda one: one.at))
    assert event["or_at"] == [operations.stamp(drawn.onset_at - timedelta(minutes=30))]
    assert moment(event["at"]) > drawn.onset_at
