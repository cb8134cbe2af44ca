"""What an exam refuses, as named facts. Each is raised where its rule lives; config/problems.py gives it a status."""

from typing import Any


class Refusal(Exception):
    """A rule said no. The text says what happened, why, and what to do next; `facts` are for programs."""

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.facts: dict[str, Any] = facts
