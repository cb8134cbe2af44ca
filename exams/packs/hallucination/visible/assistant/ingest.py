"""Reads the knowledge base: the catalogue and the documents in force."""

import hashlib
import re
import tomllib
from dataclasses import dataclass, field
from datetime import date

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
    series: str  # editions of one document share it
    kind: str  # "terms", "schedule" or "news"
    status: str  # "approved" or "draft"
    effective: date
    sentences: tuple


@dataclass(frozen=True)
class Product:
    id: str
    name: str
    line: str
    jurisdiction: str


@dataclass(frozen=True)
class Attribute:
    key: str
    names: tuple  # the first is how documents call it, the others are what customers say


@dataclass(frozen=True)
class Catalogue:
    as_of: date  # the business day the knowledge base was exported for
    jurisdictions: tuple
    products: tuple
    attributes: tuple


@dataclass(frozen=True)
class KnowledgeBase:
    catalogue: Catalogue
    documents: tuple  # those in force
    fingerprint: str = field(default="")

    def sentences(self):
        return [sentence for document in self.documents for sentence in document.sentences]


def read_date(text):
    """Compliance writes dates as day, month, year: 09.03.2024."""
    day, month, year = text.split(".")
    return date(int(year), int(month), int(day))


def clean(text):
    """One space between words, whatever the export put there."""
    return " ".join(text.split())


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
        sentences.append(Sentence(fields["id"], int(number), product, clean(sentence)))
    return Document(
        id=fields["id"],
        title=fields["title"],
        series=fields["series"],
        kind=fields["kind"],
        status=fields["status"],
        effective=read_date(fields["effective"]),
        sentences=tuple(sentences),
    )


def read_catalogue(folder):
    with (folder / "catalogue.toml").open("rb") as file:
        rows = tomllib.load(file)
    return Catalogue(
        as_of=date.fromisoformat(rows["as_of"]),
        jurisdictions=tuple(rows["jurisdictions"]),
        products=tuple(Product(row["id"], row["name"], row["line"], row["jurisdiction"]) for row in rows["product"]),
        attributes=tuple(Attribute(row["key"], tuple(row["names"])) for row in rows["attribute"]),
    )


def disclosed(document, as_of):
    """Whether customers may be told what it says: approved, no news item, and effective by now."""
    return document.status == "approved" and document.kind != "news" and document.effective <= as_of


def in_force(documents, as_of):
    """Of each series, the newest edition that is disclosed."""
    newest = {}
    for document in documents:
        if not disclosed(document, as_of):
            continue
        held = newest.get(document.series)
        if held is None or document.effective > held.effective:
            newest[document.series] = document
    return tuple(sorted(newest.values(), key=lambda document: document.id))


def load(folder):
    """Read everything below `folder`."""
    catalogue = read_catalogue(folder)
    digest = hashlib.sha256()
    documents = []
    for path in sorted(folder.glob("doc-*.md")):
        text = path.read_text(encoding="utf-8")
        digest.update(text.encode())
        documents.append(read_document(text))
    return KnowledgeBase(catalogue, in_force(documents, catalogue.as_of), digest.hexdigest()[:12])
