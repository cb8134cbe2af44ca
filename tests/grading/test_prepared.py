"""What lay there first is half of the cause: naming it or mending it counts as finding it, in every prepared fault."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from exams import incident, packs
from exams.models import Diagnosis
from exams.packs.hallucination.edits import Earlier, Edit, Fault, apply
from exams.packs.hallucination.mending import healthy_with, mended, prepared_files
from grading.evidence import handed_in
from grading.naming import Standing, compare
from tests.exams.packs.hallucination.pasts import FAULTS, healthy, told, world_of

if TYPE_CHECKING:
    from sandboxes.ingest.tree import Tree

CATALOGUE = packs.load("exams.packs.hallucination").catalogue()
PREPARED = [pytest.param(key, fault, id=f"{key}-{fault.name}") for key, fault in FAULTS if fault.earlier is not None]
# None of its fixes lies where it was prepared: right ones are easier elsewhere.
ELSEWHERE = {("H6", "isolated")}


def truth_of(key: str, fault: Fault) -> dict[str, Any]:
    earlier = fault.earlier.edits if fault.earlier is not None and fault.earlier.faulty else ()
    return {
        "failure_class": key,
        "component": fault.component,
        "files": sorted({edit.path for edit in (*fault.edits, *earlier)}),
        "prepared_files": prepared_files(fault),
    }


def trees_of(fault: Fault) -> tuple[Tree, dict[str, Tree]]:
    """The faulty tree, and that of each right fix."""
    faulty = apply(healthy_with(healthy("bank"), fault), fault.edits)
    example = told(world_of("bank"))
    others = {name: apply(faulty, change(example)) for name, change in fault.alternatives.items()}
    return faulty, {"reference": mended(faulty, fault), **others}


def touches(truth: dict[str, Any], faulty: Tree, fixed: Tree, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(incident, "base_tree", lambda _: faulty)
    monkeypatch.setattr(handed_in, "tree_of", lambda _: fixed)
    submission = SimpleNamespace(pk="1", tree=fixed, pinned_commit="", source_facts={})
    kept: Any = SimpleNamespace(attempt=None, truth=truth, counting=submission, cite_run=lambda _: [])
    found = handed_in.hotfix(kept)
    assert found is not None
    at_fault = any(each["at_fault"] for each in found["modules"])
    assert found["touches_module_at_fault"] is at_fault
    return bool(at_fault)


@pytest.mark.parametrize(("key", "fault"), PREPARED)
def test_the_reference_and_a_fix_where_it_was_prepared_touch_the_cause(
    key: str, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = truth_of(key, fault)
    faulty, fixes = trees_of(fault)
    latent = set(truth["prepared_files"])
    there = []
    for name, fixed in fixes.items():
        changed = {path for path in fixed.files if fixed.files[path] != faulty.files.get(path)}
        if name == "reference" or changed & latent:
            assert touches(truth, faulty, fixed, monkeypatch), name
            there += [name] if name != "reference" else []
    assert bool(there) == ((key, fault.name) not in ELSEWHERE)


@pytest.mark.parametrize(("key", "fault"), PREPARED)
def test_whoever_names_where_it_was_prepared_names_the_right_component(key: str, fault: Fault) -> None:
    truth = truth_of(key, fault)
    assert truth["prepared_files"]
    for path in truth["prepared_files"]:
        found = compare(Diagnosis(component=path, failure_class=key), truth, CATALOGUE)
        assert found.standing is Standing.right, path


def test_a_truth_kept_from_before_names_the_fault_only() -> None:
    truth = {"failure_class": "H13", "component": "abstain", "files": ["assistant/abstain.py"]}
    assert compare(Diagnosis(component="ingest", failure_class="H13"), truth, CATALOGUE).standing is Standing.class_only
    found = compare(
        Diagnosis(component="ingest", failure_class="H13"),
        truth | {"prepared_files": ["assistant/ingest.py"]},
        CATALOGUE,
    )
    assert found.standing is Standing.right


def test_tests_and_documents_of_what_prepared_a_fault_are_not_at_fault() -> None:
    fault = next(fault for key, fault in FAULTS if (key, fault.name) == ("H13", "offered_everywhere"))
    paths = ("tests/test_a.py", "docs/a.txt", "README.md", "config.toml")
    more = replace(fault, earlier=Earlier(("a",), tuple(Edit(path, "a", "b") for path in paths)))
    assert prepared_files(more) == ["config.toml"]
    assert prepared_files(replace(fault, earlier=None)) == []
