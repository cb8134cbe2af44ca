"""How an incident is opened: the words of the page, which the learner reads in the brief and in `ops/alerts.jsonl`."""

from __future__ import annotations

import random

from exams.packs.hallucination.incident import domain_of

# Each is true of every failure class, those included in which every number is approved and only the condition, the
# product or the place is wrong. None tells one class from another.
PAGES = (
    "Compliance: what the assistant tells customers is not always what is approved. Please take over.",
    "Service desk: complaints about wrong answers of the assistant, one after another. It is yours now.",
    "Service desk: several customers do not believe what the assistant told them, and some of them are right.",
    "Complaints about the assistant. We looked into some, and the answers do not hold. Please find out why.",
    "Duty manager: customers were told something that we have not approved, more than once. Please take over.",
    "Legal: a customer insists on an answer of the assistant that nobody here approved. There are others. Please look.",
    "Quality: of the answers that we checked by hand today, several are not what is approved. It is yours now.",
    "Call centre: agents keep taking back what the assistant said. Please find out what is going on.",
    "Sales: two of us were shown answers of the assistant that we could not stand by. Please look at once.",
    "Social media team: people post what the assistant told them, and it is not what we approved. Please take over.",
    "Back office: we put right by hand what the assistant told customers, again and again. Please look at once.",
    "Two answers of the assistant came up in our meeting, and neither is approved. There are more. Please look.",
    "Training: new colleagues learn from the assistant what we would never tell customers. Please take over.",
    "Mail desk: messages come in that quote the assistant, and what they quote does not hold. Please find out why.",
    "Service desk: I read out to a customer what is approved, and the assistant had said otherwise. Not only once.",
    "Spot check: we put answers of the assistant next to the approved documents. Not all agree. Please take over.",
    "Communications: a newspaper asks about answers of our assistant. Some are really not approved. It is yours now.",
    "Supervisor on shift: my people no longer trust what the assistant says, and I see why. Please look at once.",
    "Product team: customers write to us about answers of the assistant that we cannot explain. Please take over.",
    "Chat team: customers come back with answers of the assistant that we cannot confirm. Please find out why.",
    "Ombudsman's office: we were sent answers of your assistant. Legal says they were not approved. Please take over.",
    "Regional office: what the assistant said to customers here is not what we are told to say. It is yours now.",
)
# Those of a trade name who came across it there.
PAGES_OF_TRADE = {
    "bank": (
        "Compliance: branches send us answers of the assistant that we have not approved. Please take over.",
        "A branch asks whether an answer of the assistant binds us. It was never approved, and is not the only one.",
        "Advisers: customers quote the assistant to us, and we cannot confirm it. Please look at once.",
        "Disclosures: not all that the assistant tells customers is what we would disclose. Please take over.",
    ),
    "telco": (
        "Shops report customers who were told something by the assistant that nobody there can confirm. Please look.",
        "Hotline: we keep correcting what the assistant said. Some of it was never approved.",
        "Retention: customers argue with answers of the assistant that we cannot stand by. Please take over.",
        "Contracts: the assistant has told customers what we would not put in writing. Please look at once.",
    ),
    "pharmacy": (
        "A pharmacist stopped a customer who relied on an answer of the assistant. It was not an approved one.",
        "Patient safety: the assistant has told customers something that we have not approved. At once, please.",
        "Pharmacies ring about answers of the assistant that we have not approved. Please take over.",
        "Patient safety: some answers of the assistant do not agree with what is approved. It is yours now.",
    ),
    "insurer": (
        "Brokers forward answers of the assistant that we have not approved. Please take over.",
        "Claims: customers refer to what the assistant told them, and we have not approved it. Please take over.",
        "A broker complains: the assistant told a client what we would not confirm. There are others. It is yours now.",
        "Compliance: answers of the assistant and approved terms differ, for some customers. Please look at once.",
    ),
}


def page(seed: int) -> str:
    """The words of the page for incidents of this seed, whatever their class."""
    drawing = random.Random(f"opening/{seed}")  # noqa: S311 - a seeded drawing, not a secret
    return drawing.choice(PAGES + PAGES_OF_TRADE[domain_of(seed)])
