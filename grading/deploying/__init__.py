"""Puts the customers' questions to what was deployed, and judges each answer: what `exams.live.telemetry` reads."""

from grading.deploying.one import replay
from grading.deploying.stocked import replay_next

__all__ = ["replay", "replay_next"]
