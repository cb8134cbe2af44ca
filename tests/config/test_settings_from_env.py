"""What the environment says is taken as it is meant, or refused with what it should be."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.settings import env


@pytest.mark.parametrize(("said", "read"), [("", 60), ("1", 1), ("7", 7)])
def test_a_number_is_read_or_the_usual_one_taken(monkeypatch: pytest.MonkeyPatch, said: str, read: int) -> None:
    monkeypatch.setenv("HOTSEAT_EXPORTS_PER_HOUR", said)
    assert env.number("HOTSEAT_EXPORTS_PER_HOUR", 60, least=1) == read


@pytest.mark.parametrize("said", ["0", "-1", "often", "1.5"])
def test_a_number_that_cannot_hold_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("HOTSEAT_EXPORTS_PER_HOUR", said)
    with pytest.raises(ImproperlyConfigured, match=f"HOTSEAT_EXPORTS_PER_HOUR is '{said}': .* of at least 1"):
        env.number("HOTSEAT_EXPORTS_PER_HOUR", 60, least=1)
