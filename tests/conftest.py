"""Fixtures for every test: the standing cast and a client for each of its people."""

from __future__ import annotations

import pytest

from tests.people import Cast, standing_cast


@pytest.fixture
def cast(db: None) -> Cast:  # noqa: ARG001 - the database is what the cast is made in
    """The five standing people."""
    return standing_cast()
