"""The healthy assistant is as good as the incidents need it, and the table of harm has a line for each fault."""

from __future__ import annotations

from exams.packs.hallucination.hidden import CLASSES
from exams.packs.hallucination.quality import Harm, healthy, table

ENOUGH = 0.98


def test_the_healthy_assistant_answers_what_is_approved_and_refuses_what_is_not() -> None:
    found = healthy(1000)
    assert found.known == found.unknown == 1000
    assert found.right >= ENOUGH * found.known
    assert found.refused >= ENOUGH * found.unknown
    assert found.harmful <= 5


def test_the_table_has_a_line_for_each_fault() -> None:
    faults = [(key, fault) for key, failure in CLASSES.items() for fault in failure.faults]
    found = [
        Harm(
            failure_class=key,
            fault=fault.name,
            component=fault.component,
            trade="bank",
            harmed=7 + at % 2,
            asked=106,
            kinds={"plain": 6, "follow up": 1},
            products=6,
            harmful=100,
            answers=1000,
        )
        for at, (key, fault) in enumerate(faults)
    ]
    lines = table(found + found).splitlines()
    assert len(lines) == 2 + len(faults)
    assert all(line.count("|") == 8 for line in lines)
    assert "10–10 % | plain, follow up |" in lines[2]
