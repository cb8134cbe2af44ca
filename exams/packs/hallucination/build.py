"""Turns a drawn world into the assistant's tree, and opens such a tree to ask it."""

from __future__ import annotations

import importlib.util
import itertools
import json
import random
import shutil
import sys
import tempfile
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from string import Template
from types import ModuleType
from typing import TYPE_CHECKING, Any

from exams.packs.hallucination import text
from exams.packs.hallucination.drawing import written
from exams.packs.hallucination.lm.model import load
from exams.packs.hallucination.recall import Recall
from exams.packs.hallucination.trades import JURISDICTIONS
from sandboxes.ingest.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from exams.packs import Ask
    from exams.packs.hallucination.lm.model import Model
    from exams.packs.hallucination.world import Document, Fact, Product, World

HERE = Path(__file__).parent
VISIBLE = HERE / "visible"
LM = HERE / "lm"
LM_PREFIX = "assistant/lm/"
REMEMBERED = 20_000  # completions, about 1 kB each
FACTS_PATH = "tests/approved_facts.json"
NUMBER = "$sentence"  # quoted in a template that has to be Python; it loses the quotes when it is filled in
TEMPLATED = frozenset({"README.md", "config.toml", "tests/test_answers.py"})

Reply = dict[str, Any]
Request = tuple[str, str]  # question, session

_opened = itertools.count()


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not {"__pycache__", ".pytest_cache"} & set(path.parts):
            yield path.relative_to(folder).as_posix(), path.read_bytes()


@cache
def model() -> Tree:
    """The language model as it lies in every tree: inference and weights, byte for byte."""
    return Tree({f"{LM_PREFIX}{path}": content for path, content in _files(LM)})


@cache
def _visible() -> Mapping[str, bytes]:
    return dict(_files(VISIBLE))


def sources(values: Mapping[str, str]) -> Tree:
    """The assistant's source files, with the incident's names filled in where a file is a template.

    Raises:
        KeyError: a template names a value that is not given.
    """

    def filled(template: bytes) -> bytes:
        return Template(template.decode().replace(f'"{NUMBER}"', NUMBER)).substitute(values).encode()

    return Tree({path: filled(content) if path in TEMPLATED else content for path, content in _visible().items()})


def document(drawn: Document) -> bytes:
    """A document as it lies in `kb/`."""
    about = drawn.products if len(drawn.products) > 1 else drawn.products * len(drawn.sentences)
    lines = [
        "---",
        f"id: {drawn.id}",
        f"title: {drawn.title}",
        f"series: {drawn.series}",
        f"kind: {drawn.kind}",
        f"jurisdiction: {drawn.jurisdiction}",
        f"effective: {written(drawn.effective)}",
        f"status: {'approved' if drawn.approved else 'draft'}",
        "---",
        *(
            f"{number}. {product} | {sentence}"
            for number, (product, sentence) in enumerate(zip(about, drawn.sentences, strict=True), start=1)
        ),
    ]
    return ("\n".join(lines) + "\n").encode()


def catalogue(world: World) -> bytes:
    """The catalogue of products, in an order drawn from the seed, and the attributes with what customers call them."""
    listed = list(world.products)
    random.Random(f"catalogue/{world.domain.key}/{world.seed}").shuffle(listed)  # noqa: S311 - a seeded drawing
    blocks = [f'as_of = "{world.as_of.isoformat()}"\njurisdictions = {json.dumps(list(JURISDICTIONS))}\n']
    blocks += [
        f'[[product]]\nid = "{product.id}"\nname = "{product.name}"\nline = "{product.family}"\n'
        f'jurisdiction = "{product.jurisdiction}"\n'
        for product in listed
    ]
    blocks += [
        f'[[attribute]]\nkey = "{attribute.key}"\nunit = "{attribute.unit}"\n'
        f"names = {json.dumps(list(attribute.names))}\n"
        for attribute in world.domain.attributes
    ]
    return "\n".join(blocks).encode()


def knowledge(world: World) -> Tree:
    """Everything below `kb/`: the catalogue and all documents, in force or not."""
    return Tree(
        {"kb/catalogue.toml": catalogue(world)} | {f"kb/{drawn.id}.md": document(drawn) for drawn in world.documents}
    )


def example(world: World) -> tuple[Product, Fact]:
    """The one answer that the assistant's own tests check, unless a fault touches it.

    Raises:
        LookupError: no product without Plus has an approved value.
    """
    found = examples(world)
    if not found:
        raise LookupError("only products with Plus have an approved value in this world")
    return found[0]


def examples(world: World) -> list[tuple[Product, Fact]]:
    """What the assistant's own tests may ask: as plain as can be first, or they would show what they let through."""
    found = [
        (product, fact)
        for product, attribute in world.known()
        if not product.plus and (fact := world.fact(product, attribute.key)) is not None
    ]
    return sorted(found, key=lambda pair: _pitfalls(world, *pair))


def _pitfalls(world: World, product: Product, fact: Fact) -> tuple[int, bool]:
    """How much is special about a fact: other editions, a nought at the end, a condition; at last, a twin with Plus."""
    elsewhere = world.stated_elsewhere(product, fact.key, "superseded", "future", "draft", "news")
    special = bool(elsewhere) + text.number(fact.value).endswith("0") + (fact.condition is not None)
    return special, any(sibling.tier == product.tier for sibling in world.siblings(product))


def healthy(world: World, *, service: str, company: str, tested: tuple[Product, Fact] | None = None) -> Tree:
    """The assistant without fault, without what operation added: sources, documents, register, model.

    `tested` is the answer that its own tests check.
    """
    product, fact = tested or example(world)
    values = {
        "service": service,
        "company": company,
        "product": product.name,
        "attribute": world.domain.attribute(fact.key).name,
        "value": text.number(fact.value),
        "unit": fact.unit,
        "document": fact.document,
        "sentence": str(fact.sentence),
    }
    register = Tree({FACTS_PATH: world.facts_json()})
    return sources(values).overlay(knowledge(world)).overlay(register).overlay(model())


class Remembering:
    """The language model, asked each prompt once per process: trees share it, and most prompts of two trees agree."""

    def __init__(self, inner: Model | Recall) -> None:
        self._inner = inner
        self.generate = lru_cache(maxsize=REMEMBERED)(self._generate)

    def _generate(self, prompt: str, *, max_tokens: int, temperature: float, seed: int) -> str:
        return self._inner.generate(prompt, max_tokens=max_tokens, temperature=temperature, seed=seed)


@cache
def shared_model() -> Remembering:
    """The model of every tree of ours, loaded once per process."""
    return Remembering(Recall(load(LM)))


@contextmanager
def opened(tree: Tree) -> Iterator[Ask]:
    """Open one of our own trees in this process and give a function that asks it: `(question, session) -> reply`.

    The assistant's package is imported under a name of its own, so any number can be open at once; instead of loading
    the weights again it is given the shared model. Never for a tree that somebody handed in: those run in containers.
    """
    folder = Path(tempfile.mkdtemp(prefix="hotseat-pack-"))
    name = f"_hotseat_assistant_{next(_opened)}"
    try:
        for path, content in tree.files.items():
            asked_for = path.startswith(("assistant/", "kb/")) or path == "config.toml"
            if asked_for and (not path.startswith(LM_PREFIX) or path == f"{LM_PREFIX}__init__.py"):
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
        package = folder / "assistant"
        spec = importlib.util.spec_from_file_location(
            name, package / "__init__.py", submodule_search_locations=[str(package)]
        )
        if spec is None or spec.loader is None:
            raise ImportError("the tree holds no package `assistant`")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        weights = ModuleType(f"{name}.lm.model")
        weights.load = lambda _folder: shared_model()  # type: ignore[attr-defined]
        sys.modules[weights.__name__] = weights
        server = importlib.import_module(f"{name}.server")
        assistant = server.open_assistant(folder)

        def ask(question: str, session: str = "") -> Reply:
            reply: Reply = assistant.reply({"question": question, "session": session})
            return reply

        yield ask
    finally:
        # A copy, made in one step: other threads import and open trees of their own while this one looks.
        for loaded in [key for key in list(sys.modules) if key == name or key.startswith(f"{name}.")]:
            del sys.modules[loaded]
        shutil.rmtree(folder, ignore_errors=True)
