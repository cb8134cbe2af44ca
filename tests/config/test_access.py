"""Rule 28 over every address of the API: whose it is not, is not told; what is hidden, is not served.

The addresses are read from the URL configuration, so a new one is tested the moment it exists.
"""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from exams import ledger, live
from exams.database_clock import database_now
from exams.models import Attempt, Event, LateWrite, Question, Submission
from grading.models import Cell, GradingRun
from rubrics.models import Review
from tests.attempts import live_attempt
from tests.people import Cast, client_of
from tests.work import save, uploaded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpResponseBase

    from accounts.models import User

pytestmark = pytest.mark.django_db

METHODS = ("get", "post", "put", "patch", "delete")
REFUSED = {401, 403, 404}
# What belongs to nobody's attempt: who may use it is tested where it lives. A new address must be put here on purpose.
FOR_EVERYBODY = {"session", "me", "twins", "twin", "twin-start"}
LISTS_OF_ONES_OWN = {"attempts", "reviews"}
# The queue is the mentors': they see a row without a name, and claim it.
FOR_MENTORS = {"review", "review-claim"}
# Acts on a review that a mentor does not hold are refused by name rather than hidden: the queue shows it to them.
NOT_HELD = 409

SECRET = "secret-mutant-or-alternative"


def _addresses() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(name, pattern, methods) of every address under /api/v1/."""

    def walk(patterns: list[Any], prefix: str) -> Iterator[tuple[str, URLPattern]]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, prefix + str(pattern.pattern))
            else:
                yield prefix + str(pattern.pattern), pattern

    for route, pattern in walk(get_resolver().url_patterns, "/"):
        if route.startswith("/api/v1/"):
            view = getattr(pattern.callback, "view_class", None) or getattr(pattern.callback, "cls", None)
            yield str(pattern.name), route, tuple(method for method in METHODS if hasattr(view, method))


ADDRESSES = list(_addresses())
OF_AN_ATTEMPT = [row for row in ADDRESSES if row[0] not in FOR_EVERYBODY | LISTS_OF_ONES_OWN]


@pytest.fixture
def attempt(cast: Cast) -> Attempt:
    """Ada's attempt, live, with something of each kind in it and hidden results of a run."""
    attempt = live_attempt(cast.learner)
    now = database_now()
    save(attempt, "diagnosis", {"text": "the retriever"}, at=now)
    upload = uploaded(attempt, b"PK", at=now)
    Question.objects.create(attempt=attempt, number=1, text="What is the late fee?", received_at=now)
    live.file_diagnosis(
        attempt=attempt,
        component="retriever",
        failure_class="wrong entity",
        explanation="It mixes tiers up.",
        repro=["What is the late fee of Ridge Gold?"],
        actor=cast.learner,
        received_at=now,
    )
    LateWrite.objects.create(
        attempt=attempt,
        stage=attempt.stages.get(key="live"),
        kind="status_update",
        payload={"text": "late"},
        content_sha256="a" * 64,
        received_at=now,
        late_by=timedelta(seconds=1),
    )
    submission = Submission.objects.create(
        attempt=attempt, purpose="run", number=1, mode="file_upload", upload=upload, received_at=now
    )
    run = GradingRun.objects.create(
        submission=submission,
        learner=cast.learner,
        state="graded",
        verdict="weak",
        because="Some wrong fixes were not caught.",
        finished_at=now,
        provenance={"seed": attempt.incident_seed},
        last_fault=SECRET,
    )
    for position, kind in enumerate(("ref", "alt", "mut", "probe", "p2p")):
        Cell.objects.create(
            run=run,
            kind=kind,
            key=SECRET,
            position=position,
            ended="completed",
            result="as_required",
            nodes=[{"node": SECRET, "outcome": "passed", "message": SECRET, "seconds": 0.1}],
            output_tail=SECRET,
        )
    with_hidden = ledger.hold(attempt.pk)
    ledger.append(attempt=with_hidden, kind="test.hidden", payload={"x": SECRET}, actor=None, at=now, visible=False)
    rubric = attempt.twin.rubric
    Review.objects.create(attempt=attempt, rubric=rubric, opened_at=now, waiting_since=now)
    return attempt


def _fill(route: str, attempt: Attempt) -> str:
    """The address with the numbers of Ada's own things."""
    known = {
        "<uuid:attempt_id>": attempt.pk,
        "<uuid:upload_id>": attempt.uploads.get().pk,
        "<uuid:run_id>": attempt.submissions.get().pk,
        "<uuid:review_id>": attempt.reviews.get().pk,
        "<uuid:late_write_id>": attempt.late_writes.get().pk,
        "<slug:deliverable>": "diagnosis",
        "<slug:stage_key>": "live",
        "<slug:dimension>": "communication",
        "<slug:slug>": attempt.twin_slug,
        "<int:number>": 1,
    }
    for placeholder, value in known.items():
        route = route.replace(placeholder, str(value))
    assert "<" not in route, f"teach this test what to put into {route}"
    return route


# Bodies with which the owner's request would be taken, for addresses that read the body first.
BODIES: dict[str, Any] = {
    "review-release": {"reason": "I am away."},
    "review-score": {"score": "0.65", "comment": "Clear updates."},
    "review-assertions": [],
    "review-sign-off": {"confirm": True},
}


def _call(user: User | None, method: str, name: str, address: str) -> Any:
    body = None if method == "get" else BODIES.get(name, {})
    return getattr(client_of(user), method)(address, body)


def _type(answer: Any) -> str:
    return str(json.loads(_text(answer))["type"])


def _text(answer: HttpResponseBase) -> bytes:
    text = b"".join(answer) if answer.streaming else getattr(answer, "content", b"")
    return bytes(text)


def test_whose_it_is_not_is_refused(cast: Cast, attempt: Attempt) -> None:
    before = Event.objects.count()
    told = []
    for name, route, methods in OF_AN_ATTEMPT:
        address = _fill(route, attempt)
        for who, user in {"a visitor": None, "Ben": cast.other_learner, "Mona, unclaimed": cast.mentor}.items():
            if user == cast.mentor and name in FOR_MENTORS:
                continue
            refused = REFUSED | ({NOT_HELD} if user == cast.mentor and name.startswith("review") else set())
            for method in methods:
                answer = _call(user, method, name, address)
                text = _text(answer)
                fine = (
                    answer.status_code in refused
                    and answer["Content-Type"] == "application/problem+json"
                    and SECRET.encode() not in text
                    and attempt.learner.email.encode() not in text
                )
                told += [] if fine else [f"{who}: {method} {route}: {answer.status_code} {text[:200]!r}"]
    assert told == []
    assert Event.objects.count() == before, "a refused request records nothing"


def test_what_does_not_exist_looks_the_same_as_what_is_not_mine(cast: Cast, attempt: Attempt) -> None:
    mine = (attempt, attempt.uploads.get(), attempt.submissions.get(), attempt.late_writes.get(), attempt.reviews.get())
    different = []
    for name, route, methods in OF_AN_ATTEMPT:
        theirs = nobodys = _fill(route, attempt)
        for thing in mine:
            nobodys = nobodys.replace(str(thing.pk), str(uuid.uuid4()))
        for method in methods:
            one, other = (_call(cast.other_learner, method, name, address) for address in (theirs, nobodys))
            if (one.status_code, _type(one)) != (other.status_code, _type(other)):
                different.append(f"{method} {route}: {one.status_code} and {other.status_code}")
    assert different == []


def _leaks(value: Any, attempt: Attempt, path: str = "") -> Iterator[str]:
    """Where a body holds what learners may not see."""
    forbidden = {"incident_class", "incident_seed", "seed", "cause_matches", "agenda", "expected", "generator", "pack"}
    if isinstance(value, dict):
        for key, held in value.items():
            if key == "cause_catalogue":  # it lists every class there is
                continue
            if key in forbidden:
                yield f"{path}.{key}"
            yield from _leaks(held, attempt, f"{path}.{key}")
    elif isinstance(value, list):
        for held in value:
            yield from _leaks(held, attempt, f"{path}[]")
    elif value in {attempt.incident_seed, str(attempt.incident_seed), attempt.incident_class}:
        yield path


def test_no_answer_to_a_learner_holds_what_is_hidden(cast: Cast, attempt: Attempt) -> None:
    client = client_of(cast.learner)
    told = []
    for _name, route, methods in ADDRESSES:
        for query in ("", "?after=0&limit=500&hidden=1&visible=0&format=json&expand=cells&all=true"):
            if "get" not in methods:
                continue
            answer = client.get(_fill(route, attempt) + query)
            text = _text(answer)
            if SECRET.encode() in text or str(attempt.incident_seed).encode() in text:
                told.append(f"{route}{query}")
            if answer["Content-Type"].endswith("json"):
                told += [f"{route}{query} {where}" for where in _leaks(json.loads(text), attempt)]
    assert told == []


def test_a_mentor_reaches_an_attempt_when_they_claimed_it_and_only_then(cast: Cast, attempt: Attempt) -> None:
    address = f"/api/v1/attempts/{attempt.pk}/"
    assert client_of(cast.mentor).get(address).status_code == 404
    now = database_now()
    Attempt.objects.filter(pk=attempt.pk).update(state="closed", closed_at=now)
    Review.objects.filter(attempt=attempt).update(
        state="claimed", mentor=cast.mentor, claimed_at=now, due_at=now + timedelta(hours=48)
    )
    assert client_of(cast.mentor).get(address).status_code == 200
    assert client_of(cast.other_mentor).get(address).status_code == 404


def test_a_learner_turned_mentor_does_not_reach_their_own_attempt_as_its_mentor(cast: Cast, attempt: Attempt) -> None:
    cast.learner.role = "mentor"
    cast.learner.save()
    assert client_of(cast.learner).get(f"/api/v1/attempts/{attempt.pk}/").status_code == 404


def test_somebody_deactivated_reaches_nothing(cast: Cast, attempt: Attempt) -> None:
    cast.learner.is_active = False
    cast.learner.save()
    assert client_of(cast.learner).get(f"/api/v1/attempts/{attempt.pk}/").status_code == 404


def test_an_admin_reaches_everything_that_can_be_read(cast: Cast, attempt: Attempt) -> None:
    client = client_of(cast.admin)
    for name, route, methods in ADDRESSES:
        if "get" in methods and name != "attempt-result":
            answer = client.get(_fill(route, attempt))
            assert answer.status_code == 200, route
            assert SECRET.encode() in _text(answer) or name not in {"attempt-events", "review-replay"}, route
