"""How an incident is opened: the words of the page, which the learner reads in the brief and in `ops/alerts.jsonl`."""

from __future__ import annotations

import random

from exams.packs.hallucination.incident import domain_of

# Each is true of every failure class, those included in which every number is approved and only the condition, the
# product or the place is wrong. None tells one class from another.
PAGES = (
    "Compliance: customers were told something that we have not approved. Please take over.",
    "Compliance: what the assistant tells customers is not always what is approved. Please take over.",
    "Compliance: some answers of the assistant do not agree with the approved terms. Please take over.",
    "Compliance: customers come back with answers that we cannot stand by. Please take over.",
    "Service desk: complaints about wrong answers of the assistant, one after another. It is yours now.",
    "Service desk: several customers do not believe what the assistant told them, and some of them are right.",
    "Compliance, urgent: the assistant tells customers what nobody has approved. Please find out what is going on.",
    "Complaints about the assistant. We looked into some, and the answers do not hold. Please find out why.",
)
# Those of a trade name who came across it there.
PAGES_OF_TRADE = {
    "bank": (
        "Compliance: branches send us answers of the assistant that we have not approved. Please take over.",
        "A branch asks whether an answer of the assistant binds us. It was never approved, and is not the only one.",
        "Compliance: customers quote the assistant to their advisers, who cannot confirm it. Please look at once.",
        "Disclosures: not all that the assistant tells customers is what we would disclose. Please take over.",
    ),
    "telco": (
        "Shops report customers who were told something by the assistant that nobody there can confirm. Please look.",
        "Compliance: the hotline keeps correcting what the assistant said. Some of it was never approved.",
        "Retention: customers argue with answers of the assistant that we cannot stand by. Please take over.",
        "Compliance: the assistant has told customers what we would not put in writing. Please look at once.",
    ),
    "pharmacy": (
        "A pharmacist stopped a customer who relied on an answer of the assistant. It was not an approved one.",
        "Patient safety: the assistant has told customers something that we have not approved. At once, please.",
        "Compliance: pharmacies ring about answers of the assistant that we have not approved. Please take over.",
        "Patient safety: some answers of the assistant do not agree with what is approved. It is yours now.",
    ),
    "insurer": (
        "Compliance: brokers forward answers of the assistant that we have not approved. Please take over.",
        "Claims: customers refer to what the assistant told them, and we have not approved it. Please take over.",
        "A broker complains: the assistant told a client what we would not confirm. There are others. It is yours now.",
        "Compliance: answers of the assistant and approved terms differ, for some customers. Please look at once.",
    ),
}


def page(seed: int) -> str:
    """The words of the page for incidents of this seed, whatever their class."""
    drawing = random.Random(f"opening/{seed}")  # noqa: S311 - a seeded drawing, not a secret
    return drawing.choice(PAGES + PAGES_OF_TRADE[domain_of(seed)])
