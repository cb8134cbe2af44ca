"""Shapes that several answers about attempts share: the server's time, receipts, pages by cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import Model, QuerySet
    from rest_framework.pagination import Cursor
    from rest_framework.request import Request
    from rest_framework.views import APIView


class WithServerNow(serializers.Serializer[Any]):
    """Base of every body about an attempt: the server's clock when the answer was made."""

    server_now = serializers.DateTimeField(read_only=True, help_text="The one clock: the database server's, in UTC.")


class ReceiptSerializer(serializers.Serializer[Any]):
    """What we received, when, and whether it counts."""

    number = serializers.IntegerField(help_text="Sequence number in the attempt's ledger.")
    kind = serializers.CharField()
    received_at = serializers.DateTimeField(help_text="When the last byte had reached us.")
    content_sha256 = serializers.CharField()
    stage = serializers.CharField(allow_blank=True)
    time_left_seconds = serializers.FloatField(
        allow_null=True,
        help_text="Of its stage, when it arrived; null when it belongs to none, such as a file's bytes.",
    )
    counts = serializers.BooleanField()
    late_by_seconds = serializers.FloatField(allow_null=True)
    message = serializers.CharField(help_text="The same for people, with the time zone named.")
    missing = serializers.ListField(
        child=serializers.CharField(), help_text="Of a hand-in: what it lacks, as `missing` of its answer."
    )


class CursorPages(CursorPagination):
    """Base of all lists: 50 a page, at most 200, newest first, `next` and `previous` as addresses."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
    ordering: Any = ("-created_at", "pk")
    _listed: type[Model]

    def paginate_queryset(  # type: ignore[override]  # the framework's pages of plain lists are not for cursors
        self, queryset: QuerySet[Any], request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        """The page the cursor asks for."""
        self._listed = queryset.model
        return super().paginate_queryset(queryset, request, view)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """The cursor, whose position the framework takes as it comes: an invented one would end in the database.

        Raises:
            NotFound: it is none that we gave.
        """
        cursor: Cursor | None = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None and not self._may_be_ours(str(cursor.position)):
            raise NotFound("This cursor is none of ours. Follow `next` and `previous` as they were given.")
        return cursor

    def _may_be_ours(self, position: str) -> bool:
        if not self.ordering:  # a list that is always empty for whoever asks has no places in it
            return False
        ordered_by = self._listed._meta.get_field(self.ordering[0].lstrip("-"))  # noqa: SLF001 - Django's documented way
        try:
            ordered_by.clean(position, None)  # type: ignore[union-attr]
        except (ValidationError, ValueError):
            return False
        return True


def attempt_body(body: dict[str, Any], *, now: datetime) -> dict[str, Any]:
    """`body` with the server's time, as every body about an attempt carries it."""
    return {"server_now": now, **body}


def absolute(request: Request, path: str) -> str:
    """A path of ours as a whole address."""
    return request.build_absolute_uri(path)
