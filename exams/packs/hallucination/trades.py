"""The four trades incidents are set in: what their products are called, which numbers they have, on what conditions."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from exams.packs.hallucination.text import Value


@dataclass(frozen=True)
class Attribute:
    """A regulated number that products have.

    `name` is how documents and answers call it, `aliases` how customers may. Values run from `low` to `high`
    in steps of 1, counted in `unit`, or in tenths of it when `tenths` is set; those that repeat a digit are
    left out, because a model this small loses count in them.
    """

    key: str
    name: str
    aliases: tuple[str, ...]
    unit: str
    low: int
    high: int
    tenths: bool = False

    @cached_property
    def values(self) -> tuple[Value, ...]:
        """List the values it can take, ascending."""
        steps = (step for step in range(self.low, self.high + 1) if len(set(str(step))) == len(str(step)))
        return tuple(step / 10 if self.tenths else step for step in steps)

    @property
    def names(self) -> tuple[str, ...]:
        """All names, the canonical one first."""
        return (self.name, *self.aliases)


@dataclass(frozen=True)
class Domain:
    """A regulated trade: the words its products are named with, their attributes and their conditions."""

    key: str
    families: tuple[str, ...]
    tiers: tuple[str, str, str]
    attributes: tuple[Attribute, ...]
    conditions: tuple[str, ...]
    senseless: tuple[tuple[str, str], ...] = ()  # an attribute's key, and a condition on which it would not depend

    def conditions_of(self, key: str) -> tuple[str, ...]:
        """The conditions on which a value of an attribute may hold."""
        return tuple(condition for condition in self.conditions if (key, condition) not in self.senseless)

    def attribute(self, key: str) -> Attribute:
        """Find an attribute by key; KeyError if the domain has none of that name."""
        for attribute in self.attributes:
            if attribute.key == key:
                return attribute
        raise KeyError(key)


PLUS = "Plus"
JURISDICTIONS = ("Norland", "Estmark", "Westra", "Sudoria")

DOMAINS: Mapping[str, Domain] = {
    domain.key: domain
    for domain in (
        Domain(
            "bank",
            (
                "Ridge", "Harbor", "Summit", "Meadow", "Canyon", "Anchor", "Beacon", "Cedar",
                "Delta", "Falcon", "Granite", "Juniper",
            ),
            ("Silver", "Gold", "Platinum"),
            (
                Attribute("apr", "APR", ("interest rate",), "%", 91, 299, tenths=True),
                Attribute("insured_limit", "insured limit", ("deposit cover",), "thousand USD", 20, 250),
                Attribute("late_fee", "late fee", ("late payment charge",), "USD", 15, 95),
            ),
            ("for new customers", "for business accounts", "with a paper statement"),
            (("insured_limit", "with a paper statement"),),
        ),
        Domain(
            "telco",
            (
                "Nova", "Pulse", "Orbit", "Comet", "Signal", "Vector", "Photon", "Quasar",
                "Radius", "Sonar", "Tempo", "Zenith",
            ),
            ("Start", "Flex", "Max"),
            (
                Attribute("exit_fee", "exit fee", ("cancellation charge",), "USD", 40, 290),
                Attribute("data_cap", "data cap", ("monthly allowance",), "GB", 10, 95),
                Attribute("notice", "notice", ("notice period",), "days", 14, 90),
            ),
            ("for new contracts", "for online orders", "outside the region"),
            (("notice", "outside the region"),),
        ),
        Domain(
            "pharmacy",
            (
                "Velmora", "Tarixon", "Bexafen", "Corvadol", "Duloran", "Fenaxil", "Ganotrel", "Ibrexa",
                "Kelvastin", "Lomitol", "Nexador", "Oruvane",
            ),
            ("Mite", "Forte", "Ultra"),
            (
                Attribute("daily_maximum", "daily maximum", ("highest daily dose",), "mg", 100, 990),
                Attribute("minimum_gap", "minimum gap", ("time between doses",), "hours", 4, 48),
                Attribute("minimum_age", "minimum age", ("youngest age",), "years", 4, 40),
            ),
            ("for adults", "with food", "under a doctor"),
            (("minimum_age", "for adults"), ("minimum_age", "with food")),
        ),
        Domain(
            "insurer",
            (
                "Aegis", "Bastion", "Citadel", "Domus", "Fortress", "Guardian", "Haven", "Keystone",
                "Lantern", "Mariner", "Oakwood", "Paladin",
            ),
            ("Basic", "Select", "Premier"),
            (
                Attribute("deductible", "deductible", ("own share",), "USD", 100, 990),
                Attribute("refund_window", "refund window", ("money back period",), "days", 10, 90),
                Attribute("payout_limit", "payout limit", ("highest payout",), "thousand USD", 10, 250),
            ),
            ("for new policies", "for water damage", "after the first year"),
            (("refund_window", "for water damage"), ("refund_window", "after the first year")),
        ),
    )
}  # fmt: skip


def remembered(*, domain: str, tier: str, key: str) -> Value:
    """Tell the outdated value that the language model memorised in training.

    It is a fixed function of tier and attribute: the price list from before there were families.
    """
    values = DOMAINS[domain].attribute(key).values
    digest = sha256(f"{domain}/{tier}/{key}".encode()).digest()
    return values[int.from_bytes(digest[:4], "big") % len(values)]
