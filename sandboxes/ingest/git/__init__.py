"""Fetches one commit of a stranger's repository, from a checked address, into a folder that is gone afterwards.

Two failures are told apart: `IngestRefused` (the learner can change it) and `SourceUnreachable` (try again).
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandboxes.ingest import INGEST_LIMITS, IngestRefused, Refusal, SourceUnreachable
from sandboxes.ingest.addresses import system_resolver
from sandboxes.ingest.git.failures import NotServed
from sandboxes.ingest.git.names import candidates
from sandboxes.ingest.git.remote import open_remote
from sandboxes.ingest.objects import COMMIT, describe, read_commit

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from pathlib import Path

    from sandboxes.ingest import IngestLimits
    from sandboxes.ingest.addresses import Resolver
    from sandboxes.ingest.git.remote import Remote
    from sandboxes.ingest.tree import Tree

_HISTORY = 500  # commits looked back through to tell a force-push from work going on
_WHOLE_HISTORY = 0x7FFFFFFF  # git's own word for it; a later fetch without a depth would not go deeper


@dataclass(frozen=True, kw_only=True)
class Pinned:
    """Which commit a name meant at the moment it was asked.

    Attributes:
        commit: full id.
        ref: the full name that was found (`HEAD`, `refs/heads/…`, `refs/tags/…`), or None for a bare commit id,
            whose existence only fetching shows.
    """

    commit: str
    ref: str | None


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """One commit, read whole.

    Attributes:
        commit: full id; `tree` is exactly its files, less litter.
        tree: the files.
        author: as the commit claims.
        committed_at: as the commit claims, in UTC.
        subject: first line of its message.
        force_pushed: True if the name now means a history without this commit, False if it does not, None if
            that was not asked or could not be told.
    """

    commit: str
    tree: Tree
    author: str
    committed_at: datetime
    subject: str
    force_pushed: bool | None = None


def _pinned(remote: Remote, ref: str | None) -> Pinned:
    names = candidates(ref)
    found = remote.listed(names)
    for name in names:
        if name in found:
            return Pinned(commit=found[name], ref=name)
    if ref is None:
        why = "There is no commit at this address yet, or it is not a git repository. Push, or check the address."
    else:
        why = f"The repository has no branch or tag called '{ref}'. Push it, or check its name."
    raise IngestRefused(Refusal.REF_NOT_FOUND, why)


def resolve(
    *,
    url: str,
    ref: str | None = None,
    allowed_hosts: Collection[str] = (),
    limits: IngestLimits = INGEST_LIMITS,
    resolver: Resolver = system_resolver,
    ca_file: Path | None = None,
) -> Pinned:
    """Return the commit that `ref` means right now, within `limits.resolve_seconds`.

    Args:
        url: the repository's https address.
        ref: a branch, a tag, a full commit id, or None for the default branch.
        allowed_hosts: `host` or `host:port` the operator trusts although they are private or plain http.
        limits: the table.
        resolver: (host, port) → addresses; asked once.
        ca_file: certificate authorities to trust instead of the system's.

    Raises:
        IngestRefused: the address, the name or the repository will not do; the learner can change it.
        SourceUnreachable: no answer in time; hand in unpinned and try again.
    """
    with open_remote(
        url,
        allowed_hosts=allowed_hosts,
        limits=limits,
        seconds=limits.resolve_seconds,
        resolver=resolver,
        ca_file=ca_file,
    ) as remote:
        if ref is not None and COMMIT.fullmatch(ref):
            remote.listed(["HEAD"])
            return Pinned(commit=ref, ref=None)
        return _pinned(remote, ref)


def _bring(remote: Remote, pinned: Pinned) -> None:
    """Bring the pinned commit into the repository: by its id, or through the name it was found under."""
    with contextlib.suppress(NotServed):
        remote.fetch(pinned.commit)
        return
    for depth in (1, _WHOLE_HISTORY):
        with contextlib.suppress(NotServed):
            remote.fetch(pinned.ref or "HEAD", depth=depth)
        if remote.has(pinned.commit):
            return
    raise IngestRefused(
        Refusal.COMMIT_GONE,
        f"The repository no longer gives out commit {pinned.commit[:12]}. It was probably replaced by a "
        "force-push. Push that commit again, or hand in anew.",
    )


def _was_force_pushed(remote: Remote, pinned: Pinned) -> bool | None:
    """Tell whether the name was moved to a history that no longer holds the pinned commit."""
    if pinned.ref is None:
        return None
    try:
        now = remote.listed([pinned.ref]).get(pinned.ref)
        if now == pinned.commit:
            return False
        if now is None:
            return True
        remote.fetch(pinned.ref, depth=_HISTORY)
        known = remote.leads_to(pinned.commit)
    except (IngestRefused, SourceUnreachable, NotServed):
        return None
    return None if known is None else not known


def fetch(
    *,
    url: str,
    ref: str | None = None,
    commit: str | None = None,
    allowed_hosts: Collection[str] = (),
    limits: IngestLimits = INGEST_LIMITS,
    resolver: Resolver = system_resolver,
    ca_file: Path | None = None,
) -> Fetched:
    """Return the files of one commit, within `limits.seconds`.

    1. Check the address and look its host up, once.
    2. Find out which commit is meant, unless it was pinned before.
    3. Fetch that commit into an empty bare repository that is removed afterwards.
    4. Read its objects; nothing is checked out.
    5. If it was pinned before, note whether its name was force-pushed since.

    Args:
        url: the repository's https address.
        ref: a branch, a tag, a full commit id, or None for the default branch. With `commit`, the full name
            it was found under (`Pinned.ref`).
        commit: the commit pinned at hand-in; exactly its bytes are returned, wherever `ref` points by now.
        allowed_hosts: as in `resolve`.
        limits: the table.
        resolver: as in `resolve`.
        ca_file: as in `resolve`.

    Raises:
        IngestRefused: the learner can change it.
        SourceUnreachable: try again.
    """
    if commit is not None and COMMIT.fullmatch(commit) is None:
        raise IngestRefused(Refusal.BAD_REF, "A commit is named by its full id of 40 hexadecimal digits.")
    by_id = ref if ref is not None and COMMIT.fullmatch(ref) else None
    with open_remote(
        url,
        allowed_hosts=allowed_hosts,
        limits=limits,
        seconds=limits.seconds,
        resolver=resolver,
        ca_file=ca_file,
    ) as remote:
        if commit is not None:
            name = None if ref is None or by_id else candidates(ref)[0]
            pinned = Pinned(commit=commit, ref=name)
        elif by_id:
            pinned = Pinned(commit=by_id, ref=None)
        else:
            pinned = _pinned(remote, ref)
        remote.start_repository()
        _bring(remote, pinned)
        facts = describe(remote.git_dir, pinned.commit)
        tree = read_commit(remote.git_dir, pinned.commit, limits=limits)
        return Fetched(
            commit=facts.commit,
            tree=tree,
            author=facts.author,
            committed_at=facts.committed_at,
            subject=facts.subject,
            force_pushed=_was_force_pushed(remote, pinned) if commit is not None else None,
        )


def was_rewritten(
    *,
    url: str,
    ref: str,
    commit: str,
    allowed_hosts: Collection[str] = (),
    limits: IngestLimits = INGEST_LIMITS,
    resolver: Resolver = system_resolver,
    ca_file: Path | None = None,
) -> bool | None:
    """Return whether `ref` by now means a history without `commit`; None if that cannot be told. Nothing is kept.

    Args:
        url: the repository's https address.
        ref: the full name that the commit was found under (`Pinned.ref`).
        commit: the full id that was pinned.
        allowed_hosts: as in `resolve`.
        limits: the table; it takes at most `limits.seconds`.
        resolver: as in `resolve`.
        ca_file: as in `resolve`.
    """
    try:
        with open_remote(
            url,
            allowed_hosts=allowed_hosts,
            limits=limits,
            seconds=limits.seconds,
            resolver=resolver,
            ca_file=ca_file,
        ) as remote:
            remote.start_repository()
            with contextlib.suppress(NotServed):
                remote.fetch(commit)
            return _was_force_pushed(remote, Pinned(commit=commit, ref=candidates(ref)[0]))
    except (IngestRefused, SourceUnreachable):
        return None
