"""The catalogue and the start: what a twin asks, in full and in public, and the button that begins it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import path
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.idempotency import idempotent
from accounts.models import Role, User
from exams import catalogue, incident, markdown, start
from exams.api import causes
from exams.api.attempts import AttemptSerializer, attempt_answer
from exams.api.shapes import CursorPages
from exams.clock import scaled
from exams.database_clock import database_now, received_at
from exams.errors import Refusal
from exams.models import Attempt, TwinVersion
from exams.openings import opened_brief
from exams.twins import Twin

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

    from exams.twins.definition import Answer, Deliverable, Stage

MICROSECOND = 1e-6


class TwinSummarySerializer(serializers.Serializer[Any]):
    """A twin in the catalogue."""

    slug = serializers.SlugField()
    version = serializers.IntegerField()
    kind = serializers.CharField()
    title = serializers.CharField()
    situation = serializers.CharField()
    level = serializers.CharField()
    duration = serializers.CharField()
    language = serializers.CharField()
    pace = serializers.CharField()
    price_credits = serializers.IntegerField(help_text="0 is free.")
    cover = serializers.CharField(allow_null=True)
    taken = serializers.IntegerField(help_text="How many people have started it.")
    skills = serializers.ListField(child=serializers.CharField())
    demo = serializers.BooleanField()


class SlotSerializer(serializers.Serializer[Any]):
    """A presentation with a timer of its own."""

    lasts_seconds = serializers.FloatField()
    questions_seconds = serializers.FloatField(allow_null=True)
    audience = serializers.ListField(child=serializers.CharField())


class TwinStageSerializer(serializers.Serializer[Any]):
    """A stage and how its window hangs on the clock; lengths are unscaled, `mine` scaled by my multiplier."""

    key = serializers.CharField()
    title = serializers.CharField()
    opens_anchor = serializers.CharField()
    opens_after_seconds = serializers.FloatField()
    closes_anchor = serializers.CharField(help_text="`start`, or an edge of another stage such as `live.closes`.")
    closes_after_seconds = serializers.FloatField()
    my_closes_after_seconds = serializers.FloatField(help_text="The same, with the extra time I was granted.")
    status_updates = serializers.BooleanField()
    slot = SlotSerializer(allow_null=True)


class AnswerAskedSerializer(serializers.Serializer[Any]):
    """A structured answer that is asked for."""

    key = serializers.CharField()
    title = serializers.CharField()
    type = serializers.CharField()
    unit = serializers.CharField(allow_blank=True)
    choices = serializers.ListField(child=serializers.CharField())
    tolerance = serializers.FloatField(allow_null=True)
    tolerance_percent = serializers.FloatField(allow_null=True)


class DeliverableSerializer(serializers.Serializer[Any]):
    """Something that is handed in."""

    key = serializers.CharField()
    title = serializers.CharField()
    stage = serializers.CharField()
    kind = serializers.CharField()
    asks = serializers.CharField()
    required = serializers.BooleanField()  # type: ignore[assignment] # a field of that name, not the setting
    modes = serializers.ListField(child=serializers.CharField(), help_text="In order; the first is the default.")
    max_pages = serializers.IntegerField(allow_null=True)
    max_slides = serializers.IntegerField(allow_null=True)
    max_characters = serializers.IntegerField()
    sections = serializers.ListField(child=serializers.CharField())
    items = serializers.IntegerField(allow_null=True)
    each_item_has = serializers.ListField(child=serializers.CharField())
    options = serializers.ListField(child=serializers.CharField())
    answers = AnswerAskedSerializer(many=True)


class SelfCheckSerializer(serializers.Serializer[Any]):
    """A question answered before handing in."""

    key = serializers.CharField()
    stage = serializers.CharField()
    question = serializers.CharField()
    critical = serializers.BooleanField()


class RubricDimensionSerializer(serializers.Serializer[Any]):
    """One thing that is scored."""

    key = serializers.CharField()
    title = serializers.CharField()
    tests = serializers.CharField()
    weight_bp = serializers.IntegerField(help_text="Basis points; all weights sum to 10 000.")
    anchors = serializers.DictField(child=serializers.CharField(), help_text="What a score means, by score.")


class RubricSerializer(serializers.Serializer[Any]):
    """What an attempt is scored by."""

    threshold_bp = serializers.IntegerField()
    dimensions = RubricDimensionSerializer(many=True)


class SkillOfferedSerializer(serializers.Serializer[Any]):
    """A skill a pass may assert."""

    key = serializers.CharField()
    ceiling = serializers.DecimalField(max_digits=3, decimal_places=2)


class CareerSerializer(serializers.Serializer[Any]):
    """A career the twin prepares for."""

    title = serializers.CharField()
    why = serializers.CharField()


class CoworkerSerializer(serializers.Serializer[Any]):
    """Somebody in the room; what they are after beyond what they say stays theirs."""

    key = serializers.CharField()
    name = serializers.CharField()
    role = serializers.CharField()
    manner = serializers.CharField()
    wants = serializers.CharField()


class WorkspaceToolSerializer(serializers.Serializer[Any]):
    """A tool of the workspace."""

    kind = serializers.CharField()
    title = serializers.CharField()


class PacketItemSerializer(serializers.Serializer[Any]):
    """A file of the packet."""

    path = serializers.CharField()
    title = serializers.CharField()


class RatingSerializer(serializers.Serializer[Any]):
    """What those who took it said of it; null until somebody did."""

    average = serializers.FloatField(allow_null=True)
    count = serializers.IntegerField()
    out_of = serializers.IntegerField()


class StartableSerializer(serializers.Serializer[Any]):
    """Whether I may start it now, and why not."""

    possible = serializers.BooleanField()
    reason = serializers.CharField(allow_blank=True)
    attempts_allowed = serializers.IntegerField()
    attempts_used = serializers.IntegerField()
    multiplier_percent = serializers.IntegerField(help_text="My accommodation: every length is multiplied by it.")


class TwinSerializer(TwinSummarySerializer):
    """A twin's whole public brief."""

    server_now = serializers.DateTimeField()
    brief_markdown = serializers.CharField()
    brief_html = serializers.CharField(help_text="The same, rendered and cleaned: safe to insert.")
    receives = serializers.ListField(child=serializers.CharField())
    does = serializers.ListField(child=serializers.CharField())
    earning_criteria = serializers.ListField(child=serializers.CharField())
    stages = TwinStageSerializer(many=True)
    deliverables = DeliverableSerializer(many=True)
    submission_modes = serializers.ListField(child=serializers.CharField())
    self_checks = SelfCheckSerializer(many=True)
    rubric = RubricSerializer()
    skills_on_offer = SkillOfferedSerializer(many=True)
    careers = CareerSerializer(many=True)
    coworkers = CoworkerSerializer(many=True)
    workspace = WorkspaceToolSerializer(many=True)
    packet = PacketItemSerializer(many=True)
    cause_catalogue = causes.CauseCatalogueSerializer(allow_null=True, help_text=causes.HELP)
    limits = serializers.DictField(child=serializers.IntegerField())
    reattempts = serializers.IntegerField()
    review_hours = serializers.FloatField(help_text="From a mentor's claim to sign-off.")
    rating = RatingSerializer()
    start = StartableSerializer()


def summary(version: TwinVersion, twin: Twin, *, taken: int) -> dict[str, Any]:
    """A twin for the catalogue."""
    return {
        "slug": twin.slug,
        "version": version.version,
        "kind": twin.kind,
        "title": twin.title,
        "situation": twin.situation,
        "level": twin.level,
        "duration": twin.duration,
        "language": twin.language,
        "pace": twin.pace,
        "price_credits": twin.price.credits,
        "cover": twin.cover,
        "taken": taken,
        "skills": [skill.key for skill in twin.skills],
        "demo": twin.demo,
    }


def whole(version: TwinVersion, twin: Twin, user: User | None) -> dict[str, Any]:
    """A twin's public page: every field is named here, so that nothing hidden can slip out with the rest."""
    percent = start.multiplier_percent(user) if user else 100
    return summary(version, twin, taken=catalogue.taken(twin.slug)) | {
        "server_now": database_now(),
        "brief_markdown": twin.brief_markdown,
        "brief_html": markdown.render(twin.brief_markdown),
        "receives": twin.receives,
        "does": twin.does,
        "earning_criteria": twin.earning_criteria,
        "stages": [_stage(stage, percent) for stage in twin.stages],
        "deliverables": [_deliverable(each, twin) for each in twin.deliverables],
        "submission_modes": twin.submission_modes,
        "self_checks": twin.self_checks,
        "rubric": twin.rubric,
        "skills_on_offer": [{"key": each.key, "ceiling": each.ceiling_twentieths / 20} for each in twin.skills],
        "careers": twin.careers,
        "coworkers": twin.coworkers,
        "workspace": twin.workspace,
        "packet": twin.packet.items if twin.packet else (),
        "cause_catalogue": incident.cause_catalogue(twin),
        "limits": twin.limits.model_dump(),
        "reattempts": twin.reattempts,
        "review_hours": twin.review_hours,
        # Nobody can rate yet; figures come from people or not at all.
        "rating": {"average": None, "count": 0, "out_of": twin.rating.out_of},
        "start": _startable(version, twin, user, percent),
    }


def _stage(stage: Stage, percent: int) -> dict[str, Any]:
    slot = stage.slot
    return {
        "key": stage.key,
        "title": stage.title,
        "opens_anchor": stage.opens.anchor,
        "opens_after_seconds": stage.opens.after.total_seconds(),
        "closes_anchor": stage.closes.anchor,
        "closes_after_seconds": stage.closes.after.total_seconds(),
        "my_closes_after_seconds": scaled(stage.closes.after, percent).total_seconds(),
        "status_updates": stage.status_updates,
        "slot": slot
        and {
            "lasts_seconds": slot.lasts.total_seconds(),
            "questions_seconds": slot.questions.total_seconds() if slot.questions else None,
            "audience": slot.audience,
        },
    }


def _deliverable(deliverable: Deliverable, twin: Twin) -> dict[str, Any]:
    public = deliverable.model_dump(exclude={"expected", "answers"})
    if deliverable.kind == "code":
        public["modes"] = deliverable.modes or twin.submission_modes
    return public | {"answers": [_answer(each) for each in deliverable.answers]}


def _answer(answer: Answer) -> dict[str, Any]:
    percent = answer.tolerance_percent
    return answer.model_dump() | {"tolerance_percent": None if percent is None else percent / 100}


def _startable(version: TwinVersion, twin: Twin, user: User | None, percent: int) -> dict[str, Any]:
    facts = {"attempts_allowed": twin.attempts_allowed, "attempts_used": 0, "multiplier_percent": percent}
    if user is None:
        return {"possible": False, "reason": "Sign in first: the clock starts for a person.", **facts}
    facts["attempts_used"] = catalogue.attempts_used(user, version.slug)
    try:
        start.require_may_start(user, version)
    except Refusal as refusal:
        return {"possible": False, "reason": str(refusal), **facts}
    return {"possible": True, "reason": "", **facts}


class TwinPages(CursorPages):
    """Twins by name."""

    ordering = ("slug",)


class TwinList(APIView):
    """The catalogue."""

    permission_classes = [AllowAny]
    pagination_class = TwinPages

    @extend_schema(
        operation_id="twins_list",
        summary="The catalogue of twins",
        responses={200: TwinSummarySerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        """Every twin that can be taken, by name."""
        versions: QuerySet[TwinVersion] = catalogue.listed()
        pages = TwinPages()
        rows = pages.paginate_queryset(versions, request, view=self) or []
        taken = catalogue.taken_by_slug()
        bodies = [summary(row, Twin.from_json(row.definition), taken=taken.get(row.slug, 0)) for row in rows]
        return pages.get_paginated_response(TwinSummarySerializer(bodies, many=True).data)


class TwinDetail(APIView):
    """One twin."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="twins_retrieve",
        summary="The whole public brief of a twin",
        responses={200: TwinSerializer},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Everything that can be known before the clock starts."""
        version = catalogue.shown(slug)
        user = request.user if isinstance(request.user, User) else None
        learner = user if user and user.role == Role.LEARNER else None
        body = whole(version, Twin.from_json(version.definition), learner or user)
        opened_brief(request.user, version.slug, now=body["server_now"])
        return Response(TwinSerializer(body).data)


def _shown_again(request: Request, kept: Any) -> Any:
    attempt = Attempt.objects.select_related("twin", "learner").get(pk=kept["id"], learner=request.user.pk)
    return attempt_answer(attempt, request.user, now=database_now())


class StartTwin(APIView):
    """The start button."""

    @extend_schema(
        operation_id="twins_start",
        summary="Start an attempt: the clock begins",
        request=None,
        responses={
            status.HTTP_201_CREATED: OpenApiResponse(AttemptSerializer, description="Live; every deadline is fixed."),
        },
    )
    @idempotent(one_transaction=False, restore=_shown_again)
    def post(self, request: Request, slug: str) -> Response:
        """Takes an incident and puts its repository in place, then starts the clock; all deadlines are in the answer.

        Only a 201 has started the clock. While no incident is ready for this learner, the answer is 503
        `incident-being-prepared`: nothing has started and nothing starts by itself; send the same again, with the same
        key, after `Retry-After` seconds. A second start answers 409 `already-live` and names the attempt.
        """
        learner = request.user
        assert isinstance(learner, User)  # noqa: S101 - only people are let in
        prepared = start.prepare(learner=learner, slug=slug, now=received_at(request))
        # Making the repository took time that is ours: the clock starts from here.
        attempt = start.begin(learner=learner, attempt_id=prepared.pk, now=database_now())
        body = attempt_answer(attempt, learner, now=database_now())
        return Response(body, status=status.HTTP_201_CREATED)


urlpatterns = [
    path("twins/", TwinList.as_view(), name="twins"),
    path("twins/<slug:slug>/", TwinDetail.as_view(), name="twin"),
    path("twins/<slug:slug>/start/", StartTwin.as_view(), name="twin-start"),
]
