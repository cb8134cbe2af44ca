"""Every address the platform answers, on one page."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny

from config import health, problem_pages

urlpatterns = [
    path("", RedirectView.as_view(url="/api/docs/"), name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("problems/", problem_pages.index, name="problems"),
    path("problems/<slug:slug>", problem_pages.problem, name="problem"),
    path("api/schema/", SpectacularAPIView.as_view(permission_classes=[AllowAny]), name="schema"),
    path(
        "api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema", permission_classes=[AllowAny]), name="docs"
    ),
    path("git/", include("exams.api.git_http")),
    path("api/v1/", include("accounts.api.urls")),
    path("api/v1/", include("exams.api.urls")),
    path("api/v1/", include("grading.api.urls")),
    path("api/v1/", include("rubrics.api.urls")),
]

handler400 = problem_pages.bad_request
handler403 = problem_pages.not_allowed
handler404 = problem_pages.not_found
handler500 = problem_pages.our_fault
