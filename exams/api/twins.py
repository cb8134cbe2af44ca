"""The catalogue and the start: what a twin asks, in full and in public, and the button that begins it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import path
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.idempotency import idempotent
from accounts.models import Role, User
from exams import catalogue, start
from exams.api.attempts import AttemptSerializer, attempt_answer
from exams.api.shapes import CursorPages
from exams.api.twin_pages import summary, whole
from exams.api.twin_shapes import TwinSerializer, TwinSummarySerializer
from exams.database_clock import database_now, received_at
from exams.models import Attempt, Source, TwinVersion
from exams.openings import opened, opened_brief
from exams.twins import Twin

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


class TwinPages(CursorPages):
    """Twins by name."""

    ordering = ("slug",)


class TwinList(APIView):
    """The catalogue."""

    permission_classes = [AllowAny]
    pagination_class = TwinPages

    @extend_schema(
        operation_id="twins_list",
        summary="The catalogue of twins",
        responses={200: TwinSummarySerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        """Every twin that can be taken, by name."""
        versions: QuerySet[TwinVersion] = catalogue.listed()
        pages = TwinPages()
        rows = pages.paginate_queryset(versions, request, view=self) or []
        taken = catalogue.taken_by_slug()
        bodies = [summary(row, Twin.from_json(row.definition), taken=taken.get(row.slug, 0)) for row in rows]
        return pages.get_paginated_response(TwinSummarySerializer(bodies, many=True).data)


class TwinDetail(APIView):
    """One twin."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="twins_retrieve",
        summary="The whole public brief of a twin",
        responses={200: TwinSerializer},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Everything that can be known before the clock starts."""
        version = catalogue.shown(slug)
        user = request.user if isinstance(request.user, User) else None
        learner = user if user and user.role == Role.LEARNER else None
        body = whole(version, Twin.from_json(version.definition), learner or user)
        opened_brief(request.user, version.slug, now=body["server_now"])
        return Response(TwinSerializer(body).data)


def _shown_again(request: Request, kept: Any) -> Any:
    attempt = Attempt.objects.select_related("twin", "learner").get(pk=kept["id"], learner=request.user.pk)
    return attempt_answer(attempt, request.user, now=database_now())


class StartTwin(APIView):
    """The start button."""

    @extend_schema(
        operation_id="twins_start",
        summary="Start an attempt: the clock begins",
        request=None,
        responses={
            status.HTTP_201_CREATED: OpenApiResponse(AttemptSerializer, description="Live; every deadline is fixed."),
        },
    )
    @idempotent(one_transaction=False, restore=_shown_again)
    def post(self, request: Request, slug: str) -> Response:
        """Takes an incident and puts its repository in place, then starts the clock; all deadlines are in the answer.

        Only a 201 has started the clock. While no incident is ready for this learner, the answer is 503
        `incident-being-prepared`: nothing has started and nothing starts by itself; send the same again, with the same
        key, after `Retry-After` seconds. A second start answers 409 `already-live` and names the attempt.
        """
        learner = request.user
        assert isinstance(learner, User)  # noqa: S101 - only people are let in
        prepared = start.prepare(learner=learner, slug=slug, now=received_at(request))
        # Making the repository took time that is ours: the clock starts from here.
        attempt = start.begin(learner=learner, attempt_id=prepared.pk, now=database_now())
        now = database_now()
        body = attempt_answer(attempt, learner, now=now)
        if body["brief"] is not None:
            opened(learner, attempt, Source.BRIEF, now=now)
        return Response(body, status=status.HTTP_201_CREATED)


urlpatterns = [
    path("twins/", TwinList.as_view(), name="twins"),
    path("twins/<slug:slug>/", TwinDetail.as_view(), name="twin"),
    path("twins/<slug:slug>/start/", StartTwin.as_view(), name="twin-start"),
]
