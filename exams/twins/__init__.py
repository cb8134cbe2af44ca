"""Twins: what an exam is, read from `twin.toml` and its content, checked, and published as immutable versions."""

from exams.twins.definition import Twin
from exams.twins.folder import CONTENT, Fault, NotATwin, check, extended, load, read, slugs
from exams.twins.publish import current, on_published, planned, publish

__all__ = [
    "CONTENT",
    "Fault",
    "NotATwin",
    "Twin",
    "check",
    "current",
    "extended",
    "load",
    "on_published",
    "planned",
    "publish",
    "read",
    "slugs",
]
