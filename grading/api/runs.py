"""Addresses of runs: ask for one, list those of an attempt, look at one."""

from __future__ import annotations

import uuid  # noqa: TC003 - the schema generator reads annotations when it runs
from typing import TYPE_CHECKING

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.idempotency import idempotent
from exams import access
from exams.api.bodies import BoundedJSONParser
from exams.api.shapes import CursorPages
from exams.database_clock import database_now, received_at
from exams.models import Submission
from exams.queries import class_is_looked_for
from exams.submit.runs import offer_run
from grading import queue, shown
from grading.api.shapes import RunRequest, RunSummary, RunWhole

if TYPE_CHECKING:
    from django.urls import URLPattern
    from rest_framework.request import Request

KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, description="The same key is answered once.")


class RunPages(CursorPages):
    """Runs of an attempt, newest first."""

    ordering = ("-received_at", "-number")


class AttemptRunsView(APIView):
    """Runs of one attempt."""

    parser_classes = [BoundedJSONParser]

    @extend_schema(operation_id="attempt_runs_list", responses=RunSummary(many=True))
    def get(self, request: Request, attempt_id: uuid.UUID) -> Response:
        """Runs of an attempt, hand-ins among them, newest first."""
        attempt = access.attempt_for(request.user, attempt_id)
        now = database_now()
        pages = RunPages()
        mine = Submission.objects.filter(attempt=attempt).select_related("attempt__learner", "hand_in__stage")
        submissions = pages.paginate_queryset(mine, request, view=self) or []
        bodies = [
            {"server_now": now, **shown.summary(submission, queue.last_run(submission), now=now)}
            for submission in submissions
        ]
        return pages.get_paginated_response(RunSummary(bodies, many=True).data)

    @extend_schema(
        operation_id="attempt_runs_create",
        request=RunRequest,
        parameters=[KEY],
        responses={202: OpenApiResponse(RunSummary, "The run is queued; look at it under its id.")},
    )
    @idempotent(one_transaction=False)
    def post(self, request: Request, attempt_id: uuid.UUID) -> Response:
        """Run a test against the version you were handed and against your hotfix; shows the visible cells only."""
        attempt = access.own_attempt(request.user, attempt_id)
        asked = RunRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        source = {key: str(value) for key, value in asked.validated_data["source"].items() if value}
        submission = offer_run(attempt=attempt, source=source, received_at=received_at(request))
        now = database_now()
        body = {"server_now": now, **shown.summary(submission, queue.last_run(submission), now=now)}
        return Response(RunSummary(body).data, status=status.HTTP_202_ACCEPTED)


class RunView(APIView):
    """One run."""

    @extend_schema(operation_id="runs_retrieve", responses=RunWhole)
    def get(self, request: Request, run_id: uuid.UUID) -> Response:
        """A run: where it stands, or what it showed, why, and what to do next."""
        submission = Submission.objects.select_related("attempt__learner", "hand_in__stage").filter(pk=run_id).first()
        if submission is None or not access.reads(request.user, submission.attempt):
            raise access.NothingHere("There is no such run among those you may see. Check the address.")
        now = database_now()
        hidden = access.sees_hidden(request.user)
        fine = hidden or not class_is_looked_for(submission.attempt, now=now)
        body = shown.whole(submission, queue.last_run(submission), hidden=hidden, fine=fine, now=now)
        return Response(RunWhole({"server_now": now, **body}).data)


urlpatterns: list[URLPattern] = [
    path("attempts/<uuid:attempt_id>/runs/", AttemptRunsView.as_view(), name="attempt-runs"),
    path("runs/<uuid:run_id>/", RunView.as_view(), name="run"),
]
