"""Addresses under `/api/v1/` that rubrics answers."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
