"""The exam, its clock and the attempt."""

from django.apps import AppConfig


class ExamsConfig(AppConfig):
    """The exam, its clock and the attempt."""

    name = "exams"
