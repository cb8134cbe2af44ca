"""What customers got while the incident was live, computed from the replays of what was deployed."""

from exams.live.telemetry.measuring import MITIGATED_PART, MITIGATED_SHARE, live_at, measure
from exams.live.telemetry.outcomes import Guard, Outcome, Replayed
from exams.live.telemetry.reading import customers_got, deployed_at, of, untouched
from exams.live.telemetry.shapes import Course, Entry, Figures, Minute, Stint, Telemetry, Told, Version

__all__ = [
    "MITIGATED_PART",
    "MITIGATED_SHARE",
    "Course",
    "Entry",
    "Figures",
    "Guard",
    "Minute",
    "Outcome",
    "Replayed",
    "Stint",
    "Telemetry",
    "Told",
    "Version",
    "customers_got",
    "deployed_at",
    "live_at",
    "measure",
    "of",
    "untouched",
]
