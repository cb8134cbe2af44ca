"""Every refusal has a row in the one table, and every row a page."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pytest
from django.test import Client
from rest_framework import exceptions, serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

import accounts
import exams
import grading
import rubrics
from accounts.idempotency import KeyedRefusal
from config import problems, refusing, wording
from config.problem_pages import described
from exams.errors import Refusal
from tests.people import Cast, client_of


def _kinds(base: type[Exception]) -> set[type[Exception]]:
    return {found for kind in base.__subclasses__() for found in {kind, *_kinds(kind)}}


@pytest.fixture(scope="module", autouse=True)
def _everything_is_imported() -> None:
    for package in (accounts, exams, grading, rubrics):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not any(part in module.name for part in ("migrations", "hallucination", "management")):
                importlib.import_module(module.name)


def test_every_refusal_has_a_row() -> None:
    missing = {
        kind.__qualname__
        for kind in _kinds(Refusal) | _kinds(KeyedRefusal)
        if problems.find(kind("x")) is None and not kind.__module__.startswith("tests")
    }
    assert missing == set()


def test_every_refusal_says_what_it_means() -> None:
    assert all(kind.__doc__ for kind in problems.TABLE)


def test_a_name_has_one_status() -> None:
    rows = [*problems.TABLE.values(), *problems.FRAMEWORK.values()]
    assert len({row.slug for row in rows}) == len({(row.slug, row.status) for row in rows})


@pytest.mark.parametrize("slug", sorted(described()))
def test_each_type_leads_to_a_page(slug: str) -> None:
    page = Client().get(f"/problems/{slug}").json()
    assert page["type"] == f"/problems/{slug}"
    assert page["title"]
    assert page["means"]
    assert page["remedy"]


def test_pages_are_for_people_too() -> None:
    client = Client(headers={"Accept": "text/html"})
    assert "What to do" in client.get("/problems/already-live").content.decode()
    assert "/problems/already-live" in client.get("/problems/").content.decode()
    assert Client().get("/problems/").json()["problems"]
    assert Client().get("/problems/nothing").status_code == 404


@pytest.mark.django_db
def test_an_address_that_leads_nowhere_is_a_problem(cast: Cast) -> None:
    answer = client_of(cast.learner).get("/api/v1/nowhere/")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "address", "status", "slug"),
    [
        ("get", "/api/v1/me/", 401, "sign-in-first"),
        ("delete", "/api/v1/twins/", 405, "method-not-allowed"),
        ("get", "/api/v1/attempts/00000000-0000-0000-0000-000000000000/", 404, "not-found"),
    ],
)
def test_refusals_of_the_framework_are_problems(cast: Cast, method: str, address: str, status: int, slug: str) -> None:
    client = client_of(None if status == 401 else cast.learner)
    answer = getattr(client, method)(address)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == f"/problems/{slug}"
    assert answer.json()["status"] == status


@pytest.mark.django_db
def test_a_body_that_is_not_json_is_a_problem(cast: Cast) -> None:
    answer = client_of(cast.learner).patch("/api/v1/me/", b"{", content_type="application/json")
    assert answer.json()["type"] == "/problems/unreadable"
    answer = client_of(cast.learner).patch("/api/v1/me/", b"<a/>", content_type="application/xml")
    assert answer.json()["type"] == "/problems/unsupported-media-type"


def test_field_errors_are_flat_with_dotted_names() -> None:
    detail: Any = {"a": [ErrorDetail("x", "required")], "b": {"c": [{}, {"d": [ErrorDetail("y", "invalid")]}]}}
    assert refusing.field_errors(ValidationError(detail).detail) == [
        {"field": "a", "code": "required", "detail": "x"},
        {"field": "b.c.1.d", "code": "invalid", "detail": "y"},
    ]


def _sentences_of_the_framework() -> list[str]:
    """All that its fields and errors say, with what they fill in filled in."""
    filled = {"input": "x", "input_type": "str", "datatype": "str", "method": "PUT", "media_type": "a/b"}
    filled |= {"format": "YYYY-MM-DD", "timezone": "UTC", "max_digits": "3", "max_decimal_places": "2"}
    filled |= {f"{edge}_{what}": "3" for edge in ("min", "max") for what in ("length", "value", "whole_digits")}
    kinds = "Boolean Char Choice DateTime Decimal Dict Email Float Integer JSON List Regex Slug UUID"
    fields = [serializers.Serializer, *(getattr(serializers, f"{kind}Field") for kind in kinds.split())]
    said = [words for field in fields for each in field.__mro__ for words in _messages(each).values()]
    errors = [each for each in vars(exceptions).values() if hasattr(each, "default_detail")]
    said += [str(each.default_detail) for each in errors if each is not exceptions.APIException]
    return sorted({str(words).format(**filled) for words in said})


def _messages(field: type) -> dict[str, str]:
    found: dict[str, str] = vars(field).get("default_error_messages", {})
    return found


@pytest.mark.parametrize("said", _sentences_of_the_framework())
def test_what_the_framework_says_is_said_in_our_words(said: str) -> None:
    ours = wording.in_our_words(said)
    assert ours != said
    what, _, what_next = ours.partition(". ")
    assert what
    assert what_next.endswith(".")
    assert "\\" not in ours


def test_what_we_wrote_ourselves_is_left_alone() -> None:
    for said in ("Deployment 3 is being rolled out.", "", "Not found. By us."):
        assert wording.in_our_words(said) == said


@pytest.mark.django_db
def test_over_http_a_missing_field_and_a_wrong_address_are_told_with_what_to_do(cast: Cast) -> None:
    client = client_of(cast.learner)
    said = client.post("/api/v1/session/", {"email": ""}).json()
    assert said["errors"] == [
        {"field": "email", "code": "blank", "detail": "It is empty. Send some text."},
        {"field": "password", "code": "required", "detail": "It is missing. Send it."},
    ]
    assert "password: It is missing. Send it." in said["detail"]
    assert "`Allow` in the answer" in client.delete("/api/v1/twins/").json()["detail"]
    assert "Check it; those there are" in client.get("/api/v1/nowhere/").json()["detail"]
    assert "`next` and `previous`" in client.get("/api/v1/attempts/", {"cursor": "no"}).json()["detail"]


def test_our_own_faults_are_told_as_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr("exams.catalogue.listed", broken)
    client = Client(raise_request_exception=False)
    answer = client.get("/api/v1/twins/")
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
    assert answer.json()["type"] == "/problems/our-fault"
    assert "unforeseen" not in answer.content.decode()
