"""What status updates claim that telemetry can bear out or contradict, and whether it does. Plain values only.

It reads few words and is careful with them: what is hedged, planned, asked or negated is no claim, and between plainly
borne out and plainly contradicted lies *not checkable*. It never judges how something is said.
"""

from grading.claims_told.checking import Checked, Earlier, Seen, Standing, as_json, check, seen_at
from grading.claims_told.reading import Kind, Stated, claims

__all__ = ["Checked", "Earlier", "Kind", "Seen", "Standing", "Stated", "as_json", "check", "claims", "seen_at"]
