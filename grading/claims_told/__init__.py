"""What status updates claim that telemetry can bear out or contradict, and whether it does. Plain values only.

It reads few words and is careful with them: what is hedged, planned, asked or negated is no claim, and between plainly
borne out and plainly contradicted lies *not checkable*. What may be a claim and is not read with certainty is told as
*unread*. It never judges how something is said.
"""

from grading.claims_told.checking import as_json, check
from grading.claims_told.correcting import Told, corrections
from grading.claims_told.given import Dials
from grading.claims_told.measures import Checked, Standing
from grading.claims_told.reading import claims
from grading.claims_told.seeing import Earlier, Seen, seen_at
from grading.claims_told.stating import Kind, Stated

__all__ = [
    "Checked",
    "Dials",
    "Earlier",
    "Kind",
    "Seen",
    "Standing",
    "Stated",
    "Told",
    "as_json",
    "check",
    "claims",
    "corrections",
    "seen_at",
]
