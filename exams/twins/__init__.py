"""Twins: what an exam is, read from `twin.toml` and its content, checked, and published as immutable versions."""

from exams.twins.definition import Twin
from exams.twins.folder import CONTENT, Fault, NotATwin, check, load, read, slugs
from exams.twins.publish import current, on_published, publish

__all__ = [
    "CONTENT",
    "Fault",
    "NotATwin",
    "Twin",
    "check",
    "current",
    "load",
    "on_published",
    "publish",
    "read",
    "slugs",
]
