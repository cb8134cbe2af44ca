"""Signing in and out with a session, and what the platform knows of me."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django.contrib.auth import logout
from django.middleware.csrf import get_token
from django.urls import path
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import acts
from accounts.api.asking import Body
from accounts.models import Accommodation, User
from accounts.session_header import SessionWithCsrfToken
from accounts.signing_in import sign_in

if TYPE_CHECKING:
    from rest_framework.request import Request


class PersonSerializer(serializers.Serializer[Any]):
    """Me."""

    id = serializers.IntegerField(read_only=True)
    email = serializers.EmailField(read_only=True)
    name = serializers.CharField()
    role = serializers.CharField(read_only=True, help_text="learner, mentor or admin")
    time_zone = serializers.CharField(help_text="In which times are told to me, for example Asia/Kolkata.")
    multiplier_percent = serializers.IntegerField(read_only=True, help_text="Extra time: 125 is a quarter more.")


class PersonWrite(Body):
    """What I may change of myself."""

    name = serializers.CharField(max_length=120, required=False)
    time_zone = serializers.CharField(
        max_length=64, required=False, help_text="In which times are told to me, for example Asia/Kolkata."
    )

    def validate_time_zone(self, value: str) -> str:
        """A zone of the IANA database."""
        if value not in available_timezones():
            raise serializers.ValidationError(
                "This is not a time zone; write for example Europe/Paris.", code="unknown"
            )
        return value


class SessionSerializer(serializers.Serializer[Any]):
    """Who is signed in, and the token that writes with this session must carry in `X-CSRFToken`."""

    person = PersonSerializer(allow_null=True)
    csrf_token = serializers.CharField()


class SignInSerializer(serializers.Serializer[Any]):
    """Address and password."""

    email = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=1_000, trim_whitespace=False)


def _person(user: User) -> dict[str, Any]:
    return {
        "id": user.pk,
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "time_zone": user.time_zone,
        "multiplier_percent": Accommodation.percent_of(user),
    }


def _session(request: Request, user: User | None) -> dict[str, Any]:
    csrf_token = get_token(request._request)  # noqa: SLF001 - Django's own functions take Django's request
    return SessionSerializer({"person": _person(user) if user else None, "csrf_token": csrf_token}).data


class Session(APIView):
    """The browser's session."""

    permission_classes = [AllowAny]

    @extend_schema(operation_id="session_retrieve", summary="Who is signed in", responses=SessionSerializer)
    def get(self, request: Request) -> Response:
        """Also sets the CSRF cookie."""
        return Response(_session(request, request.user if isinstance(request.user, User) else None))

    @extend_schema(
        operation_id="session_create",
        summary="Sign in",
        request=SignInSerializer,
        responses={201: SessionSerializer},
    )
    def post(self, request: Request) -> Response:
        """Opens a session. GET it first: this takes its cookie, and its `csrf_token` in the header `X-CSRFToken`.

        Ten wrong passwords close the address for a quarter of an hour.
        """
        # A visitor's request has no session to protect yet, but signing somebody in as somebody else is an attack too.
        SessionWithCsrfToken().enforce_csrf(request)
        asked = SignInSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        user = sign_in(request._request, **asked.validated_data)  # noqa: SLF001 - as above
        return Response(_session(request, user), status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="session_destroy",
        summary="Sign out",
        request=None,
        responses={204: OpenApiResponse(description="Signed out.")},
    )
    def delete(self, request: Request) -> Response:
        """Closes the session; a token stays valid."""
        SessionWithCsrfToken().enforce_csrf(request)
        logout(request._request)  # noqa: SLF001 - as above
        return Response(status=status.HTTP_204_NO_CONTENT)


class Me(APIView):
    """The person who asks."""

    @extend_schema(operation_id="me_retrieve", summary="Me", responses=PersonSerializer)
    def get(self, request: Request) -> Response:
        """What the platform knows of me."""
        return Response(PersonSerializer(_person(_user(request))).data)

    @extend_schema(
        operation_id="me_update", summary="Change my name or zone", request=PersonWrite, responses=PersonSerializer
    )
    def patch(self, request: Request) -> Response:
        """Name and time zone are mine to change; address and role are an admin's."""
        user = _user(request)
        asked = PersonWrite(data=request.data)
        asked.is_valid(raise_exception=True)
        for field in ("name", "time_zone"):
            setattr(user, field, asked.validated_data.get(field, getattr(user, field)))
        with acts.done_by(user, via="API"):
            user.save(update_fields=["name", "time_zone"])
        return Response(PersonSerializer(_person(user)).data)


def _user(request: Request) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - the default permission lets only people in
    return request.user


urlpatterns = [
    path("session/", Session.as_view(), name="session"),
    path("me/", Me.as_view(), name="me"),
]
