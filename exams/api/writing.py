"""What the doorways for a learner's writes share: bounded bodies, the moment of arrival, and the shape of answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import serializers, status
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from exams import database_clock, receipts
from exams.api.bodies import BoundedJSONParser
from exams.api.shapes import attempt_body
from exams.models import LateWrite  # noqa: TC001 - the schema reads annotations when it runs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from rest_framework.request import Request

    from exams.receipts import Receipt


class WriteView(APIView):
    """A view whose JSON bodies are read within a limit."""

    parser_classes = [BoundedJSONParser]


class LateWriteShape(serializers.Serializer[Any]):
    """A write that arrived after its window: stored whole, counting only if an admin grants it."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    stage = serializers.CharField(source="stage.key")
    received_at = serializers.DateTimeField()
    late_by_seconds = serializers.SerializerMethodField()
    content_sha256 = serializers.CharField()
    granted_at = serializers.DateTimeField(allow_null=True)
    grant_reason = serializers.CharField(allow_blank=True)

    def get_late_by_seconds(self, late: LateWrite) -> float:
        """How long after the deadline it arrived."""
        return late.late_by.total_seconds()


def arrived(request: Request) -> datetime:
    """When the last byte of the request had reached us, by the database's clock."""
    return database_clock.received_at(request._request)  # noqa: SLF001 - the request as it came


def person(request: Request) -> User:
    """Who asks; the views here are for people who are signed in."""
    assert isinstance(request.user, User)  # noqa: S101 - the permission class let nobody else in
    return request.user


def written(
    receipt: Receipt, *, late: LateWrite | None, status_code: int = status.HTTP_201_CREATED, **parts: Any
) -> Response:
    """The answer to a write: its receipt and what was made; 202 when it was late and does not count."""
    body: Mapping[str, Any] = {
        "receipt": receipts.as_json(receipt),
        "late_write": LateWriteShape(late).data if late is not None else None,
        **parts,
    }
    return Response(
        attempt_body(dict(body), now=database_clock.database_now()),
        status=status.HTTP_202_ACCEPTED if late is not None else status_code,
    )


def answer(**parts: Any) -> Response:
    """The answer to a reading."""
    return Response(attempt_body(parts, now=database_clock.database_now()))
