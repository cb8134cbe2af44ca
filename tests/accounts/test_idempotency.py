"""Sending a write again under its key changes nothing and gives the same answer."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.db.models.functions import Now
from django.test import override_settings
from django.urls import include, path
from knox.models import AuthToken
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView

from accounts.idempotency import ABANDONED_AFTER, KEPT_FOR, idempotent
from accounts.models import AnsweredRequest, User
from exams.access import AdminsOnly
from exams.void import AlreadyVoid
from tests.people import Cast, client_of, standing_cast

pytestmark = pytest.mark.django_db


class Rename(APIView):
    """Writes once per call, and counts its calls in the name."""

    @idempotent
    def post(self, request: Request) -> Response:
        user = User.objects.get(pk=str(request.user.pk))
        user.name += "!"
        user.save()
        then = dict(request.data).get("then")
        match then:
            case "refuse":
                raise AlreadyVoid("It is so already.", attempt="a")
            case "forbid":
                raise AdminsOnly("Not you.")
            case "invalid":
                raise serializers.ValidationError({"name": ["No."]})
            case "crash":
                raise RuntimeError("a fault of ours")
        return Response({"name": user.name, "then": then}, status=201)


class Secretive(APIView):
    """Answers with something that is not to be kept."""

    @idempotent(one_transaction=False, restore=lambda request, kept: {**kept, "secret": str(request.user)})
    def post(self, request: Request) -> Response:
        return Response({"id": "7", "secret": str(request.user)}, status=201)


urlpatterns = [
    path("rename/", Rename.as_view()),
    path("secret/", Secretive.as_view()),
    path("", include("config.urls")),
]


@pytest.fixture(autouse=True)
def _own_addresses() -> Any:
    with override_settings(ROOT_URLCONF=__name__):
        yield


def _post(client: APIClient, body: dict[str, Any], key: str | None, address: str = "/rename/") -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(address, body, headers=headers)


def _name(user: User) -> str:
    return User.objects.get(pk=user.pk).name


def test_another_role_is_not_given_what_the_former_was_answered(cast: Cast) -> None:
    key = str(uuid.uuid4())
    assert _post(client_of(cast.admin), {}, key).status_code == 201
    User.objects.filter(pk=cast.admin.pk).update(role="mentor")
    again = _post(client_of(User.objects.get(pk=cast.admin.pk)), {}, key)
    assert (again.status_code, again.json()["type"]) == (422, "/problems/key-reused")
    assert _name(cast.admin) == "Ana!"


def test_a_person_who_may_not_sign_in_any_more_is_not_answered_again(cast: Cast) -> None:
    key = str(uuid.uuid4())
    _, token = AuthToken.objects.create(cast.learner)
    client = APIClient(headers={"authorization": f"Token {token}"})
    assert _post(client, {}, key).status_code == 201
    assert _post(client, {}, key)["Idempotent-Replayed"] == "true"
    User.objects.filter(pk=cast.learner.pk).update(is_active=False)
    assert _post(client, {}, key).status_code == 401


def test_the_same_request_again_gets_the_same_answer_and_does_nothing(cast: Cast) -> None:
    client = client_of(cast.learner)
    first = _post(client, {"then": 1}, "k")
    again = _post(client, {"then": 1}, "k")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json() == {"name": "Ada!", "then": 1}
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    assert _name(cast.learner) == "Ada!"


def test_without_a_key_every_request_is_done(cast: Cast) -> None:
    client = client_of(cast.learner)
    for _ in range(2):
        _post(client, {}, None)
    assert _name(cast.learner) == "Ada!!"
    assert not AnsweredRequest.objects.exists()


def test_the_same_key_with_another_body_or_address_is_refused(cast: Cast) -> None:
    client = client_of(cast.learner)
    _post(client, {"then": 1}, "k")
    for body, address in (({"then": 2}, "/rename/"), ({"then": 1}, "/secret/"), ({"then": 1}, "/rename/?x=1")):
        refused = _post(client, body, "k", address)
        assert refused.status_code == 422
        assert refused.json()["type"] == "/problems/key-reused"
    assert _name(cast.learner) == "Ada!"


def test_one_persons_key_is_not_anothers(cast: Cast) -> None:
    assert _post(client_of(cast.learner), {}, "k").json()["name"] == "Ada!"
    assert _post(client_of(cast.other_learner), {}, "k").json()["name"] == "Ben!"


def test_a_refusal_is_an_answer_too(cast: Cast) -> None:
    client = client_of(cast.learner)
    first = _post(client, {"then": "refuse"}, "k")
    again = _post(client, {"then": "refuse"}, "k")
    assert first.status_code == again.status_code == 409
    assert first.json() == again.json()
    assert again["Content-Type"] == "application/problem+json"
    assert _name(cast.learner) == "Ada!", "what was stored before the refusal stays, once"


@pytest.mark.parametrize(("then", "status"), [("forbid", 403)])
def test_an_answer_about_who_is_not_kept(cast: Cast, then: str, status: int) -> None:
    assert _post(client_of(cast.learner), {"then": then}, "k").status_code == status
    assert not AnsweredRequest.objects.exists()


def test_a_fault_of_ours_undoes_the_write_and_frees_the_key(cast: Cast) -> None:
    client = client_of(cast.learner)
    client.raise_request_exception = False
    assert _post(client, {"then": "crash"}, "k").status_code == 500
    assert _name(cast.learner) == "Ada"
    assert not AnsweredRequest.objects.exists()


def test_a_secret_is_not_kept(cast: Cast) -> None:
    client = client_of(cast.learner)
    first = _post(client, {}, "k", "/secret/")
    assert AnsweredRequest.objects.get().body == {"id": "7"}
    assert _post(client, {}, "k", "/secret/").json() == first.json()


@pytest.mark.parametrize("key", ["", "x" * 201, "caf\u00e9", "tab\there"])
def test_keys_that_cannot_be_used_are_refused(cast: Cast, key: str) -> None:
    refused = _post(client_of(cast.learner), {}, key)
    assert refused.status_code == 400
    assert refused.json()["type"] == "/problems/key-unusable"
    assert _name(cast.learner) == "Ada"


def test_the_longest_key_is_taken(cast: Cast) -> None:
    assert _post(client_of(cast.learner), {}, "x" * 200).status_code == 201


def test_a_key_is_forgotten_after_a_day(cast: Cast) -> None:
    client = client_of(cast.learner)
    _post(client, {}, "k")
    AnsweredRequest.objects.update(created_at=Now() - KEPT_FOR + timedelta(minutes=1))
    assert _post(client, {}, "k").json()["name"] == "Ada!"
    AnsweredRequest.objects.update(created_at=Now() - KEPT_FOR - timedelta(seconds=1))
    assert _post(client, {}, "k").json()["name"] == "Ada!!"


def test_a_claim_left_by_a_process_that_died_is_taken_over(cast: Cast) -> None:
    client = client_of(cast.learner)
    _post(client, {}, "k")
    AnsweredRequest.objects.update(status=None, body=None)
    waiting = _post(client, {}, "k")
    assert waiting.status_code == 409
    assert waiting.json()["type"] == "/problems/still-answering"
    assert waiting["Retry-After"] == "1"
    AnsweredRequest.objects.update(created_at=Now() - ABANDONED_AFTER - timedelta(seconds=1))
    assert _post(client, {}, "k").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_of_many_at_the_same_time_one_is_done() -> None:
    learner = standing_cast().learner
    key, senders = str(uuid.uuid4()), 6
    together = threading.Barrier(senders)
    answers: list[Any] = []

    def send() -> None:
        client = client_of(learner)
        together.wait()
        answers.append(_post(client, {}, key))
        connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _name(learner) == "Ada!"
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert all(answer.json()["name"] == "Ada!" for answer in answers if answer.status_code == 201)
    assert any(answer.status_code == 201 for answer in answers)
