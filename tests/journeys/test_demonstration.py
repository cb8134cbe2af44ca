"""`make demo` plays one whole incident, from the brief to the signed result, over HTTP and git."""

from collections.abc import Callable

import pytest


@pytest.mark.timeout(960)
def test_the_demonstration_is_played_to_its_end(demonstration: Callable[[], tuple[int, str]]) -> None:
    status, said = demonstration()
    assert status == 0, said
    assert "everything was as it should be" in said
