"""Whose fault it is that talking to a stranger's server failed, read from what our own git says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sandboxes.ingest import IngestRefused, Refusal, SourceUnreachable

if TYPE_CHECKING:
    from sandboxes.ingest.addresses import Source
    from sandboxes.ingest.process import Finished

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


class NotServed(Exception):
    """The server has not got, or does not give out, the commit that was asked for by its id."""


def not_a_repository() -> IngestRefused:
    """Say that nothing at the address speaks git."""
    return IngestRefused(Refusal.REPOSITORY_NOT_FOUND, "There is no git repository at this address. Check it.")


def failure(finished: Finished, source: Source) -> Exception:
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
        return NotServed()
    for pattern, code, message in _REFUSED_IN_WORDS:
        if pattern.search(said):
            return IngestRefused(code, message)
    return SourceUnreachable(f"The server {source.host} could not be reached or did not answer as git does.")
