"""Says in a sentence what a wrong fix does and leaves wrong, for mentors, who read that a test let it through.

The words of a pack lie in a file here under its dotted name, not in the pack: they change no incident, so that mending
a sentence makes no proof stale. What the pack itself says in its truth (`mutant_words`, by name) goes before.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandboxes.sandbox import JsonObject

_HERE = Path(__file__).parent
_ANY = "any"


def says(name: str, *, pack: str | None, truth: JsonObject) -> str:
    """What a wrong fix does, in a sentence; where nobody wrote one, that, with its name in plain letters."""
    own = truth.get("mutant_words")
    if isinstance(own, dict) and name in own:
        return str(own[name])
    written = of_pack(pack) if pack else {}
    failure_class, fault = str(truth.get("failure_class", "")), str(truth.get("fault", ""))
    for place in (f"{failure_class}/{fault}", failure_class, _ANY):
        if name in written.get(place, {}):
            return written[place][name]
    plain = " ".join(name.replace("/", " ").replace("_", " ").split())
    return f"Its author calls it “{plain}” and says no more of it."


@lru_cache(maxsize=16)
def of_pack(dotted: str) -> Mapping[str, Mapping[str, str]]:
    """The sentences written for a pack: by class and fault, by class, or for any; none if it has no file."""
    file = _HERE / f"{dotted}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
