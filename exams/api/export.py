"""The export over HTTP: everything of mine as a zip."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

from django.db import transaction
from django.http import FileResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.views import APIView

from accounts.models import Role
from exams import export, ledger
from exams.access import attempt_for, own_attempt
from exams.api.writing import arrived, person

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from rest_framework.request import Request

    from accounts.models import User
    from exams.models import Attempt

IN_MEMORY_BYTES = 4 * 1024 * 1024


class ZipRenderer(BaseRenderer):
    """Lets clients ask for a zip; the view itself writes it."""

    media_type = "application/zip"
    format = "zip"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """Problems are JSON also to those who asked for a zip."""
        return bytes(JSONRenderer().render(data, accepted_media_type, renderer_context))


class ExportView(APIView):
    """Everything of one attempt."""

    renderer_classes = [ZipRenderer, JSONRenderer]

    @extend_schema(
        operation_id="export",
        responses={(200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY, description="The zip.")},
    )
    def get(self, request: Request, attempt_id: uuid.UUID) -> FileResponse:
        """Every event, receipt, draft, update, question, hand-in and source, as the learner may see them."""
        user = person(request)
        now = arrived(request)
        attempt = _exportable(user, attempt_id, now)
        # The response closes the file; what is larger than memory allows lies on disk, without a name.
        made = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115
        export.write_zip(attempt, made, now=now)
        made.seek(0)
        return FileResponse(
            made,
            as_attachment=True,
            filename=f"hotseat-{attempt.twin_slug}-{attempt.number}.zip",
            content_type="application/zip",
        )


def _exportable(user: User, attempt_id: uuid.UUID, now: datetime) -> Attempt:
    """The attempt, for its learner; for an admin too, whose reading is ledgered."""
    if user.role != Role.ADMIN:
        return own_attempt(user, attempt_id)
    attempt = attempt_for(user, attempt_id)
    with transaction.atomic():
        held = ledger.hold(attempt.pk)
        ledger.append(attempt=held, kind="export.taken", payload={}, actor=user, at=now, visible=False)
    return attempt


urlpatterns = [path("attempts/<uuid:attempt_id>/export/", ExportView.as_view(), name="export")]
