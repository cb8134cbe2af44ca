import pytest
from assistant import ingest

TERMS = """---
id: doc-12
title: Alder Basic terms
effective: 2026-02-11
status: approved
---
1. alder-basic | This document is about Alder Basic.
2. alder-basic | The late fee of Alder Basic is 39 USD.
"""


def test_sentences_keep_their_number_and_their_product():
    document = ingest.read_document(TERMS)
    assert [(s.document, s.number, s.product) for s in document.sentences] == [
        ("doc-12", 1, "alder-basic"),
        ("doc-12", 2, "alder-basic"),
    ]


def test_a_line_without_a_number_is_an_error():
    with pytest.raises(ValueError, match="doc-12"):
        ingest.read_document(TERMS + "and one more thing\n")


def test_drafts_stay_out(tmp_path):
    (tmp_path / "catalogue.toml").write_text(
        '[[product]]\nid = "alder-basic"\nname = "Alder Basic"\nline = "Alder"\n'
        '[[attribute]]\nkey = "late_fee"\nnames = ["late fee"]\n'
    )
    (tmp_path / "doc-12.md").write_text(TERMS)
    (tmp_path / "doc-13.md").write_text(TERMS.replace("approved", "draft").replace("doc-12", "doc-13"))
    knowledge = ingest.load(tmp_path)
    assert [document.id for document in knowledge.documents] == ["doc-12"]
