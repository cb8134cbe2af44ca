"""How an incident is opened: the words of the page, which the learner reads in the brief and in `ops/alerts.jsonl`."""

from __future__ import annotations

import random

# Each is true of every failure class, those included in which every number is approved and only the condition, the
# product or the place is wrong. None tells one class from another.
PAGES = (
    "Compliance: customers were told something that we have not approved. Please take over.",
    "Compliance: what the assistant tells customers is not always what is approved. Please take over.",
    "Compliance: some answers of the assistant do not agree with the approved terms. Please take over.",
    "Compliance: customers come back with answers that we cannot stand by. Please take over.",
)


def page(seed: int) -> str:
    """The words of the page for incidents of this seed, whatever their class."""
    return random.Random(f"opening/{seed}").choice(PAGES)  # noqa: S311 - a seeded drawing, not a secret
