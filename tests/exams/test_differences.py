"""What differs between two editions is said in one line each, so that an admin can read it before it is published."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from exams.twins.differences import differences
from tests.attempts import definition

BANDS: list[dict[str, Any]] = [
    {"score": "0.50", "when": ["hotfix.handed_in"]},
    {"score": "0.75", "when": ["hotfix.f >= 0.75"]},
    {"score": "0.95", "when": ["hotfix.f >= 0.95"]},
]


def _twin(**changes: Any) -> dict[str, Any]:
    return {"title": "Live", "content": {"visible/a.md": "1"}, "dimensions": [{"key": "fix", "bands": BANDS}]} | changes


def _banded(bands: list[dict[str, Any]]) -> dict[str, Any]:
    return _twin(dimensions=[{"key": "fix", "bands": bands}])


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (_twin(), []),
        (_twin(title="Dead"), ['title: "Live" → "Dead"']),
        (_twin(demo=True), ["demo: now says true"]),
        (
            _banded([*BANDS[:2], {"score": "0.95", "when": ["hotfix.f >= 0.9"]}]),
            ['dimensions.fix.bands[3].when: "hotfix.f >= 0.95" → "hotfix.f >= 0.9"'],
        ),
        (
            _banded([BANDS[0], {"score": "0.60", "when": []}, *BANDS[1:]]),
            ['dimensions.fix.bands[2]: put in, {"score": "0.60", "when": []}'],
        ),
        (
            _banded(BANDS[1:]),
            ['dimensions.fix.bands[1]: taken out, was {"score": "0.50", "when": ["hotfix.handed_in"]}'],
        ),
        (_twin(content={"visible/a.md": "2", "hidden/b.md": "3"}), ["hidden/b.md: added", "visible/a.md: changed"]),
        (_twin(content={}), ["visible/a.md: removed"]),
        (
            _twin(dimensions=[{"key": "fix", "bands": BANDS}, {"key": "talk"}]),
            ['dimensions.talk: now says {"key": "talk"}'],
        ),
    ],
)
def test_each_difference_is_a_line(after: dict[str, Any], said: list[str]) -> None:
    assert differences(_twin(), after) == said


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (["a", "c"], '"b" → "c"'),
        (["a", "b", "c"], 'also "c"'),
        (["b"], 'no longer "a"'),
        (["c", "d"], '["a", "b"] → ["c", "d"]'),
        (["b", "a"], 'in another order or number, now ["b", "a"]'),
        ([], 'no longer "a", "b"'),
    ],
)
def test_of_a_plain_list_what_went_and_what_came_is_said(after: list[str], said: str) -> None:
    assert differences(_twin(does=["a", "b"]), _twin(does=after)) == [f"does: {said}"]


def test_an_order_that_changed_is_said() -> None:
    before = _twin(dimensions=[{"key": "a"}, {"key": "b"}])
    assert differences(before, _twin(dimensions=[{"key": "b"}, {"key": "a"}])) == ["dimensions: now in the order b, a"]


def test_of_a_text_only_its_lines_are_counted() -> None:
    before, after = _twin(brief_markdown="a\nb\nc\n"), _twin(brief_markdown="a\nB\nc\nd\n")
    assert differences(before, after) == ["brief_markdown: 2 line(s) new or changed, 1 line(s) of before gone"]


def test_of_long_values_the_part_that_differs_is_shown() -> None:
    long = "the same for a good many words, " * 5
    (line,) = differences(_twin(title=f"{long}old"), _twin(title=f"{long}new"))
    assert "old" in line.split("→")[0]
    assert "new" in line.split("→")[1]
    assert len(line) < 160


def test_every_line_of_a_real_twin_fits_a_terminal() -> None:
    other = copy.deepcopy(definition())
    for dimension in other["rubric"]["dimensions"]:
        dimension["bands"] = [
            each | {"asks": ["Something else that is rather long to read in one go."]} for each in dimension["bands"]
        ]
        dimension["tests"] = dimension["tests"][::-1]
    said = differences(definition(), other)
    assert len(said) > 20
    assert max(map(len, said)) < 200
    assert not any("\n" in line for line in said)
