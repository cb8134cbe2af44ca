"""What an engine cannot enforce is said, each thing in a sentence of its own."""

from __future__ import annotations

import pytest

from sandboxes.self_check import engine_warnings

ABLE = {
    "MemoryLimit": True,
    "SwapLimit": True,
    "PidsLimit": True,
    "CpuCfsQuota": True,
    "SecurityOptions": ["name=seccomp,profile=default"],
}


def test_an_engine_that_can_do_all_gives_no_warning() -> None:
    assert engine_warnings(ABLE) == ()


@pytest.mark.parametrize(
    ("lacking", "word"),
    [
        ({"MemoryLimit": False}, "memory"),
        ({"SwapLimit": False}, "swap"),
        ({"PidsLimit": False}, "fork bomb"),
        ({"CpuCfsQuota": False}, "processor"),
        ({"SecurityOptions": ["name=apparmor"]}, "seccomp"),
        ({"SecurityOptions": None}, "seccomp"),
    ],
)
def test_what_is_missing_is_named(lacking: dict[str, object], word: str) -> None:
    (warning,) = engine_warnings(ABLE | lacking)
    assert word in warning


def test_an_engine_that_says_nothing_is_trusted_with_nothing() -> None:
    assert len(engine_warnings({})) == 5
