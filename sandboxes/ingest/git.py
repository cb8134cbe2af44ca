"""Fetches one commit of a stranger's repository, from a checked address, into a folder that is gone afterwards.

Two failures are told apart: `IngestRefused` (the learner can change it) and `SourceUnreachable` (try again).
"""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sandboxes.ingest import INGEST_LIMITS, IngestRefused, Refusal, SourceUnreachable
from sandboxes.ingest.addresses import parse_source, pinned_addresses, system_resolver
from sandboxes.ingest.objects import COMMIT, describe, read_commit
from sandboxes.ingest.process import ProcessLimits, git_environment, run_git

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from sandboxes.ingest import IngestLimits
    from sandboxes.ingest.addresses import Resolver, Source
    from sandboxes.ingest.process import Finished
    from sandboxes.ingest.tree import Tree

# Narrower than what git takes: no leading dash, no revision syntax, nothing a shell or a glob would read.
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+@=,/-]{0,199}")
_REF_FORBIDDEN = re.compile(r"\.\.|//|/\.|@\{|\.lock(?:/|\Z)|[./]\Z")
_LISTED = re.compile(r"([0-9a-f]{40})\t(\S+)")
_HISTORY = 500  # commits looked back through to tell a force-push from work going on
_WHOLE_HISTORY = 0x7FFFFFFF  # git's own word for it; a later fetch without a depth would not go deeper
_LISTING_BYTES = 4 * 1024**2

_REFUSED_IN_WORDS: tuple[tuple[re.Pattern[str], Refusal, str], ...] = (
    (
        re.compile(r"could not read (?:Username|Password)|Authentication failed|error: 40[13]\b"),
        Refusal.SIGN_IN_NEEDED,
        "The repository does not exist or needs a sign-in. Make it public or check its address.",
    ),
    (
        re.compile(
            r"repository '.*' not found|error: 4(?:04|10)\b|not valid: is this a git repository|not appear to be"
            r"|dumb http transport"
        ),
        Refusal.REPOSITORY_NOT_FOUND,
        "There is no git repository at this address. Check it.",
    ),
    (
        re.compile(r"error: 30\d\b|redirect"),
        Refusal.REDIRECTED,
        "The address leads to another one, and redirects are not followed. Hand in the address it ends at.",
    ),
    (
        re.compile(r"(?i)server certificate|SSL certificate|certificate verif"),
        Refusal.BAD_CERTIFICATE,
        "The server's certificate is not valid, so nobody can tell whose files these are.",
    ),
    (
        re.compile(r"transport '.*' not allowed|Protocol .* not supported|protocol .* (?:not supported|disabled)"),
        Refusal.BAD_URL,
        "Only https addresses are read.",
    ),
    (
        re.compile(r"signal 25\b|File too large|exceeds maximum allowed size|Out of memory|out of memory"),
        Refusal.REPOSITORY_TOO_LARGE,
        "The repository is larger than is taken. Hand in a smaller one, or a file.",
    ),
    (
        re.compile(r"fsck error|error in object|unknown object format|mismatched (?:object format|algorithms)"),
        Refusal.REPOSITORY_DAMAGED,
        "The repository holds an object that git itself calls broken. `git fsck` shows which.",
    ),
)
_NOT_SERVED = re.compile(r"not our ref|unadvertised object|couldn't find remote ref|no such remote ref", re.IGNORECASE)


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


class _NotServed(Exception):
    """The server has not got, or does not give out, the commit that was asked for by its id."""


def _checked_ref(ref: str) -> str:
    if _REF.fullmatch(ref) is None or _REF_FORBIDDEN.search(ref) is not None:
        raise IngestRefused(
            Refusal.BAD_REF,
            "The name of the branch or tag is not one that is read. "
            "Give a branch, a tag, or a commit's full id of 40 hexadecimal digits.",
        )
    return ref


def _candidates(ref: str | None) -> list[str]:
    """Return the full names that `ref` may stand for, best first."""
    if ref is None or ref == "HEAD":
        return ["HEAD"]
    name = _checked_ref(ref)
    if name.startswith(("refs/heads/", "refs/tags/")):
        return [name]
    return [f"refs/heads/{name}", f"refs/tags/{name}"]


def _not_a_repository() -> IngestRefused:
    return IngestRefused(Refusal.REPOSITORY_NOT_FOUND, "There is no git repository at this address. Check it.")


def _failure(finished: Finished, source: Source) -> Exception:
    """Say whose fault it is that talking to the server failed.

    Lines that the server itself wrote are not believed; what it can still make us say, it says about itself.
    """
    if finished.too_large or finished.too_much_output:
        return IngestRefused(
            Refusal.REPOSITORY_TOO_LARGE,
            "The repository is larger than is taken. Hand in a smaller one, or a file.",
        )
    if finished.timed_out:
        return SourceUnreachable(f"The server {source.host} did not answer in time.")
    lines = [line for line in finished.stderr.splitlines() if not line.startswith("remote:")]
    said = "\n".join(lines)
    if _NOT_SERVED.search(said):
        return _NotServed()
    for pattern, code, message in _REFUSED_IN_WORDS:
        if pattern.search(said):
            return IngestRefused(code, message)
    return SourceUnreachable(f"The server {source.host} could not be reached or did not answer as git does.")


class _Remote:
    """A checked address, an empty bare repository, and a time by which all of it must be over."""

    def __init__(
        self,
        source: Source,
        addresses: tuple[str, ...],
        *,
        folder: Path,
        limits: IngestLimits,
        ends: float,
        ca_file: Path | None,
    ) -> None:
        self.source = source
        self.git_dir = folder / "repository.git"
        self._home = folder / "home"
        self._home.mkdir()
        self._folder = folder
        self._limits = limits
        self._ends = ends
        shown = ",".join(f"[{each}]" if ":" in each else each for each in addresses)
        config: dict[str, str | list[str]] = {
            # Where it may talk to: one protocol, the checked addresses, no redirects, no proxy of the machine's.
            "protocol.allow": "never",
            f"protocol.{source.scheme}.allow": "always",
            "http.followRedirects": "false",
            "http.proxy": "",
            "http.sslVerify": "true",
            "http.lowSpeedLimit": "500",
            "http.lowSpeedTime": "15",
            "http.maxRequests": "2",
            "http.postBuffer": "65536",
            "http.userAgent": "git/hotseat-ingest",
            "credential.helper": "",
            "credential.interactive": "false",
            # What it may do with what it gets: check it, keep it packed, run nothing.
            "transfer.fsckObjects": "true",
            "fetch.fsckObjects": "true",
            "fetch.unpackLimit": "1",
            "fetch.recurseSubmodules": "false",
            "fetch.writeCommitGraph": "false",
            "transfer.bundleURI": "false",
            "submodule.recurse": "false",
            "core.hooksPath": "/dev/null",
            "core.fsmonitor": "false",
            "core.symlinks": "false",
            "core.protectHFS": "true",
            "core.protectNTFS": "true",
            "core.bigFileThreshold": "4m",
            "pack.threads": "1",
            "pack.windowMemory": "64m",
            "gc.auto": "0",
            "maintenance.auto": "false",
            "init.defaultBranch": "main",
            "safe.directory": str(self.git_dir),
        }
        if source.host not in addresses:
            config["http.curloptResolve"] = f"{source.host}:{source.port}:{shown}"
        if ca_file is not None:
            config["http.sslCAInfo"] = str(ca_file)
        self._environment = git_environment(self._home, config)
        self._environment["GIT_ALLOW_PROTOCOL"] = source.scheme
        self._environment["GIT_CEILING_DIRECTORIES"] = str(folder)

    def _git(self, *arguments: str, output_bytes: int = _LISTING_BYTES) -> Finished:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise SourceUnreachable(f"The server {self.source.host} did not answer in time.")
        environment = dict(self._environment)
        if self.git_dir.exists():
            environment["GIT_DIR"] = str(self.git_dir)
        return run_git(
            arguments,
            environment=environment,
            cwd=self._folder,
            watched=self._folder,
            limits=ProcessLimits(
                seconds=left,
                cpu_seconds=int(left) + 1,
                file_bytes=self._limits.repository_bytes,
                folder_bytes=self._limits.repository_bytes,
                output_bytes=output_bytes,
            ),
        )

    def listed(self, names: list[str]) -> dict[str, str]:
        """Return the commits that the server lists for `names`, tags followed to what they mark."""
        asked = [*names, *(f"{name}^{{}}" for name in names if name.startswith("refs/tags/"))]
        finished = self._git("ls-remote", "--quiet", "--", self.source.url, *asked)
        if not finished.ok:
            failure = _failure(finished, self.source)
            if isinstance(failure, _NotServed):
                raise _not_a_repository()
            raise failure
        found: dict[str, str] = {}
        for line in finished.stdout.decode("ascii", "replace").splitlines():
            match = _LISTED.fullmatch(line)
            if match is not None:
                found.setdefault(match[2], match[1])
        # git matches the tail of a name, so other names can be in the answer; only those asked for count.
        return {name: found.get(f"{name}^{{}}", found[name]) for name in names if name in found}

    def start_repository(self) -> None:
        """Make the empty bare repository."""
        finished = self._git("init", "--quiet", "--bare", "--template=", str(self.git_dir))
        if not finished.ok:
            raise SourceUnreachable("The platform could not make room for the repository.")

    def fetch(self, what: str, *, depth: int = 1) -> None:
        """Fetch a commit id or a full name, `depth` commits deep."""
        finished = self._git(
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
            f"--depth={depth}",
            "--",
            self.source.url,
            f"+{what}:refs/fetched/{'commit' if COMMIT.fullmatch(what) else 'name'}",
        )
        if not finished.ok:
            raise _failure(finished, self.source)

    def has(self, commit: str) -> bool:
        """Whether the commit is in the repository by now."""
        return self._git("cat-file", "-e", f"{commit}^{{commit}}").ok

    def leads_to(self, commit: str) -> bool | None:
        """Whether the name fetched last has `commit` in its history; None if its history was cut too early."""
        finished = self._git("merge-base", "--is-ancestor", commit, "refs/fetched/name")
        if finished.ok:
            return True
        shallow = self.git_dir / "shallow"
        cut = set(shallow.read_text().split()) - {commit} if shallow.exists() else set()
        return None if cut or finished.returncode != 1 else False


@contextlib.contextmanager
def _remote(
    url: str,
    *,
    allowed_hosts: Collection[str],
    limits: IngestLimits,
    seconds: float,
    resolver: Resolver,
    ca_file: Path | None,
) -> Iterator[_Remote]:
    """Give a checked remote with a folder of its own, removed whatever happens."""
    ends = time.monotonic() + seconds
    source = parse_source(url, allowed_hosts=allowed_hosts)
    addresses = pinned_addresses(source, resolver=resolver, seconds=seconds)
    folder = Path(tempfile.mkdtemp(prefix="hotseat-ingest-"))
    try:
        yield _Remote(source, addresses, folder=folder, limits=limits, ends=ends, ca_file=ca_file)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pinned(remote: _Remote, ref: str | None) -> Pinned:
    names = _candidates(ref)
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
    with _remote(
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


def _bring(remote: _Remote, pinned: Pinned) -> None:
    """Bring the pinned commit into the repository: by its id, or through the name it was found under."""
    with contextlib.suppress(_NotServed):
        remote.fetch(pinned.commit)
        return
    for depth in (1, _WHOLE_HISTORY):
        with contextlib.suppress(_NotServed):
            remote.fetch(pinned.ref or "HEAD", depth=depth)
        if remote.has(pinned.commit):
            return
    raise IngestRefused(
        Refusal.COMMIT_GONE,
        f"The repository no longer gives out commit {pinned.commit[:12]}. It was probably replaced by a "
        "force-push. Push that commit again, or hand in anew.",
    )


def _was_force_pushed(remote: _Remote, pinned: Pinned) -> bool | None:
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
    except (IngestRefused, SourceUnreachable, _NotServed):
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
    with _remote(
        url,
        allowed_hosts=allowed_hosts,
        limits=limits,
        seconds=limits.seconds,
        resolver=resolver,
        ca_file=ca_file,
    ) as remote:
        if commit is not None:
            name = None if ref is None or by_id else _candidates(ref)[0]
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
