"""How scores go with the length of what was written, so that a bias for length is seen. Length itself never counts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exams.definitions import twin_of
from exams.queries import counting_hand_in
from grading.evidence import document_text
from rubrics.models import Review, ReviewState, Score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exams.models import Attempt

FEWEST = 20  # reviews; of fewer, a correlation says nothing


@dataclass(frozen=True)
class Correlation:
    """Spearman's rank correlation of a dimension's scores with the characters of the post-mortem, over `reviews`.

    None where all scores, or all lengths, are equal.
    """

    dimension: str
    reviews: int
    rho: float | None

    @property
    def says_something(self) -> bool:
        """Whether there are enough reviews."""
        return self.reviews >= FEWEST


def correlations(slug: str) -> list[Correlation]:
    """One for each dimension of a twin, over the signed reviews of attempts that handed in a document."""
    pairs: dict[str, list[tuple[int, int]]] = defaultdict(list)
    signed = Review.objects.filter(state=ReviewState.SIGNED_OFF, attempt__twin__slug=slug).select_related(
        "attempt__twin"
    )
    for review in signed.iterator():
        characters = written(review.attempt)
        if characters:
            for key, twentieths in Score.objects.filter(review=review).values_list("dimension__key", "twentieths"):
                pairs[key].append((characters, twentieths))
    return [
        Correlation(key, len(found), spearman([one for one, _ in found], [other for _, other in found]))
        for key, found in sorted(pairs.items())
    ]


def written(attempt: Attempt) -> int:
    """Characters of the documents that count, of all stages."""
    twin = twin_of(attempt)
    total = 0
    for stage in twin.stages:
        hand_in = counting_hand_in(attempt, stage.key)
        if hand_in is not None:
            wanted = [each.key for each in twin.deliverables_of(stage.key) if each.kind == "document"]
            total += sum(len(document_text(hand_in.deliverables.get(key, ""))) for key in wanted)
    return total


def spearman(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Pearson's correlation of the ranks, ties at their mean rank; None if one of the two is all alike.

    C. Spearman, "The Proof and Measurement of Association between Two Things", 1904.
    """
    one, other = _ranks(first), _ranks(second)
    mean = (len(one) + 1) / 2
    across = sum((a - mean) * (b - mean) for a, b in zip(one, other, strict=True))
    along = sum((a - mean) ** 2 for a in one) * sum((b - mean) ** 2 for b in other)
    return across / along**0.5 if along else None


def _ranks(values: Sequence[float]) -> list[float]:
    ordered = sorted(values)
    first = {value: ordered.index(value) for value in set(values)}
    return [first[value] + (ordered.count(value) + 1) / 2 for value in values]
