"""Uploads over HTTP: one small request commits to a file, another brings its bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.views import APIView

from accounts.api.asking import Body
from accounts.idempotency import idempotent
from exams import live, receipts
from exams.access import attempt_for, own_attempt
from exams.api.bodies import read_at_most
from exams.api.shapes import ReceiptSerializer, WithServerNow
from exams.api.writing import WriteView, answer, arrived, person
from exams.live.uploads import find_upload

if TYPE_CHECKING:
    import uuid

    from rest_framework.request import Request
    from rest_framework.response import Response

    from exams.live.uploads import Committed


class UploadWrite(Body):
    """The file committed to; its bytes may follow for two minutes."""

    name = serializers.CharField(max_length=200, trim_whitespace=False)
    size = serializers.IntegerField(min_value=1, max_value=2**40)
    sha256 = serializers.RegexField(
        r"^[0-9a-f]{64}\Z",
        help_text="Of the whole file, in lower-case hex.",
        error_messages={"invalid": "Send the SHA-256 of the whole file as 64 lower-case hexadecimal digits."},
    )


class UploadShape(serializers.Serializer[Any]):
    """A file that was committed to."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()
    committed_at = serializers.DateTimeField()
    bytes_until = serializers.DateTimeField(help_text="The bytes count when their last one arrives before this.")
    bytes_at = serializers.DateTimeField(allow_null=True)
    expired_at = serializers.DateTimeField(allow_null=True)


class UploadAnswer(WithServerNow):
    """The upload and the receipt for what was last done with it."""

    receipt = ReceiptSerializer()
    upload = UploadShape()


class UploadPage(WithServerNow):
    """One upload."""

    upload = UploadShape()


class UploadsView(WriteView):
    """Files of an attempt."""

    @extend_schema(operation_id="upload_commit", request=UploadWrite, responses={201: UploadAnswer})
    @idempotent
    def post(self, request: Request, attempt_id: uuid.UUID) -> Response:
        """Commit to a file by name, size and hash, before its bytes arrive."""
        attempt = own_attempt(request.user, attempt_id)
        received_at = arrived(request)
        body = UploadWrite(data=request.data)
        body.is_valid(raise_exception=True)
        committed = live.commit_upload(
            attempt=attempt, actor=person(request), received_at=received_at, **body.validated_data
        )
        return _answer(committed, status.HTTP_201_CREATED)


class UploadView(APIView):
    """One file."""

    @extend_schema(operation_id="upload", responses=UploadPage)
    def get(self, request: Request, attempt_id: uuid.UUID, upload_id: uuid.UUID) -> Response:
        """What was committed to, and whether its bytes have arrived."""
        upload = find_upload(attempt=attempt_for(request.user, attempt_id), upload_id=upload_id)
        return answer(upload=UploadShape(upload).data)


class UploadBytesView(APIView):
    """The bytes of one file."""

    @extend_schema(
        operation_id="upload_bytes",
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses=UploadAnswer,
    )
    def put(self, request: Request, attempt_id: uuid.UUID, upload_id: uuid.UUID) -> Response:
        """Send the bytes; sending the same again changes nothing."""
        attempt = own_attempt(request.user, attempt_id)
        received_at = arrived(request)
        upload = find_upload(attempt=attempt, upload_id=upload_id)
        content = read_at_most(
            request._request,  # type: ignore[arg-type] # noqa: SLF001 - the body as it came, which no parser may touch
            what="file",
            max_bytes=upload.size,
            declared=request.META.get("CONTENT_LENGTH"),
        )
        received = live.receive_bytes(
            attempt=attempt, upload_id=upload_id, content=content, actor=person(request), received_at=received_at
        )
        return _answer(received, status.HTTP_200_OK)


def _answer(committed: Committed, status_code: int) -> Response:
    response = answer(receipt=receipts.as_json(committed.receipt), upload=UploadShape(committed.upload).data)
    response.status_code = status_code
    return response


urlpatterns = [
    path("attempts/<uuid:attempt_id>/uploads/", UploadsView.as_view(), name="uploads"),
    path("attempts/<uuid:attempt_id>/uploads/<uuid:upload_id>/", UploadView.as_view(), name="upload"),
    path("attempts/<uuid:attempt_id>/uploads/<uuid:upload_id>/bytes/", UploadBytesView.as_view(), name="upload-bytes"),
]
