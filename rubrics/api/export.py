"""The export over HTTP: everything of mine as a zip, from what exams, grading and review show a learner right now."""

from __future__ import annotations

import tempfile
import zipfile
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.db import connection, transaction
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.views import APIView

from accounts.models import Role
from exams import export, ledger
from exams.access import attempt_for, own_attempt
from exams.api.pacing import ExportPace
from exams.api.writing import arrived, person
from exams.models import Source, Submission
from exams.openings import opened
from exams.queries import class_is_looked_for
from exams.windows import AttemptVoid
from grading import queue, shown
from grading.api.shapes import RunWhole
from rubrics import result
from rubrics.api.result_shapes import ResultOut

if TYPE_CHECKING:
    import uuid
    from collections.abc import AsyncIterator, Iterator, Mapping
    from datetime import datetime
    from typing import Any

    from rest_framework.request import Request

    from accounts.models import User
    from exams.models import Attempt

IN_MEMORY_BYTES = 4 * 1024 * 1024

README = """This is what you did and were told in your attempt, as of {now}. Every time is UTC, by the database's clock.
Files are JSON or Markdown, but for the code: that is as you sent it, or tar.

{exams}runs/              every run and hand-in by number, as GET runs/RUN/ shows it to you: state, verdict, what to do
                   next, visible cells with their transcripts, sums over hidden checks once they are told
{result}

Not in here: what nobody tells learners (the hidden checks one by one, the cause as we know it), the history of your
own repository (git clone has that), and what was not there yet at the time above.
"""
SIGNED = "result.json        the signed result: overall, every score with its comment and cited evidence, skills"
NOT_SIGNED = "result.json        why there is no result yet, or any more; after sign-off scores and comments are in it"


class ZipRenderer(BaseRenderer):
    """Lets clients ask for a zip; the view itself writes it."""

    media_type = "application/zip"
    format = "zip"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """Problems are JSON also to those who asked for a zip."""
        return bytes(JSONRenderer().render(data, accepted_media_type, renderer_context))


class Made(FileResponse):
    """A file that is sent a block at a time; without this Django would read all of it first, under an async server."""

    block_size = 64 * 1024

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Read each block in a thread."""
        assert self.file_to_stream is not None  # noqa: S101 - it is made with one
        while block := await sync_to_async(self.file_to_stream.read)(self.block_size):
            yield block


class ExportView(APIView):
    """Everything of one attempt."""

    renderer_classes = [ZipRenderer, JSONRenderer]
    throttle_classes = [ExportPace]

    @extend_schema(
        operation_id="export",
        responses={(200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY, description="The zip.")},
    )
    def get(self, request: Request, attempt_id: uuid.UUID) -> FileResponse:
        """Events, receipts, drafts, questions, hand-ins, code, runs and the result, as the learner may see them."""
        user = person(request)
        now = arrived(request)
        attempt = _exportable(user, attempt_id, now)
        # The response closes the file; what is larger than memory allows lies on disk, without a name.
        made = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115
        try:
            write_zip(attempt, made, now=now)
        except BaseException:
            made.close()
            raise
        made.seek(0)
        opened(user, attempt, Source.EXPORT, now=now)
        return Made(
            made,
            as_attachment=True,
            filename=f"hotseat-{attempt.twin_slug}-{attempt.number}.zip",
            content_type="application/zip",
        )


def _exportable(user: User, attempt_id: uuid.UUID, now: datetime) -> Attempt:
    """The attempt, for its learner; for an admin too, whose reading is ledgered."""
    if user.role != Role.ADMIN:
        return own_attempt(user, attempt_id)
    attempt = attempt_for(user, attempt_id)
    with transaction.atomic():
        held = ledger.hold(attempt.pk)
        ledger.append(attempt=held, kind="export.taken", payload={}, actor=user, at=now, visible=False)
    return attempt


def write_zip(attempt: Attempt, into: IO[bytes], *, now: datetime) -> None:
    """Write everything its learner may see of an attempt at `now` into an open file, whoever asks for it.

    Runs and the result are what their own addresses answer to the learner at that moment, in the same shape. One run,
    event or tree is in memory at a time. What is written meanwhile is in none of its files.
    """
    with _one_moment(), zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        export.write(attempt, archive, now=now)
        _write_runs(attempt, archive, now=now)
        signed = _write_result(attempt, archive, now=now)
        said = README.format(now=ledger.iso(now), exams=export.CONTENTS, result=SIGNED if signed else NOT_SIGNED)
        archive.writestr("README.txt", said)


@contextmanager
def _one_moment() -> Iterator[None]:
    """Let all that is read in here be of one moment; inside a transaction that has begun, as that one reads."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def _write_runs(attempt: Attempt, archive: zipfile.ZipFile, *, now: datetime) -> None:
    fine = not class_is_looked_for(attempt, now=now)  # also for an admin: it is the learner's view
    submissions = Submission.objects.filter(attempt=attempt).order_by("number")
    for submission in submissions.select_related("attempt__learner", "hand_in__stage").iterator(export.ROWS_AT_ONCE):
        body = shown.whole(submission, queue.last_run(submission), hidden=False, fine=fine, now=now)
        archive.writestr(f"runs/{submission.number:03}.json", _body(RunWhole({"server_now": now, **body}).data))


def _write_result(attempt: Attempt, archive: zipfile.ZipFile, *, now: datetime) -> bool:
    """Write the result, or what its address says instead; return whether there is one."""
    try:
        found = result.of(attempt)
    except (result.NotSignedOffYet, AttemptVoid) as refused:
        archive.writestr("result.json", export.as_text({"signed_off": False, "why": str(refused)}))
        return False
    body = ResultOut(found, context={"server_now": now}).data
    archive.writestr("result.json", _body({"signed_off": True, **body}))
    return True


def _body(said: Mapping[str, Any]) -> str:
    """A body of the API for a file: the README says once as of when everything is."""
    return export.as_text({key: value for key, value in said.items() if key not in {"server_now", "hidden_cells"}})
