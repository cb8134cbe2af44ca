"""What customers say is so: of the question they asked, of the answer they got, and where they doubt a right one."""

from __future__ import annotations

import re
from functools import cache

import pytest

from exams.packs import Spec
from exams.packs.hallucination import complaints
from exams.packs.hallucination.asked import sound
from exams.packs.hallucination.complaints import Complaint
from exams.packs.hallucination.doubts import SHARE
from exams.packs.hallucination.grievances import READ_IT, SAID
from exams.packs.hallucination.hidden import CLASSES
from exams.packs.hallucination.incident import Incident, incident
from exams.packs.hallucination.letters import names_no_product
from exams.packs.hallucination.murmurs import REFUSED, REFUSED_AFTER, UNSURE, UNSURE_ABOUT
from exams.packs.hallucination.sayings import ALARM

SPECS = [Spec(key, seed) for key in CLASSES for seed in (1, 2)]
ALL = [
    pytest.param(spec, id=f"{spec.failure_class}-{spec.seed}", marks=pytest.mark.xdist_group(f"{spec.failure_class}-1"))
    for spec in SPECS
]
AFTER = {text for texts in SAID.values() for text in texts.after} | {*REFUSED_AFTER}
OF_THE_QUESTION = {
    text for texts in SAID.values() for part in (texts.openings, texts.alone) for text in part if "{name}" in text
} | {text for text in REFUSED if "{name}" in text}
STATED = re.compile(
    r"cannot be\b|was wrong|(?<!me that it )is wrong\b(?! about {of}, I think)|is not right|is off\b|not true"
)


def found_in(text: str, template: str, name: str) -> re.Match[str] | None:
    """A template somewhere in what a customer wrote, about a product."""
    words = re.escape(template).replace(r"\{name\}", re.escape(name)).replace(r"\{asked\}", "(?P<asked>.+?)", 1)
    return re.search(re.sub(r"\\\{\w+\\\}", ".+?", words), text, re.IGNORECASE)


@pytest.mark.parametrize("spec", ALL)
def test_no_complaint_says_of_a_question_that_it_named_what_it_did_not_name(spec: Spec) -> None:
    drawn = incident(spec)
    began: dict[str, str] = {}
    for trace in drawn.traces:
        began.setdefault(trace.asked.session, trace.asked.question)
    for one in complaints.complaints(drawn):
        asked = one.trace.asked
        if not asked.name:
            continue
        question, first = asked.question.lower(), began[asked.session].lower()
        for template in OF_THE_QUESTION:
            if found := found_in(one.text, template, asked.name):
                assert asked.name.lower() in question, one.text
                assert found.groupdict().get("asked", "").lower() in question, one.text
        for template in AFTER:
            if "{name}" in template and (found := found_in(one.text, template, asked.name)):
                assert asked.name.lower() in first != question, one.text
                assert found.groupdict().get("asked", "").lower() in question, one.text
        assert READ_IT not in one.text or asked.name.lower() in question


def test_what_is_said_after_another_question_has_words_enough_and_claims_nothing_of_this_one() -> None:
    claims = re.compile(
        r"question said|\b[Mm]y question was about \{name|typed|wrote|read the question|only wanted|only asked"
    )
    for key, texts in SAID.items():
        after = texts.after_another()
        if key in {"stranger", "abroad"}:
            continue  # nobody goes on from those
        assert len({*after.openings}) >= 7, key
        assert len({*after.endings}) >= 5, key
        assert len({*after.alone}) >= 7, key
        assert [text for text in (*after.openings, *after.endings, *after.alone) if claims.search(text)] == []
    assert [text for text in REFUSED_AFTER if claims.search(text)] == []


@cache
def gathered() -> tuple[tuple[Incident, tuple[Complaint, ...]], ...]:
    """One incident of each class, with what was complained of: drawn once for all tests here."""
    drawn = (incident(spec) for spec in SPECS if spec.seed == 1)
    return tuple((each, complaints.complaints(each)) for each in drawn)


def test_some_of_the_complaints_are_about_second_questions() -> None:
    asked = [one.trace.asked for _, written in gathered() for one in written if one.wrong]
    assert sum(map(names_no_product, asked)) > len(asked) / 10


def test_some_doubt_an_answer_that_was_right_before_the_harm_and_after_it() -> None:
    doubted, wrong, before = 0, 0, 0
    for drawn, written in gathered():
        for one in written:
            wrong += one.wrong
            if one.doubt is None:
                continue
            assert not one.wrong
            assert sound(drawn.world, one.trace.asked, one.trace.reply)
            fact = one.trace.asked.fact(drawn.world)
            assert fact is not None
            assert str(fact.value) not in one.doubt.figure.split()
            assert not one.doubt.condition or one.doubt.condition != fact.condition
            doubted += 1
            before += one.at < drawn.onset_at
    assert 0.05 < doubted / (doubted + wrong) < 0.2
    assert before > doubted / 5


def test_who_doubts_does_so_by_one_law_in_every_class_and_in_the_words_of_the_harmed() -> None:
    for drawn, _ in gathered():
        law = complaints.law(drawn)
        least, most = complaints.OTHERWISE_SHARE
        assert law.refused == complaints.REFUSED_SHARE
        assert least <= law.otherwise <= most
    assert 0 < SHARE < 1
    assert [text for text in (*UNSURE, *UNSURE_ABOUT) if STATED.search(text)] == []  # it would not be so


def test_the_alarm_seldom_rings_before_the_harm() -> None:
    """Fewer than three complaints an hour, as the runbook says: what rings has a reason, almost always."""
    early = 0
    for drawn, written in gathered():
        early += bool(ALARM.rings(complaints.seconds(drawn, [one for one in written if one.at < drawn.onset_at])))
    assert early <= len(gathered()) / 8
