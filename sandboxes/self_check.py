"""Says which of our limits an engine cannot enforce, so that nobody relies on one that is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_CAPABILITIES = (
    ("MemoryLimit", "memory is not limited: one run can take all of this machine's"),
    ("SwapLimit", "swap is not limited: a run can use swap space beyond its memory"),
    ("PidsLimit", "the number of processes is not limited: a fork bomb reaches the whole machine"),
    ("CpuCfsQuota", "processor share is not limited: a run can slow down every other"),
)


def engine_warnings(info: Mapping[str, Any]) -> tuple[str, ...]:
    """What is missing, as sentences, from the engine's description of itself."""
    missing = [
        f"This engine says that {words}. Enable the control group for it."
        for key, words in _CAPABILITIES
        if not info.get(key, False)
    ]
    if not any("name=seccomp" in option for option in info.get("SecurityOptions") or ()):
        missing.append("This engine has no seccomp: system calls of submitted code are not filtered.")
    return tuple(missing)
