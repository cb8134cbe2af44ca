"""What the hallucinating assistant's people say: believable, plain, true, and silent about what is to be found out."""

from __future__ import annotations

import os
import re
import string
import subprocess
import sys
from collections import Counter

import pytest

from exams.coworkers.engine import due
from exams.coworkers.history import Complaint, Deployment, History, Minute, Said, Update
from exams.packs import Spec
from exams.packs.hallucination import incident, injects, opening, people, sayings
from exams.packs.injects import Complained, InjectRule, check_script

SEEDS = range(0, 4000, 13)
CLOSES = 90 * 60
# Words that name a component or a way of failing: finding those is the exam.
GIVEAWAYS = re.compile(
    r"cache|retriev|index|ingest|prompt|ground|guard|abstain|citation|cited|session|temperature|decod|token|model"
    r"|truncat|context|stale|outdated|superseded|draft|alias|tier|jurisdiction|country|condition|unit\b|markdown|render"
    r"|threshold of the|config|release|commit|rollback|bug\b|regression",
    re.IGNORECASE,
)
BLAME = re.compile(r"\b(blame|fault|careless|incompetent|negligen|who did|your mistake|should have)\b", re.IGNORECASE)


def script(seed: int = 7) -> tuple[InjectRule, ...]:
    return injects.script(Spec("H1", seed))


def minutes(harmful: float, refused: float = 2, *, until: int = 90, then: tuple[float, float] = (0, 2)) -> list[Minute]:
    """Ten questions a minute, of which so many end so; others from minute `until` on."""

    def minute(number: int) -> Minute:
        bad, none = (harmful, refused) if number < until else then
        count = [int((number + 1) * each) - int(number * each) for each in (bad, none)]
        at_first = int((number + 1) * harmful) - int(number * harmful)
        return Minute(number, 10, 10 - count[0] - count[1], count[1], count[0], 0, at_first)

    return [minute(number) for number in range(90)]


def history(customers: list[Minute], **acts: object) -> History:
    """What was seen: of three customers who were told something wrong one complains."""
    dated: list[int] = []
    harmed = 0
    for one in customers:
        harmed += one.harmful
        if harmed >= 3 * (len(dated) + 1):
            dated.append(60 * one.number + 30)
    complaints = tuple(Complaint(at, f"What is fee {at}?", f"Fee {at} is 40.") for at in dated)
    seen: dict[str, object] = {"complained": tuple(dated), "complaints": complaints} | acts
    return History(closings=((0, CLOSES),), minutes=tuple(customers), **seen)  # type: ignore[arg-type]


def said(seen: History, seed: int = 7) -> list[Said]:
    return due(script(seed), seen, CLOSES)


def keys(seen: History, seed: int = 7) -> list[str]:
    return [one.rule for one in said(seen, seed)]


def test_every_seed_gives_a_script_that_can_be_acted_on() -> None:
    for seed in SEEDS:
        check_script(script(seed))
        assert {rule.key for rule in script(seed)} >= set(sayings.SAYINGS) - set(injects.OPTIONAL)


def test_every_incident_has_as_many_optional_rules_and_not_the_same_ones() -> None:
    chosen = [frozenset(rule.key for rule in script(seed)) & set(injects.OPTIONAL) for seed in SEEDS]
    assert {len(each) for each in chosen} == {injects.OPTIONS}
    assert len(set(chosen)) == 20
    assert {len(script(seed)) for seed in SEEDS} == {17}
    for rule in (rule for seed in SEEDS for rule in script(seed) if rule.key in injects.OPTIONAL):
        assert (rule.times, rule.asks is None) == (1, False)


def test_no_two_incidents_follow_one_timetable() -> None:
    heard = [due(script(seed), history(minutes(1.5)), CLOSES) for seed in range(60)]
    for key, least in (("what_to_say", 6), ("one_line", 6), ("who_was_told", 6), ("nothing_yet", 6)):
        first = [next(one.second for one in each if one.rule == key) for each in heard]
        assert max(first) - min(first) >= least * 60, key
    assert len({tuple(one.rule for one in each[:6]) for each in heard}) > 20


def test_each_rule_has_five_wordings_or_more() -> None:
    assert {key: len(set(words)) for key, words in sayings.SAYINGS.items() if len(set(words)) < 5} == {}
    assert all("{firing}" in text for text in sayings.ALERT)
    assert len(sayings.COMPLAINT_OF_TWO) == len(sayings.SAYINGS["complaint"])


def test_compliance_asks_for_what_is_true_of_every_class() -> None:
    assert not [text for text in sayings.SAYINGS["who_was_told"] if "figure" in text or "number" in text]


def test_it_is_the_same_for_every_class_and_needs_no_incident(monkeypatch: pytest.MonkeyPatch) -> None:
    def drawn(*_: object) -> None:
        raise AssertionError("the incident was drawn")

    monkeypatch.setattr(incident, "incident", drawn)
    for seed in SEEDS:
        assert injects.script(Spec("H1", seed)) == injects.script(Spec("H14", seed))
    assert len({script(seed) for seed in SEEDS}) == len(SEEDS)


def test_no_words_name_a_component_a_class_or_somebody_to_blame() -> None:
    texts = {text for seed in SEEDS for rule in script(seed) for text in (*rule.texts, *rule.texts_of_two)}
    assert 85 < len(texts) < 120
    plain = ["".join(words for words, *_ in string.Formatter().parse(text)) for text in texts]
    assert [text for text in plain if GIVEAWAYS.search(text)] == []
    assert [text for text in plain if BLAME.search(text)] == []
    assert max(len(text) for text in plain) < 240
    assert not [text for text in plain if "!" in text]


def test_an_incident_is_opened_in_one_of_two_dozen_ways_that_name_nothing() -> None:
    for trade, own in opening.PAGES_OF_TRADE.items():
        pages = opening.PAGES + own
        assert len(set(pages)) == len(pages) >= 24
        assert [page for page in pages if GIVEAWAYS.search(page) or BLAME.search(page)] == []
        seeds = [seed for seed in range(2000) if incident.domain_of(seed) == trade]
        assert {opening.page(seed) for seed in seeds} == {*pages}
    assert opening.PAGES_OF_TRADE.keys() == {incident.domain_of(seed) for seed in SEEDS}


def test_nobody_of_one_trade_comes_back_in_another_nor_is_an_engineer() -> None:
    names = [name for trade in injects.NAMES.values() for job in trade.values() for name in job]
    assert len(set(names)) == len(names)
    assert set(injects.NAMES) == {incident.domain_of(seed) for seed in range(200)}
    engineers = {name for trade in people.NAMES.values() for part in trade for name in part}
    assert not {part for name in names for part in name.split()} & engineers


def test_everybody_has_one_job_whatever_the_incident() -> None:
    jobs: dict[str, set[str]] = {}
    for seed in SEEDS:
        for rule in script(seed):
            jobs.setdefault(rule.sender.name, set()).add(rule.sender.title)
    assert [name for name, titles in jobs.items() if len(titles) > 1] == []


def test_who_wants_something_first_is_drawn() -> None:
    asked = {"what_to_say": "support", "one_line": "executive", "who_was_told": "compliance"}
    orders = Counter(
        tuple(asked[one.rule] for one in said(history(minutes(1.5)), seed) if one.rule in asked)[:2]
        for seed in range(200)
    )
    assert len({first for first, *_ in orders}) == 3
    assert max(orders.values()) < 100


def test_no_department_rings_most_of_the_time() -> None:
    callers = Counter(opening.page(seed).partition(":")[0] for seed in SEEDS)
    assert max(callers.values()) < 0.25 * len(SEEDS)


def test_who_says_nothing_is_asked_by_everybody() -> None:
    heard = keys(history(minutes(1.5)))
    assert {"complaints_alert", "complaint", "what_to_say", "one_line", "who_was_told", "nothing_yet"} <= set(heard)
    assert {"one_line_again", "who_was_told_again"} <= set(heard)
    assert len(set(heard) & set(injects.OPTIONAL)) == injects.OPTIONS
    assert heard.count("nothing_yet") == 3
    assert not {"any_news", "better", "still_wrong", "not_resolved", "promise_passed"} & set(heard)
    assert 15 <= len(heard) <= 25


def test_who_said_one_thing_is_told_how_long_ago_that_was() -> None:
    once = history(minutes(1.5), updates=(Update(600, "stakeholders", "investigating"),))
    heard = [one for one in said(once) if one.rule in {"nothing_yet", "any_news"}]
    assert [one.rule for one in heard] == ["any_news"] * 3
    for one in heard:
        assert f"{(one.second - 600) // 60} minutes" in one.text


def test_who_keeps_everybody_informed_and_mends_it_hears_little() -> None:
    updates = [Update(180, "stakeholders", "investigating", 1080), Update(240, "customers", "investigating")]
    updates += [Update(at, "stakeholders", "identified", at + 1200) for at in (840, 1800)]
    updates += [Update(1320, "compliance", "identified", 2600), Update(1500, "engineering", "identified", 2600)]
    updates += [Update(2500, "stakeholders", "monitoring", 3600), Update(3300, "stakeholders", "resolved")]
    updates += [Update(at, to, "monitoring") for at, to in ((2560, "compliance"), (2580, "engineering"))]
    mended = history(
        minutes(1.5, until=40),
        updates=tuple(sorted(updates, key=lambda one: one.second)),
        deployments=(Deployment(2400, "live", "deployment 1"),),
        confirmed=(1400,),
    )
    heard = keys(mended)
    known = {"complaints_alert", "complaint", "one_line", "who_was_told", "better", "what_to_say", *injects.OPTIONAL}
    assert {"complaint", "one_line", "who_was_told", "better"} <= set(heard) <= known
    assert heard.count("better") == 1


def test_resolved_while_harm_goes_on_is_contradicted_with_figures_that_are_true() -> None:
    claimed = history(minutes(1.0), updates=(Update(1800, "stakeholders", "resolved"),))
    (one,) = [each for each in said(claimed) if each.rule == "not_resolved"]
    assert 1800 + 6 * 60 <= one.second < 1800 + 9 * 60
    figures = [int(number) for number in re.findall(r"\d+", one.text)]
    end = one.second // 60
    asked = claimed.total("asked", 30, end)
    assert claimed.total("harmful", 30, end) in figures
    assert asked in figures
    mended = minutes(1.0, until=25)
    assert "not_resolved" not in keys(history(mended, updates=(Update(1800, "stakeholders", "resolved"),)))


@pytest.mark.parametrize("seed", range(0, 40, 5))
def test_resolved_is_contradicted_however_rare_the_harm_is(seed: int) -> None:
    rare = minutes(0.27)
    assert "not_resolved" in keys(history(rare, updates=(Update(1800, "stakeholders", "resolved"),)), seed)
    heard = keys(history(rare, deployments=(Deployment(1800, "live", "deployment 1"),)), seed)
    assert "still_wrong" in heard
    assert "better" not in heard


def test_a_version_that_refuses_nearly_everything_is_no_relief() -> None:
    refusing = history(minutes(1.5, until=30, then=(0, 9.5)), deployments=(Deployment(1800, "live", "deployment 1"),))
    heard = keys(refusing)
    assert "answers_nothing" in heard
    assert "better" not in heard


def test_a_version_that_goes_on_harming_is_told_of() -> None:
    heard = keys(history(minutes(1.5), deployments=(Deployment(1800, "live", "deployment 1"),)))
    assert heard.count("still_wrong") == 1
    assert "better" not in heard


def test_a_lucky_spell_of_a_version_that_harms_is_no_relief() -> None:
    spells = [
        Minute(n, 10, 10 - bad, 0, bad, opening=2) for n in range(90) for bad in [2 if n < 36 or n % 3 == 0 else 0]
    ]
    heard = keys(history(spells, deployments=(Deployment(1800, "live", "deployment 1"),)))
    assert "still_wrong" in heard
    assert "better" not in heard


def test_a_missed_promise_is_asked_after_once() -> None:
    promised = Update(600, "stakeholders", "investigating", 1200)
    (one,) = [each for each in said(history(minutes(0), updates=(promised,))) if each.rule == "promise_passed"]
    assert 1200 + 150 <= one.second < 1200 + 9 * 60  # later by minutes if the same person has just asked something else
    assert re.search(rf"\b{(one.second - 1200) // 60} minutes", one.text)


def test_complaints_quote_only_what_customers_asked_and_were_told() -> None:
    quiet = history(minutes(0))
    assert not {"complaint", "complaints_alert"} & set(keys(quiet))
    harmed = history(minutes(1.5))
    quoted = [one for one in said(harmed) if one.rule == "complaint"]
    assert len(quoted) == 3
    for one in quoted:
        assert one.quoted is not None
        complaint = harmed.complaints[one.quoted]
        assert complaint.second < one.second
        assert f"“{complaint.question}”" in one.text
        assert f"“{complaint.answer}”" in one.text
        assert complaint.question not in one.text.replace(f"“{complaint.question}”", "")
    assert all(Complained() in rule.when for rule in script() if rule.sender.role == "customer")


def test_the_same_bytes_in_every_process() -> None:
    code = (
        "from exams.packs import Spec; from exams.packs.hallucination import injects;"
        "print(injects.script(Spec('H1', 11)))"
    )
    printed = [
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.getcwd()},  # noqa: PTH109 - a path as text
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert printed[0] == printed[1]
    assert len(printed[0]) > 2000
