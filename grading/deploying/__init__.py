"""Puts the customers' questions to what was deployed, and judges each answer: what `exams.live.telemetry` reads."""

from grading.deploying.one import replay

__all__ = ["replay"]
