"""Addresses under `/api/v1/` that grading answers."""

from grading.api.runs import urlpatterns

__all__ = ["urlpatterns"]
