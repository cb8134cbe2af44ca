"""Reads the knowledge base: the catalogue, the glossary and the approved documents."""

import hashlib
import re
import tomllib
from dataclasses import dataclass, field

LINE = re.compile(r"(\d+)\. ([a-z0-9-]+) \| (.+)")


@dataclass(frozen=True)
class Sentence:
    document: str
    number: int
    product: str
    text: str


@dataclass(frozen=True)
class Document:
    id: str
    title: str
    effective: str
    sentences: tuple


@dataclass(frozen=True)
class Product:
    id: str
    name: str
    line: str


@dataclass(frozen=True)
class Attribute:
    key: str
    names: tuple  # the first is how documents call it, the others are what customers say


@dataclass(frozen=True)
class KnowledgeBase:
    products: tuple
    attributes: tuple
    documents: tuple
    fingerprint: str = field(default="")

    def sentences(self):
        return [sentence for document in self.documents for sentence in document.sentences]


def read_document(text):
    """A document is a header between two lines of dashes, then numbered sentences: `3. product-id | text`."""
    _, header, body = text.split("---\n", 2)
    fields = dict(line.split(": ", 1) for line in header.strip().splitlines())
    sentences = []
    for line in body.strip().splitlines():
        match = LINE.fullmatch(line.strip())
        if match is None:
            raise ValueError(f"{fields.get('id')}: not a numbered sentence: {line!r}")
        number, product, sentence = match.groups()
        sentences.append(Sentence(fields["id"], int(number), product, sentence))
    return Document(fields["id"], fields["title"], fields["effective"], tuple(sentences))


def read_catalogue(folder):
    with (folder / "catalogue.toml").open("rb") as file:
        catalogue = tomllib.load(file)
    products = tuple(Product(row["id"], row["name"], row["line"]) for row in catalogue["product"])
    attributes = tuple(Attribute(row["key"], tuple(row["names"])) for row in catalogue["attribute"])
    return products, attributes


def load(folder):
    """Read everything below `folder`; drafts and retired documents stay out."""
    products, attributes = read_catalogue(folder)
    digest = hashlib.sha256()
    documents = []
    for path in sorted(folder.glob("doc-*.md")):
        text = path.read_text(encoding="utf-8")
        if "\nstatus: approved\n" not in text:
            continue
        digest.update(text.encode())
        documents.append(read_document(text))
    return KnowledgeBase(products, attributes, tuple(documents), digest.hexdigest()[:12])
