"""`make test` runs everything once: most tests side by side, the journeys alone after them."""

import pytest

from deploy.local import suite


@pytest.mark.parametrize(
    ("said", "phases"),
    [
        ([], [(True, "not nightly", []), (False, "not nightly", ["tests/journeys"])]),
        (["-m", "nightly"], [(True, "nightly", []), (False, "nightly", ["tests/journeys"])]),
        (["-k", "clock or rules"], [(True, "not nightly", []), (False, "not nightly", ["tests/journeys"])]),
        (["tests/exams", "-x"], [(True, "not nightly", ["tests/exams"])]),
        (["tests/journeys/test_demonstration.py"], [(False, "not nightly", ["tests/journeys/test_demonstration.py"])]),
        (["tests"], [(True, "not nightly", ["tests"]), (False, "not nightly", ["tests"])]),
    ],
)
def test_every_test_asked_for_is_in_exactly_one_phase(
    said: list[str], phases: list[tuple[bool, str, list[str]]]
) -> None:
    found = suite._phases(said)
    for words, (beside, marks, files) in zip(found, phases, strict=True):
        assert words[:2] == ["-m", f"({marks}) and {'not ' if beside else ''}journey"]
        assert [word for word in words if word.startswith("tests")] == files
        assert words[words.index("-n") + 1] == ("2" if beside else "0")


def test_whoever_chooses_the_number_of_workers_gets_it() -> None:
    assert suite._phases(["tests/exams", "-n", "1"]) == [
        ["-m", "(not nightly) and not journey", "--dist", "loadgroup", "tests/exams", "-n", "1"]
    ]


@pytest.mark.parametrize(
    ("ended", "status"), [([0, 0], 0), ([1, 0], 1), ([0, 1], 1), ([0, 5], 0), ([5, 0], 0), ([5, 1], 1), ([5, 5], 5)]
)
def test_one_status_tells_of_all_phases(ended: list[int], status: int) -> None:
    assert suite._told(ended) == status


def test_the_last_line_tells_of_both_phases(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(suite, "say", said.append)
    suite._told([1, 0])
    suite._told([0, 5])
    assert said == [
        "\nSide by side: failed, see above. Journeys: passed.",
        "\nSide by side: passed. Journeys: none was asked for.",
    ]
