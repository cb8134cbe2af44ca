"""Handing in over HTTP: what was sent, what was answered, and the receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from accounts.api.asking import Body, FewByName
from accounts.idempotency import idempotent
from exams import queries, submit
from exams.access import attempt_for, own_attempt
from exams.api.shapes import ReceiptSerializer, WithServerNow
from exams.api.writing import LateWriteShape, WriteView, answer, arrived, person, written
from exams.models import HandIn
from exams.submit.self_checks import REASON_CHARACTERS
from exams.windows import stage_of

if TYPE_CHECKING:
    import uuid

    from rest_framework.request import Request
    from rest_framework.response import Response

    from exams.models import Submission


MOST_NAMED = 100  # more than any twin has of either


class Force(Body):
    """Why a critical self-check is passed over; the mentor reads it first."""

    reason = serializers.CharField(max_length=REASON_CHARACTERS)


class HandInWrite(Body):
    """What is handed in. A deliverable that is left out is taken from what is saved."""

    deliverables = FewByName(
        most=MOST_NAMED,
        child=serializers.JSONField(),
        required=False,
        default=dict,
        help_text="By key. Code is an object: {mode: repo_url, url?, ref?} or {mode: file_upload, upload}; "
        "without a url it is the attempt's own repository.",
    )
    self_checks = FewByName(
        most=MOST_NAMED,
        child=serializers.CharField(max_length=20),
        required=False,
        default=dict,
        help_text="yes or no, by key.",
    )
    force = Force(required=False, allow_null=True, default=None)


class SubmissionShape(serializers.Serializer[Any]):
    """The code of a hand-in: which commit was meant, and whether it could be taken in."""

    id = serializers.UUIDField()
    mode = serializers.CharField()
    url = serializers.CharField(allow_blank=True)
    ref = serializers.CharField(allow_blank=True)
    upload = serializers.UUIDField(source="upload_id", allow_null=True)
    pinned_commit = serializers.CharField(allow_blank=True)
    unpinned = serializers.BooleanField(help_text="The repository could not be reached at hand-in; it is tried again.")
    force_pushed = serializers.BooleanField(help_text="The branch no longer holds the commit that was handed in.")
    state = serializers.CharField(help_text="received, ingested or rejected.")
    rejected_code = serializers.CharField(allow_blank=True)
    rejected_because = serializers.CharField(allow_blank=True)


class HandInShape(serializers.Serializer[Any]):
    """One hand-in."""

    id = serializers.UUIDField()
    number = serializers.IntegerField()
    received_at = serializers.DateTimeField()
    by_deadline = serializers.BooleanField(help_text="Handed in by the deadline, as it was saved.")
    deliverables = serializers.DictField()
    content_sha256 = serializers.CharField()
    self_checks = serializers.SerializerMethodField()
    blocked_checks = serializers.ListField(child=serializers.CharField())
    force_reason = serializers.CharField(allow_blank=True)
    submission = serializers.SerializerMethodField()
    counts = serializers.SerializerMethodField(help_text="This is the one that is judged.")

    def get_self_checks(self, hand_in: HandIn) -> dict[str, str]:
        """Answers by key."""
        return {each.check_key: each.answer for each in hand_in.self_checks.all()}

    def get_submission(self, hand_in: HandIn) -> dict[str, Any] | None:
        """The code, if any."""
        submission: Submission | None = getattr(hand_in, "submission", None)
        return dict(SubmissionShape(submission).data) if submission is not None else None

    def get_counts(self, hand_in: HandIn) -> bool:
        """Whether it is the one that is judged."""
        return bool(hand_in.pk == self.context.get("counting"))


class HandInAnswer(WithServerNow):
    """The receipt, and the hand-in; or the late write it became."""

    receipt = ReceiptSerializer()
    hand_in = HandInShape(allow_null=True)
    missing = serializers.ListField(
        child=serializers.CharField(),
        help_text="Deliverables of the stage that are neither sent nor saved, or are empty; and of documents the "
        "sections that the twin names and nothing is written in, such as `postmortem: Timeline`. It blocks nothing.",
    )
    unpinned_because = serializers.CharField(allow_blank=True)
    late_write = LateWriteShape(allow_null=True)


class HandInList(WithServerNow):
    """Every hand-in of a stage, newest first."""

    results = HandInShape(many=True)


class HandInView(WriteView):
    """Handing in a stage."""

    @extend_schema(operation_id="hand_in", request=HandInWrite, responses={201: HandInAnswer, 202: HandInAnswer})
    @idempotent(one_transaction=False)
    def post(self, request: Request, attempt_id: uuid.UUID, stage_key: str) -> Response:
        """Hand in; again and again until the deadline, and the last one counts. 202 when it came after it."""
        attempt = own_attempt(request.user, attempt_id)
        received_at = arrived(request)
        body = HandInWrite(data=request.data)
        body.is_valid(raise_exception=True)
        force = body.validated_data["force"]
        handed_in = submit.hand_in(
            attempt=attempt,
            stage_key=stage_key,
            deliverables=body.validated_data["deliverables"],
            self_checks=body.validated_data["self_checks"],
            force_reason=force["reason"] if force is not None else None,
            actor=person(request),
            received_at=received_at,
        )
        row = handed_in.hand_in
        counting = queries.counting_hand_in(attempt, stage_key)
        context = {"counting": counting.pk if counting is not None else None}
        return written(
            handed_in.receipt,
            late=handed_in.late,
            hand_in=HandInShape(row, context=context).data if row is not None else None,
            missing=list(handed_in.missing),
            unpinned_because=handed_in.pin.why,
        )


class HandInsView(WriteView):
    """What was handed in for a stage."""

    @extend_schema(operation_id="hand_ins", responses=HandInList)
    def get(self, request: Request, attempt_id: uuid.UUID, stage_key: str) -> Response:
        """Every hand-in that is kept, newest first, and which of them counts."""
        attempt = attempt_for(request.user, attempt_id)
        stage = stage_of(attempt, stage_key)
        kept = HandIn.objects.filter(stage=stage).select_related("submission").prefetch_related("self_checks")
        counting = queries.counting_hand_in(attempt, stage_key)
        context = {"counting": counting.pk if counting is not None else None}
        return answer(results=HandInShape(kept.order_by("-number"), many=True, context=context).data)


urlpatterns = [
    path("attempts/<uuid:attempt_id>/stages/<slug:stage_key>/hand-in/", HandInView.as_view(), name="hand-in"),
    path("attempts/<uuid:attempt_id>/stages/<slug:stage_key>/hand-ins/", HandInsView.as_view(), name="hand-ins"),
]
