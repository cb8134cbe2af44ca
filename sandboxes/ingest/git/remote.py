"""A stranger's repository behind a checked address: what may be asked of it, and how long all of that may take."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sandboxes.ingest import SourceUnreachable
from sandboxes.ingest.addresses import parse_source, pinned_addresses
from sandboxes.ingest.git.failures import NotServed, failure, not_a_repository
from sandboxes.ingest.objects import COMMIT
from sandboxes.ingest.process import ProcessLimits, git_environment, run_git

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sandboxes.ingest import IngestLimits
    from sandboxes.ingest.addresses import Resolver, Source
    from sandboxes.ingest.process import Finished

_LISTED = re.compile(r"([0-9a-f]{40})\t(\S+)")
_LISTING_BYTES = 4 * 1024**2


class Remote:
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
            why = failure(finished, self.source)
            if isinstance(why, NotServed):
                raise not_a_repository()
            raise why
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
            raise failure(finished, self.source)

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
        # A commit that the server no longer gives out is not here, and so not in a history that is here whole.
        told = finished.returncode == 1 or not self.has(commit)
        return False if told and not cut else None


@contextlib.contextmanager
def open_remote(
    url: str,
    *,
    allowed_hosts: Collection[str],
    limits: IngestLimits,
    seconds: float,
    resolver: Resolver,
    ca_file: Path | None,
) -> Iterator[Remote]:
    """Give a checked remote with a folder of its own, removed whatever happens."""
    ends = time.monotonic() + seconds
    source = parse_source(url, allowed_hosts=allowed_hosts)
    addresses = pinned_addresses(source, resolver=resolver, seconds=seconds)
    folder = Path(tempfile.mkdtemp(prefix="hotseat-ingest-"))
    try:
        yield Remote(source, addresses, folder=folder, limits=limits, ends=ends, ca_file=ca_file)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
