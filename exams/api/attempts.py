"""My attempts: their clock, what has happened, what may be done now and why not; and the admin's way to void one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.asking import Body
from accounts.idempotency import idempotent
from accounts.models import Role, User
from exams import access, incident, possibilities, queries, receipts
from exams.api.shapes import CursorPages, ReceiptSerializer, WithServerNow
from exams.clock import Window
from exams.database_clock import database_now, received_at
from exams.models import Attempt, AttemptState, Stage, StageState
from exams.twins import Twin
from exams.void import void

if TYPE_CHECKING:
    import uuid

    from django.contrib.auth.models import AnonymousUser
    from rest_framework.request import Request


class AttemptStageSerializer(serializers.Serializer[Any]):
    """A stage of an attempt: its window [opens_at, closes_at) and where it stands."""

    key = serializers.CharField()
    title = serializers.CharField()
    opens_at = serializers.DateTimeField()
    closes_at = serializers.DateTimeField()
    state = serializers.CharField(help_text="open, handed_in, closed_by_deadline, or void: open when it was voided")
    closed_at = serializers.DateTimeField(allow_null=True)
    time_left_seconds = serializers.FloatField(help_text="At `server_now`; 0 once closed or void.")


class RepositorySerializer(serializers.Serializer[Any]):
    """The attempt's own repository, for git."""

    clone_url = serializers.CharField()
    username = serializers.CharField()
    token = serializers.CharField(help_text="The password git asks for; for this attempt only.")


class CountsSerializer(serializers.Serializer[Any]):
    """What has been done so far."""

    status_updates = serializers.IntegerField()
    diagnoses = serializers.IntegerField()
    questions = serializers.IntegerField()
    deployments = serializers.IntegerField()
    rollbacks = serializers.IntegerField()
    uploads = serializers.IntegerField()
    runs = serializers.IntegerField()
    hand_ins = serializers.IntegerField()
    late_writes = serializers.IntegerField()


class PossibilitySerializer(serializers.Serializer[Any]):
    """Something one might want to do now: whether it is possible, and why not."""

    act = serializers.CharField()
    stage = serializers.CharField(allow_blank=True)
    possible = serializers.BooleanField()
    reason = serializers.CharField(allow_blank=True)


class AttemptTwinSerializer(serializers.Serializer[Any]):
    """The twin version an attempt pins."""

    slug = serializers.CharField()
    version = serializers.IntegerField()
    title = serializers.CharField()


class AttemptLearnerSerializer(serializers.Serializer[Any]):
    """Whose attempt it is."""

    name = serializers.CharField()
    email = serializers.EmailField()


class AttemptSummarySerializer(WithServerNow):
    """An attempt in a list."""

    id = serializers.UUIDField()
    twin = AttemptTwinSerializer()
    learner = AttemptLearnerSerializer(
        allow_null=True, help_text="Told to admins, whose list holds everybody's; else null."
    )
    number = serializers.IntegerField()
    state = serializers.CharField(help_text="ready, live, closed or void")
    started_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    multiplier_percent = serializers.IntegerField()
    void_reason = serializers.CharField(allow_blank=True)
    stages = AttemptStageSerializer(many=True)


class IncidentBriefSerializer(serializers.Serializer[Any]):
    """What is told of this very incident."""

    company = serializers.CharField()
    trade = serializers.CharField()
    opened_because = serializers.CharField(help_text="The words of the page.")
    opened_at = serializers.DateTimeField(
        help_text="When the page rang by the incident's own dates, which its files carry: your start."
    )
    taken_over_from = serializers.CharField(help_text="Who was on call until the page; now you are.")
    facts = serializers.DictField(child=serializers.CharField())


class AttemptSerializer(AttemptSummarySerializer):
    """An attempt with what may be done now."""

    brief = IncidentBriefSerializer(
        allow_null=True, help_text="Of the incident that was drawn; null before the start and where there is none."
    )
    counts = CountsSerializer()
    may = PossibilitySerializer(many=True)
    repository = RepositorySerializer(allow_null=True, help_text="Null for everybody but its learner.")


class ReceiptListSerializer(WithServerNow):
    """Every receipt of an attempt."""

    receipts = ReceiptSerializer(many=True)


class VoidRequestSerializer(Body):
    """Why an attempt should not count."""

    reason = serializers.CharField(max_length=2_000)


def attempt_summary(attempt: Attempt, user: User | AnonymousUser, *, now: datetime) -> dict[str, Any]:
    """An attempt for this person's list."""
    twin = Twin.from_json(attempt.twin.definition)
    titles = {stage.key: stage.title for stage in twin.stages}
    return {
        "server_now": now,
        "id": attempt.pk,
        "twin": {"slug": attempt.twin_slug, "version": attempt.twin.version, "title": twin.title},
        "learner": _learner(attempt) if isinstance(user, User) and user.role == Role.ADMIN else None,
        "number": attempt.number,
        "state": attempt.state,
        "started_at": attempt.started_at,
        "closed_at": attempt.closed_at,
        "multiplier_percent": attempt.multiplier_percent,
        "void_reason": attempt.void_reason,
        "stages": [_stage(attempt, stage, titles.get(stage.key, stage.key), now=now) for stage in attempt.stages.all()],
    }


def _learner(attempt: Attempt) -> dict[str, str]:
    return {"name": attempt.learner.name, "email": attempt.learner.email}


def _stage(attempt: Attempt, stage: Stage, title: str, *, now: datetime) -> dict[str, Any]:
    """A stage, where nothing is open any more once its attempt is void."""
    void = attempt.state == AttemptState.VOID
    left = Window(stage.opens_at, stage.closes_at).time_left(now).total_seconds()
    return {
        "key": stage.key,
        "title": title,
        "opens_at": stage.opens_at,
        "closes_at": stage.closes_at,
        "state": "void" if void and stage.state == StageState.OPEN else stage.state,
        "closed_at": stage.closed_at,
        "time_left_seconds": 0.0 if void else left,
    }


def attempt_answer(attempt: Attempt, user: User | AnonymousUser, *, now: datetime) -> Any:
    """An attempt in full, as this person may see it; the repository's token is its learner's alone."""
    mine = attempt.learner_id == user.pk
    body = attempt_summary(attempt, user, now=now) | {
        "brief": _brief(attempt),
        "counts": queries.counts(attempt),
        "may": possibilities.now(attempt, now=now) if mine else [],
        "repository": queries.own_repository(attempt) if mine and attempt.started_at else None,
    }
    return AttemptSerializer(body).data


def _brief(attempt: Attempt) -> dict[str, Any] | None:
    told = incident.brief(attempt)
    return told and {**told, "opened_at": datetime.fromisoformat(told["opened_at"])}


class AttemptPages(CursorPages):
    """Attempts, newest first."""

    ordering = ("-created_at", "id")


class AttemptList(APIView):
    """My attempts."""

    pagination_class = AttemptPages

    @extend_schema(
        operation_id="attempts_list", summary="My attempts", responses={200: AttemptSummarySerializer(many=True)}
    )
    def get(self, request: Request) -> Response:
        """A learner's own; an admin's answer holds everybody's. Mentors find theirs among the reviews."""
        attempts = Attempt.objects.select_related("twin", "learner").prefetch_related("stages")
        assert isinstance(request.user, User)  # noqa: S101 - only people are let in
        if request.user.role != Role.ADMIN:
            attempts = attempts.filter(learner=request.user)
        pages = AttemptPages()
        now = database_now()
        rows = pages.paginate_queryset(attempts, request, view=self) or []
        bodies = [attempt_summary(attempt, request.user, now=now) for attempt in rows]
        return pages.get_paginated_response(AttemptSummarySerializer(bodies, many=True).data)


class AttemptDetail(APIView):
    """One attempt."""

    @extend_schema(operation_id="attempts_retrieve", summary="One attempt", responses={200: AttemptSerializer})
    def get(self, request: Request, attempt_id: uuid.UUID) -> Response:
        """State, clock, counts, and what may be done now, each with the reason when it may not."""
        attempt = access.attempt_for(request.user, attempt_id)
        return Response(attempt_answer(attempt, request.user, now=database_now()))


class AttemptReceipts(APIView):
    """The receipts of an attempt."""

    @extend_schema(
        operation_id="attempts_receipts", summary="Every receipt of an attempt", responses={200: ReceiptListSerializer}
    )
    def get(self, request: Request, attempt_id: uuid.UUID) -> Response:
        """In the order of the ledger."""
        attempt = access.attempt_for(request.user, attempt_id)
        body = {"server_now": database_now(), "receipts": receipts.of(attempt)}
        return Response(ReceiptListSerializer(body).data)


class VoidAttempt(APIView):
    """The admin's way to end an attempt that should not count."""

    @extend_schema(
        operation_id="attempts_void",
        summary="Void an attempt (admins)",
        request=VoidRequestSerializer,
        responses={200: AttemptSummarySerializer},
    )
    @idempotent
    def post(self, request: Request, attempt_id: uuid.UUID) -> Response:
        """It counts for nothing and against nothing; what was recorded is kept, with who voided it and why."""
        admin = access.require_admin(request.user)
        access.attempt_for(admin, attempt_id)
        asked = VoidRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        now = received_at(request)
        attempt = void(attempt_id=attempt_id, actor=admin, reason=asked.validated_data["reason"], now=now)
        return Response(AttemptSummarySerializer(attempt_summary(attempt, admin, now=database_now())).data)


urlpatterns = [
    path("attempts/", AttemptList.as_view(), name="attempts"),
    path("attempts/<uuid:attempt_id>/", AttemptDetail.as_view(), name="attempt"),
    path("attempts/<uuid:attempt_id>/receipts/", AttemptReceipts.as_view(), name="attempt-receipts"),
    path("attempts/<uuid:attempt_id>/void/", VoidAttempt.as_view(), name="attempt-void"),
]
