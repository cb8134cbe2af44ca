"""Addresses under `/api/v1/` that exams answers; each module names its own."""

from django.urls import URLPattern, URLResolver

from exams.api import attempts, events, twins

urlpatterns: list[URLPattern | URLResolver] = [
    *twins.urlpatterns,
    *attempts.urlpatterns,
    *events.urlpatterns,
]
