"""A pack small enough for tests of the exam: it keeps the whole promise of `exams.packs.Pack` in a few files."""

from __future__ import annotations

import json
import random
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exams.packs import (
    Ask,
    Brief,
    Cause,
    CauseCatalogue,
    Commit,
    Component,
    JsonObject,
    Measures,
    NothingLeftToDraw,
    Probe,
    ProbeSuite,
    Question,
    Spec,
)
from sandboxes.ingest.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from exams.packs.injects import InjectRule

NAME = "exams.packs.small"
_BRANDS = ("Ridge", "Harbor", "Meadow", "Summit", "Canyon", "Orchard")
_TIERS = ("Gold", "Silver")
_COMMITS = 12
_EPOCH = datetime(2026, 3, 2, 9, tzinfo=UTC)

_SERVER = '''"""A tiny assistant that answers from a table."""

import json
import re


def open_assistant(root):
    return Assistant(json.loads((root / "kb" / "products.json").read_text()))


class Assistant:
    def __init__(self, products):
        self.products = products

    def reply(self, request):
        question = request["question"].lower()
        found = [p for p in self.products if matches(p, question)]
        if not found:
            return answer("I have no approved document for that.", [], refused=True)
        product = found[0]
        text = f"The late fee of {product['name']} is {product['late_fee']} USD."
        return answer(text, [product["document"]], refused=False)


def answer(text, documents, refused):
    return {
        "text": text,
        "citations": [{"document": d, "sentence": 1} for d in documents],
        "documents": documents,
        "prompt": "",
        "guard": {"verdict": "pass", "reason": ""},
        "refused": refused,
        "version": "1",
    }


'''
_RIGHT = 'def matches(product, question):\n    return product["name"].lower() in question\n'
_ALSO_RIGHT = (
    "def matches(product, question):\n"
    '    return all(word in question.split() or word + "?" in question.split() '
    'for word in product["name"].lower().split())\n'
)
_FAULTS = {
    "T1": 'def matches(product, question):\n    return product["name"].lower().split()[0] in question\n',
    "T2": 'def matches(product, question):\n    return product["name"].lower().split()[1] in question\n',
}
_REFUSES = "def matches(product, question):\n    return False\n"
_TEST = '''"""Each product is answered with its own figure."""

import json


def test_each_product_has_its_own_fee(ask, facts):
    for product in facts["products"]:
        fee = product["facts"]["late_fee"]["value"]
        assert f" {fee} " in ask(f"What is the late fee of {product['name']}?").text
'''

CATALOGUE = CauseCatalogue(
    (
        Cause("T1", "Tiers mixed up", "A product of one tier is answered with the fee of another tier.", ("server",)),
        Cause("T2", "Brands mixed up", "A product of one brand is answered with the fee of another.", ("server", "kb")),
    ),
    (
        Component("server", "assistant/server.py", "answers"),
        Component("kb", "kb/products.json", "holds what is approved"),
    ),
)

script: tuple[InjectRule, ...] = ()


class SmallPack:
    """Products with a late fee each; the faulty assistant mixes up tiers (T1) or brands (T2)."""

    classes = ("T1", "T2")

    def catalogue(self) -> CauseCatalogue:
        return CATALOGUE

    def draw(self, *, seed: int, avoid: Collection[str]) -> Spec:
        seen = {entry.partition("/")[0] for entry in avoid}
        left = [each for each in self.classes if each not in seen]
        if not left:
            raise NothingLeftToDraw("Both classes of the small pack have been seen.")
        return Spec(failure_class=left[seed % len(left)], seed=seed)

    def facts(self, spec: Spec) -> bytes:
        products = [
            {
                "id": product["name"].lower().replace(" ", "-"),
                "name": product["name"],
                "line": "card",
                "jurisdiction": "US",
                "facts": {
                    "late_fee": {
                        "value": product["late_fee"],
                        "unit": "USD",
                        "condition": None,
                        "effective": "2026-01-01",
                        "document": product["document"],
                        "sentence": 1,
                    }
                },
            }
            for product in _products(spec.seed)
        ]
        attributes = [{"key": "late_fee", "unit": "USD", "names": ["late fee"]}]
        return json.dumps(
            {"as_of": "2026-03-02", "domain": "bank", "attributes": attributes, "products": products}, sort_keys=True
        ).encode()

    def base(self, spec: Spec) -> Tree:
        return _tree(spec.seed, _FAULTS[spec.failure_class])

    def history(self, spec: Spec) -> tuple[Commit, ...]:
        def tree(number: int) -> Tree:
            base = self.base(spec) if number == _COMMITS - 1 else self.reference(spec)
            return Tree({**base.files, "ops/deploys.log": f"deploy {number + 1}\n".encode()})

        last = self.base(spec)
        return tuple(
            Commit(
                message=f"Change {number + 1}",
                author="Kim Park",
                email="kim@bank.example",
                at=_EPOCH + timedelta(days=number),
                tree=last if number == _COMMITS - 1 else tree(number),
            )
            for number in range(_COMMITS)
        )

    def reference(self, spec: Spec) -> Tree:
        return _tree(spec.seed, _RIGHT)

    def alternatives(self, spec: Spec) -> dict[str, Tree]:
        return {"by_words": _tree(spec.seed, _ALSO_RIGHT)}

    def mutants(self, spec: Spec) -> dict[str, Tree]:
        again = _tree(spec.seed + 1, _FAULTS[spec.failure_class])
        return {"refuses_everything": _tree(spec.seed, _REFUSES), "same_fault_elsewhere": again}

    def author_test(self, spec: Spec) -> Tree:
        del spec
        return Tree({"tests/regression/test_fees.py": _TEST.encode()})

    @contextmanager
    def opened(self, tree: Tree) -> Iterator[Ask]:
        found: dict[str, Any] = {}
        exec(tree.files["assistant/server.py"], found)  # noqa: S102 - the text above
        assistant = found["Assistant"](json.loads(tree.files["kb/products.json"]))

        def ask(question: str, session: str = "") -> JsonObject:
            reply: JsonObject = assistant.reply({"question": question, "session": session})
            return reply

        yield ask

    def probes(self, spec: Spec, *, seed: int) -> ProbeSuite:
        del spec
        return _suite(seed, Spec("T1", seed))

    def regression_suite(self, spec: Spec) -> ProbeSuite:
        return _suite(spec.seed, spec)

    def protected(self) -> tuple[str, ...]:
        return ("assistant/lm/",)

    def unserved(self) -> tuple[str, ...]:
        return ("ops/",)

    def traffic(self, spec: Spec) -> tuple[Question, ...]:
        names = [product["name"] for product in _products(spec.seed)]
        return tuple(Question(30 * n, f"What is the late fee of {name}?") for n, name in enumerate(names))

    def injects(self, spec: Spec) -> tuple[InjectRule, ...]:
        """Nobody speaks unless a test puts words into their mouths: see `script`."""
        del spec
        return script

    def brief(self, spec: Spec) -> Brief:
        del spec
        return Brief(
            company="Small Bank",
            trade="bank",
            opened_because="Customers report wrong late fees.",
            opened_at=_EPOCH + timedelta(days=_COMMITS),
            taken_over_from="Kim Park",
        )

    def made_of(self, failure_class: str) -> dict[str, bytes]:
        return {"matching": _FAULTS[failure_class].encode()}

    def measures(self, spec: Spec) -> Measures:  # noqa: ARG002 - every incident of this pack measures the same
        return Measures(affected=1, decoys=0, key_events=2, candidates=1, harmed=1, harmful=1, answers=4)

    def truth(self, spec: Spec) -> JsonObject:
        return {"component": "server", "failure_class": spec.failure_class, "mechanism": "mixed up", "rivals": []}


def _products(seed: int) -> list[dict[str, str]]:
    draw = random.Random(seed)  # noqa: S311 - names and figures, not secrets
    fees = draw.sample(range(11, 99), len(_BRANDS) * len(_TIERS))
    names = [f"{brand} {tier}" for brand in _BRANDS for tier in _TIERS]
    return [
        {"name": name, "late_fee": str(fee), "document": f"doc-{number}"}
        for number, (name, fee) in enumerate(zip(names, fees, strict=True), start=1)
    ]


def _tree(seed: int, matching: str) -> Tree:
    return Tree(
        {
            "README.md": b"# A tiny assistant\n",
            "assistant/__init__.py": b"",
            "assistant/server.py": (_SERVER + matching).encode(),
            "kb/products.json": json.dumps(_products(seed)).encode(),
        }
    )


def _suite(seed: int, spec: Spec) -> ProbeSuite:
    pack = SmallPack()
    return ProbeSuite(
        data=pack.base(spec).under("kb/"),
        replacing=("kb/",),
        facts=pack.facts(spec),
        probes=tuple(
            Probe(key=f"q{n}", group="class", question=f"What is the late fee of {product['name']}?")
            for n, product in enumerate(_products(seed))
        ),
    )


PACK = SmallPack()
PROOF = Path(__file__).parent / "proof_of_the_small_pack.json"

# Twins name packs below exams.packs; this one is reached there without lying there.
sys.modules[NAME] = sys.modules[__name__]
