"""The table of limits: complete, in words, and below what a container can hold."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from sandboxes.limits import MIB, Limits


def test_every_limit_has_a_name_and_an_amount() -> None:
    table = Limits().table()
    assert len(table) == len(fields(Limits))
    assert all(name and amount for _, name, amount in table)
    assert len({name for _, name, _ in table}) == len(table)


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("wall_seconds", "running time of 60 seconds"),
        ("memory_bytes", "memory of 512 MiB"),
        ("questions", "questions in one test run of 400"),
        ("question_bytes", "size of one question of 8 KiB"),
    ],
)
def test_a_limit_is_said_in_words(limit: str, words: str) -> None:
    assert Limits().says(limit) == words


def test_only_the_first_group_shapes_the_container() -> None:
    assert replace(Limits(), wall_seconds=1.0, questions=1).shape == Limits().shape
    assert replace(Limits(), memory_bytes=64 * MIB).shape != Limits().shape


def test_what_goes_in_fits() -> None:
    limits = Limits()
    assert limits.tree_bytes < limits.work_bytes < limits.memory_bytes
    assert 2 * limits.reply_bytes < limits.frame_bytes
