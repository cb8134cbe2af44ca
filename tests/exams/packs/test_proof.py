"""A failure class is proved in one form, and one changed byte makes it unproved."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from exams import packs as real_packs
from exams import twins
from exams.packs import hashing, proof
from tests import packs

HALLUCINATION = "exams.packs.hallucination"


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of its own for what is proved of the small pack."""
    file = tmp_path / "proof.json"
    monkeypatch.setattr(packs, "PROOF", file)
    return file


def test_nothing_is_proved_before_it_was() -> None:
    assert proof.read(packs.NAME) == {}
    assert proof.unproved(packs.NAME, "T1")


def test_a_class_is_proved_until_a_byte_of_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    proof.record(packs.NAME, "T1", incidents=2)
    assert not proof.unproved(packs.NAME, "T1")
    assert proof.unproved(packs.NAME, "T2")
    monkeypatch.setitem(packs._FAULTS, "T1", packs._FAULTS["T1"] + "# changed\n")
    assert proof.unproved(packs.NAME, "T1")


def test_of_one_form_the_most_that_was_shown_counts_and_of_another_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    proof.record(packs.NAME, "T1", contained=2, repeats=5)
    proof.record(packs.NAME, "T1", contained=1, repeats=1)
    proof.record(packs.NAME, "T1", incidents=3)
    found = proof.read(packs.NAME)["T1"]
    assert (found.incidents, found.contained, found.repeats) == (3, 2, 5)
    monkeypatch.setitem(packs._FAULTS, "T1", packs._FAULTS["T1"] + "# changed\n")
    proof.record(packs.NAME, "T1", incidents=1)
    found = proof.read(packs.NAME)["T1"]
    assert (found.incidents, found.contained, found.repeats) == (1, 0, 0)


def test_what_is_not_proved_cannot_be_published(kept: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(twins.CONTENT / "jt-incident-4", tmp_path / "jt-incident-4"))
    file = folder / "twin.toml"
    file.write_text(file.read_text().replace(HALLUCINATION, packs.NAME))
    [fault] = [each for each in twins.check(folder) if "not proved" in each.message]
    assert "T1, T2" in fault.message
    assert "prove_pack" in fault.message
    with pytest.raises(twins.NotATwin):
        twins.read(folder)
    for key in real_packs.load(packs.NAME).classes:
        proof.record(packs.NAME, key, incidents=1)
    assert kept.exists()
    assert not [each for each in twins.check(folder) if "not proved" in each.message]


def test_each_class_has_a_form_of_its_own_and_no_tool_or_proof_is_part_of_it() -> None:
    pack = real_packs.load(HALLUCINATION)
    made_of = {key: pack.made_of(key) for key in pack.classes}
    for key, files in made_of.items():
        own = {path.split("/")[1] for path in files if path.startswith("hidden/") and path.count("/") > 1}
        assert key.lower().replace("+", "_") in own
        assert {"world.py", "visible/assistant/guard.py", "lm/weights.npz"} <= files.keys()
        assert not {"proof.json", "quality.py", "authoring.py", "hidden/__init__.py"} & files.keys()
        assert not [path for path in files if path.startswith("train/") or "__pycache__" in path]
    assert "hidden/h8/__init__.py" in made_of["H1+H8"]  # it borrows from it
    assert "hidden/h8/__init__.py" not in made_of["H2"]
    assert len({proof.sha256_of(pack, key) for key in pack.classes}) == len(pack.classes)


def test_a_changed_oracle_makes_every_class_unproved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    proof.record(packs.NAME, "T1", incidents=1)
    oracle = Path(shutil.copytree(hashing.ORACLE, tmp_path / "oracle"))
    monkeypatch.setattr(hashing, "ORACLE", oracle)
    assert not proof.unproved(packs.NAME, "T1")
    (oracle / "judging.py").write_text((oracle / "judging.py").read_text() + "# changed\n")
    assert proof.unproved(packs.NAME, "T1")
    hashing.fingerprint.cache_clear()
    drawn_by = hashing.fingerprint(HALLUCINATION)
    (oracle / "judging.py").unlink()
    hashing.fingerprint.cache_clear()
    assert hashing.fingerprint(HALLUCINATION) != drawn_by
    hashing.fingerprint.cache_clear()
