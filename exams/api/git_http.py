"""The attempt's own repository over git's smart HTTP: translate in, one call to the git server, translate out."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from exams.access import NothingHere, attempt_by_repository_token
from exams.database_clock import received_at
from exams.definitions import stage_for_code
from exams.errors import Refusal
from exams.live import record_push
from exams.live.late_pushes import keep_late_push
from exams.models import Source
from exams.openings import opened_by_learner
from exams.queries import repository_path
from exams.windows import arrive
from sandboxes import git_server, push_records
from sandboxes.git_server import MAX_NEGOTIATION_BYTES, Service
from sandboxes.repository import MAX_PUSH_BYTES, MAX_REPOSITORY_BYTES
from sandboxes.turnstile import TooBusy

if TYPE_CHECKING:
    import uuid
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
    from datetime import datetime
    from pathlib import Path
    from typing import IO

    from django.http import HttpRequest

    View = Callable[..., Coroutine[Any, Any, HttpResponseBase]]

log = logging.getLogger(__name__)

MIB = 2**20
REALM = 'Basic realm="Hotseat attempt", charset="UTF-8"'
# A pack is wrapped in some lines that name what is pushed.
_MOST_BYTES = {Service.UPLOAD_PACK: MAX_NEGOTIATION_BYTES, Service.RECEIVE_PACK: MAX_PUSH_BYTES + 256 * 1024}
_ASKED_BYTES = 64  # a request to read begins with what is asked
_landing: set[asyncio.Task[git_server.Pushed]] = set()


@dataclass(frozen=True)
class _Visit:
    """A request that showed the right token: whose repository, when it had arrived, and why a push may not land.

    `late`: it came after its window, so it is kept aside.
    """

    attempt_id: uuid.UUID
    repository: Path
    received_at: datetime
    refused: str
    late: bool


def _plain(status: int, text: str, **headers: str) -> HttpResponse:
    """A sentence for the person at the terminal; git shows it for some statuses only."""
    response = HttpResponse(text + "\n", status=status, content_type="text/plain; charset=utf-8")
    for name, value in headers.items():
        response[name.replace("_", "-")] = value
    return response


def _token(request: HttpRequest) -> str:
    """Return the password of basic authentication; the user's name does not matter."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except ValueError:
        return ""
    return decoded.partition(":")[2]


def _late_sentence(closes_at: datetime, received: datetime) -> str:
    return (
        f"The window for code closed at {closes_at:%Y-%m-%d %H:%M:%S} UTC. This push arrived at "
        f"{received:%H:%M:%S} UTC, {(received - closes_at).total_seconds():.3f} seconds too late, so it does not "
        "land. An admin who grants an extension reopens the repository."
    )


def _enter(request: HttpRequest, attempt_id: uuid.UUID, *, pushing: bool) -> _Visit:
    """Find out whose repository this is and, for a push, whether its window is open; the one reading of the clock.

    Raises:
        NothingHere: the token opens nothing.
    """
    try:
        attempt = attempt_by_repository_token(attempt_id, _token(request))
        received = received_at(request)
        refused, late = "", False
        if pushing:
            try:
                arrival = arrive(attempt=attempt, stage_key=stage_for_code(attempt), received_at=received)
            except Refusal as refusal:
                refused = str(refusal)
            else:
                if not arrival.counts:
                    refused = _late_sentence(arrival.stage.closes_at, received)
                    late = True
        return _Visit(
            attempt_id=attempt.pk,
            repository=repository_path(attempt),
            received_at=received,
            refused=refused,
            late=late,
        )
    finally:
        # A clone may stream for a minute; it must not hold a database connection while it does.
        close_old_connections()


def _ledger(visit: _Visit, pushed: git_server.Pushed) -> None:
    try:
        for each in pushed.landed:
            record_push(
                attempt_id=visit.attempt_id,
                ref=each.ref,
                old=each.old,
                new=each.new,
                received_at=visit.received_at,
            )
        if pushed.kept:
            keep_late_push(
                attempt_id=visit.attempt_id,
                moves=[(each.ref, each.old, each.new) for each in pushed.kept],
                folder=push_records.folder_of(visit.received_at),
                received_at=visit.received_at,
            )
    finally:
        close_old_connections()


def _opened(visit: _Visit) -> None:
    try:
        opened_by_learner(visit.attempt_id, Source.REPOSITORY, now=visit.received_at)
    finally:
        close_old_connections()


def too_large(service: Service) -> str:
    """Why a body is refused as too large, in the words of who sent it."""
    if service is Service.RECEIVE_PACK:
        return (
            f"This push is larger than the {MAX_PUSH_BYTES // MIB} MiB that one may have. Push fewer commits at a time."
        )
    return (
        f"This request of a clone or fetch is larger than the {MAX_NEGOTIATION_BYTES // MIB} MiB that one may have: "
        "your repository names too many commits that are not here. Make a new clone."
    )


def _failed(failure: Exception, visit: _Visit, service: Service) -> HttpResponse:
    """Say over HTTP why git gave no answer."""
    match failure:
        case TooBusy():
            return _plain(503, "Too many git requests at once. Try again in a moment.", Retry_After="5")
        case git_server.TooLarge():
            return _plain(413, too_large(service))
        case git_server.RepositoryFull():
            most = MAX_REPOSITORY_BYTES // MIB
            return _plain(413, f"The repository holds {most} MiB at most and has no room for another push.")
        case git_server.GitCutShort():
            log.error("git ended badly during a push to attempt %s: %s", visit.attempt_id, failure)
            return _plain(500, "git failed half way on our side. Fetch to see what landed, and push the rest again.")
        case _:
            log.warning("git failed for attempt %s: %s", visit.attempt_id, failure)
            return _plain(400, "git could not answer this request. Try again; if it stays, tell an admin.")


def _answers(view: View) -> View:
    """Give a git view its door: the token, the repository, and what each failure looks like over HTTP."""

    async def answered(request: HttpRequest, attempt_id: uuid.UUID, **arguments: Any) -> HttpResponseBase:
        service = arguments.get("service") or request.GET.get("service", "")
        if service not in set(Service):
            return _plain(403, "This repository is served over git's smart HTTP only. Use git 1.6.6 or newer.")
        pushing = service == Service.RECEIVE_PACK and request.method == "POST"
        try:
            visit = await sync_to_async(_enter)(request, attempt_id, pushing=pushing)
        except NothingHere:
            return _plain(401, "The token opens no repository.", WWW_Authenticate=REALM)
        if not visit.repository.is_dir():
            return _plain(404, "This attempt has no repository yet. Start it first.")
        try:
            return await view(request, visit, Service(service))
        except (TooBusy, git_server.TooLarge, git_server.RepositoryFull, git_server.GitFailed) as failure:
            return _failed(failure, visit, Service(service))

    return csrf_exempt(answered)


def _typed(response: HttpResponseBase, content_type: str) -> HttpResponseBase:
    response["Content-Type"] = content_type
    response["Cache-Control"] = "no-cache, no-store, max-age=0, must-revalidate"
    return response


async def _spooled(request: HttpRequest, service: Service) -> IO[bytes]:
    gzipped = request.headers.get("Content-Encoding", "").lower() in {"gzip", "x-gzip"}
    body = cast("IO[bytes]", request)  # Django's request reads like a file
    return await asyncio.to_thread(git_server.spooled, body, gzipped=gzipped, most=_MOST_BYTES[service])


async def _info_refs(request: HttpRequest, visit: _Visit, service: Service) -> HttpResponseBase:
    if request.method != "GET":
        return _plain(405, "This address answers GET only.", Allow="GET")
    answer = await git_server.advertise(
        visit.repository, service=service, protocol=request.headers.get("Git-Protocol", "")
    )
    return _typed(HttpResponse(answer), f"application/x-{service}-advertisement")


async def _rpc(request: HttpRequest, visit: _Visit, service: Service) -> HttpResponseBase:
    if request.method != "POST":
        return _plain(405, "This address answers POST only.", Allow="POST")
    if request.headers.get("Content-Type") != f"application/x-{service}-request":
        return _plain(415, f"A request to this address is of type application/x-{service}-request.")
    body = await _spooled(request, service)
    asked = os.pread(body.fileno(), _ASKED_BYTES, 0)  # git reads from where the file stands, so it is not moved
    protocol = request.headers.get("Git-Protocol", "")
    if service is Service.RECEIVE_PACK:
        pushed = await _land(visit, body=body, protocol=protocol)
        response: HttpResponseBase = HttpResponse(pushed.answer)
    else:
        stream = git_server.upload(visit.repository, body=body, protocol=protocol)
        # The first piece is waited for here, so that a full house can still be told with a status.
        first = await anext(stream, b"")
        if b"command=ls-refs" not in asked:  # only what is there was asked for, none of it
            await sync_to_async(_opened)(visit)
        response = StreamingHttpResponse(_joined(first, stream, visit))
    return _typed(response, f"application/x-{service}-result")


async def _joined(first: bytes, rest: AsyncGenerator[bytes, None], visit: _Visit) -> AsyncIterator[bytes]:
    async with contextlib.aclosing(rest):
        yield first
        try:
            async for piece in rest:
                yield piece
        except git_server.GitCutShort as failure:
            log.error("git ended badly during a clone or fetch of attempt %s: %s", visit.attempt_id, failure)  # noqa: TRY400
            # The status was sent long ago: only a connection that breaks off tells git that this is not all. What is
            # cancelled Django lets go of and sends no end; after any other error it leaves the request's body open.
            raise asyncio.CancelledError from failure


async def _land(visit: _Visit, *, body: IO[bytes], protocol: str) -> git_server.Pushed:
    """Let a push land and ledger it, to the end even if the client goes away half way."""

    async def land() -> git_server.Pushed:
        pushed = await git_server.receive(
            visit.repository,
            body=body,
            protocol=protocol,
            arrived=visit.received_at,
            refused=visit.refused,
            keep=visit.late,
        )
        if pushed.landed or pushed.kept:
            await sync_to_async(_ledger, thread_sensitive=False)(visit, pushed)
        if pushed.cut_short:
            refs = ", ".join(each.ref for each in pushed.landed) or "nothing"
            raise git_server.GitCutShort(f"{pushed.cut_short}; {refs} had landed")
        return pushed

    task = asyncio.get_running_loop().create_task(land())
    _landing.add(task)
    task.add_done_callback(_landing.discard)
    return await asyncio.shield(task)


info_refs = _answers(_info_refs)
rpc = _answers(_rpc)

urlpatterns = [
    path("<uuid:attempt_id>.git/info/refs", info_refs, name="git-info-refs"),
    *(
        path(f"<uuid:attempt_id>.git/{service}", rpc, {"service": str(service)}, name=str(service))
        for service in Service
    ),
]
