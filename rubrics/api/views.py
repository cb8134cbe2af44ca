"""Doorways to judgement: translate in, one call, translate out."""

from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.idempotency import idempotent
from accounts.models import User
from exams import access, feed, receipts
from exams.access import NothingHere
from exams.api.writing import arrived
from exams.database_clock import database_now
from exams.definitions import twin_of
from exams.models import HandIn
from rubrics import appeals, basis, result, review, skills
from rubrics.api import basis_shapes, result_shapes, shapes
from rubrics.api.pages import QueueOrder
from rubrics.models import Review


def _user(request: Request) -> User:
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - authentication ran before this; narrows the framework's union
    return user


def _detail(user: User, review_id: UUID) -> dict[str, Any]:
    held = review.held_by(user, review_id)
    body: dict[str, Any] = shapes.ReviewDetail(
        held,
        context={
            "server_now": database_now(),
            "forced": review.forced(held.attempt),
            "anchors": {one.key: one.anchors for one in twin_of(held.attempt).rubric.dimensions},
        },
    ).data
    return body


class Queue(ListAPIView[Review]):
    """The queue of reviews."""

    serializer_class = shapes.ReviewQueueRow
    pagination_class = QueueOrder

    def get_queryset(self) -> QuerySet[Review]:
        """The part of the queue that was asked for; rows name nobody."""
        if getattr(self, "swagger_fake_view", False):
            return Review.objects.none().order_by("waiting_since", "id")
        asked = shapes.QueueAsked(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        return review.queue(viewer=_user(self.request), which=asked.validated_data["state"]).annotate(
            forced=Exists(HandIn.objects.filter(attempt=OuterRef("attempt")).exclude(force_reason=""))
        )

    @extend_schema(
        operation_id="reviews_list",
        parameters=[OpenApiParameter("state", enum=shapes.QUEUES, default="open")],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Open reviews by how long they have waited, or your own; rows name nobody before a claim."""
        return super().get(request, *args, **kwargs)


class One(APIView):
    """A review you have claimed."""

    @extend_schema(operation_id="reviews_retrieve", responses=shapes.ReviewDetail)
    def get(self, request: Request, review_id: UUID) -> Response:
        """Rubric, draft scores and assertions."""
        return Response(_detail(_user(request), review_id))


class Claim(APIView):
    """Claiming."""

    @extend_schema(operation_id="reviews_claim", request=None, responses=shapes.ReviewDetail)
    @idempotent
    def post(self, request: Request, review_id: UUID) -> Response:
        """Take the review for yourself alone; 409 `already-claimed` says who was first and when."""
        user = _user(request)
        review.claim(review_id=review_id, mentor=user, now=database_now())
        return Response(_detail(user, review_id))


class Release(APIView):
    """Handing back."""

    @extend_schema(operation_id="reviews_release", request=shapes.ReviewRelease, responses=shapes.ReviewQueueRow)
    @idempotent(gives_up=True)
    def post(self, request: Request, review_id: UUID) -> Response:
        """Put the review back into the queue; the draft stays with it."""
        asked = shapes.ReviewRelease(data=request.data)
        asked.is_valid(raise_exception=True)
        released = review.release(
            review_id=review_id, mentor=_user(request), reason=asked.validated_data["reason"], now=database_now()
        )
        return Response(shapes.ReviewQueueRow(released, context={"forced": review.forced(released.attempt)}).data)


class Reassign(APIView):
    """Giving a review to a named mentor."""

    @extend_schema(operation_id="reviews_reassign", request=shapes.ReviewReassign, responses=shapes.ReviewDetail)
    @idempotent
    def post(self, request: Request, review_id: UUID) -> Response:
        """For admins: hand the review, draft and all, to a named mentor with a fresh 48 hours."""
        user = access.require_admin(request.user)
        asked = shapes.ReviewReassign(data=request.data)
        asked.is_valid(raise_exception=True)
        to = User.objects.filter(email__iexact=asked.validated_data["mentor"], is_active=True).first()
        if to is None:
            raise NothingHere(f"Nobody active signs in as {asked.validated_data['mentor']}. Check the address.")
        review.reassign(
            review_id=review_id, to=to, admin=user, reason=asked.validated_data["reason"], now=database_now()
        )
        return Response(_detail(user, review_id))


class Evidence(APIView):
    """Everything known about the attempt."""

    @extend_schema(
        operation_id="reviews_evidence",
        parameters=[OpenApiParameter("figures", enum=basis_shapes.FIGURES, default="kept")],
        responses=basis_shapes.EvidenceOut,
    )
    def get(self, request: Request, review_id: UUID) -> Response:
        """Force flag first; then times, updates, verdict, self-checks. Of a signed review, what it was judged by."""
        asked = basis_shapes.EvidenceAsked(data=request.query_params)
        asked.is_valid(raise_exception=True)
        held = review.held_by(_user(request), review_id)
        now = database_now()
        found = basis.show(held, today=asked.validated_data["figures"] == "today", now=now)
        return Response({"server_now": now, "basis": found.basis, "evidence": found.evidence})


class Replay(APIView):
    """The ledger as a timeline."""

    @extend_schema(operation_id="reviews_replay", responses=shapes.ReplayOut)
    def get(self, request: Request, review_id: UUID) -> Response:
        """Every event of the attempt in order, with its offset from the start in seconds; not what another judged."""
        user = _user(request)
        held = review.held_by(user, review_id)
        started = held.attempt.started_at
        events = feed.readable(feed.reader_of(held.attempt, user))
        return Response(
            {
                "server_now": database_now(),
                "started_at": started,
                "events": [
                    {
                        "seq": event.seq,
                        "at": event.at,
                        "offset_seconds": (event.at - started).total_seconds() if started else None,
                        "kind": event.kind,
                        "by": "platform"
                        if event.actor_id is None
                        else "learner"
                        if event.actor_id == held.attempt.learner_id
                        else "staff",
                        "payload": event.payload,
                        "sha256": event.sha256,
                    }
                    for event in events
                ],
            }
        )


class ScoreOne(APIView):
    """The score of one dimension."""

    @extend_schema(operation_id="reviews_score", request=shapes.ScoreIn, responses=shapes.ScoreSaved)
    @idempotent
    def put(self, request: Request, review_id: UUID, dimension: str) -> Response:
        """Save the draft score of one dimension, with a comment or cited evidence."""
        asked = shapes.ScoreIn(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        saved = review.score(
            review_id=review_id,
            dimension=dimension,
            value=given["score"],
            comment=given["comment"],
            evidence=[review.Cited(**cited) for cited in given["evidence"]],
            mentor=_user(request),
            now=database_now(),
        )
        return Response({"server_now": database_now(), "score": shapes.ScoreOut(saved).data})


class Assertions(APIView):
    """The skills asserted."""

    @extend_schema(
        operation_id="reviews_assert", request=shapes.AssertionIn(many=True), responses=shapes.AssertionsSaved
    )
    @idempotent
    def put(self, request: Request, review_id: UUID) -> Response:
        """Replace the asserted skills: a subset of those on offer, each up to its ceiling, on a passing review."""
        asked = shapes.AssertionsIn(data={"assertions": request.data})
        asked.is_valid(raise_exception=True)
        rows = skills.assert_skills(
            review_id=review_id,
            asserted=[skills.Asserted(**one) for one in asked.validated_data["assertions"]],
            mentor=_user(request),
            now=database_now(),
        )
        return Response({"server_now": database_now(), "assertions": shapes.AssertionOut(rows, many=True).data})


class SignOff(APIView):
    """Signing off."""

    @extend_schema(operation_id="reviews_sign_off", request=shapes.SignOffIn, responses=shapes.ReviewDetail)
    @idempotent
    def post(self, request: Request, review_id: UUID) -> Response:
        """Freeze the review for good: the one confirmed act."""
        asked = shapes.SignOffIn(data=request.data)
        asked.is_valid(raise_exception=True)
        user = _user(request)
        review.sign_off(
            review_id=review_id,
            confirm=asked.validated_data["confirm"],
            read_force_reason=asked.validated_data["read_force_reason"],
            note=asked.validated_data["note_to_learner"],
            mentor=user,
            now=database_now(),
        )
        return Response(_detail(user, review_id))


class AttemptResult(APIView):
    """The result of an attempt."""

    @extend_schema(operation_id="attempts_result", responses=result_shapes.ResultOut)
    def get(self, request: Request, attempt_id: UUID) -> Response:
        """Scores with comments, the overall, what stands, the appeal; before sign-off a 409 says where the review is.

        A mentor reads what they signed themselves, and nobody else's scores.
        """
        user = _user(request)
        found = result.of(access.attempt_for(user, attempt_id), viewer=user)
        return Response(result_shapes.ResultOut(found, context={"server_now": database_now()}).data)


NEXT = (
    "Your appeal is filed. Another mentor, who does not see the first scores, judges the whole attempt afresh. What "
    "they sign becomes its result, whether it is higher or lower; until then the first result stands."
)


class AttemptAppeal(APIView):
    """The learner's one appeal."""

    @extend_schema(
        operation_id="attempts_appeal", request=result_shapes.AppealIn, responses={201: result_shapes.AppealFiled}
    )
    @idempotent
    def post(self, request: Request, attempt_id: UUID) -> Response:
        """Have a signed attempt judged afresh by another mentor: once, and before the `appeal_until` of its result."""
        now = arrived(request)
        user = _user(request)
        access.own_attempt(user, attempt_id)
        asked = result_shapes.AppealIn(data=request.data)
        asked.is_valid(raise_exception=True)
        filed = appeals.file(
            attempt_id=attempt_id,
            reason=asked.validated_data["reason"],
            confirm=asked.validated_data["confirm"],
            learner=user,
            now=now,
        )
        body = {
            "server_now": database_now(),
            "receipt": receipts.give(filed.event, None, now=now),
            "appeal": filed.appeal,
            "message": NEXT,
        }
        return Response(result_shapes.AppealFiled(body).data, status=status.HTTP_201_CREATED)
