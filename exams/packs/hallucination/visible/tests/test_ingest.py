from datetime import date

import pytest
from assistant import ingest

TERMS = """---
id: doc-12
title: Alder Basic terms
series: alder-basic/terms
kind: terms
jurisdiction: Norland
effective: 11.02.2024
status: approved
---
1. alder-basic | This document is about Alder Basic.
2. alder-basic | The late fee of  Alder Basic is 39 USD.
"""

CATALOGUE = """as_of = "2024-05-12"
jurisdictions = ["Norland"]

[[product]]
id = "alder-basic"
name = "Alder Basic"
line = "Alder"
jurisdiction = "Norland"

[[attribute]]
key = "late_fee"
names = ["late fee"]
"""


def loaded(folder, *documents):
    (folder / "catalogue.toml").write_text(CATALOGUE)
    for number, text in enumerate(documents, 12):
        (folder / f"doc-{number}.md").write_text(text.replace("doc-12", f"doc-{number}"))
    return [document.id for document in ingest.load(folder).documents]


def test_sentences_keep_their_number_and_their_product():
    document = ingest.read_document(TERMS)
    assert document.effective == date(2024, 2, 11)
    assert [(s.document, s.number, s.product, s.text) for s in document.sentences] == [
        ("doc-12", 1, "alder-basic", "This document is about Alder Basic."),
        ("doc-12", 2, "alder-basic", "The late fee of Alder Basic is 39 USD."),
    ]


def test_a_line_without_a_number_is_an_error():
    with pytest.raises(ValueError, match="doc-12"):
        ingest.read_document(TERMS + "and one more thing\n")


def test_drafts_stay_out(tmp_path):
    draft = TERMS.replace("approved", "draft").replace("11.02.2024", "12.03.2024")
    assert loaded(tmp_path, TERMS, draft) == ["doc-12"]


def test_the_newer_edition_replaces_the_older(tmp_path):
    assert loaded(tmp_path, TERMS, TERMS.replace("11.02.2024", "10.01.2023")) == ["doc-12"]
    assert loaded(tmp_path, TERMS, TERMS.replace("11.02.2024", "12.03.2024")) == ["doc-13"]
