"""What a review is judged by: gathered, kept for good when it is signed, and shown as it was then (decision 0025)."""

from rubrics.basis.gathering import MOST_BYTES, Gathered, gather, still_holds
from rubrics.basis.keeping import keep
from rubrics.basis.showing import Shown, show

__all__ = ["MOST_BYTES", "Gathered", "Shown", "gather", "keep", "show", "still_holds"]
