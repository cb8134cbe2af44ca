"""A write sent twice under one `Idempotency-Key` is done once, and answered twice with the same answer."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable  # noqa: TC003 - a module's variable is annotated with it
from contextlib import nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeAlias, TypeVar, overload

from django.db import connection, transaction
from django.db.models.functions import Now
from rest_framework import status
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from accounts.models import AnsweredRequest, User

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

HEADER = "Idempotency-Key"
LONGEST_KEY = 200
KEPT_FOR = timedelta(hours=24)
# Longer than any answer takes; after it, a claim without an answer was left by a process that died.
ABANDONED_AFTER = timedelta(minutes=2)
_TIDIED_AT_ONCE = 50

# Who may be told of what an address names, by the name it has there: called with the person and the value, it raises
# what the view would. Those who keep the things add them; an answer that was given is not given again without asking.
still_reaches: dict[str, Callable[[User, Any], object]] = {}

P = ParamSpec("P")
V = TypeVar("V", bound="APIView")
Restore: TypeAlias = "Callable[[Request, Any], Any]"


class KeyedRefusal(Exception):
    """A write with a key was not done; `facts` are for programs."""

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.facts = facts


class KeyUnusable(KeyedRefusal):
    """An `Idempotency-Key` must be 1 to 200 printable ASCII characters."""


class KeyReused(KeyedRefusal):
    """The same `Idempotency-Key` came before with another body or for another address."""


class StillAnswering(KeyedRefusal):
    """The same write is being done at this moment; its answer is not there yet."""


@overload
def idempotent(
    handler: Callable[Concatenate[V, Request, P], Response],
) -> Callable[Concatenate[V, Request, P], Response]: ...
@overload
def idempotent(
    *, one_transaction: bool = True, restore: Restore | None = None, gives_up: bool = False
) -> Callable[[Callable[Concatenate[V, Request, P], Response]], Callable[Concatenate[V, Request, P], Response]]: ...
def idempotent(
    handler: Callable[Concatenate[V, Request, P], Response] | None = None,
    *,
    one_transaction: bool = True,
    restore: Restore | None = None,
    gives_up: bool = False,
) -> Any:
    """Decorates a write method of an `APIView`: ``@idempotent def post(self, request, …)``.

    A request without the header passes through. With it:

    1. The key is claimed in a transaction of its own; of several at once exactly one gets it.
    2. The method runs; unless `one_transaction` is False, its writes and its stored answer commit together, so that a
       crash leaves either both or neither. Pass False where the method waits for git or a worker.
    3. The answer is stored, and given to the same person, in the same role, who comes with the same key and the same
       body within 24 hours and, unless it was a refusal, still reaches what the address names (`still_reaches`). A
       method that `gives_up` that very reach, and answers with nothing that needs it, is not asked for it. Failures of
       ours (500 and above) and refusals for who or how often (401, 403, 429) are not stored: the key is free again.

    An answer that holds a secret is not stored: with `restore`, only its ``id`` is, and `restore(request, {"id": …})`
    makes the body again.

    Raises (as problems): KeyUnusable, KeyReused, StillAnswering.
    """
    if handler is None:
        return functools.partial(idempotent, one_transaction=one_transaction, restore=restore, gives_up=gives_up)
    method = handler

    @functools.wraps(method)
    def answered(view: V, request: Request, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        key = request.headers.get(HEADER)
        user = request.user
        if key is None or not isinstance(user, User):
            return method(view, request, *args, **kwargs)
        _check(key)
        fingerprint = _fingerprint(request, user)
        row = _claim(user, key, fingerprint)
        if row.status is not None:
            if row.status < status.HTTP_400_BAD_REQUEST and not gives_up:
                for name, named in kwargs.items():
                    still_reaches.get(name, _anybody)(user, named)
            return _again(row, request, restore)
        try:
            with transaction.atomic() if one_transaction else nullcontext():
                response = _run(view, lambda: method(view, request, *args, **kwargs))
                _store(row, response, only_id=restore is not None)
        except BaseException:
            AnsweredRequest.objects.filter(pk=row.pk, status=None).delete()
            raise
        return response

    return answered


def _check(key: str) -> None:
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise KeyUnusable(
            f"The {HEADER} has {len(key)} characters or some that cannot be printed. "
            f"Send 1 to {LONGEST_KEY} printable ASCII characters, for example a random UUID."
        )


def _anybody(_user: User, _named: Any) -> None:
    """What is named so is nobody's own."""


def _fingerprint(request: Request, user: User) -> str:
    said = f"{user.role}\n{request.method} {request.path}\n{request.META.get('QUERY_STRING', '')}\n".encode()
    return hashlib.sha256(said + request.body).hexdigest()


def _claim(user: User, key: str, fingerprint: str) -> AnsweredRequest:
    """A row of ours to answer (status None), or the row of an answer that was given.

    Raises:
        KeyReused: the key was used for something else.
        StillAnswering: somebody else holds the claim.
    """
    _tidy(user)
    with connection.cursor() as cursor:
        # One statement decides: a fresh key, or one whose holder died, is ours; any other is left as it is.
        cursor.execute(
            """
            INSERT INTO accounts_answeredrequest AS held (user_id, key, request_sha256, created_at)
            VALUES (%(user)s, %(key)s, %(fingerprint)s, clock_timestamp())
            ON CONFLICT (user_id, key) DO UPDATE
                SET request_sha256 = EXCLUDED.request_sha256, created_at = EXCLUDED.created_at
                WHERE held.status IS NULL AND held.request_sha256 = EXCLUDED.request_sha256
                  AND held.created_at < clock_timestamp() - make_interval(secs => %(abandoned)s)
            RETURNING id
            """,
            {"user": user.pk, "key": key, "fingerprint": fingerprint, "abandoned": ABANDONED_AFTER.total_seconds()},
        )
        ours = cursor.fetchone()
    if ours is not None:
        return AnsweredRequest.objects.get(pk=ours[0])
    row = AnsweredRequest.objects.filter(user=user, key=key).first()
    if row is not None and row.request_sha256 != fingerprint:
        raise KeyReused(
            f"This {HEADER} was used before for another request, or in another role, so nothing was done. "
            "Send a new key for a new request, or the very same body to get the first answer again."
        )
    if row is None or row.status is None:
        raise StillAnswering(
            "The same request with this key is being answered right now. Wait a second and send it again.",
            retry_after_seconds=1,
        )
    return row


def _tidy(user: User) -> None:
    """Forget this person's expired answers, some at a time: a key is remembered for 24 hours."""
    expired = AnsweredRequest.objects.filter(user=user, created_at__lt=Now() - KEPT_FOR)
    AnsweredRequest.objects.filter(pk__in=expired.order_by("created_at").values("pk")[:_TIDIED_AT_ONCE]).delete()


def _run(view: APIView, method: Callable[[], Response]) -> Response:
    """The method's answer; a refusal becomes the answer that the framework would have made of it."""
    try:
        # No savepoint of ours: what a rule stored before it refused (a late write) stays, as it would without a key.
        return method()
    except Exception as refusal:
        response = view.handle_exception(refusal)
        if response.status_code >= status.HTTP_500_INTERNAL_SERVER_ERROR:
            raise
        return response


_NOT_KEPT = {status.HTTP_401_UNAUTHORIZED, status.HTTP_403_FORBIDDEN, status.HTTP_429_TOO_MANY_REQUESTS}


def _store(row: AnsweredRequest, response: Response, *, only_id: bool) -> None:
    if response.status_code >= status.HTTP_500_INTERNAL_SERVER_ERROR or response.status_code in _NOT_KEPT:
        AnsweredRequest.objects.filter(pk=row.pk).delete()
        return
    body = json.loads(JSONRenderer().render(response.data)) if response.data is not None else None
    if only_id and body and response.status_code < status.HTTP_400_BAD_REQUEST:
        body = {"id": body["id"]}
    AnsweredRequest.objects.filter(pk=row.pk).update(status=response.status_code, body=body)


def _again(row: AnsweredRequest, request: Request, restore: Restore | None) -> Response:
    given = row.status or status.HTTP_200_OK
    problem = given >= status.HTTP_400_BAD_REQUEST
    body = row.body if problem or restore is None else restore(request, row.body)
    response = Response(body, status=given, content_type="application/problem+json" if problem else None)
    response["Idempotent-Replayed"] = "true"
    return response
