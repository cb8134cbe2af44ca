"""Deploying over HTTP: the commit of a run, a way back, what was deployed, and what customers have got since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers

from accounts.api.asking import Body
from accounts.idempotency import idempotent
from exams.access import attempt_for, own_attempt
from exams.api.pacing import TelemetryPace
from exams.api.shapes import ReceiptSerializer, WithServerNow
from exams.api.writing import WriteView, answer, arrived, person, written
from exams.database_clock import database_now
from exams.live import charts, deployments
from exams.models import Deployment, Source
from exams.openings import opened

if TYPE_CHECKING:
    import uuid
    from datetime import datetime

    from rest_framework.request import Request
    from rest_framework.response import Response

    from exams.live.deployments import Requested

MOST_NUMBER = 32_767
AFTER = "Only minutes with a higher number than this. The first has number 0, so that 0 leaves it out: -1 gives all."


class DeployWrite(Body):
    """Which run's code to deploy."""

    run = serializers.UUIDField(help_text="The id of a run of this attempt whose source has been taken in.")


class RollbackWrite(Body):
    """What to go back to."""

    to = serializers.IntegerField(
        min_value=0,
        max_value=MOST_NUMBER,
        required=False,
        allow_null=True,
        default=None,
        help_text="The number of a deployment that was live; none undoes the last deployment.",
    )


class DeploymentShape(serializers.Serializer[Any]):
    """A deployment and how far it has come."""

    number = serializers.IntegerField(help_text="0 is the release the incident opened with.")
    kind = serializers.CharField(help_text="initial, deploy or rollback")
    state = serializers.CharField(
        help_text="waiting or replaying (being tried; past `goes_live_at` customers get it all the same, if it can be "
        "started), ready (being rolled out), live (it went live at `live_from`), failed (it cannot "
        "be started: `because`), platform_fault (ours: deploy again), cancelled (by a rollback), came_to_nothing (a "
        "rollback to one that did: `because`). A version that another one took the place of stays `live` here: see "
        "`live_now` and `live_until`."
    )
    run = serializers.UUIDField(source="submission_id", allow_null=True)
    commit = serializers.SerializerMethodField(
        help_text="Of a rollback: that of the version which came back. Empty for number 0: that is what you cloned."
    )
    to = serializers.SerializerMethodField(help_text="Of a rollback: whose code came back.")
    requested_at = serializers.DateTimeField()
    goes_live_at = serializers.DateTimeField(source="due_at", help_text="When customers get it, if it can be started.")
    live_from = serializers.DateTimeField(allow_null=True)
    live_until = serializers.SerializerMethodField(
        help_text="When another took its place; null where none did, or where it is not known to have been live."
    )
    live_now = serializers.SerializerMethodField(help_text="Whether customers get it now.")
    because = serializers.SerializerMethodField(help_text="Why it is not live, and what to do.")

    def to_representation(self, row: Deployment) -> dict[str, Any]:
        """As it is kept; but a rollback to what came to nothing was never live."""
        shown = super().to_representation(row)
        return shown | {"state": "came_to_nothing", "live_from": None} if deployments.why_nothing(row) else shown

    def get_commit(self, row: Deployment) -> str:
        """The commit of the code that customers get."""
        submission = (row.of or row).submission
        return submission.pinned_commit if submission is not None else ""

    def get_to(self, row: Deployment) -> int | None:
        """The release of a rollback."""
        return row.of.number if row.of is not None else None

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_live_until(self, row: Deployment) -> str | None:
        """The end of its time with customers."""
        ends: dict[int, datetime] = self.context.get("ends", {})
        return serializers.DateTimeField().to_representation(ends[row.number]) if row.number in ends else None

    def get_live_now(self, row: Deployment) -> bool:
        """Whether it is the one that is live."""
        return bool(row.number == self.context.get("live_now"))

    def get_because(self, row: Deployment) -> str:
        """The reason."""
        return charts.because(row)


class DeploymentRequested(WithServerNow):
    """The receipt and the deployment."""

    receipt = ReceiptSerializer()
    deployment = DeploymentShape()


class DeploymentList(WithServerNow):
    """Every deployment, oldest first."""

    results = DeploymentShape(many=True)


class MinuteShape(serializers.Serializer[Any]):
    """What customers got in one minute; a refusal may have been right or not."""

    minute = serializers.IntegerField(help_text="0 is the first of the incident.")
    begins_at = serializers.DateTimeField()
    complete = serializers.BooleanField(help_text="Whether the minute is over; else more may come.")
    asked = serializers.IntegerField()
    correct = serializers.IntegerField()
    refused = serializers.IntegerField()
    harmful = serializers.IntegerField()
    failed = serializers.IntegerField(help_text="No usable answer: it raised, hung, or was down.")
    guard_passed = serializers.IntegerField(help_text="By what the replies say of their guard.")
    guard_blocked = serializers.IntegerField()
    complaints = serializers.IntegerField()


class LiveMark(serializers.Serializer[Any]):
    """When a version went live."""

    deployment = serializers.IntegerField()
    release = serializers.IntegerField(help_text="The deployment whose code it is: another one after a rollback.")
    live_from = serializers.DateTimeField()


class TelemetryPage(WithServerNow):
    """The chart so far."""

    known_until = serializers.DateTimeField(
        help_text="How far it is known: now, or earlier while a version is still being tried. What was told stays."
    )
    minutes = MinuteShape(many=True)
    deployed = LiveMark(many=True)


class MinutesQuery(serializers.Serializer[Any]):
    """From where."""

    after = serializers.IntegerField(min_value=-1, max_value=2_147_483_647, default=-1)


def _taken(requested: Requested) -> Response:
    shape = DeploymentShape(
        requested.deployment, context={"live_now": charts.live_now(requested.deployment.attempt, now=database_now())}
    )
    return written(requested.receipt, late=None, deployment=shape.data)


class DeploymentsView(WriteView):
    """The versions of an attempt."""

    @extend_schema(operation_id="deploy", request=DeployWrite, responses={201: DeploymentRequested})
    @idempotent
    def post(self, request: Request, attempt_id: uuid.UUID) -> Response:
        """Deploy the code of a run: customers get it a minute later, if it can be started."""
        attempt = own_attempt(request.user, attempt_id)
        received_at = arrived(request)
        body = DeployWrite(data=request.data)
        body.is_valid(raise_exception=True)
        return _taken(
            deployments.deploy(
                attempt=attempt, actor=person(request), received_at=received_at, run=body.validated_data["run"]
            )
        )

    @extend_schema(operation_id="deployments", responses=DeploymentList)
    def get(self, request: Request, attempt_id: uuid.UUID) -> Response:
        """Every deployment and rollback; the twin's limit keeps the list short."""
        attempt = attempt_for(request.user, attempt_id)
        rows = (
            Deployment.objects.filter(attempt=attempt)
            .select_related("submission", "of__submission")
            .defer("outcomes", "traffic", "of__outcomes", "of__traffic")
            .order_by("number")
        )
        now = database_now()
        shapes = DeploymentShape(
            rows,
            many=True,
            context={"live_now": charts.live_now(attempt, now=now), "ends": charts.live_until(attempt, now=now)},
        )
        opened(request.user, attempt, Source.DEPLOYMENTS, now=now)
        return answer(results=shapes.data)


class RollbackView(WriteView):
    """The way back."""

    @extend_schema(operation_id="rollback", request=RollbackWrite, responses={201: DeploymentRequested})
    @idempotent
    def post(self, request: Request, attempt_id: uuid.UUID) -> Response:
        """Undo the last deployment, or go back to one that was live, at once; what is rolling out is called off."""
        attempt = own_attempt(request.user, attempt_id)
        received_at = arrived(request)
        body = RollbackWrite(data=request.data)
        body.is_valid(raise_exception=True)
        return _taken(
            deployments.roll_back(
                attempt=attempt, actor=person(request), received_at=received_at, to=body.validated_data["to"]
            )
        )


class TelemetryView(WriteView):
    """What customers get."""

    throttle_classes = [TelemetryPace]

    @extend_schema(
        operation_id="telemetry",
        parameters=[OpenApiParameter("after", int, default=-1, description=AFTER)],
        responses=TelemetryPage,
    )
    def get(self, request: Request, attempt_id: uuid.UUID) -> Response:
        """Minute by minute until now: answers right, refused, harmful and failed; guard verdicts; complaints."""
        attempt = attempt_for(request.user, attempt_id)
        asked = MinutesQuery(data=request.query_params)
        asked.is_valid(raise_exception=True)
        now = database_now()
        chart = charts.chart(attempt, after=asked.validated_data["after"], now=now)
        opened(request.user, attempt, Source.TELEMETRY, now=now)
        return answer(**chart)


urlpatterns = [
    path("attempts/<uuid:attempt_id>/deployments/", DeploymentsView.as_view(), name="deployments"),
    path("attempts/<uuid:attempt_id>/rollback/", RollbackView.as_view(), name="rollback"),
    path("attempts/<uuid:attempt_id>/telemetry/", TelemetryView.as_view(), name="telemetry"),
]
