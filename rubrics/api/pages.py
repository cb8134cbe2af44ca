"""Pages of the review queue: by cursor, in the order the queue itself gives."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Model, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from exams.api.shapes import CursorPages
from exams.database_clock import database_now


class QueueOrder(CursorPages):
    """Keeps the order of the query it is given, so that each part of the queue has its own."""

    def get_ordering(self, request: Request, queryset: QuerySet[Model], view: APIView) -> Sequence[str]:  # type: ignore[override]  # noqa: ARG002 - the framework's signature
        """The order the query came with."""
        return tuple(str(field) for field in queryset.query.order_by)

    def get_paginated_response(self, data: Any) -> Response:
        """A page, and what time it is."""
        return Response(
            {
                "server_now": database_now(),
                "next": self.get_next_link(),
                "previous": self.get_previous_link(),
                "results": data,
            }
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The shape of a page."""
        link = {"type": "string", "nullable": True, "format": "uri"}
        return {
            "type": "object",
            "required": ["server_now", "next", "previous", "results"],
            "properties": {
                "server_now": {"type": "string", "format": "date-time"},
                "next": link,
                "previous": link,
                "results": schema,
            },
        }
