"""Addresses under `/api/v1/` that accounts answers."""

from django.urls import URLPattern, URLResolver

from accounts.api import people

urlpatterns: list[URLPattern | URLResolver] = [*people.urlpatterns]
