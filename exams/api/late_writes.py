"""Late writes over HTTP: seen by whoever sees the attempt, granted by admins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from accounts.api.asking import Body
from accounts.idempotency import idempotent
from exams import submit
from exams.access import attempt_for, require_admin
from exams.api.shapes import CursorPages, WithServerNow
from exams.api.writing import LateWriteShape, WriteView, answer, arrived
from exams.models import LateWrite
from exams.submit.granting import REASON_CHARACTERS

if TYPE_CHECKING:
    import uuid

    from rest_framework.request import Request
    from rest_framework.response import Response


class GrantWrite(Body):
    """Why the late write is to count."""

    reason = serializers.CharField(max_length=REASON_CHARACTERS)


class LateWriteWhole(LateWriteShape):
    """A late write with what it said."""

    payload = serializers.DictField()


class GrantAnswer(WithServerNow):
    """The late write, which counts now."""

    late_write = LateWriteWhole()


class LateWriteList(WithServerNow):
    """Late writes, newest first."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = LateWriteWhole(many=True)


class ByArrival(CursorPages):
    """Latest arrival first."""

    ordering = ("-received_at", "id")


class LateWritesView(WriteView):
    """What arrived late in an attempt."""

    @extend_schema(operation_id="late_writes", responses=LateWriteList)
    def get(self, request: Request, attempt_id: uuid.UUID) -> Response:
        """Every late write, whole, with how late it was and whether it was granted; by cursor."""
        attempt = attempt_for(request.user, attempt_id)
        pages = ByArrival()
        kept = LateWrite.objects.filter(attempt=attempt).select_related("stage")
        page = pages.paginate_queryset(kept, request, view=self)
        return answer(
            next=pages.get_next_link(), previous=pages.get_previous_link(), results=LateWriteWhole(page, many=True).data
        )


class GrantView(WriteView):
    """Letting a late write count."""

    @extend_schema(operation_id="late_write_grant", request=GrantWrite, responses=GrantAnswer)
    @idempotent
    def post(self, request: Request, late_write_id: uuid.UUID) -> Response:
        """Let it count, once, from the moment at which it arrived; admins only."""
        admin = require_admin(request.user)
        body = GrantWrite(data=request.data)
        body.is_valid(raise_exception=True)
        granted = submit.grant_late(
            late_write_id=late_write_id, reason=body.validated_data["reason"], actor=admin, now=arrived(request)
        )
        return answer(late_write=LateWriteWhole(granted.late).data)


urlpatterns = [
    path("attempts/<uuid:attempt_id>/late-writes/", LateWritesView.as_view(), name="late-writes"),
    path("late-writes/<uuid:late_write_id>/grant/", GrantView.as_view(), name="late-write-grant"),
]
