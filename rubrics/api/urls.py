"""Addresses under `/api/v1/` that judgement answers."""

from django.urls import URLPattern, URLResolver, path

from rubrics.api import export, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("reviews/", views.Queue.as_view(), name="reviews"),
    path("reviews/<uuid:review_id>/", views.One.as_view(), name="review"),
    path("reviews/<uuid:review_id>/claim/", views.Claim.as_view(), name="review-claim"),
    path("reviews/<uuid:review_id>/release/", views.Release.as_view(), name="review-release"),
    path("reviews/<uuid:review_id>/reassign/", views.Reassign.as_view(), name="review-reassign"),
    path("reviews/<uuid:review_id>/evidence/", views.Evidence.as_view(), name="review-evidence"),
    path("reviews/<uuid:review_id>/replay/", views.Replay.as_view(), name="review-replay"),
    path("reviews/<uuid:review_id>/scores/<slug:dimension>/", views.ScoreOne.as_view(), name="review-score"),
    path("reviews/<uuid:review_id>/assertions/", views.Assertions.as_view(), name="review-assertions"),
    path("reviews/<uuid:review_id>/sign-off/", views.SignOff.as_view(), name="review-sign-off"),
    path("attempts/<uuid:attempt_id>/result/", views.AttemptResult.as_view(), name="attempt-result"),
    path("attempts/<uuid:attempt_id>/appeal/", views.AttemptAppeal.as_view(), name="attempt-appeal"),
    path("attempts/<uuid:attempt_id>/export/", export.ExportView.as_view(), name="export"),
]
