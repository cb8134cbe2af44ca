"""Addresses under `/api/v1/` that exams answers; each module names its own."""

from django.urls import URLPattern, URLResolver

from exams.api import (
    attempts,
    deployments,
    diagnoses,
    drafts,
    events,
    hand_ins,
    late_writes,
    questions,
    twins,
    updates,
    uploads,
)

urlpatterns: list[URLPattern | URLResolver] = [
    *twins.urlpatterns,
    *attempts.urlpatterns,
    *events.urlpatterns,
    *drafts.urlpatterns,
    *uploads.urlpatterns,
    *updates.urlpatterns,
    *questions.urlpatterns,
    *deployments.urlpatterns,
    *diagnoses.urlpatterns,
    *hand_ins.urlpatterns,
    *late_writes.urlpatterns,
]
