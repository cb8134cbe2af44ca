"""The feed over HTTP: pages of events, and the ticket that opens the stream (served by config/events_stream.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import path, reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from exams import access, feed
from exams.api.shapes import WithServerNow
from exams.coworkers.speaking import catch_up
from exams.database_clock import database_now
from exams.openings import opened, told_by

if TYPE_CHECKING:
    import uuid

    from rest_framework.request import Request


class EventSerializer(serializers.Serializer[Any]):
    """One thing that happened."""

    seq = serializers.IntegerField()
    at = serializers.DateTimeField()
    kind = serializers.CharField()
    actor = serializers.CharField(help_text="you, platform, learner, mentor or admin")
    receipt = serializers.BooleanField()
    payload = serializers.DictField()


class EventPageSerializer(WithServerNow):
    """Some of what happened, in order."""

    events = EventSerializer(many=True)
    after = serializers.IntegerField(help_text="Pass it as `after` for what comes next.")
    more = serializers.BooleanField(help_text="Whether there is more already.")


class PageQuerySerializer(serializers.Serializer[Any]):
    """From where, and how many."""

    after = serializers.IntegerField(min_value=0, max_value=2_147_483_647, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=feed.MOST_AT_ONCE, default=100)


class TicketSerializer(WithServerNow):
    """What opens the stream."""

    ticket = serializers.CharField()
    ends_at = serializers.DateTimeField()
    url = serializers.CharField(help_text="Open this with EventSource before `ends_at`.")


class AttemptEvents(APIView):
    """The feed of an attempt."""

    @extend_schema(
        operation_id="attempts_events",
        summary="The feed: JSON pages, or a stream with a ticket",
        parameters=[
            PageQuerySerializer,
            OpenApiParameter("ticket", OpenApiTypes.STR, description="With a ticket the answer is a stream of events."),
        ],
        responses={
            (200, "application/json"): EventPageSerializer,
            (200, "text/event-stream"): OpenApiResponse(
                OpenApiTypes.STR,
                description="`event: ledger` with `id` the number; `Last-Event-ID` resumes; `event: clock` keeps time.",
            ),
        },
    )
    def get(self, request: Request, attempt_id: uuid.UUID) -> Response:
        """Everything that happened after number `after`, as this person may read it."""
        attempt = access.attempt_for(request.user, attempt_id)
        asked = PageQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        after, limit = asked.validated_data["after"], asked.validated_data["limit"]
        now = database_now()
        catch_up(attempt.pk, now)  # whoever reads need not wait for the sweep
        events = feed.page(attempt, request.user, after=after, limit=limit + 1)
        shown = events[:limit]
        opened(request.user, attempt, *told_by(event["kind"] for event in shown), now=now)
        body = {
            "server_now": database_now(),
            "events": shown,
            "after": shown[-1]["seq"] if shown else after,
            "more": len(events) > limit,
        }
        return Response(EventPageSerializer(body).data)


class EventsTicket(APIView):
    """A ticket for the stream."""

    @extend_schema(
        operation_id="attempts_events_ticket",
        summary="A ticket that opens the stream for a minute",
        request=None,
        responses={201: TicketSerializer},
    )
    def post(self, request: Request, attempt_id: uuid.UUID) -> Response:
        """EventSource sends no headers, so a signed ticket in the address stands for the sign-in."""
        attempt = access.attempt_for(request.user, attempt_id)
        assert isinstance(request.user, User)  # noqa: S101 - attempt_for lets only people in
        now = database_now()
        ticket, ends_at = feed.ticket(attempt, request.user, now=now)
        body = {
            "server_now": now,
            "ticket": ticket,
            "ends_at": ends_at,
            "url": f"{reverse('attempt-events', args=[attempt.pk])}?{urlencode({'ticket': ticket})}",
        }
        return Response(TicketSerializer(body).data, status=status.HTTP_201_CREATED)


urlpatterns = [
    path("attempts/<uuid:attempt_id>/events/", AttemptEvents.as_view(), name="attempt-events"),
    path("attempts/<uuid:attempt_id>/events/ticket/", EventsTicket.as_view(), name="attempt-events-ticket"),
]
