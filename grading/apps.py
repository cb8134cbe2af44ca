"""Evidence: what the submitted work does when it is run."""

from django.apps import AppConfig


class GradingConfig(AppConfig):
    """Evidence: what the submitted work does when it is run."""

    name = "grading"
