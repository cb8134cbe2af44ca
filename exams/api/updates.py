"""Status updates over HTTP: posted, listed, never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from accounts.api.asking import Body, OneOf
from accounts.idempotency import idempotent
from exams import live
from exams.access import attempt_for, own_attempt
from exams.api.shapes import ReceiptSerializer, WithServerNow
from exams.api.writing import LateWriteShape, WriteView, answer, arrived, person, written
from exams.live.updates import IMPACT_CHARACTERS, TEXT_CHARACTERS
from exams.models import StatusUpdate

if TYPE_CHECKING:
    import uuid

    from rest_framework.request import Request
    from rest_framework.response import Response


class StatusUpdateWrite(Body):
    """A message to stakeholders; it cannot be changed once posted."""

    audience = OneOf(choices=StatusUpdate.Audience.choices)
    state = OneOf(choices=StatusUpdate.State.choices)
    text = serializers.CharField(max_length=TEXT_CHARACTERS)
    impact = serializers.CharField(max_length=IMPACT_CHARACTERS, required=False, allow_blank=True, default="")
    next_update_at = serializers.DateTimeField(
        required=False,
        allow_null=True,
        default=None,
        help_text="When the next update is promised, such as 2026-03-01T10:20:00Z; without a zone it is UTC.",
    )


class StatusUpdateShape(StatusUpdateWrite):
    """A posted update."""

    number = serializers.IntegerField()
    received_at = serializers.DateTimeField()


class StatusUpdatePosted(WithServerNow):
    """The receipt, and the update; or the late write it became."""

    receipt = ReceiptSerializer()
    status_update = StatusUpdateShape(allow_null=True)
    late_write = LateWriteShape(allow_null=True)


class StatusUpdateList(WithServerNow):
    """Every update, oldest first."""

    results = StatusUpdateShape(many=True)


class StatusUpdatesView(WriteView):
    """The status updates of an attempt."""

    @extend_schema(
        operation_id="status_update_post",
        request=StatusUpdateWrite,
        responses={201: StatusUpdatePosted, 202: StatusUpdatePosted},
    )
    @idempotent
    def post(self, request: Request, attempt_id: uuid.UUID) -> Response:
        """Post an update; 202 with `counts: false` when the live window had closed."""
        attempt = own_attempt(request.user, attempt_id)
        received_at = arrived(request)
        body = StatusUpdateWrite(data=request.data)
        body.is_valid(raise_exception=True)
        posted = live.post_update(
            attempt=attempt, actor=person(request), received_at=received_at, **body.validated_data
        )
        return written(
            posted.receipt,
            late=posted.late,
            status_update=StatusUpdateShape(posted.update).data if posted.update is not None else None,
        )

    @extend_schema(operation_id="status_updates", responses=StatusUpdateList)
    def get(self, request: Request, attempt_id: uuid.UUID) -> Response:
        """Every update; the twin's limit keeps the list short."""
        attempt = attempt_for(request.user, attempt_id)
        updates = StatusUpdate.objects.filter(attempt=attempt).order_by("number")
        return answer(results=StatusUpdateShape(updates, many=True).data)


urlpatterns = [path("attempts/<uuid:attempt_id>/status-updates/", StatusUpdatesView.as_view(), name="status-updates")]
