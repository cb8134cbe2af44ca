"""The names by which a learner may call a commit: fewer than git takes, and never an option or an expression."""

from __future__ import annotations

import re

from sandboxes.ingest import IngestRefused, Refusal

# Narrower than what git takes: no leading dash, no revision syntax, nothing a shell or a glob would read.
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+@=,/-]{0,199}")
_REF_FORBIDDEN = re.compile(r"\.\.|//|/\.|@\{|\.lock(?:/|\Z)|[./]\Z")


def _checked_ref(ref: str) -> str:
    if _REF.fullmatch(ref) is None or _REF_FORBIDDEN.search(ref) is not None:
        raise IngestRefused(
            Refusal.BAD_REF,
            "The name of the branch or tag is not one that is read. "
            "Give a branch, a tag, or a commit's full id of 40 hexadecimal digits.",
        )
    return ref


def candidates(ref: str | None) -> list[str]:
    """Return the full names that `ref` may stand for, best first."""
    if ref is None or ref == "HEAD":
        return ["HEAD"]
    name = _checked_ref(ref)
    if name.startswith(("refs/heads/", "refs/tags/")):
        return [name]
    return [f"refs/heads/{name}", f"refs/tags/{name}"]
