"""Judgement: rubric, review, sign-off."""

from django.apps import AppConfig


class RubricsConfig(AppConfig):
    """Judgement: rubric, review, sign-off."""

    name = "rubrics"
