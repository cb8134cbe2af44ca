"""Auto-save over HTTP: versions are entity tags, so that two tabs never silently overwrite each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status

from accounts.api.asking import Body
from accounts.idempotency import idempotent
from exams import live
from exams.access import attempt_for, own_attempt
from exams.api.shapes import ReceiptSerializer, WithServerNow
from exams.api.writing import LateWriteShape, WriteView, answer, arrived, person, written
from exams.definitions import deliverable_of
from exams.errors import Refusal
from exams.live.drafts import current_draft
from exams.models import Draft

if TYPE_CHECKING:
    import uuid

    from rest_framework.request import Request
    from rest_framework.response import Response

    from exams.models import Attempt

PAGE = 50
_TAG = re.compile(r'\s*(?:W/)?"?([0-9]{1,9})"?\s*')


class IfMatchNeeded(Refusal):
    """A draft was sent without saying from which version it was edited."""


class NoSuchVersion(Refusal):
    """The deliverable has no version of that number."""


class DraftWrite(Body):
    """What is saved: text or plain JSON; for code the object that names its source."""

    content = serializers.JSONField()


class VersionShape(serializers.Serializer[Any]):
    """One version, without its content."""

    version = serializers.IntegerField()
    based_on = serializers.IntegerField()
    conflict = serializers.BooleanField(help_text="Saved from a stale version: kept beside the current one.")
    content_sha256 = serializers.CharField()
    received_at = serializers.DateTimeField()


class DraftShape(VersionShape):
    """One version with its content."""

    content = serializers.JSONField()


class DraftSaved(WithServerNow):
    """The receipt, and the version that now holds what was sent."""

    receipt = ReceiptSerializer()
    draft = VersionShape(allow_null=True)
    unchanged = serializers.BooleanField(help_text="It was the current version already.")
    late_write = LateWriteShape(allow_null=True)


class DraftPage(WithServerNow):
    """The version asked for (the current one, when none was named) and the versions there are, newest first."""

    deliverable = serializers.CharField()
    draft = DraftShape(allow_null=True)
    versions = VersionShape(many=True)
    next_before = serializers.IntegerField(allow_null=True, help_text="Ask with ?before= this for older versions.")


class DraftQuery(serializers.Serializer[Any]):
    """Which version, and from where to list."""

    version = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
    before = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)


class DraftView(WriteView):
    """The draft of one deliverable."""

    @extend_schema(
        operation_id="draft_save",
        request=DraftWrite,
        responses={200: DraftSaved, 201: DraftSaved, 202: DraftSaved},
        parameters=[
            OpenApiParameter(
                "If-Match",
                str,
                OpenApiParameter.HEADER,
                description='The version it was edited from; "0" for the first.',
            ),
            OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER, description="* for the first version."),
        ],
    )
    @idempotent
    def put(self, request: Request, attempt_id: uuid.UUID, deliverable: str) -> Response:
        """Save a version; 409 `stale-draft` when another was saved in between, and both are kept."""
        attempt = own_attempt(request.user, attempt_id)
        received_at = arrived(request)
        based_on = _based_on(request, attempt, deliverable)
        body = DraftWrite(data=request.data)
        body.is_valid(raise_exception=True)
        saved = live.save_draft(
            attempt=attempt,
            deliverable=deliverable,
            content=body.validated_data["content"],
            based_on=based_on,
            actor=person(request),
            received_at=received_at,
        )
        response = written(
            saved.receipt,
            late=saved.late,
            status_code=status.HTTP_200_OK if saved.unchanged else status.HTTP_201_CREATED,
            draft=VersionShape(saved.draft).data if saved.draft is not None else None,
            unchanged=saved.unchanged,
        )
        if saved.draft is not None:
            response["ETag"] = f'"{saved.draft.version}"'
        return response

    @extend_schema(operation_id="draft", parameters=[DraftQuery], responses=DraftPage)
    def get(self, request: Request, attempt_id: uuid.UUID, deliverable: str) -> Response:
        """The current version, or the one named by `version`, and a list of versions."""
        attempt = attempt_for(request.user, attempt_id)
        deliverable_of(attempt, deliverable)
        query = DraftQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        kept = Draft.objects.filter(attempt=attempt, deliverable=deliverable)
        number = query.validated_data.get("version")
        draft = current_draft(attempt, deliverable) if number is None else kept.filter(version=number).first()
        if number is not None and draft is None:
            raise NoSuchVersion(
                f"{deliverable!r} has no version {number}; of very many, old ones are thinned out. "
                "Leave ?version= out for the current one."
            )
        before = query.validated_data.get("before")
        listed = kept.filter(version__lt=before) if before else kept
        versions = list(listed.defer("content").order_by("-version")[: PAGE + 1])
        response = answer(
            deliverable=deliverable,
            draft=DraftShape(draft).data if draft is not None else None,
            versions=VersionShape(versions[:PAGE], many=True).data,
            next_before=versions[PAGE - 1].version if len(versions) > PAGE else None,
        )
        if draft is not None:
            response["ETag"] = f'"{draft.version}"'
        return response


def _based_on(request: Request, attempt: Attempt, deliverable: str) -> int:
    """The version that the client edited.

    Raises:
        NoSuchDeliverable: the twin asks for none of that name.
        IfMatchNeeded: it does not say.
    """
    if request.headers.get("If-None-Match", "").strip() == "*":
        return 0
    tag = _TAG.fullmatch(request.headers.get("If-Match", ""))
    if tag is None:
        deliverable_of(attempt, deliverable)
        current = current_draft(attempt, deliverable)
        header = "If-None-Match: *" if current is None else f'If-Match: "{current.version}"'
        there = "no version yet" if current is None else f"version {current.version} at present"
        raise IfMatchNeeded(
            f"Say from which version you edited. {deliverable!r} has {there}: if you edited that, send the same again "
            f"with the header {header}. Nothing was stored; without it two tabs could overwrite each other.",
            current_version=current.version if current is not None else None,
            send=header,
        )
    return int(tag[1])


urlpatterns = [path("attempts/<uuid:attempt_id>/drafts/<slug:deliverable>/", DraftView.as_view(), name="draft")]
