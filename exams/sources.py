"""Where handed-in code comes from: named in one small object, pinned to a commit, fetched outside any transaction."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict

from django.conf import settings

from exams import incident
from exams.content import check_text
from exams.definitions import twin_of
from exams.errors import Refusal
from exams.models import Event, Upload
from exams.queries import own_repository, repository_path
from sandboxes import repository
from sandboxes.ingest import IngestRefused, SourceUnreachable, git
from sandboxes.ingest.addresses import parse_source
from sandboxes.ingest.objects import COMMIT
from sandboxes.ingest.upload import read_upload

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from exams.models import Attempt, Submission
    from sandboxes.ingest.tree import Tree

log = logging.getLogger(__name__)

REPO_URL = "repo_url"
FILE_UPLOAD = "file_upload"
URL_CHARACTERS = 2_000
REF_CHARACTERS = 200
MAIN = "refs/heads/main"
PUSHED = "repository.pushed"


class BadSource(Refusal):
    """The source of the code is not named in a way that can be followed."""


@dataclass(frozen=True)
class Source:
    """Where code comes from. With mode `repo_url` and no `url` it is the attempt's own repository."""

    mode: str
    url: str = ""
    ref: str = ""
    upload: uuid.UUID | None = None

    @property
    def own(self) -> bool:
        """Whether it is the attempt's own repository."""
        return self.mode == REPO_URL and not self.url

    def as_json(self) -> dict[str, str]:
        """The form that is kept in drafts and hand-ins."""
        if self.mode == FILE_UPLOAD:
            return {"mode": self.mode, "upload": str(self.upload)}
        return {"mode": self.mode} | ({"url": self.url} if self.url else {}) | ({"ref": self.ref} if self.ref else {})


@dataclass(frozen=True)
class Pin:
    """Which commit a source meant when it was handed in; `unpinned` when that could not be found out in time."""

    commit: str = ""
    ref: str = ""
    unpinned: bool = False
    why: str = ""


@dataclass(frozen=True)
class Fetched:
    """The files of a source and what is known of where they come from."""

    tree: Tree
    commit: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    force_pushed: bool = False


def read(value: Any, *, attempt: Attempt) -> Source:
    """The source that a JSON object names.

    Raises:
        BadSource: it is malformed, of a mode this twin does not take, or names no upload of this attempt.
    """
    if not isinstance(value, dict):
        raise BadSource("A source is an object such as {'mode': 'repo_url'} or {'mode': 'file_upload', 'upload': id}.")
    modes = twin_of(attempt).submission_modes
    mode = value.get("mode")
    if mode not in modes:
        raise BadSource(
            f"The mode {mode!r} is not one this twin takes. It takes, the usual first: {', '.join(modes)}.",
            modes=list(modes),
        )
    known = {"mode", "upload"} if mode == FILE_UPLOAD else {"mode", "url", "ref"}
    unknown = sorted(set(value) - known)
    if unknown:
        raise BadSource(f"A source with mode {mode} has no {unknown[0]!r}; it has: {', '.join(sorted(known))}.")
    if mode == FILE_UPLOAD:
        return Source(mode=mode, upload=_own_upload(value.get("upload"), attempt))
    url = _words(value.get("url"), name="url", most=URL_CHARACTERS)
    ref = _words(value.get("ref"), name="ref", most=REF_CHARACTERS)
    if url == own_repository(attempt)["clone_url"]:
        url = ""  # its own, by the address it was given: read from our disk, whatever protocol and network it is on
    if url:
        _check_url(url)
    return Source(mode=mode, url=url, ref=ref)


def pin(source: Source, *, attempt: Attempt, received_at: datetime) -> Pin:
    """Find out which commit is meant. Talks to the network for up to five seconds: call outside transactions.

    The own repository means what had been pushed by `received_at`, however late this is asked.

    Raises:
        BadSource: there is no such repository, branch or commit; the learner can change that.
    """
    if source.mode == FILE_UPLOAD:
        return Pin()
    try:
        if source.own:
            return _pin_own(source, attempt=attempt, received_at=received_at)
        found = git.resolve(url=source.url, ref=source.ref or None, **_trusted())
    except IngestRefused as refused:
        raise BadSource(refused.message, code=refused.code) from refused
    except SourceUnreachable as unreachable:
        return Pin(unpinned=True, why=unreachable.message)
    except (repository.RepositoryFault, OSError):
        # Ours, so it costs the learner nothing: what the ledger knows of pushes has to do, and ingest tries again.
        log.exception("The own repository of attempt %s could not be read at a hand-in", attempt.pk)
        return _pin_unread(source, attempt=attempt, received_at=received_at)
    return Pin(commit=found.commit, ref=found.ref or "")


def fetch(submission: Submission) -> Fetched:
    """Read the files of a submission's source. Talks to the network and to git: call outside transactions.

    Raises:
        IngestRefused: the source cannot be taken; the learner could have changed that.
        SourceUnreachable: the learner's server did not answer; try again.
    """
    attempt = submission.attempt
    if submission.mode == FILE_UPLOAD:
        upload = submission.upload
        if upload is None or upload.blob is None:
            raise ValueError("the bytes of the upload have not arrived")
        tree = read_upload(bytes(upload.blob.content), name=upload.name, base=incident.base_tree(attempt))
        return Fetched(tree=tree, facts={"name": upload.name, "size": upload.size})
    if not submission.url:
        return _fetch_own(submission)
    found = git.fetch(
        url=submission.url,
        ref=submission.source_facts.get("ref") or submission.ref or None,
        commit=submission.pinned_commit or None,
        **_trusted(),
    )
    return Fetched(
        tree=found.tree,
        commit=found.commit,
        facts={"author": found.author, "committed_at": found.committed_at.isoformat(), "subject": found.subject},
        force_pushed=bool(found.force_pushed),
    )


def was_rewritten(submission: Submission) -> bool | None:
    """Whether the branch or tag a submission came from has left its commit; None if that cannot be told.

    Talks to the network, as `fetch` does: call outside transactions.
    """
    ref = submission.source_facts.get("ref") or ("" if submission.ref else "HEAD")
    if not submission.url or not submission.pinned_commit or not ref:
        return None
    return git.was_rewritten(url=submission.url, ref=ref, commit=submission.pinned_commit, **_trusted())


class _Trusted(TypedDict):
    """What the operator says of strangers' servers."""

    allowed_hosts: list[str]
    ca_file: Path | None


def _trusted() -> _Trusted:
    return {"allowed_hosts": settings.HOTSEAT_ALLOWED_GIT_HOSTS, "ca_file": settings.HOTSEAT_GIT_CA_FILE}


def _pin_own(source: Source, *, attempt: Attempt, received_at: datetime) -> Pin:
    if COMMIT.fullmatch(source.ref):
        return Pin(commit=repository.resolve(repository_path(attempt), ref=source.ref))
    ref = full_ref(source.ref)
    since = (
        Event.objects.filter(attempt=attempt, kind=PUSHED, payload__ref=ref, at__gt=received_at)
        .order_by("at", "seq")
        .first()
    )
    if since is None:
        return Pin(commit=repository.resolve(repository_path(attempt), ref=source.ref or None), ref=ref)
    # It was pushed to again after the hand-in arrived: what that push replaced is what was meant.
    commit = str(since.payload["old"])
    if not commit.strip("0"):
        raise BadSource(
            f"The branch {ref.removeprefix('refs/heads/')!r} did not exist when the hand-in arrived. Hand in again.",
            code="ref-not-found",
        )
    return Pin(commit=commit, ref=ref)


def _pin_unread(source: Source, *, attempt: Attempt, received_at: datetime) -> Pin:
    ref = full_ref(source.ref)
    pushes = Event.objects.filter(attempt=attempt, kind=PUSHED, payload__ref=ref, at__lte=received_at)
    last = pushes.order_by("-at", "-seq").first()
    return Pin(
        commit=str(last.payload["new"]) if last is not None else "",
        ref=ref,
        unpinned=last is None,
        why="We could not read your repository just now. That is our fault, and we try again.",
    )


def full_ref(ref: str) -> str:
    """The full name of a branch of the own repository; the main branch when none is named."""
    return MAIN if not ref else "refs/heads/" + ref.removeprefix("refs/heads/")


def _fetch_own(submission: Submission) -> Fetched:
    path = repository_path(submission.attempt)
    commit = submission.pinned_commit or repository.resolve(path, ref=submission.ref or None)
    (facts,) = repository.log(path, start=commit, most=1)
    return Fetched(
        tree=repository.read_tree(path, commit),
        commit=commit,
        facts={"author": facts.author, "committed_at": facts.committed_at.isoformat(), "subject": facts.subject},
    )


def _own_upload(value: Any, attempt: Attempt) -> uuid.UUID:
    try:
        wanted = uuid.UUID(str(value))
    except ValueError:
        raise BadSource("A source with mode file_upload names its upload by the id that the commitment gave.") from None
    if not Upload.objects.filter(attempt=attempt, pk=wanted).exists():
        raise BadSource(f"There is no upload {wanted} in this attempt. Commit to the file first, then name it here.")
    return wanted


def _words(value: Any, *, name: str, most: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > most:
        raise BadSource(f"The {name} of a source is text of at most {most} characters.", field=name, limit=most)
    check_text(value, what=name)
    return value.strip()


def _check_url(url: str) -> None:
    try:
        parse_source(url, allowed_hosts=settings.HOTSEAT_ALLOWED_GIT_HOSTS)
    except IngestRefused as refused:
        raise BadSource(refused.message, code=refused.code) from refused
